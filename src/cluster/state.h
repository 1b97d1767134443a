// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ClusterState: everything one node knows about its cluster. The machine (machine.h) changes it,
// formatters (format.h) and nodes.conf (nodes_conf.h) read it. No decisions here: only the table,
// kept consistent.
//
// True after each call: one row is `myself`; owner(slot) == n exactly if n->slots has the bit;
// slot_count and replica_count agree with the bitmaps and master pointers; a replica owns no slots.
// Thread: that of the machine. Cost: lookups O(log nodes), SetSlotOwner O(1).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "cluster/node.h"

namespace pleiad::cluster {

struct ClusterStats {
  std::array<uint64_t, kPacketTypeCount> sent{};
  std::array<uint64_t, kPacketTypeCount> received{};
  uint64_t links_closed_over_limit = 0;  // total_cluster_links_exceeding buffer limit
};

class ClusterState;
// Whether every voter grants leases (lease.cc); else the promise is the originals'.
bool LeaseIsFull(const ClusterState& state);

// What a manual failover has reached (CLUSTER FAILOVER without TAKEOVER).
struct ManualFailover {
  MonoMs end{0};   // 0: none under way
  NodeId replica;  // at the master: who asked
  Offset master_offset{
      -1};  // at the replica: the offset at which the master stopped; -1: not known
  bool can_start = false;
};

class ClusterState {
 public:
  // A new cluster of one: `id` is me, a master without slots. `shard_id` names my shard.
  ClusterState(NodeId id, NodeId shard_id);
  ClusterState(const ClusterState&) = delete;
  ClusterState& operator=(const ClusterState&) = delete;
  ~ClusterState();

  Node* myself() { return myself_; }
  const Node* myself() const { return myself_; }

  using NodeMap =
      std::map<NodeId, std::unique_ptr<Node>>;  // by id, so that walks are the same in each run
  const NodeMap& nodes() const { return nodes_; }
  size_t size() const { return nodes_.size(); }

  // Null when there is none.
  Node* Find(const NodeId& id);
  const Node* Find(const NodeId& id) const;
  // `text` as a client typed it; null unless it is the full id of a known node.
  Node* Find(std::string_view text);
  const Node* Find(std::string_view text) const;

  // REQUIRES: no such node. `flags` without kFlagMyself.
  Node* Add(NodeId id, uint16_t flags);
  // Its slots become unassigned, its replicas masterless, its reports void. REQUIRES: not myself.
  void Remove(Node* node);
  // REQUIRES: `id` is free.
  void Rename(Node* node, NodeId id);

  Node* Owner(SlotId slot) { return owner_[slot.value]; }
  const Node* Owner(SlotId slot) const { return owner_[slot.value]; }
  // Null: unassigned. REQUIRES: a master.
  void SetSlotOwner(SlotId slot, Node* node);
  int assigned_slots() const { return assigned_slots_; }

  // Makes `replica` a replica of `master` (null: of a master nobody knows). REQUIRES: it owns no
  // slots.
  void SetReplicaOf(Node* replica, Node* master);
  // Makes it a master without slots; clears its master.
  void SetMaster(Node* node);
  std::vector<Node*> ReplicasOf(const Node* master);
  std::vector<const Node*> ReplicasOf(const Node* master) const;

  // Open slots of a migration, on my side: null: none.
  Node* MigratingTo(SlotId slot) const { return migrating_to_[slot.value]; }
  Node* ImportingFrom(SlotId slot) const { return importing_from_[slot.value]; }
  void SetMigratingTo(SlotId slot, Node* node);
  void SetImportingFrom(SlotId slot, Node* node);
  void CloseAllSlots();
  bool HasOpenSlots() const { return open_slots_ > 0; }

  // A replica speaks with its master's epoch.
  Epoch ConfigEpochOf(const Node* node) const;
  Epoch MaxEpoch() const;  // the greatest of current_epoch and all config epochs

  // Wall time of a monotonic moment, by the clocks of the last Step; 0 for "never".
  UnixMs ToWall(MonoMs when) const { return when.value == 0 ? UnixMs(0) : wall + (when - now); }
  // The inverse, for nodes.conf: moments of an earlier run become moments of this one (they may be
  // negative).
  MonoMs FromWall(UnixMs when) const { return when.value == 0 ? MonoMs(0) : now + (when - wall); }

  // The voting masters, failed ones included, and the majority of them.
  int VotingSize() const;
  int Quorum() const { return VotingSize() / 2 + 1; }

  Epoch current_epoch{0};
  Epoch last_vote_epoch{0};
  bool ok = false;  // cluster_state:ok
  // Saved: counts the starts of this node, and whether its claim must still be confirmed
  // (lease.cc).
  uint64_t boots = 0;
  bool contested = false;
  // Saved: slots of mine may be claimed under this epoch by the target of a migration; 0: none
  // (slot_migration.cc).
  Epoch promised{0};
  // Of my claim, if I am a master: as many voters have it in their tables as a lease takes, and
  // what they granted to others has run out.
  bool claim_heard = false;
  // Until when this node may serve what it owns, on the monotonic clock; 0: not at all.
  MonoMs serve_until{0};
  MonoMs now{0};  // clocks of the last Step
  UnixMs wall{0};
  std::map<NodeId, MonoMs> bans;  // forgotten nodes and when they may come back
  ManualFailover manual_failover;
  ClusterStats stats;

 private:
  NodeMap nodes_;
  Node* myself_ = nullptr;
  std::array<Node*, kSlotCount> owner_{};
  std::array<Node*, kSlotCount> migrating_to_{};
  std::array<Node*, kSlotCount> importing_from_{};
  int assigned_slots_ = 0;
  int open_slots_ = 0;
};

}  // namespace pleiad::cluster
