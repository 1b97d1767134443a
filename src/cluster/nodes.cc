// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Rows of the cluster table come, change and go. Everything that follows from that for links and
// slots is here, so that the deciding files only decide.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "cluster/core.h"

namespace pleiad::cluster {

Node* Core::AddNode(NodeId id, uint16_t flags, std::string ip, uint16_t port, uint16_t cport,
                    uint16_t pport) {
  Node* node = state_->Add(id, flags);
  node->ip = std::move(ip);
  node->port = port;
  node->cport = cport;
  node->pport = pport;
  node->created = now();
  node->shard_id = *NodeId::Parse(prng_.Hex(40));  // until it tells its own
  MaySave();
  return node;
}

void Core::RemoveNode(Node* node) {
  CHECK(node != me());
  UnassignAll(node);
  if (state_->HasOpenSlots()) {
    for (int n = 0; n < kSlotCount; ++n) {
      const SlotId slot(static_cast<uint16_t>(n));
      if (state_->MigratingTo(slot) == node || state_->ImportingFrom(slot) == node) TouchSlot(slot);
    }
  }
  CloseOutbound(node);
  CloseInbound(node);
  for (auto& [id, link] : links_) {
    if (link.node == node) link.node = nullptr;
  }
  newcomers_.erase(node->id);
  newly_met_.erase(node->id);
  state_->Remove(node);
  MaySave();
}

void Core::TouchSlot(SlotId slot) { touched_.Set(slot); }

void Core::TouchOpenSlots() {
  if (!state_->HasOpenSlots()) return;
  for (int n = 0; n < kSlotCount; ++n) {
    const SlotId slot(static_cast<uint16_t>(n));
    if (state_->MigratingTo(slot) != nullptr || state_->ImportingFrom(slot) != nullptr)
      TouchSlot(slot);
  }
}

void Core::Assign(SlotId slot, Node* owner) {
  not_claimed_.Clear(slot);
  if (state_->Owner(slot) == owner) return;
  if (owner != me()) NoteMoved(state_->Owner(slot), owner);
  if (state_->Owner(slot) == me() && owner != nullptr) dirty_.Set(slot);
  if (owner == me()) dirty_.Clear(slot);
  state_->SetSlotOwner(slot, owner);
  TouchSlot(slot);
  MustSave();
}

int Core::UnassignAll(Node* node) {
  const SlotSet slots = node->slots;
  slots.ForEach([&](SlotId slot) { Assign(slot, nullptr); });
  return slots.Count();
}

// The replicas of a master are in its shard by definition.
void Core::SetShard(Node* node, NodeId shard) {
  if (shard.empty() || node->shard_id == shard) return;
  node->shard_id = shard;
  for (Node* replica : state_->ReplicasOf(node)) replica->shard_id = shard;
  MaySave();
}

void Core::BecomeReplicaOf(Node* master, bool close_slots, bool full_sync) {
  CHECK(master != me() && me()->slot_count == 0);
  LetGo(master);
  TouchOpenSlots();  // a replica does not import: see EmitSlots
  if (close_slots) state_->CloseAllSlots();
  state_->SetReplicaOf(me(), master);
  me()->flags = static_cast<uint16_t>(me()->flags & ~kFlagMyMasterFail);
  if (master->Failed()) me()->flags |= kFlagMyMasterFail;
  me()->config_epoch = Epoch(0);
  me()->shard_id = master->shard_id;
  full_sync_ = full_sync;
  progress_.ever_synced = progress_.ever_synced && !full_sync;
  elected_epoch_ = Epoch(0);
  boot_delay_ = false;
  ResetManualFailover();
  CancelElection();
  pong_all_ = true;
  MustSave();
}

void Core::PromoteNode(Node* node) {
  if (node->IsMaster()) return;
  const bool had_master = node->master != nullptr;
  state_->SetMaster(node);
  if (node == me()) TouchOpenSlots();
  if (had_master && node != me()) node->flags |= kFlagMigrateTo;
  MustSave();
}

bool Core::Banned(const NodeId& id) const {
  const auto it = state_->bans.find(id);
  return it != state_->bans.end() && now() < it->second;
}

void Core::Ban(const NodeId& id, int64_t ttl_ms) { state_->bans[id] = now() + ttl_ms; }

void Core::ExpireBans() {
  std::erase_if(state_->bans, [this](const auto& ban) { return now() >= ban.second; });
}

}  // namespace pleiad::cluster
