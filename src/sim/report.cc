// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Sums, and the page that a campaign ends with.
#include "sim/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace pleiad::sim {

namespace {

constexpr size_t kViolationsShown = 20;
constexpr double kUsPerYear = 365.25 * 24 * 3600 * 1e6;

std::string Bar(uint64_t n, uint64_t most) {
  constexpr uint64_t kWidth = 24;
  const uint64_t filled = most == 0 ? 0 : (n * kWidth + most - 1) / most;
  std::string bar;
  for (uint64_t i = 0; i < filled; ++i) bar += "█";
  return bar;
}

std::string Thousands(uint64_t n) {
  std::string digits = std::to_string(n);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

class Page {
 public:
  explicit Page(bool colour) : colour_(colour) {}
  template <typename... Args>
  void Line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }
  std::string In(const char* code, const std::string& text) const {
    return colour_ ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
  }
  void Title(const std::string& text) { Line("\n{}", In("1", text)); }
  std::string text_;

 private:
  bool colour_;
};

void Bars(Page* page, const std::vector<std::pair<std::string, uint64_t>>& rows) {
  uint64_t most = 0;
  for (const auto& [name, n] : rows) most = std::max(most, n);
  for (const auto& [name, n] : rows) {
    page->Line("  {:<44} {:>12}  {}", name, Thousands(n), page->In("36", Bar(n, most)));
  }
}

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string JsonMap(const std::map<std::string, uint64_t>& map) {
  std::string out = "{";
  for (const auto& [name, n] : map) {
    out += fmt::format("{}\"{}\": {}", out.size() > 1 ? ", " : "", Escaped(name), n);
  }
  return out + "}";
}

}  // namespace

void Report::Add(const Report& other) {
  seeds += other.seeds;
  hash = (hash ^ other.hash) * 0x9e3779b97f4a7c15ULL;
  violations.insert(violations.end(), other.violations.begin(), other.violations.end());
  violations_total += other.violations_total;
  virtual_us += other.virtual_us;
  steps += other.steps;
  packets += other.packets;
  bytes += other.bytes;
  for (size_t i = 0; i < faults.size(); ++i) faults[i] += other.faults[i];
  starts += other.starts;
  elections += other.elections;
  wins += other.wins;
  votes += other.votes;
  writes_acked += other.writes_acked;
  writes_refused += other.writes_refused;
  writes_unknown += other.writes_unknown;
  for (const auto& [cause, n] : other.lost) lost[cause] += n;
  overlaps += other.overlaps;
  overlap_longest = std::max(overlap_longest, other.overlap_longest);
  fence_permille_max = std::max(fence_permille_max, other.fence_permille_max);
  converge_longest = std::max(converge_longest, other.converge_longest);
  converge_sum += other.converge_sum;
  for (const auto& [probe, n] : other.probes) probes[probe] += n;
}

const std::vector<std::string>& RequiredProbes() {
  static const std::vector<std::string> probes = {
      "vote denied: voted already",
      "vote denied: master is up",
      "vote denied: old epoch",
      "election moved by rank",
      "election void",
      "may not stand: data too old",
      "UPDATE heard",
      "UPDATE sent",
      "FAIL by majority",
      "FAIL told",
      "FAIL undone",
      "minority",
      "deposed master follows",
      "manual failover: writes stopped",
      "manual failover: offsets match",
      "manual failover: timed out",
      "manual failover won",
      "administrator refused",
      "partial resynchronisation",
      "full synchronisation",
      "died in an fsync",
      "power cut lost unsynced data",
      "requests waited for a stopped process",
      "stuck packets arrived late",
      "path stalled",
      "connection reset",
      "liveness with dead masters or replicas",
  };
  return probes;
}

std::vector<std::string> MissingProbes(const Report& report) {
  std::vector<std::string> missing;
  for (const std::string& probe : RequiredProbes()) {
    if (report.probes.count(probe) == 0) missing.push_back(probe);
  }
  return missing;
}

