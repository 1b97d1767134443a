// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Moves slots as a whole (CLUSTER MIGRATESLOTS at the source), where both nodes can: no ASK, and
// a run that dies leaves the nodes to finish or undo it by themselves.
#pragma once

#include <cstdint>
#include <functional>
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

  // Waits until no migration away from the node, or to it, is under way: the orders of a tool that
  // died go on without it. Error: interrupted, or the node does not answer.
  Status AwaitQuiet(size_t node);

  // Asks each node once.
  bool Can(size_t from, size_t to) { return Knows(from) && Knows(to); }

  // How far a migration is. Nodes of other makers don't tell: all 0.
  struct Figures {
    int64_t keys_total = 0;
    int64_t keys = 0;
    int64_t bytes = 0;
    int64_t hold_us = 0;  // for how long its clients were held
  };
  // Called now and then.
  using OnProgress = std::function<void(const Figures&)>;

  // All of the slots or none. When interrupted the migration is cancelled. Error: why it ended
  // without success; the slots are where they were.
  Result<Figures> Move(size_t from, size_t to, const std::vector<int>& slots,
                       const OnProgress& on_progress);

 private:
  struct Job {
    std::string target;
    std::string state;
    std::string message;
    Figures figures;
  };
  bool Knows(size_t node);
  // The migrations away from a node, by name.
  Result<std::map<std::string, Job>> Exports(size_t node);

  Session& session_;
  std::map<size_t, bool> known_;
};

}  // namespace pleiad::admin
