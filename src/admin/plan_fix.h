// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a slot that stands open, or that nobody or several claim, becomes one node's again: a pure
// function of what the nodes say.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "admin/view.h"

namespace pleiad::admin {

struct SlotFacts {
  int slot = 0;
  std::vector<size_t> owners;  // masters that say it is theirs
  struct Link {
    size_t node = 0;
    NodeId peer;  // where to, or where from
  };
  std::vector<Link> migrating;
  std::vector<Link> importing;
  std::map<size_t, int64_t> keys;  // masters that hold keys of it
};

// To be carried out in the order of the fields.
struct SlotRepair {
  int slot = 0;
  size_t owner = 0;              // whose it will be, unless `finish`
  bool claim = false;            // nobody says it is his: the owner takes it
  std::vector<size_t> disown;    // others who say so give it up
  std::optional<size_t> finish;  // the move from `owner` to this node goes on to its end
  std::vector<size_t> close;     // SETSLOT STABLE
  std::vector<size_t> gather;    // their keys go to the owner
};

// - One node gives and exactly the one it gives to takes: the move is finished.
// - Otherwise the slot stays with its owner, and the keys that others hold go to it. Where several
//   claim it, the greatest config epoch wins, as it would on the bus; where nobody does, the most
//   keys.
// Nothing: there is no master at all.
std::optional<SlotRepair> PlanRepair(const ClusterView& view, const SlotFacts& facts);

// The slots to look at: open at some node, or claimed by several if `multiple_owners`.
std::vector<int> SlotsToRepair(const ClusterView& view, bool multiple_owners);
// Everything but the keys.
SlotFacts FactsOf(const ClusterView& view, int slot);

// Slots that no node claims.
std::vector<int> UncoveredSlots(const ClusterView& view);

// The masters that say a slot is theirs, where they are several.
std::map<int, std::vector<size_t>> MultipleOwners(const ClusterView& view);

}  // namespace pleiad::admin
