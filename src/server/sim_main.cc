// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
#include "server/sim_main.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "runtime/parallel.h"
#include "runtime/tool_clock.h"
#include "sim/lease_weather.h"
#include "sim/migration_weather.h"
#include "sim/run.h"

namespace pleiad::server {
namespace {

constexpr const char* kSimUsage =
    "usage: pleiad sim [OPTIONS]     runs a simulated cluster and looks for broken promises\n"
    "\n"
    "  --seeds A..B | --seed N   which worlds (1..100); --seed shows its violations in full\n"
    "  --nodes N --replicas R    masters and replicas together (6), replicas of each master (1)\n"
    "  --minutes M               virtual time with faults, before the healing (2)\n"
    "  --timeout MS              cluster-node-timeout; else each seed draws one\n"
    "  --jobs J                  seeds at a time (1)\n"
    "  --once                    don't run each seed a second time to compare\n"
    "  --codec N                 one packet in N passes through the bytes of the wire (8)\n"
    "  --keep-going              don't stop at the first seed with a violation\n"
    "  --mutation NAME           break a rule on purpose; --mutations all: each in turn, and it\n"
    "                            must be caught\n"
    "  --lease                   short runs of three to five masters in the lease's own weather\n"
    "  --migration               the same, while a slot wanders between them\n"
    "  --svg FILE                a picture of the (first) seed\n"
    "  --log                     what its nodes log\n"
    "  --json                    the report for programs\n";

constexpr uint64_t kLeaseMutationRuns = 20'000;

struct SimCommand {
  sim::SimOptions options;
  uint64_t first = 1;
  uint64_t last = 100;
  int jobs = 1;
  bool json = false;
  bool log = false;
  bool keep_going = false;
  bool all_mutations = false;
  bool lease = false;
  bool migration = false;
  std::string svg;
};

int SimUsage(const std::string& why) {
  std::fprintf(stderr, "pleiad sim: %s\n\n%s", why.c_str(), kSimUsage);
  return 2;
}

bool ParseSeeds(const std::string& text, SimCommand* command) {
  char* end = nullptr;
  command->first = command->last = std::strtoull(text.c_str(), &end, 10);
  if (end == text.c_str()) return false;
  if (*end == '\0') return true;
  const std::string rest = end;
  if (rest.rfind("..", 0) != 0) return false;
  command->last = std::strtoull(rest.c_str() + 2, &end, 10);
  return *end == '\0' && command->first <= command->last;
}

// Options with a value. Empty: fine.
std::string SimOption(const std::string& name, const std::string& value, SimCommand* command) {
  sim::SimOptions& options = command->options;
  const double number = std::strtod(value.c_str(), nullptr);
  const auto whole = static_cast<int64_t>(number);
  if (name == "--seeds" || name == "--seed") {
    return ParseSeeds(value, command) ? "" : "seeds are a number or A..B";
  }
  if (name == "--mutation") {
    cluster::Mutation mutation;
    if (!sim::ParseMutation(value, &mutation)) return "no mutation is called " + value;
    options.mutations.Add(mutation);
    return {};
  }
  if (name == "--mutations") {
    command->all_mutations = value == "all";
    return value == "all" ? "" : "--mutations takes all";
  }
  if (name == "--svg") {
    command->svg = value;
    return {};
  }
  if (number < 0 || (number == 0 && name != "--codec")) return name + " needs a positive number";
  if (name == "--nodes") options.nodes = static_cast<int>(whole);
  if (name == "--replicas") options.replicas = static_cast<int>(whole);
  if (name == "--minutes") options.safety_ms = static_cast<int64_t>(number * 60'000);
  if (name == "--timeout") options.node_timeout_ms = whole;
  if (name == "--jobs") command->jobs = static_cast<int>(whole);
  if (name == "--codec") options.codec_one_in = static_cast<int>(whole);
  if (options.nodes > 5000) return "at most 5000 nodes";
  return {};
}

std::string ParseSim(int argc, char** argv, SimCommand* command) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--json") {
      command->json = true;
    } else if (name == "--log") {
      command->log = true;
    } else if (name == "--lease") {
      command->lease = true;
    } else if (name == "--migration") {
      command->migration = true;
    } else if (name == "--once") {
      command->options.check_twice = false;
    } else if (name == "--keep-going") {
      command->keep_going = true;
    } else if (name.rfind("--", 0) == 0 && i + 1 < argc) {
      static constexpr std::string_view kKnown[] = {
          "--seeds", "--seed", "--nodes",    "--replicas",  "--minutes", "--timeout",
          "--jobs",  "--svg",  "--mutation", "--mutations", "--codec"};
      bool known = false;
      for (const std::string_view option : kKnown) known = known || option == name;
      if (!known) return "unknown option " + name;
      const std::string wrong = SimOption(name, argv[++i], command);
      if (!wrong.empty()) return wrong;
    } else {
      return "unknown option, or one without its value: " + name;
    }
  }
  return {};
}

