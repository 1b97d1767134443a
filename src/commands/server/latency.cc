// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// LATENCY: what took long lately, from runtime/latency_monitor.h, and how long commands take, from
// the dispatchers' counters.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "command/command.h"
#include "commands/server/help.h"
#include "runtime/clock.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

using Event = runtime::LatencyMonitor::Event;

const Event* FindEvent(const std::vector<Event>& events, std::string_view name) {
  const auto it = std::find_if(events.begin(), events.end(),
                               [&](const Event& e) { return EqualsIgnoreCase(e.name, name); });
  return it == events.end() ? nullptr : &*it;
}

// A subcommand that there is not.
//
// > LATENCY FOO
// (error) ERR unknown subcommand 'FOO'. Try LATENCY HELP.
// > LATENCY
// (error) ERR wrong number of arguments for 'latency' command
void Latency(ServerContext&, const Args& args, resp::Writer& out) {
  WriteUnknownSubcommand(args, out);
}

// LATENCY LATEST: of each kind of event its name, the time and milliseconds of the latest one, and
// the milliseconds of the longest. LATENCY HISTORY event: times and milliseconds of the last 160
// seconds in which it happened. LATENCY RESET [event ...]: forgets; how many kinds.
//
// > LATENCY LATEST
// (empty array)
// > LATENCY HISTORY command
// (empty array)
// > LATENCY GRAPH command
// (error) ERR No samples available for event 'command'
// > LATENCY RESET
// (integer) 0
// > LATENCY RESET command
// (integer) 0
void LatencyLatest(ServerContext& ctx, const Args&, resp::Writer& out) {
  const std::vector<Event> events = ctx.server->latency().Events();
  out.Array(events.size());
  for (const Event& event : events) {
    out.Array(4);
    out.Bulk(event.name);
    out.Integer(event.samples.back().unix_seconds);
    out.Integer(event.samples.back().ms);
    out.Integer(event.max_ms);
  }
}

void LatencyHistory(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const std::vector<Event> events = ctx.server->latency().Events();
  const Event* event = FindEvent(events, args[2]);
  if (event == nullptr) {
    out.Array(0);
    return;
  }
  out.Array(event->samples.size());
  for (const auto& sample : event->samples) {
    out.Array(2);
    out.Integer(sample.unix_seconds);
    out.Integer(sample.ms);
  }
}

void LatencyReset(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto all = args.all();
  out.Integer(static_cast<int64_t>(ctx.server->latency().Reset({all.begin() + 2, all.end()})));
}

struct Range {
  int64_t low = 0;
  int64_t high = 0;
};

Range RangeOf(const Event& event) {
  const auto [low, high] =
      std::minmax_element(event.samples.begin(), event.samples.end(),
                          [](const auto& a, const auto& b) { return a.ms < b.ms; });
  return {low->ms, high->ms};
}

// "12s", "5m", "3h", "2d": how long ago, in the largest unit that fits.
std::string Ago(int64_t seconds) {
  if (seconds < 60) return fmt::format("{}s", std::max<int64_t>(0, seconds));
  if (seconds < 3600) return fmt::format("{}m", seconds / 60);
  if (seconds < 86400) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}d", seconds / 86400);
}

constexpr size_t kColumns = 80;
constexpr int kRows = 4;

void AppendLine(std::string line, std::string* text) {
  line.erase(line.find_last_not_of(' ') + 1);
  *text += line + "\n";
}

// One column per sample, its height between the lowest and the highest; below it, read downwards,
// how long ago that was.
std::string Graph(const Event& event, int64_t now_seconds) {
  const Range range = RangeOf(event);
  std::string text = fmt::format("{} - high {} ms, low {} ms (all time high {} ms)\n", event.name,
                                 range.high, range.low, event.max_ms);
  text.append(kColumns, '-');
  text += '\n';
  const size_t shown = std::min(event.samples.size(), kColumns);
  const size_t first = event.samples.size() - shown;
  std::vector<std::string> labels;
  for (size_t i = first; i < event.samples.size(); ++i)
    labels.push_back(Ago(now_seconds - event.samples[i].unix_seconds));
  for (int row = kRows - 1; row >= 0; --row) {
    std::string line;
    for (size_t i = first; i < event.samples.size(); ++i) {
      const int64_t ms = event.samples[i].ms;
      const int64_t span = std::max<int64_t>(1, range.high - range.low);
      const int64_t top = ms == range.high ? kRows - 1 : (ms - range.low) * (kRows - 1) / span;
      line += row > top ? ' ' : row < top ? '|' : ms == range.high ? '#' : '_';
    }
    AppendLine(std::move(line), &text);
  }
  text += "\n";
  for (size_t row = 0; row < 4; ++row) {
    std::string line;
    for (const std::string& label : labels) line += row < label.size() ? label[row] : ' ';
    if (line.find_first_not_of(' ') != std::string::npos) AppendLine(std::move(line), &text);
  }
  return text;
}

