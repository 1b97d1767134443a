// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Running seeds. Each is a world of its own, so a caller may run them on several threads at once.
#pragma once

#include <string>

#include "sim/options.h"
#include "sim/report.h"
#include "sim/timeline.h"

namespace pleiad::sim {

// One seed. With `check_twice` it runs two times, and a difference is a violation. `timeline` and
// `log` may be null; they tell of the first run.
Report RunSeed(const SimOptions& options, Timeline* timeline, std::string* log);

// The mutation whose name it is; false: none.
bool ParseMutation(const std::string& name, cluster::Mutation* out);

}  // namespace pleiad::sim
