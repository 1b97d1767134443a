// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One seed, once or twice.
#include "sim/run.h"

#include <algorithm>

#include "sim/fleet.h"

namespace pleiad::sim {

Report RunSeed(const SimOptions& options, Timeline* timeline, std::string* log) {
  Report report;
  {
    Fleet fleet(options, &report, timeline, log);
    fleet.Run();
  }
  if (!options.check_twice) return report;
  Report again;
  Fleet fleet(options, &again, nullptr, nullptr);
  fleet.Run();
  if (again.hash != report.hash) {
    ++report.violations_total;
    report.violations.push_back(
        {options.seed, 0, "determinism", "two runs of this seed took different ways"});
  }
  return report;
}

bool ParseMutation(const std::string& name, cluster::Mutation* out) {
  const auto& names = cluster::kMutationNames;
  const auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end()) return false;
  *out = static_cast<cluster::Mutation>(it - names.begin());
  return true;
}

}  // namespace pleiad::sim
