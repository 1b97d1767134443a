// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/clock.h"
#include "server/info/section.h"

namespace pleiad::info {

// Each reactor counts for itself; the counters are relaxed atomics, so they may be read while it
// works.
void CommandStatsSection(const Input& in, Lines* out) {
  const double per_micro = runtime::CyclesPerMicrosecond();
  for (const CommandSpec& spec : CommandTable::Get().all()) {
    uint64_t calls = 0;
    uint64_t cycles = 0;
    uint64_t rejected = 0;
    uint64_t failed = 0;
    for (const auto& reactor : in.server.reactors()) {
      const CommandStats& stats =
          reactor->dispatcher().command_stats()[static_cast<size_t>(spec.index)];
      calls += stats.calls.load(std::memory_order_relaxed);
      cycles += stats.cycles.load(std::memory_order_relaxed);
      rejected += stats.rejected.load(std::memory_order_relaxed);
      failed += stats.failed.load(std::memory_order_relaxed);
    }
    if (calls == 0 && rejected == 0) continue;
    const double micros = static_cast<double>(cycles) / per_micro;
    out->AddRaw(
        fmt::format("cmdstat_{}:calls={},usec={:.0f},usec_per_call={:.2f},rejected_calls={},failed_"
                    "calls={}\r\n",
                    spec.name, calls, micros, calls == 0 ? 0 : micros / static_cast<double>(calls),
                    rejected, failed));
  }
}

}  // namespace pleiad::info
