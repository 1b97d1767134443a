// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/plan.h"

#include <utility>

namespace pleiad::admin {

void Plan::Add(Step step) { steps.push_back(std::move(step)); }

}  // namespace pleiad::admin
