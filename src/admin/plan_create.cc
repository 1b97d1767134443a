// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/plan_create.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace pleiad::admin {
namespace {

constexpr int kBusPortOffset = 10000;
// The nodes serve already when the replicas are told whom to follow; that the others know it too is
// a comfort.
constexpr int64_t kRolesDeadlineMs = 1'000;
// Whoever types create types SET next.
constexpr int64_t kServingDeadlineMs = 200;

// Up to this many nodes every pair is introduced, which joins them in two rounds of heartbeats.
// Beyond it the number of messages would grow with the square, so each node meets its next few and
// gossip does the rest.
constexpr size_t kFullMeshMax = 64;
constexpr size_t kSparseMeets = 8;

// Groups of nodes with the same text, in the order of their first appearance.
template <typename TextOf>
std::vector<std::vector<size_t>> GroupsOf(const std::vector<size_t>& nodes, TextOf text) {
  std::vector<std::vector<size_t>> groups;
  for (const size_t node : nodes) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& members) {
      return text(members.front()) == text(node);
    });
    if (group == groups.end()) group = groups.insert(groups.end(), std::vector<size_t>());
    group->push_back(node);
  }
  return groups;
}

// One of each group in turn.
std::vector<size_t> Deal(const std::vector<std::vector<size_t>>& groups) {
  std::vector<size_t> order;
  bool more = true;
  for (size_t round = 0; more; ++round) {
    more = false;
    for (const std::vector<size_t>& group : groups) {
      if (round >= group.size()) continue;
      order.push_back(group[round]);
      more = true;
    }
  }
  return order;
}

// The nodes dealt from the zones in turn, and those of a zone from its hosts in turn.
std::vector<size_t> InterleavePlaces(const std::vector<Place>& nodes) {
  std::vector<size_t> all(nodes.size());
  std::iota(all.begin(), all.end(), size_t{0});
  std::vector<std::vector<size_t>> zones = GroupsOf(all, [&](size_t i) { return nodes[i].zone; });
  for (std::vector<size_t>& zone : zones)
    zone = Deal(GroupsOf(zone, [&](size_t i) { return nodes[i].host; }));
  return Deal(zones);
}

// Whom the loss of one host or zone would hurt: a master with its replica, or two replicas of one
// master.
class PlaceRisk {
 public:
  PlaceRisk(const std::vector<Place>& nodes, std::vector<Proposal::Replica>& replicas)
      : nodes_(nodes), replicas_(replicas) {}

  // The cost of having `node` as a replica of `master`, replica number `skip` not counted as a
  // sister.
  int64_t Cost(size_t node, size_t master, size_t skip) const {
    int64_t cost =
        (SameHost(node, master) ? kMastersHost : 0) + (SameZone(node, master) ? kMastersZone : 0);
    for (size_t i = 0; i < replicas_.size(); ++i) {
      if (i == skip || replicas_[i].master != master) continue;
      cost += SameHost(node, replicas_[i].node) ? kSistersHost : 0;
      cost += SameZone(node, replicas_[i].node) ? 1 : 0;
    }
    return cost;
  }

  // Swaps two replicas' nodes if that lowers the cost of both together.
  bool TrySwap(size_t a, size_t b) {
    const int64_t before = PairCost(a, b);
    std::swap(replicas_[a].node, replicas_[b].node);
    if (PairCost(a, b) < before) return true;
    std::swap(replicas_[a].node, replicas_[b].node);
    return false;
  }

 private:
  // One of a worse kind outweighs any number of the next.
  static constexpr int64_t kSistersHost = 1'000;
  static constexpr int64_t kMastersZone = 10'000'000;
  static constexpr int64_t kMastersHost = 100'000'000'000;
  bool SameHost(size_t a, size_t b) const { return nodes_[a].host == nodes_[b].host; }
  bool SameZone(size_t a, size_t b) const {
    return !nodes_[a].zone.empty() && nodes_[a].zone == nodes_[b].zone;
  }
  int64_t PairCost(size_t a, size_t b) const {
    return Cost(replicas_[a].node, replicas_[a].master, a) +
           Cost(replicas_[b].node, replicas_[b].master, b);
  }

  const std::vector<Place>& nodes_;
  std::vector<Proposal::Replica>& replicas_;
};

// Greedy dealing may leave the last masters only nodes of their own place; swapping repairs that.
// Each swap lowers the total, so it ends.
void Improve(PlaceRisk& risk, size_t replicas) {
  bool changed = true;
  while (changed) {
    changed = false;
    for (size_t a = 0; a < replicas; ++a) {
      for (size_t b = a + 1; b < replicas; ++b) changed = risk.TrySwap(a, b) || changed;
    }
  }
}

void DealReplicas(const std::vector<Place>& nodes, std::vector<size_t> spare, int per_master,
                  Proposal& proposal) {
  PlaceRisk risk(nodes, proposal.replicas);
  const size_t asked = proposal.masters.size() * static_cast<size_t>(per_master);
  // Master by master as long as all get what was asked for, so that the list reads in the order of
  // the masters; what is left then goes to the masters in turn.
  for (size_t dealt = 0; !spare.empty(); ++dealt) {
    const size_t turn = dealt < asked ? dealt / static_cast<size_t>(per_master) : dealt - asked;
    const size_t master = proposal.masters[turn % proposal.masters.size()].node;
    const auto best = std::min_element(spare.begin(), spare.end(), [&](size_t a, size_t b) {
      return risk.Cost(a, master, dealt) < risk.Cost(b, master, dealt);
    });
    proposal.replicas.push_back({*best, master});
    spare.erase(best);
  }
  Improve(risk, proposal.replicas.size());
}

