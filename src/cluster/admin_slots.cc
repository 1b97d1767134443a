// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CLUSTER ADDSLOTS, DELSLOTS (and their RANGE forms), FLUSHSLOTS and SETSLOT: what an operator or a
// resharding tool says about slots. Only SETSLOT NODE on the importing side makes a new epoch: that
// is the claim others will see.
#include <fmt/format.h>

#include "cluster/core.h"

namespace pleiad::cluster {

Core::Answer Core::Do(const AdminAddSlots& command, const AdminRequest&) {
  return ChangeSlots(command.ranges, true);
}

Core::Answer Core::Do(const AdminDelSlots& command, const AdminRequest&) {
  return ChangeSlots(command.ranges, false);
}

// All or nothing.
Core::Answer Core::ChangeSlots(const std::vector<SlotRange>& ranges, bool add) {
  if (add && me()->IsReplica()) return Refuse("Please use ADDSLOTS only with masters.");
  SlotSet named;
  for (const SlotRange& range : ranges) {
    for (int n = range.first.value; n <= range.last.value; ++n) {
      const SlotId slot(static_cast<uint16_t>(n));
      if (!add && state_->Owner(slot) == nullptr) {
        return Refuse(fmt::format("Slot {} is already unassigned", n));
      }
      if (add && state_->Owner(slot) != nullptr) {
        return Refuse(fmt::format("Slot {} is already busy", n));
      }
      if (named.Test(slot)) return Refuse(fmt::format("Slot {} specified multiple times", n));
      named.Set(slot);
    }
  }
  named.ForEach([&](SlotId slot) {
    if (state_->ImportingFrom(slot) != nullptr) {
      state_->SetImportingFrom(slot, nullptr);
      TouchSlot(slot);
    }
    Assign(slot, add ? me() : nullptr);
  });
  pong_all_ = true;
  MustSave();
  return {};
}

Core::Answer Core::Do(const AdminFlushSlots&, const AdminRequest& request) {
  if (request.keys_total != 0) return Refuse("DB must be empty to perform CLUSTER FLUSHSLOTS.");
  UnassignAll(me());
  pong_all_ = true;
  MustSave();
  return {};
}

Core::Answer Core::Do(const AdminSetSlot& command, const AdminRequest& request) {
  if (command.from_master) return FollowSetSlot(command);
  if (me()->IsReplica()) return Refuse("Please use SETSLOT only with masters.");
  switch (command.action) {
    case AdminSetSlot::Action::kMigrating:
    case AdminSetSlot::Action::kImporting:
      return OpenSlot(command);
    case AdminSetSlot::Action::kNode:
      return AssignSlot(command, request.keys_in_slot);
    case AdminSetSlot::Action::kStable:
      break;
  }
  if (command.check) return {};
  CloseSlot(command.slot);
  return {};
}

void Core::CloseSlot(SlotId slot) {
  state_->SetImportingFrom(slot, nullptr);
  state_->SetMigratingTo(slot, nullptr);
  TouchSlot(slot);
  MustSave();
}

// A replica keeps what its master is about to do, so that a promotion in the midst of a migration
// loses nothing of it. Who I follow is no part of it: claims on the bus tell that.
Core::Answer Core::FollowSetSlot(const AdminSetSlot& command) {
  using Action = AdminSetSlot::Action;
  if (me()->master == nullptr) return Refuse("I have no master");
  if (command.action == Action::kStable) {
    CloseSlot(command.slot);
    return {};
  }
  Node* node = state_->Find(command.node);
  if (node == nullptr) return Refuse(fmt::format("Unknown node {}", command.node));
  if (!node->IsMaster()) return Refuse("Target node is not a master");
  switch (command.action) {
    case Action::kMigrating:
      state_->SetMigratingTo(command.slot, node);
      break;
    case Action::kImporting:
      state_->SetImportingFrom(command.slot, node);
      break;
    default:
      CloseSlot(command.slot);
      Assign(command.slot, node);
      break;
  }
  TouchSlot(command.slot);
  MustSave();
  return {};
}

Core::Answer Core::OpenSlot(const AdminSetSlot& command) {
  const bool migrating = command.action == AdminSetSlot::Action::kMigrating;
  const bool mine = state_->Owner(command.slot) == me();
  if (migrating && !mine) {
    return Refuse(fmt::format("I'm not the owner of hash slot {}", command.slot.value));
  }
  if (!migrating && mine) {
    return Refuse(fmt::format("I'm already the owner of hash slot {}", command.slot.value));
  }
  Node* other = state_->Find(command.node);
  if (other == nullptr) return Refuse(fmt::format("I don't know about node {}", command.node));
  if (!other->IsMaster()) return Refuse("Target node is not a master");
  if (command.check) return {};
  if (migrating) {
    state_->SetMigratingTo(command.slot, other);
  } else {
    state_->SetImportingFrom(command.slot, other);
  }
  TouchSlot(command.slot);
  MustSave();
  return {};
}

Core::Answer Core::AssignSlot(const AdminSetSlot& command, uint64_t keys) {
  const SlotId slot = command.slot;
  Node* node = state_->Find(command.node);
  if (node == nullptr) return Refuse(fmt::format("Unknown node {}", command.node));
  if (!node->IsMaster()) return Refuse("Target node is not a master");
  const bool was_mine = state_->Owner(slot) == me();
  if (was_mine && node != me() && keys != 0) {
    return Refuse(
        fmt::format("Can't assign hashslot {} to a different node while I still hold keys "
                    "for this hash slot.",
                    slot.value));
  }
  if (command.check) return {};
  if (keys == 0) state_->SetMigratingTo(slot, nullptr);
  Assign(slot, node);
  TouchSlot(slot);
  MustSave();
  if (was_mine && node != me() && me()->slot_count == 0 && config_.allow_replica_migration) {
    Notice(fmt::format("Lost my last slot. Reconfiguring myself as a replica of {}", Name(node)));
    BecomeReplicaOf(node, true, true);
  } else if (node == me() && state_->ImportingFrom(slot) != nullptr) {
    const NodeId source = state_->ImportingFrom(slot)->id;
    state_->SetImportingFrom(slot, nullptr);
    BumpEpoch(source);
    pong_all_ = true;
  } else if (was_mine && node != me()) {
    pong_all_ = true;
  }
  return {};
}

}  // namespace pleiad::cluster
