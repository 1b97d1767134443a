// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A plan is a list of steps as plain data: pure functions write it, execute.h carries it out. So
// what a command would do to a cluster can be read (and tested) before any node is touched. Nodes
// are named by their index in the ClusterView the plan was made from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "admin/slot_set.h"
#include "base/ids.h"

namespace pleiad::admin {

// Prints a line.
struct Say {
  std::string line;
};

// Sends a command that changes the node. A refusal (error reply) ends the plan unless `may_refuse`.
struct Send {
  size_t node = 0;
  std::vector<std::string> args;
  bool may_refuse = false;
};

// Makes the node the owner of the slots: ADDSLOTSRANGE, or ADDSLOTS in batches where the node is
// too old for it.
struct ClaimSlots {
  size_t node = 0;
  std::vector<SlotRange> ranges;
};

// How long nodes that were introduced may take until they agree.
inline constexpr int64_t kJoinDeadlineMs = 30'000;

// Waits until the nodes see each other as each sees itself (see Disagreements in view.h).
struct AwaitAgreement {
  std::optional<size_t> focus;  // only this node with each of the others
  bool announce = false;        // "Waiting for the cluster to join" and a dot now and then
  bool required = true;         // the plan fails at the deadline; otherwise it goes on
  int64_t deadline_ms = 0;
};

// Waits until every node says that the cluster serves (cluster_state:ok), which is a tick after it
// learnt the last slot. At the deadline the plan goes on: a node that has only just started may
// hold back for longer by its own rules.
struct AwaitServing {
  int64_t deadline_ms = 0;
};

// Tells the node to stop. Success is that the connection ends without a reply.
struct ShutDown {
  size_t node = 0;
};

using Step = std::variant<Say, Send, ClaimSlots, AwaitAgreement, AwaitServing, ShutDown>;

struct Plan {
  std::vector<Step> steps;

  // Out of line: g++ 12 warns of uninitialised memory where it inlines a variant's move into a
  // vector.
  void Add(Step step);
};

}  // namespace pleiad::admin