void PlanMeetings(const ClusterView& view, Plan& plan) {
  const size_t count = view.nodes.size();
  for (size_t from = 1; from < count; ++from) {
    const bool mesh = count <= kFullMeshMax;
    const size_t meets = mesh ? from : std::min(from, kSparseMeets);
    for (size_t back = 1; back <= meets; ++back) plan.Add(Meet(view, from, from - back));
    if (!mesh && from > kSparseMeets) plan.Add(Meet(view, from, 0));
  }
}

}  // namespace

std::vector<SlotRange> Proposal::SplitSlots(size_t masters) {
  CHECK(masters > 0 && masters <= kSlotCount);
  std::vector<SlotRange> ranges;
  int first = 0;
  for (size_t i = 1; i <= masters; ++i) {
    // The end of share i, i * 16384 / masters, rounded to the nearest slot (halves up).
    const size_t end = (2 * i * kSlotCount + masters) / (2 * masters);
    ranges.push_back({first, static_cast<int>(end) - 1});
    first = static_cast<int>(end);
  }
  return ranges;
}

Result<size_t> MasterCount(size_t nodes, int replicas) {
  const size_t group = static_cast<size_t>(replicas) + 1;
  const size_t masters = nodes / group;
  if (masters >= kMinMasters) return masters;
  return Error{
      fmt::format("*** ERROR: Invalid configuration for cluster creation.\n"
                  "*** Redis Cluster requires at least {} master nodes.\n"
                  "*** This is not possible with {} nodes and {} replicas per node.\n"
                  "*** At least {} nodes are required.",
                  kMinMasters, nodes, replicas, kMinMasters * group)};
}

Proposal Propose(const std::vector<Place>& nodes, int replicas) {
  const size_t masters = *MasterCount(nodes.size(), replicas);
  const std::vector<size_t> order = InterleavePlaces(nodes);
  const std::vector<SlotRange> shares = Proposal::SplitSlots(masters);
  Proposal proposal;
  for (size_t i = 0; i < masters; ++i) proposal.masters.push_back({order[i], shares[i]});
  DealReplicas(nodes, {order.begin() + static_cast<ptrdiff_t>(masters), order.end()}, replicas,
               proposal);
  return proposal;
}

std::string WhyNotEmpty(const NodeView& node, const NodeInfo& info) {
  const std::string name = node.address.str();
  if (node.rows.size() > 1 || info.has_keys) {
    return "[ERR] Node " + name +
           " is not empty. Either the node already knows other nodes (check with CLUSTER NODES) or "
           "contains some key in database 0.";
  }
  if (!node.self.slots.empty()) {
    return "[ERR] Node " + name + " is not empty. It already serves the slots " +
           node.self.slots.str() + ".";
  }
  return {};
}

std::string WhyNotDistinct(const ClusterView& view) {
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    const std::optional<size_t> first = view.Find(view.nodes[i].self.id);
    if (first == i) continue;
    return "[ERR] " + view.nodes[*first].address.str() + " and " + view.nodes[i].address.str() +
           " are the same node (" + view.nodes[i].self.id.str() + ").";
  }
  return {};
}

Send Meet(const ClusterView& view, size_t from, size_t to) {
  const NodeView& target = view.nodes[to];
  Send send{from, {"CLUSTER", "MEET", target.ip, std::to_string(target.address.port)}};
  int bus_port = target.address.bus_port;
  if (bus_port == 0) bus_port = target.self.address.bus_port;
  // Redis 3.0 takes no bus port, so it is named only where it must be.
  const bool usual = bus_port == 0 || bus_port == target.address.port + kBusPortOffset;
  if (!usual) send.args.push_back(std::to_string(bus_port));
  return send;
}

Plan CreatePlan(const ClusterView& view, const Proposal& proposal) {
  Plan plan;
  for (const Proposal::Master& master : proposal.masters) {
    plan.Add(ClaimSlots{master.node, {master.slots}});
  }
  plan.Add(Say{">>> Nodes configuration updated"});
  plan.Add(Say{">>> Assign a different config epoch to each node"});
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    // A node that was once part of a cluster keeps its epoch and refuses; the nodes resolve equal
    // epochs themselves.
    plan.Add(Send{i, {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)}, true});
  }
  plan.Add(Say{">>> Sending CLUSTER MEET messages to join the cluster"});
  PlanMeetings(view, plan);
  plan.Add(AwaitAgreement{std::nullopt, true, true, kJoinDeadlineMs});
  for (const Proposal::Replica& replica : proposal.replicas) {
    const std::string master = view.nodes[replica.master].self.id.str();
    plan.Add(Send{replica.node, {"CLUSTER", "REPLICATE", master}});
  }
  plan.Add(AwaitAgreement{std::nullopt, false, false, kRolesDeadlineMs});
  plan.Add(AwaitServing{kServingDeadlineMs});
  return plan;
}

}  // namespace pleiad::admin
