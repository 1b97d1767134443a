// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The cluster table, kept consistent.
#include "cluster/state.h"

#include <algorithm>

#include "base/check.h"

namespace pleiad::cluster {

bool LeaseIsFull(const ClusterState& state) {
  return std::all_of(state.nodes().begin(), state.nodes().end(), [](const auto& entry) {
    const Node* node = entry.second.get();
    return node->IsMyself() || !node->Votes() || node->speaks_lease;
  });
}

ClusterState::ClusterState(NodeId id, NodeId shard_id) {
  auto node = std::make_unique<Node>();
  node->id = id;
  node->shard_id = shard_id;
  node->flags = kFlagMyself | kFlagMaster;
  myself_ = node.get();
  nodes_.emplace(id, std::move(node));
}

ClusterState::~ClusterState() = default;

Node* ClusterState::Find(const NodeId& id) {
  const auto it = nodes_.find(id);
  return it == nodes_.end() ? nullptr : it->second.get();
}

const Node* ClusterState::Find(const NodeId& id) const {
  const auto it = nodes_.find(id);
  return it == nodes_.end() ? nullptr : it->second.get();
}

Node* ClusterState::Find(std::string_view text) {
  const auto id = NodeId::Parse(text);
  return id ? Find(*id) : nullptr;
}

const Node* ClusterState::Find(std::string_view text) const {
  const auto id = NodeId::Parse(text);
  return id ? Find(*id) : nullptr;
}

Node* ClusterState::Add(NodeId id, uint16_t flags) {
  CHECK((flags & kFlagMyself) == 0);
  auto node = std::make_unique<Node>();
  node->id = id;
  node->flags = flags;
  Node* raw = node.get();
  CHECK(nodes_.emplace(id, std::move(node)).second);
  return raw;
}

void ClusterState::Remove(Node* node) {
  CHECK(node != nullptr && node != myself_);
  for (int n = 0; n < kSlotCount; ++n) {
    const SlotId slot(static_cast<uint16_t>(n));
    if (owner_[slot.value] == node) SetSlotOwner(slot, nullptr);
    if (migrating_to_[slot.value] == node) SetMigratingTo(slot, nullptr);
    if (importing_from_[slot.value] == node) SetImportingFrom(slot, nullptr);
  }
  if (node->master != nullptr) SetReplicaOf(node, nullptr);
  for (const auto& [id, other] : nodes_) {
    if (other->master == node) SetReplicaOf(other.get(), nullptr);
    other->failure_reports.erase(node->id);
  }
  CHECK(nodes_.erase(node->id) == 1);
}

void ClusterState::Rename(Node* node, NodeId id) {
  CHECK(nodes_.count(id) == 0);
  auto handle = nodes_.extract(node->id);
  CHECK(!handle.empty());
  handle.key() = id;
  node->id = id;
  nodes_.insert(std::move(handle));
}

void ClusterState::SetSlotOwner(SlotId slot, Node* node) {
  Node*& owner = owner_[slot.value];
  if (owner == node) return;
  if (owner != nullptr) {
    owner->slots.Clear(slot);
    --owner->slot_count;
    --assigned_slots_;
  }
  owner = node;
  if (node == nullptr) return;
  CHECK(node->IsMaster());
  node->slots.Set(slot);
  ++node->slot_count;
  ++assigned_slots_;
}

void ClusterState::SetReplicaOf(Node* replica, Node* master) {
  CHECK(replica != master && replica->slot_count == 0);
  if (replica->master != nullptr) --replica->master->replica_count;
  replica->flags =
      static_cast<uint16_t>((replica->flags & ~(kFlagMaster | kFlagMigrateTo)) | kFlagReplica);
  replica->master = master;
  if (master != nullptr) {
    ++master->replica_count;
    master->flags |= kFlagMigrateTo;
  }
}

void ClusterState::SetMaster(Node* node) {
  if (node->master != nullptr) --node->master->replica_count;
  node->master = nullptr;
  node->flags =
      static_cast<uint16_t>((node->flags & ~(kFlagReplica | kFlagMyMasterFail)) | kFlagMaster);
}

std::vector<Node*> ClusterState::ReplicasOf(const Node* master) {
  std::vector<Node*> out;
  for (const auto& [id, node] : nodes_) {
    if (master != nullptr && node->master == master) out.push_back(node.get());
  }
  return out;
}

std::vector<const Node*> ClusterState::ReplicasOf(const Node* master) const {
  std::vector<const Node*> out;
  for (const auto& [id, node] : nodes_) {
    if (master != nullptr && node->master == master) out.push_back(node.get());
  }
  return out;
}

void ClusterState::SetMigratingTo(SlotId slot, Node* node) {
  Node*& entry = migrating_to_[slot.value];
  open_slots_ += (node != nullptr) - (entry != nullptr);
  entry = node;
}

void ClusterState::SetImportingFrom(SlotId slot, Node* node) {
  Node*& entry = importing_from_[slot.value];
  open_slots_ += (node != nullptr) - (entry != nullptr);
  entry = node;
}

void ClusterState::CloseAllSlots() {
  migrating_to_.fill(nullptr);
  importing_from_.fill(nullptr);
  open_slots_ = 0;
}

Epoch ClusterState::ConfigEpochOf(const Node* node) const {
  return node->master != nullptr ? node->master->config_epoch : node->config_epoch;
}

Epoch ClusterState::MaxEpoch() const {
  Epoch max = current_epoch;
  for (const auto& [id, node] : nodes_) max = std::max(max, node->config_epoch);
  return max;
}

int ClusterState::VotingSize() const {
  int size = 0;
  for (const auto& [id, node] : nodes_) size += node->Votes() ? 1 : 0;
  return size;
}

}  // namespace pleiad::cluster