void LatencyGraph(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const std::vector<Event> events = ctx.server->latency().Events();
  const Event* event = FindEvent(events, args[2]);
  if (event == nullptr) {
    out.Error(fmt::format("ERR No samples available for event '{}'", args[2].substr(0, 128)));
    return;
  }
  out.Verbatim("txt", Graph(*event, runtime::UnixNow().value / 1000));
}

std::string Diagnosis(size_t number, const Event& event) {
  const auto count = static_cast<int64_t>(event.samples.size());
  int64_t sum = 0;
  for (const auto& sample : event.samples) sum += sample.ms;
  const int64_t average = sum / count;
  int64_t deviation = 0;
  for (const auto& sample : event.samples) deviation += std::abs(sample.ms - average);
  const int64_t span = event.samples.back().unix_seconds - event.samples.front().unix_seconds;
  return fmt::format(
      "{}. {}: {} long second{}, on average {} ms (mean deviation {} ms), one every {} s. Worst of "
      "all time {} ms.\n",
      number, event.name, count, count == 1 ? "" : "s", average, deviation / count, span / count,
      event.max_ms);
}

// LATENCY DOCTOR: the figures in words, with advice.
//
// > LATENCY DOCTOR
// Latency is not monitored: ...
// > CONFIG SET latency-monitor-threshold 100000
// OK
// > LATENCY DOCTOR
// Nothing took longer than 100000 ms ...
void LatencyDoctor(ServerContext& ctx, const Args&, resp::Writer& out) {
  const auto settings = ctx.server->settings();
  const int64_t threshold = settings->latency_monitor_threshold_ms;
  const std::vector<Event> events = ctx.server->latency().Events();
  if (threshold <= 0 && events.empty()) {
    out.Verbatim("txt",
                 "Latency is not monitored: \"CONFIG SET latency-monitor-threshold "
                 "<milliseconds>\" switches it on.\n");
    return;
  }
  if (events.empty()) {
    out.Verbatim(
        "txt", fmt::format("Nothing took longer than {} ms since monitoring began.\n", threshold));
    return;
  }
  std::string text;
  for (size_t i = 0; i < events.size(); ++i) text += Diagnosis(i + 1, events[i]);
  const int64_t slow = settings->slowlog_log_slower_than_us;
  if (threshold > 0 && (slow < 0 || slow > threshold * 1000)) {
    text += fmt::format(
        "- The slow log records less than is monitored here: \"CONFIG SET slowlog-log-slower-than "
        "{}\" makes it show these commands.\n",
        threshold * 1000);
  } else {
    text += "- SLOWLOG GET shows which commands they were.\n";
  }
  if (FindEvent(events, "fast-command") != nullptr) {
    text +=
        "- Commands that do little work were slow too: look at the machine (other processes, "
        "virtual machine, swap) before the commands.\n";
  }
  out.Verbatim("txt", text);
}

using Histogram = std::array<uint64_t, CommandStats::kBuckets>;

// Of all threads together.
Histogram HistogramOf(ServerContext& ctx, const CommandSpec& spec) {
  Histogram sum{};
  for (auto& reactor : ctx.server->reactors()) {
    const CommandStats& stats =
        reactor->dispatcher().command_stats()[static_cast<size_t>(spec.index)];
    for (size_t k = 0; k < sum.size(); ++k)
      sum[k] += stats.by_cycles[k].load(std::memory_order_relaxed);
  }
  return sum;
}

// "calls" and, per power of two microseconds, how many calls took at most so long. A call is
// counted by the power of two of cycles above it, rounded up: never as shorter than it was.
void WriteHistogram(const Histogram& histogram, resp::Writer& out) {
  std::map<int64_t, uint64_t> at_most;
  uint64_t calls = 0;
  for (size_t k = 0; k < histogram.size(); ++k) {
    if (histogram[k] == 0) continue;
    calls += histogram[k];
    const double micros = static_cast<double>(1ULL << k) / runtime::CyclesPerMicrosecond();
    int64_t bound = 1;
    while (static_cast<double>(bound) < micros) bound *= 2;
    at_most[bound] = calls;
  }
  out.Map(2);
  out.Bulk("calls");
  out.Integer(static_cast<int64_t>(calls));
  out.Bulk("histogram_usec");
  out.Map(at_most.size());
  for (const auto& [bound, count] : at_most) {
    out.Integer(bound);
    out.Integer(static_cast<int64_t>(count));
  }
}

