// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/plan_move.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/stable_sort.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

int SlotsOf(const ClusterView& view, size_t node) { return view.nodes[node].self.slots.size(); }

// The one master whose id begins so.
std::optional<size_t> FindByPrefix(const ClusterView& view, std::string_view prefix) {
  std::optional<size_t> found;
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    const NodeRow& self = view.nodes[i].self;
    if (!self.Has("master") || !self.id.str().starts_with(prefix)) continue;
    if (found) return std::nullopt;
    found = i;
  }
  return found;
}

struct Balance {
  size_t node = 0;
  int slots = 0;      // it has
  int surplus = 0;    // what is too much; negative: too little
  bool over = false;  // beyond the threshold
};

std::vector<Balance> Balances(const ClusterView& view, const std::vector<NodeWeight>& nodes,
                              double total_weight, double threshold_percent) {
  std::vector<Balance> balances;
  for (const NodeWeight& part : nodes) {
    Balance b;
    b.node = part.node;
    b.slots = SlotsOf(view, part.node);
    const int expected = static_cast<int>(kSlotCount / total_weight * part.weight);
    b.surplus = b.slots - expected;
    if (threshold_percent > 0) {
      b.over = b.slots > 0 ? std::abs(100.0 - 100.0 * expected / b.slots) > threshold_percent
                           : expected > 0;
    } else {
      b.over = b.surplus != 0;
    }
    balances.push_back(b);
  }
  return balances;
}

double TotalWeight(const std::vector<NodeWeight>& nodes) {
  double total = 0;
  for (const NodeWeight& part : nodes) total += part.weight;
  return total;
}

// A node on the way to its share of the cost.
struct Loaded {
  size_t node = 0;
  double cost = 0;
  double share = 0;  // what it should cost
  std::vector<int> slots;
  double surplus() const { return cost - share; }
};

// The slot whose move makes the two nodes most alike; nothing if none makes them more alike.
std::optional<size_t> BestFit(const Loaded& from, const Loaded& to, const SlotCosts& costs) {
  const double wanted = std::min(from.surplus(), -to.surplus());
  std::optional<size_t> best;
  double best_distance = wanted;  // of moving nothing
  for (size_t i = 0; i < from.slots.size(); ++i) {
    const double distance = std::abs(costs[static_cast<size_t>(from.slots[i])] - wanted);
    if (costs[static_cast<size_t>(from.slots[i])] <= 0 || distance >= best_distance) continue;
    best = i;
    best_distance = distance;
  }
  return best;
}

// All that is worth moving from one node to the other.
Transfer Even(Loaded* from, Loaded* to, const SlotCosts& costs) {
  Transfer transfer{from->node, to->node, {}};
  while (const std::optional<size_t> pick = BestFit(*from, *to, costs)) {
    const int slot = from->slots[*pick];
    const double cost = costs[static_cast<size_t>(slot)];
    from->slots.erase(from->slots.begin() + static_cast<std::ptrdiff_t>(*pick));
    from->cost -= cost;
    to->cost += cost;
    transfer.slots.push_back(slot);
  }
  std::sort(transfer.slots.begin(), transfer.slots.end());
  return transfer;
}

}  // namespace

std::vector<SlotMove> ReshardMoves(const ClusterView& view, std::vector<size_t> sources, size_t to,
                                   int64_t count) {
  StableSort(sources.begin(), sources.end(),
             [&view](size_t a, size_t b) { return SlotsOf(view, a) > SlotsOf(view, b); });
  int total = 0;
  for (const size_t source : sources) total += SlotsOf(view, source);
  std::vector<SlotMove> moves;
  if (total == 0) return moves;
  for (size_t i = 0; i < sources.size(); ++i) {
    const double exact = static_cast<double>(count) / total * SlotsOf(view, sources[i]);
    auto give = static_cast<int64_t>(i == 0 ? std::ceil(exact) : std::floor(exact));
    for (const int slot : view.nodes[sources[i]].self.slots.list()) {
      if (give-- <= 0 || static_cast<int64_t>(moves.size()) >= count) break;
      moves.push_back({slot, sources[i], to});
    }
  }
  return moves;
}

Result<std::vector<NodeWeight>> RebalanceWeights(const ClusterView& view,
                                                 const RebalanceInput& input) {
  std::map<size_t, double> given;
  for (const std::string& word : input.weights) {
    const size_t equals = word.find('=');
    const std::optional<double> weight =
        equals == std::string::npos ? std::nullopt : ParseDouble(word.substr(equals + 1));
    if (!weight || *weight < 0) return Error{"*** Invalid weight " + word};
    const std::optional<size_t> node = FindByPrefix(view, word.substr(0, equals));
    if (!node) return Error{"*** No such master node " + word.substr(0, equals)};
    given[*node] = *weight;
  }
  std::vector<NodeWeight> nodes;
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    const NodeRow& self = view.nodes[i].self;
    if (!self.Has("master") || (self.slots.empty() && !input.use_empty_masters)) continue;
    nodes.push_back({i, given.contains(i) ? given[i] : 1.0});
  }
  if (!nodes.empty() && TotalWeight(nodes) <= 0) return Error{"*** All weights are zero"};
  return nodes;
}

