// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `create`: from empty nodes to a proposal (who is master of what, who replicates whom) and from
// there to a plan.
//
// Masters are taken from the availability zones in turn, and within a zone from its hosts, so that
// no zone and no host holds more of them than it must. A replica goes to another host than its
// master's wherever that can be, then to another zone, then apart from its sisters. Nodes that say
// no zone are in one together. With all nodes on one host they are dealt in the order in which they
// were given.
#pragma once

#include <string>
#include <vector>

#include "admin/plan.h"
#include "admin/view.h"
#include "base/result.h"

namespace pleiad::admin {

inline constexpr int kMinMasters = 3;  // fewer can't form a majority without the one that failed

struct Proposal {
  struct Master {
    size_t node = 0;
    SlotRange slots;
  };
  struct Replica {
    size_t node = 0;
    size_t master = 0;  // the node, not an index into `masters`
  };
  std::vector<Master> masters;
  std::vector<Replica> replicas;  // in the order in which they were dealt

  // The masters' share of 16384 slots, in order; sizes differ by one at most.
  static std::vector<SlotRange> SplitSlots(size_t masters);
};

// How many masters `nodes` nodes with `replicas` replicas each give. Error: the lines to print when
// they are too few.
Result<size_t> MasterCount(size_t nodes, int replicas);

// Where a node is.
struct Place {
  std::string host;
  std::string zone = {};  // availability_zone; empty: it says nothing
};

// REQUIRES: MasterCount(nodes, replicas) is ok.
Proposal Propose(const std::vector<Place>& nodes, int replicas);

// Why this node can't become part of a new cluster, as a line to print; empty if it can.
std::string WhyNotEmpty(const NodeView& node, const NodeInfo& info);

// Two of the nodes are the same one under two names: the line to print; empty if all differ.
std::string WhyNotDistinct(const ClusterView& view);

// Everything from the first ADDSLOTS to the last REPLICATE. `view` holds the (empty) nodes.
Plan CreatePlan(const ClusterView& view, const Proposal& proposal);

// CLUSTER MEET from `from` to `to`.
Send Meet(const ClusterView& view, size_t from, size_t to);

}  // namespace pleiad::admin
