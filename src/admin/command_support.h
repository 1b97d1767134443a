// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What several commands share.
#pragma once

#include <string_view>
#include <vector>

#include "admin/move.h"
#include "admin/options.h"
#include "admin/plan_move.h"
#include "admin/session.h"

namespace pleiad::admin {

inline Credentials MakeCredentials(const Environment& env, const Options& options) {
  return {options.user, options.password.value_or(env.default_password)};
}

// Waits until no slots are on their way as a whole, and reads the nodes again if some were.
Status AwaitMigrations(Session& session);

// Prints the line of an error and returns the exit code 1.
int Fail(Session& session, std::string_view line);

// ">>> Performing Cluster Check", the nodes, the verdict. False if something is wrong (unreachable
// nodes count).
bool ShowCheck(Session& session, const std::vector<std::string>& node_lines);

// The same before a change. False: it was not well, and a line says that it must be before
// `before`.
bool Healthy(Session& session, std::string_view before);

// How single moves are shown where there is no progress line: "Moving slot N from A to B: ..." or
// a '#' each.
enum class MoveStyle { kLines, kMarks };

// Moves slots, as a whole where both nodes can. Stops at the first that fails, and between two when
// interrupted. Returns the exit code. `later`: what will follow; `resume` goes on with it, too.
int MoveAll(Session& session, const MoveOptions& options, const std::vector<SlotMove>& moves,
            MoveStyle style, const std::vector<SlotMove>& later = {});

// Makes all others forget the (empty) node and stops it; its replicas get another master. Returns
// the exit code. Reads the nodes again first.
int RemoveNode(Session& session, size_t node);

}  // namespace pleiad::admin