RebalancePlan RebalanceBySlots(const ClusterView& view, const std::vector<NodeWeight>& nodes,
                               double threshold_percent) {
  RebalancePlan plan;
  plan.total_weight = TotalWeight(nodes);
  std::vector<Balance> order = Balances(view, nodes, plan.total_weight, threshold_percent);
  if (std::none_of(order.begin(), order.end(), [](const Balance& b) { return b.over; }))
    return plan;
  // Shares were rounded down, so there is too much in all: the poor get it.
  int total = 0;
  for (const Balance& b : order) total += b.surplus;
  while (total > 0) {
    for (Balance& b : order) {
      if (b.surplus >= 0 || total == 0) continue;
      --b.surplus;
      --total;
    }
    if (std::none_of(order.begin(), order.end(), [](const Balance& b) { return b.surplus < 0; }))
      break;
  }
  StableSort(order.begin(), order.end(),
             [](const Balance& a, const Balance& b) { return a.surplus < b.surplus; });
  std::map<size_t, std::vector<int>> left;
  for (const Balance& b : order) left[b.node] = view.nodes[b.node].self.slots.list();
  size_t poor = 0;
  size_t rich = order.empty() ? 0 : order.size() - 1;
  while (poor < rich) {
    const int count = std::min(std::abs(order[poor].surplus), std::abs(order[rich].surplus));
    if (count > 0) {
      std::vector<int>& has = left[order[rich].node];
      const auto end = has.begin() + std::min<std::ptrdiff_t>(count, std::ssize(has));
      plan.transfers.push_back(
          {order[rich].node, order[poor].node, std::vector<int>(has.begin(), end)});
      has.erase(has.begin(), end);
    }
    order[poor].surplus += count;
    order[rich].surplus -= count;
    if (order[poor].surplus == 0) ++poor;
    if (order[rich].surplus == 0) --rich;
  }
  return plan;
}

RebalancePlan RebalanceByCost(const ClusterView& view, const std::vector<NodeWeight>& nodes,
                              double threshold_percent, const SlotCosts& costs) {
  RebalancePlan plan;
  plan.total_weight = TotalWeight(nodes);
  std::vector<Loaded> loads;
  double total = 0;
  for (const NodeWeight& part : nodes) {
    Loaded& load = loads.emplace_back();
    load.node = part.node;
    load.slots = view.nodes[part.node].self.slots.list();
    for (const int slot : load.slots) load.cost += costs[static_cast<size_t>(slot)];
    total += load.cost;
  }
  for (size_t i = 0; i < loads.size(); ++i)
    loads[i].share = total * nodes[i].weight / plan.total_weight;
  const auto over = [&](const Loaded& load) {
    return std::abs(load.surplus()) > threshold_percent / 100 * std::max(load.share, total / 1e6);
  };
  for (size_t round = 0; round < 2 * loads.size() && std::any_of(loads.begin(), loads.end(), over);
       ++round) {
    const auto [poor, rich] = std::minmax_element(
        loads.begin(), loads.end(),
        [](const Loaded& a, const Loaded& b) { return a.surplus() < b.surplus(); });
    Transfer transfer = Even(&*rich, &*poor, costs);
    if (transfer.slots.empty()) break;
    plan.transfers.push_back(std::move(transfer));
  }
  return plan;
}

std::vector<Transfer> DrainTransfers(const ClusterView& view, size_t node) {
  std::vector<Transfer> transfers;
  std::map<size_t, int> has;
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    if (i == node || !view.nodes[i].self.Has("master")) continue;
    has[i] = SlotsOf(view, i);
  }
  if (has.empty()) return transfers;
  // How many each gets, and then which: neighbours stay together, so that the slots of a node are
  // few ranges.
  const std::vector<int> slots = view.nodes[node].self.slots.list();
  std::map<size_t, size_t> gets;
  for (size_t i = 0; i < slots.size(); ++i) {
    const auto poorest = std::min_element(
        has.begin(), has.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    ++poorest->second;
    ++gets[poorest->first];
  }
  size_t next = 0;
  for (const auto& [to, count] : gets) {
    const auto first = slots.begin() + static_cast<std::ptrdiff_t>(next);
    transfers.push_back({node, to, {first, first + static_cast<std::ptrdiff_t>(count)}});
    next += count;
  }
  return transfers;
}

std::vector<SlotMove> Flatten(const std::vector<Transfer>& transfers) {
  std::vector<SlotMove> moves;
  for (const Transfer& transfer : transfers) {
    for (const int slot : transfer.slots) moves.push_back({slot, transfer.from, transfer.to});
  }
  return moves;
}

}  // namespace pleiad::admin
