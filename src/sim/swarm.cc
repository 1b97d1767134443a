// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The weather of a seed.
#include "base/prng.h"
#include "sim/options.h"

namespace pleiad::sim {

Swarm Swarm::Draw(uint64_t seed, const SimOptions& options) {
  Prng prng(seed ^ 0x5157415d);
  const auto pick = [&prng](std::initializer_list<int64_t> list) {
    return *(list.begin() + static_cast<std::ptrdiff_t>(prng.Below(list.size())));
  };
  Swarm s;
  s.node_timeout_ms = options.node_timeout_ms > 0 ? options.node_timeout_ms
                                                  : pick({500, 1000, 2000, 2000, 5000, 15000});
  s.delay_min = pick({50, 100, 100, 1000, 5000});
  s.delay_mean = pick({50, 300, 300, 2000, 20'000});
  s.stall_per_million = static_cast<int>(pick({0, 0, 100, 2000}));
  s.stall_mean = s.node_timeout_ms * kMs * pick({1, 4, 10}) / 10;
  s.reset_per_million = static_cast<int>(pick({0, 0, 50, 1000}));
  s.disk_mean = pick({100, 300, 2000, 20'000});
  // Long timeouts need long faults to show anything.
  s.fault_every = s.node_timeout_ms * kMs * pick({5, 10, 20, 40, 80}) / 10;
  s.fault_length = s.node_timeout_ms * kMs * pick({3, 8, 15, 30, 60}) / 10;
  for (int& weight : s.weight) weight = prng.Chance(2, 5) ? static_cast<int>(pick({1, 3, 8})) : 0;
  s.weight[static_cast<size_t>(FaultKind::kAll)] = prng.Chance(1, 10) ? 1 : 0;
  if (prng.Chance(1, 3)) s.weight[static_cast<size_t>(FaultKind::kManual)] += 4;
  s.clients = static_cast<int>(pick({4, 6, 10}));
  s.think_mean = pick({20, 40, 100}) * kMs;
  s.full_sync_mean = pick({50, 300, 2000}) * kMs;
  s.backlog = pick({50, 1000, 100'000});
  s.drift_ppm_max = static_cast<int>(pick({0, 200, 10'000}));
  s.full_coverage = prng.Chance(1, 2);
  return s;
}

}  // namespace pleiad::sim
