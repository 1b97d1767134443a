// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Moves slots as a whole (CLUSTER MIGRATESLOTS at the source), where both nodes can: no ASK, and
// a run that dies leaves the nodes to finish or undo it by themselves.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "admin/session.h"
#include "base/result.h"

namespace pleiad::admin {

class AtomicMover {
 public:
  explicit AtomicMover(Session& session) : session_(session) {}

  // Asks each node once.
  bool Can(size_t from, size_t to) { return Knows(from) && Knows(to); }

  // All of the slots or none. When interrupted the migration is cancelled. Error: why it ended
  // without success; the slots are where they were.
  Status Move(size_t from, size_t to, const std::vector<int>& slots);

 private:
  struct Job {
    std::string target;
    std::string state;
    std::string message;
  };
  bool Knows(size_t node);
  // The migrations away from a node, by name.
  Result<std::map<std::string, Job>> Exports(size_t node);

  Session& session_;
  std::map<size_t, bool> known_;
};

}  // namespace pleiad::admin