std::string ReplayLine(const SimOptions& options, uint64_t seed) {
  std::string line =
      fmt::format("pleiad sim --seed {} --nodes {} --replicas {} --minutes {}", seed, options.nodes,
                  options.replicas, static_cast<double>(options.safety_ms) / 60'000);
  if (options.node_timeout_ms > 0) line += fmt::format(" --timeout {}", options.node_timeout_ms);
  for (int m = 0; m < cluster::kMutationCount; ++m) {
    if (!options.mutations.Has(static_cast<cluster::Mutation>(m))) continue;
    line += fmt::format(" --mutation {}", cluster::kMutationNames[static_cast<size_t>(m)]);
  }
  return line;
}

std::string SummaryText(const Report& r, const SimOptions& options, int64_t wall_ms, bool colour) {
  Page page(colour);
  const double seconds = static_cast<double>(std::max<int64_t>(wall_ms, 1)) / 1000;
  const double virtual_s = static_cast<double>(r.virtual_us) / kSecond;
  page.Title(
      fmt::format("Pleiad simulator: {} seeds of {} nodes", Thousands(r.seeds), options.nodes));
  page.Line(
      "  {:.1f} virtual hours in {:.1f} s: {:.0f} times real time, {:.2f} virtual years an "
      "hour",
      virtual_s / 3600, seconds, virtual_s / seconds,
      static_cast<double>(r.virtual_us) / kUsPerYear / seconds * 3600);
  page.Line("  {} steps, {} packets, {:.0f} bus bytes a second and node", Thousands(r.steps),
            Thousands(r.packets),
            static_cast<double>(r.bytes) / std::max(virtual_s, 1.0) / options.nodes);
  page.Title("Faults");
  std::vector<std::pair<std::string, uint64_t>> rows;
  for (size_t i = 0; i < r.faults.size(); ++i) rows.emplace_back(kFaultNames[i], r.faults[i]);
  Bars(&page, rows);
  page.Title("Elections and writes");
  Bars(&page, {{"elections begun", r.elections},
               {"elections won", r.wins},
               {"votes", r.votes},
               {"process starts", r.starts}});
  Bars(&page, {{"writes acknowledged", r.writes_acked},
               {"refused", r.writes_refused},
               {"without an answer", r.writes_unknown}});
  page.Title("Acknowledged writes that were lost, by cause");
  rows.assign(r.lost.begin(), r.lost.end());
  if (rows.empty()) page.Line("  none");
  Bars(&page, rows);
  page.Line("  accepted while another node would have too: {} (longest {:.2f} s)",
            Thousands(r.overlaps), static_cast<double>(r.overlap_longest) / kSecond);
  page.Line("  a master cut from the majority accepted writes for at most {:.2f} node timeouts",
            static_cast<double>(r.fence_permille_max) / 1000);
  page.Line("  whole again after the last fault: {:.1f} s on average, {:.1f} s at most",
            static_cast<double>(r.converge_sum) /
                static_cast<double>(std::max<uint64_t>(r.seeds, 1)) / kSecond,
            static_cast<double>(r.converge_longest) / kSecond);
  page.Title("Rare paths");
  rows.assign(r.probes.begin(), r.probes.end());
  Bars(&page, rows);
  for (const std::string& probe : MissingProbes(r)) {
    page.Line("  {:<44} {:>12}", probe, page.In("33", "never"));
  }
  if (r.violations_total == 0) {
    page.Title(page.In("32", fmt::format("No violation. Hash {:016x}", r.hash)));
    return page.text_;
  }
  page.Title(page.In("31", fmt::format("{} violations", r.violations_total)));
  for (size_t i = 0; i < std::min(r.violations.size(), kViolationsShown); ++i) {
    const Violation& v = r.violations[i];
    page.Line("  {} seed {} at {:.3f} s: {}", page.In("31", v.rule), v.seed,
              static_cast<double>(v.at) / kSecond, v.text);
  }
  page.Line("  replay: {}", ReplayLine(options, r.violations.front().seed));
  return page.text_;
}

std::string ReportJson(const Report& r, const SimOptions& options, int64_t wall_ms) {
  std::map<std::string, uint64_t> faults;
  for (size_t i = 0; i < r.faults.size(); ++i) faults[kFaultNames[i]] = r.faults[i];
  std::string violations = "[";
  for (const Violation& v : r.violations) {
    violations += fmt::format(
        "{}{{\"seed\": {}, \"at_us\": {}, \"rule\": \"{}\", \"text\": \"{}\", \"replay\": \"{}\"}}",
        violations.size() > 1 ? ", " : "", v.seed, v.at, v.rule, Escaped(v.text),
        ReplayLine(options, v.seed));
  }
  return fmt::format(
      "{{\"seeds\": {}, \"nodes\": {}, \"virtual_us\": {}, \"wall_ms\": {}, \"steps\": {}, "
      "\"packets\": {}, \"bus_bytes\": {}, \"elections\": {}, \"wins\": {}, \"votes\": {}, "
      "\"writes_acked\": {}, \"writes_refused\": {}, \"writes_unknown\": {}, \"overlaps\": {}, "
      "\"overlap_longest_us\": {}, \"converge_longest_us\": {}, \"faults\": {}, \"lost\": {}, "
      "\"probes\": {}, \"hash\": \"{:016x}\", \"violations_total\": {}, \"violations\": {}]}}\n",
      r.seeds, options.nodes, r.virtual_us, wall_ms, r.steps, r.packets, r.bytes, r.elections,
      r.wins, r.votes, r.writes_acked, r.writes_refused, r.writes_unknown, r.overlaps,
      r.overlap_longest, r.converge_longest, JsonMap(faults), JsonMap(r.lost), JsonMap(r.probes),
      r.hash, r.violations_total, violations);
}

}  // namespace pleiad::sim
