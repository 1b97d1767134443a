// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/plan_fix.h"

#include <algorithm>
#include <set>

namespace pleiad::admin {
namespace {

int64_t KeysAt(const SlotFacts& facts, size_t node) {
  const auto it = facts.keys.find(node);
  return it == facts.keys.end() ? 0 : it->second;
}

// Who should own it.
std::optional<size_t> ChooseOwner(const ClusterView& view, const SlotFacts& facts) {
  if (!facts.owners.empty()) {
    return *std::max_element(facts.owners.begin(), facts.owners.end(), [&](size_t a, size_t b) {
      return view.nodes[a].self.config_epoch < view.nodes[b].self.config_epoch;
    });
  }
  std::optional<size_t> best;
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    if (!view.nodes[i].self.Has("master")) continue;
    if (!best || KeysAt(facts, i) > KeysAt(facts, *best)) best = i;
  }
  return best;
}

// The node to which a half-done move leads, if it is a plain one.
std::optional<size_t> PlainTarget(const ClusterView& view, const SlotFacts& facts, size_t owner) {
  if (facts.owners.size() != 1 || facts.migrating.size() != 1 || facts.importing.size() != 1)
    return std::nullopt;
  const SlotFacts::Link& out = facts.migrating[0];
  const SlotFacts::Link& in = facts.importing[0];
  if (out.node != owner || out.peer != view.nodes[in.node].self.id ||
      in.peer != view.nodes[owner].self.id)
    return std::nullopt;
  for (const auto& [node, keys] : facts.keys) {
    if (keys > 0 && node != owner && node != in.node) return std::nullopt;
  }
  return in.node;
}

}  // namespace

std::optional<SlotRepair> PlanRepair(const ClusterView& view, const SlotFacts& facts) {
  const std::optional<size_t> owner = ChooseOwner(view, facts);
  if (!owner) return std::nullopt;
  SlotRepair repair;
  repair.slot = facts.slot;
  repair.owner = *owner;
  repair.finish = PlainTarget(view, facts, *owner);
  if (repair.finish) return repair;
  repair.claim = facts.owners.empty();
  for (const size_t node : facts.owners) {
    if (node != *owner) repair.disown.push_back(node);
  }
  std::set<size_t> open;
  for (const SlotFacts::Link& link : facts.migrating) open.insert(link.node);
  for (const SlotFacts::Link& link : facts.importing) open.insert(link.node);
  repair.close.assign(open.begin(), open.end());
  for (const auto& [node, keys] : facts.keys) {
    if (keys > 0 && node != *owner) repair.gather.push_back(node);
  }
  return repair;
}

std::vector<int> SlotsToRepair(const ClusterView& view, bool multiple_owners) {
  std::set<int> slots;
  for (const NodeView& node : view.nodes) {
    slots.insert(node.self.migrating.begin(), node.self.migrating.end());
    slots.insert(node.self.importing.begin(), node.self.importing.end());
  }
  if (multiple_owners) {
    for (const auto& [slot, owners] : MultipleOwners(view)) slots.insert(slot);
  }
  return {slots.begin(), slots.end()};
}

SlotFacts FactsOf(const ClusterView& view, int slot) {
  SlotFacts facts;
  facts.slot = slot;
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    const NodeRow& self = view.nodes[i].self;
    if (self.slots.Has(slot)) facts.owners.push_back(i);
    for (size_t k = 0; k < self.migrating.size(); ++k) {
      if (self.migrating[k] == slot) facts.migrating.push_back({i, self.migrating_to[k]});
    }
    for (size_t k = 0; k < self.importing.size(); ++k) {
      if (self.importing[k] == slot) facts.importing.push_back({i, self.importing_from[k]});
    }
  }
  return facts;
}

std::vector<int> UncoveredSlots(const ClusterView& view) {
  SlotSet covered;
  for (const NodeView& node : view.nodes) covered.Merge(node.self.slots);
  std::vector<int> slots;
  for (int slot = 0; slot < kSlotCount; ++slot) {
    if (!covered.Has(slot)) slots.push_back(slot);
  }
  return slots;
}

std::map<int, std::vector<size_t>> MultipleOwners(const ClusterView& view) {
  std::map<int, std::vector<size_t>> found;
  for (int slot = 0; slot < kSlotCount; ++slot) {
    std::vector<size_t> owners;
    for (size_t i = 0; i < view.nodes.size(); ++i) {
      if (view.nodes[i].self.slots.Has(slot)) owners.push_back(i);
    }
    if (owners.size() > 1) found[slot] = std::move(owners);
  }
  return found;
}

}  // namespace pleiad::admin
