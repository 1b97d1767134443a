// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Which slots move where: pure functions of a ClusterView. Nodes are indices into view.nodes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "admin/view.h"
#include "base/result.h"

namespace pleiad::admin {

struct SlotMove {
  int slot = 0;
  size_t from = 0;
  size_t to = 0;
  bool operator==(const SlotMove&) const = default;
};

// `reshard`: about `count` slots from the sources, each giving in proportion to what it has; the
// one with the most gives first, rounded up, the others rounded down, as in redis-trib. Each gives
// its lowest slots.
std::vector<SlotMove> ReshardMoves(const ClusterView& view, std::vector<size_t> sources, size_t to,
                                   int64_t count);

// What a slot costs its node: 1 each, or its keys, bytes or operations.
using SlotCosts = std::array<double, kSlotCount>;

struct RebalanceInput {
  std::vector<std::string> weights;  // "ID=WEIGHT", an id or the beginning of one
  bool use_empty_masters = false;
  double threshold_percent = 2;
};

struct NodeWeight {
  size_t node = 0;
  double weight = 1;
};

// The masters that take part. Error: the line to print about a weight.
Result<std::vector<NodeWeight>> RebalanceWeights(const ClusterView& view,
                                                 const RebalanceInput& input);

// A number of slots from one node to another.
struct Transfer {
  size_t from = 0;
  size_t to = 0;
  std::vector<int> slots;
};

struct RebalancePlan {
  double total_weight = 0;
  std::vector<Transfer> transfers;  // empty: all nodes are within the threshold
};

// `rebalance` by slots, as redis-trib counts.
RebalancePlan RebalanceBySlots(const ClusterView& view, const std::vector<NodeWeight>& nodes,
                               double threshold_percent);
// `rebalance` by what slots cost: from the fullest node to the emptiest, the slot that fits best,
// until no move makes the difference between the two smaller or all are within the threshold.
RebalancePlan RebalanceByCost(const ClusterView& view, const std::vector<NodeWeight>& nodes,
                              double threshold_percent, const SlotCosts& costs);

// `drain`: all slots of a node, so that the masters that remain end up even. Empty: it has none.
// REQUIRES: there is another master if it has slots.
std::vector<Transfer> DrainTransfers(const ClusterView& view, size_t node);

std::vector<SlotMove> Flatten(const std::vector<Transfer>& transfers);

}  // namespace pleiad::admin