// LATENCY HISTOGRAM [command ...]: how often commands took at most 1, 2, 4, ... microseconds, since
// the start or CONFIG RESETSTAT. A container stands for its subcommands; commands that never ran
// are left out.
//
// > LATENCY HISTOGRAM nosuchcommand
// (empty array)
void LatencyHistogram(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const CommandTable& table = CommandTable::Get();
  const auto wanted = [&](const CommandSpec& spec) {
    if (args.size() == 2) return true;
    const std::string_view container = spec.name.substr(0, spec.name.find('|'));
    for (size_t i = 2; i < args.size(); ++i) {
      if (args.Is(i, spec.name) || args.Is(i, container)) return true;
    }
    return false;
  };
  const size_t head = out.DeferArray();
  size_t count = 0;
  for (const CommandSpec& spec : table.all()) {
    if (!wanted(spec)) continue;
    const Histogram histogram = HistogramOf(ctx, spec);
    if (std::all_of(histogram.begin(), histogram.end(), [](uint64_t n) { return n == 0; }))
      continue;
    out.Bulk(spec.name);
    WriteHistogram(histogram, out);
    ++count;
  }
  out.FillMap(head, count);
}

// LATENCY HELP: what there is.
//
// > LATENCY HELP
//  1) LATENCY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
//  2) DOCTOR
// ...
void LatencyHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp("latency",
            {"DOCTOR", "    Return a human readable latency analysis report.", "GRAPH <event>",
             "    Return an ASCII latency graph for the <event> class.", "HISTORY <event>",
             "    Return time-latency samples for the <event> class.", "LATEST",
             "    Return the latest latency samples for all events.", "RESET [<event> ...]",
             "    Reset latency data of one or more <event> classes.",
             "    (default: reset all data for all event classes)", "HISTOGRAM [COMMAND ...]",
             "    Return a cumulative distribution of commands' latencies.",
             "    If no commands are specified then all histograms are replied."},
            out);
}

constexpr uint32_t kLatencyFlags =
    kCmdAdmin | kCmdNoScript | kCmdLoading | kCmdStale | kCmdDangerous;

const CommandRegistration kLatency{{.name = "latency",
                                    .arity = -2,
                                    .flags = 0,
                                    .keys = {},
                                    .group = "server",
                                    .since = "2.8.13",
                                    .usage = "subcommand",
                                    .summary = "A container for latency diagnostics commands.",
                                    .complexity = "Depends on subcommand.",
                                    .server = Latency}};
const CommandRegistration kLatencyLatest{
    {.name = "latency|latest",
     .arity = 2,
     .flags = kLatencyFlags,
     .keys = {},
     .group = "server",
     .since = "2.8.13",
     .usage = "",
     .summary = "Returns the latest latency samples for all events.",
     .complexity = "O(1)",
     .server = LatencyLatest}};
const CommandRegistration kLatencyHistory{
    {.name = "latency|history",
     .arity = 3,
     .flags = kLatencyFlags,
     .keys = {},
     .group = "server",
     .since = "2.8.13",
     .usage = "event",
     .summary = "Returns timestamp-latency samples for an event.",
     .complexity = "O(1)",
     .server = LatencyHistory}};
const CommandRegistration kLatencyReset{
    {.name = "latency|reset",
     .arity = -2,
     .flags = kLatencyFlags,
     .keys = {},
     .group = "server",
     .since = "2.8.13",
     .usage = "[event [event ...]]",
     .summary = "Resets the latency data for one or more events.",
     .complexity = "O(1)",
     .server = LatencyReset}};
const CommandRegistration kLatencyGraph{{.name = "latency|graph",
                                         .arity = 3,
                                         .flags = kLatencyFlags,
                                         .keys = {},
                                         .group = "server",
                                         .since = "2.8.13",
                                         .usage = "event",
                                         .summary = "Returns a latency graph for an event.",
                                         .complexity = "O(1)",
                                         .server = LatencyGraph}};
const CommandRegistration kLatencyDoctor{
    {.name = "latency|doctor",
     .arity = 2,
     .flags = kLatencyFlags,
     .keys = {},
     .group = "server",
     .since = "2.8.13",
     .usage = "",
     .summary = "Returns a human-readable latency analysis report.",
     .complexity = "O(1)",
     .server = LatencyDoctor}};
const CommandRegistration kLatencyHistogram{
    {.name = "latency|histogram",
     .arity = -2,
     .flags = kLatencyFlags,
     .keys = {},
     .group = "server",
     .since = "7.0.0",
     .usage = "[command [command ...]]",
     .summary = "Returns the cumulative distribution of latencies of a subset or all commands.",
     .complexity =
         "O(N) where N is the number of commands with latency information being retrieved.",
     .server = LatencyHistogram}};
const CommandRegistration kLatencyHelp{
    {.name = "latency|help",
     .arity = 2,
     .flags = kCmdLoading | kCmdStale,
     .keys = {},
     .group = "server",
     .since = "2.8.13",
     .usage = "",
     .summary = "Returns helpful text about the different subcommands.",
     .complexity = "O(1)",
     .server = LatencyHelp}};

}  // namespace
}  // namespace pleiad