bool WriteFile(const std::string& path, const std::string& content) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  return std::fclose(file) == 0 && written;
}

// Reports are added in the order of seeds, so that the sum is the same whatever thread was first.
sim::Report RunSeeds(const SimCommand& command, bool progress) {
  std::mutex mutex;
  std::map<uint64_t, sim::Report> reports;
  runtime::ForEachNumber(command.first, command.last, command.jobs, [&](uint64_t seed) {
    sim::SimOptions options = command.options;
    options.seed = seed;
    const bool shown = seed == command.first;
    sim::Timeline timeline;
    timeline.nodes = options.nodes;
    std::string log;
    sim::Report report = sim::RunSeed(options, shown && !command.svg.empty() ? &timeline : nullptr,
                                      shown && command.log ? &log : nullptr);
    const std::lock_guard<std::mutex> lock(mutex);
    if (!log.empty()) std::fwrite(log.data(), 1, log.size(), stdout);
    if (shown && !command.svg.empty() &&
        !WriteFile(command.svg, sim::DrawTimeline(timeline, sim::ReplayLine(options, seed)))) {
      std::fprintf(stderr, "pleiad sim: can't write %s\n", command.svg.c_str());
    }
    const bool clean = report.violations_total == 0;
    reports.emplace(seed, std::move(report));
    if (progress && reports.size() % 10 == 0) {
      std::fprintf(stderr, "\r%zu of %llu seeds", reports.size(),
                   static_cast<unsigned long long>(command.last - command.first + 1));
    }
    return clean || command.keep_going;
  });
  if (progress) std::fprintf(stderr, "\r                              \r");
  sim::Report sum;
  for (const auto& [seed, report] : reports) sum.Add(report);
  return sum;
}

// The weathers of the lease and of migrations, in portions, so that a report is not kept of each
// run. `one`: options and log to report; `many`: options, seeds and whether to stop to report.
template <typename Options, typename One, typename Many>
auto RunShortSeeds(const SimCommand& command, bool stop, One one, Many many) {
  using Report = decltype(one(Options(), nullptr));
  constexpr uint64_t kPortion = 100;
  std::mutex mutex;
  std::map<uint64_t, Report> reports;
  const uint64_t portions = (command.last - command.first) / kPortion;
  runtime::ForEachNumber(uint64_t{0}, portions, command.jobs, [&](uint64_t n) {
    const uint64_t first = command.first + n * kPortion;
    const uint64_t last = std::min(first + kPortion - 1, command.last);
    Options options;
    options.mutations = command.options.mutations;
    Report report;
    if (command.log && first == last) {
      std::string log;
      options.seed = first;
      report = one(options, &log);
      std::fwrite(log.data(), 1, log.size(), stdout);
    } else {
      report = many(options, first, last, stop);
    }
    const bool clean = report.violations == 0;
    const std::lock_guard<std::mutex> lock(mutex);
    reports.emplace(n, std::move(report));
    return clean || !stop;
  });
  Report sum;
  for (const auto& [n, report] : reports) sum.Add(report);
  return sum;
}

