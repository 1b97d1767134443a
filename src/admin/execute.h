// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The one place that carries plans out, and the way back.
#pragma once

#include <vector>

#include "admin/plan.h"
#include "admin/session.h"

namespace pleiad::admin {

struct Outcome {
  Status status;                // the line to print when the plan stopped
  std::vector<size_t> touched;  // nodes that accepted at least one change, ascending
};

// Step by step until the end or the first failure. Blocks; waits only where a step says so. The
// session's view is fresh after an AwaitAgreement.
//
// While it waits for agreement it introduces nodes again (CLUSTER MEET) to those that don't see
// them rightly yet: a node that is met again sends its whole claim at once, where gossip would take
// a second or more.
Outcome Execute(Session& session, const Plan& plan);

// Makes the touched nodes empty and alone again (CLUSTER RESET HARD), and every node of the session
// that they have met meanwhile; stays until no greeting that was under way has joined them anew.
// Error: which node could not be reset.
Status UndoCreate(Session& session, const std::vector<size_t>& touched);

}  // namespace pleiad::admin
