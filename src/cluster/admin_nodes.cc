// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CLUSTER MEET, FORGET, REPLICATE, SAVECONFIG, SET-CONFIG-EPOCH, BUMPEPOCH, RESET and FAILOVER.
// Error texts are those that scripts of this field look for.
#include <fmt/format.h>

#include "cluster/core.h"

namespace pleiad::cluster {

Core::Answer Core::Do(const AdminMeet& command, const AdminRequest&) {
  const int64_t cport = command.cport != 0 ? command.cport : command.port + 10000;
  const bool in_range = command.port > 0 && command.port <= 65535 && cport > 0 && cport <= 65535;
  if (!in_range || !StartHandshake(command.ip, static_cast<uint16_t>(command.port),
                                   static_cast<uint16_t>(cport), 0, kFlagMeet)) {
    return Refuse(fmt::format("Invalid node address specified: {}:{}", command.ip, command.port));
  }
  Notice(fmt::format("Cluster meet {}:{} (operator's request)", command.ip, command.port));
  return {};
}

Core::Answer Core::Do(const AdminForget& command, const AdminRequest&) {
  Node* node = state_->Find(command.node);
  if (node == nullptr) {
    const auto id = NodeId::Parse(command.node);
    // Already forgotten: the news of another node's FORGET may have come first.
    if (id && Banned(*id)) return {};
    return Refuse(fmt::format("Unknown node {}", command.node));
  }
  if (node == me()) return Refuse("I tried hard but I can't forget myself...");
  if (node == me()->master) return Refuse("Can't forget my master!");
  Notice(fmt::format("Cluster forget {} (operator's request)", Name(node)));
  Ban(node->id, config_.forget_ban_ms);
  RemoveNode(node);
  pong_all_ = true;  // carries the ban
  return {};
}

Core::Answer Core::Do(const AdminReplicate& command, const AdminRequest& request) {
  if (command.no_one) return ReplicateNoOne();
  Node* node = state_->Find(command.node);
  if (node == nullptr) return Refuse(fmt::format("Unknown node {}", command.node));
  if (node == me()) return Refuse("Can't replicate myself");
  if (!node->IsMaster()) return Refuse("I can only replicate a master, not a replica.");
  if (me()->IsMaster() && (me()->slot_count != 0 || request.keys_total != 0)) {
    return Refuse("To set a master the node must be empty and without assigned slots.");
  }
  if (me()->master == node) return {};
  BecomeReplicaOf(node, true, true);
  return {};
}

// A replica becomes a master without slots and data, in a shard of its own.
Core::Answer Core::ReplicateNoOne() {
  if (me()->IsMaster()) return {};
  Notice("I am an empty master now (operator's request)");
  PromoteNode(me());
  out_.flush_all_keys = true;
  for (int n = 0; n < kSlotCount; ++n) {
    const SlotId slot(static_cast<uint16_t>(n));
    if (state_->MigratingTo(slot) != nullptr || state_->ImportingFrom(slot) != nullptr) {
      TouchSlot(slot);
    }
  }
  state_->CloseAllSlots();
  ResetManualFailover();
  CancelElection();
  me()->shard_id = *NodeId::Parse(prng_.Hex(40));
  progress_.ever_synced = false;
  pong_all_ = true;
  MustSave();
  return {};
}

// The one with the greatest offset. MFSTART from a master to its replica is ours: other vendors'
// replicas ignore it.
Core::Answer Core::HandOver() {
  if (!me()->Votes()) return Refuse("I have no slots to hand over");
  Node* best = nullptr;
  for (Node* replica : state_->ReplicasOf(me())) {
    const bool able = replica->speaks_lease && replica->link_up && !replica->TimedOut() &&
                      !replica->Failed() && !replica->Has(kFlagNoFailover);
    if (able && (best == nullptr || replica->repl_offset > best->repl_offset)) best = replica;
  }
  if (best == nullptr) return Refuse("No replica can take over");
  Notice(fmt::format("Handing over to replica {}", Name(best)));
  SendTo(best, Header(PacketType::kMfStart));
  return {};
}

Core::Answer Core::Do(const AdminSaveConfig&, const AdminRequest&) {
  MustSave();
  return {};
}

Core::Answer Core::Do(const AdminSetConfigEpoch& command, const AdminRequest&) {
  if (command.epoch < 0 || static_cast<uint64_t>(command.epoch) >= kEpochMax) {
    return Refuse(fmt::format("Invalid config epoch specified: {}", command.epoch));
  }
  if (state_->size() > 1) {
    return Refuse(
        "The user can assign a config epoch only when the node does not know any other node.");
  }
  if (me()->config_epoch.value != 0) return Refuse("Node config epoch is already non-zero");
  me()->config_epoch = Epoch(static_cast<uint64_t>(command.epoch));
  state_->current_epoch = state_->MaxEpoch();
  Notice(fmt::format("configEpoch set to {} via CLUSTER SET-CONFIG-EPOCH", command.epoch));
  MustSave();
  return {};
}

Core::Answer Core::Do(const AdminBumpEpoch&, const AdminRequest&) {
  // A replica has no epoch of its own: it speaks with its master's.
  if (!me()->IsMaster()) return Refuse("Please use BUMPEPOCH only with masters.");
  const bool bumped = BumpEpoch();
  if (bumped) pong_all_ = true;
  return {fmt::format("{} {}", bumped ? "BUMPED" : "STILL", me()->config_epoch.value), false};
}

Core::Answer Core::Do(const AdminReset& command, const AdminRequest& request) {
  if (me()->IsMaster() && request.keys_total != 0) {
    return Refuse("CLUSTER RESET can't be called with master nodes containing keys");
  }
  const bool was_replica = me()->IsReplica();
  if (was_replica) {
    PromoteNode(me());
    out_.flush_all_keys = true;
  }
  ResetManualFailover();
  CancelElection();
  for (int n = 0; n < kSlotCount; ++n) {
    const SlotId slot(static_cast<uint16_t>(n));
    if (state_->MigratingTo(slot) != nullptr || state_->ImportingFrom(slot) != nullptr) {
      TouchSlot(slot);
    }
    Assign(slot, nullptr);
  }
  state_->CloseAllSlots();
  not_claimed_.ClearAll();
  std::vector<Node*> others;
  for (const auto& [id, node] : state_->nodes()) {
    if (!node->IsMyself()) others.push_back(node.get());
  }
  for (Node* node : others) RemoveNode(node);
  state_->bans.clear();
  if (command.hard) {
    state_->current_epoch = state_->last_vote_epoch = me()->config_epoch = Epoch(0);
    epochs_reset_ = true;
    state_->Rename(me(), *NodeId::Parse(prng_.Hex(40)));
    Notice(fmt::format("Node hard reset, now I'm {}", me()->id.view()));
  }
  if (command.hard || was_replica) me()->shard_id = *NodeId::Parse(prng_.Hex(40));
  EndClaim();
  boot_delay_ = was_ok_ = false;
  minority_since_ = MonoMs(0);
  elected_epoch_ = Epoch(0);
  MustSave();
  return {};
}

Core::Answer Core::Do(const AdminFailover& command, const AdminRequest&) {
  if (command.mode == AdminFailover::Mode::kHandOver) return HandOver();
  if (me()->IsMaster()) return Refuse("You should send CLUSTER FAILOVER to a replica");
  const Node* master = me()->master;
  if (master == nullptr) return Refuse("I'm a replica but my master is unknown to me");
  if (command.mode == AdminFailover::Mode::kDefault && (master->Failed() || !master->link_up)) {
    return Refuse("Master is down or failed, please use CLUSTER FAILOVER FORCE");
  }
  StartManualFailover(command.mode);
  return {};
}

}  // namespace pleiad::cluster