sim::LeaseReport RunLeaseSeeds(const SimCommand& command, bool stop) {
  return RunShortSeeds<sim::LeaseOptions>(command, stop, sim::RunLease, sim::RunLeases);
}

sim::MigrationReport RunMigrationSeeds(const SimCommand& command, bool stop) {
  return RunShortSeeds<sim::MigrationOptions>(command, stop, sim::RunMigration, sim::RunMigrations);
}

// A mutation that takes a weather of its own. True: it was caught.
template <typename Run>
bool TryMutation(SimCommand command, const char* name, Run run) {
  command.first = 1;
  command.last = kLeaseMutationRuns;
  const auto report = run(command, true);
  std::printf("  %-22s %s after %llu short runs: %s\n", name,
              report.violations > 0 ? "caught" : "NOT CAUGHT",
              static_cast<unsigned long long>(report.runs), report.first.c_str());
  std::fflush(stdout);
  return report.violations > 0;
}

// Breaks one rule after the other; the simulator must notice each.
int RunMutations(SimCommand command, bool colour) {
  command.keep_going = false;
  command.options.check_twice = false;
  int missed = 0;
  for (int m = 0; m < cluster::kMutationCount; ++m) {
    command.options.mutations = cluster::Mutations();
    command.options.mutations.Add(static_cast<cluster::Mutation>(m));
    const char* name = cluster::kMutationNames[static_cast<size_t>(m)].data();
    if (m >= cluster::kFirstLeaseMutation) {
      const bool caught = m >= cluster::kFirstMigrationMutation
                              ? TryMutation(command, name, RunMigrationSeeds)
                              : TryMutation(command, name, RunLeaseSeeds);
      missed += caught ? 0 : 1;
      continue;
    }
    const sim::Report report = RunSeeds(command, false);
    const bool caught = report.violations_total > 0;
    missed += caught ? 0 : 1;
    if (caught) {
      const sim::Violation& v = report.violations.front();
      std::printf("  %-22s %scaught%s after %llu seeds, by %s: %s\n", name,
                  colour ? "\033[32m" : "", colour ? "\033[0m" : "",
                  static_cast<unsigned long long>(report.seeds), v.rule.c_str(), v.text.c_str());
    } else {
      std::printf("  %-22s %sNOT CAUGHT%s in %llu seeds\n", name, colour ? "\033[31m" : "",
                  colour ? "\033[0m" : "", static_cast<unsigned long long>(report.seeds));
    }
    std::fflush(stdout);
  }
  return missed == 0 ? 0 : 1;
}

}  // namespace

int SimMain(int argc, char** argv) {
  SimCommand command;
  if (argc > 1 && (std::string_view(argv[1]) == "--help" || std::string_view(argv[1]) == "help")) {
    std::fputs(kSimUsage, stdout);
    return 0;
  }
  const std::string wrong = ParseSim(argc, argv, &command);
  if (!wrong.empty()) return SimUsage(wrong);
  const bool colour = ::isatty(STDOUT_FILENO) != 0;
  if (command.all_mutations) return RunMutations(command, colour);
  const MonoMs begin = runtime::ToolNow();
  if (command.lease) {
    const sim::LeaseReport report = RunLeaseSeeds(command, !command.keep_going);
    std::fputs(sim::LeaseText(report, runtime::ToolNow() - begin).c_str(), stdout);
    return report.violations == 0 ? 0 : 1;
  }
  if (command.migration) {
    const sim::MigrationReport report = RunMigrationSeeds(command, !command.keep_going);
    std::fputs(sim::MigrationText(report, runtime::ToolNow() - begin).c_str(), stdout);
    return report.violations == 0 ? 0 : 1;
  }
  const sim::Report report = RunSeeds(command, ::isatty(STDERR_FILENO) != 0);
  const int64_t wall_ms = runtime::ToolNow() - begin;
  const std::string text = command.json
                               ? sim::ReportJson(report, command.options, wall_ms)
                               : sim::SummaryText(report, command.options, wall_ms, colour);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return report.violations_total == 0 ? 0 : 1;
}

}  // namespace pleiad::server
