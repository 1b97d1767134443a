// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Who serves a slot: the claim with the greatest config epoch. A master's heartbeat (or an UPDATE
// about it) is a claim;
//
//   unassigned, or given up by its owner      -> the claimer gets it
//   the owner's config epoch is smaller       -> the claimer gets it
//   equal or greater                          -> nothing; the claimer is told who has it (UPDATE)
//
// Equal epochs must not last, since they decide nothing: ResolveCollision. A node whose shard lost
// its last slot to the claimer follows it as a replica.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/core.h"

namespace pleiad::cluster {

struct ClaimOutcome {
  Epoch epoch;  // under which the claim is made
  int claimed = 0;
  int taken = 0;
  bool took_ours = false;  // from me, or from my master
};

bool Core::Unclaimed(SlotId slot) const {
  return state_->Owner(slot) == nullptr || not_claimed_.Test(slot);
}

void Core::UpdateSlots(Node* claimer, Epoch epoch, const SlotSet& claimed) {
  if (claimer == me() || !claimer->IsMaster()) return;
  const Node* former = me()->master != nullptr ? me()->master : me();
  const bool had_slots = former->slot_count > 0;
  const bool same_shard = SameShard(claimer, me());
  ClaimOutcome outcome;
  outcome.epoch = epoch;
  claimed.ForEach([&](SlotId slot) { TakeClaim(slot, claimer, same_shard, &outcome); });
  // Kept bound, so that clients are still led somewhere, but free for the next who claims it.
  claimer->slots.ForEach([&](SlotId slot) {
    if (!claimed.Test(slot)) not_claimed_.Set(slot);
  });
  if (state_->HasOpenSlots()) {
    for (int n = 0; n < kSlotCount; ++n) {
      const SlotId slot(static_cast<uint16_t>(n));
      if (!claimed.Test(slot)) NoteNotClaimed(slot, claimer, epoch);
    }
  }
  if (outcome.taken > 0) {
    Notice(fmt::format("Node {} took {} slots with epoch {}", Name(claimer), outcome.taken,
                       epoch.value));
  }
  if (outcome.took_ours && state_->promised.value != 0 && epoch >= state_->promised) EndPromise();
  // An empty master beside a newer one of its shard is what an overtaken failover left behind.
  const bool overtaken =
      !had_slots && me()->master != claimer && same_shard && former->config_epoch < epoch;
  if (overtaken || (outcome.took_ours && former->slot_count == 0)) {
    FollowSlots(claimer, same_shard);
  }
}

void Core::TakeClaim(SlotId slot, Node* claimer, bool same_shard, ClaimOutcome* outcome) {
  ++outcome->claimed;
  Node* owner = state_->Owner(slot);
  if (owner == claimer) return not_claimed_.Clear(slot);
  if (!Unclaimed(slot) && owner->config_epoch >= outcome->epoch && !Broken(Mutation::kRebindAny)) {
    return;
  }
  if (owner != nullptr && (owner == me() || owner == me()->master)) outcome->took_ours = true;
  ++outcome->taken;
  // A claim from another shard is the end of a migration; one from the same shard is a failover,
  // which the migration survives.
  if (state_->MigratingTo(slot) != nullptr && !same_shard) state_->SetMigratingTo(slot, nullptr);
  if (Node* from = state_->ImportingFrom(slot); from != nullptr && from != claimer) {
    state_->SetImportingFrom(slot, SameShard(claimer, from) ? claimer : nullptr);
  }
  Assign(slot, claimer);
}

// The claimer speaks for all its slots, so silence about an open one says something too.
void Core::NoteNotClaimed(SlotId slot, Node* claimer, Epoch epoch) {
  Node* to = state_->MigratingTo(slot);
  if (to != nullptr && to != claimer && SameShard(to, claimer) &&
      (to->IsReplica() || to->config_epoch < epoch)) {
    state_->SetMigratingTo(slot, claimer);  // failover in the target shard
    TouchSlot(slot);
    MustSave();
  }
  if (!me()->IsMaster() || state_->ImportingFrom(slot) != claimer) return;
  // The source gave it up: the migration was finished there and not here.
  Notice(
      fmt::format("Slot {} is no longer claimed by its source; finishing its import", slot.value));
  state_->SetImportingFrom(slot, nullptr);
  TouchSlot(slot);
  MustSave();
  const Node* owner = state_->Owner(slot);
  if (owner != nullptr && owner != claimer) return;
  Assign(slot, me());
  BumpEpoch(claimer->id);
}

void Core::FollowSlots(Node* claimer, bool same_shard) {
  if (config_.allow_replica_migration || same_shard) {
    Notice(fmt::format("Configuration change detected. Reconfiguring myself as a replica of {}",
                       Name(claimer)));
    BecomeReplicaOf(claimer, !same_shard, !same_shard);
  } else if (me()->IsMaster()) {
    Notice(fmt::format("My last slot went to node {}. I am now an empty master", Name(claimer)));
  }
}

// Who claims what is no longer its own missed something; whoever knows better says so.
void Core::SendUpdatesFor(Link* link, Node* claimer, Epoch epoch, const SlotSet& claimed) {
  std::vector<Node*> owners;
  claimed.ForEach([&](SlotId slot) {
    Node* owner = state_->Owner(slot);
    if (owner == claimer || Unclaimed(slot) || owner->config_epoch <= epoch) return;
    if (std::find(owners.begin(), owners.end(), owner) == owners.end()) owners.push_back(owner);
  });
  if (owners.size() > rule::kUpdatesPerHeartbeat) owners.resize(rule::kUpdatesPerHeartbeat);
  for (Node* owner : owners) {
    Log(Trace::Level::kVerbose,
        fmt::format("Node {} has old slots configuration, sending an UPDATE message about {}",
                    Name(claimer), Name(owner)));
    SendUpdate(link, claimer, owner);
  }
}

void Core::OnUpdatePacket(const Packet& packet) {
  const UpdateBody& update = packet.update;
  Node* node = state_->Find(update.id);
  if (node == nullptr || node->IsMyself() || node->InHandshake()) return;
  if (update.config_epoch <= node->config_epoch) return;
  if (EpochTooFarAhead(state_->current_epoch, update.config_epoch)) return;
  Notice(
      fmt::format("UPDATE message about node {}: epoch {}", Name(node), update.config_epoch.value));
  PromoteNode(node);
  node->config_epoch = update.config_epoch;
  state_->current_epoch = std::max(state_->current_epoch, update.config_epoch);
  MustSave();
  UpdateSlots(node, update.config_epoch, update.slots);
}

// A new epoch without asking anyone: for an operator's act, or to end a collision. It may collide
// in turn. `given_by`: the owner of the slots for which it is, who serves them no more by the
// operator's word; that it may still act on its lease for others is no reason to wait.
bool Core::BumpEpoch(const NodeId& given_by) {
  const Epoch max = state_->MaxEpoch();
  if (me()->config_epoch.value != 0 && me()->config_epoch == max) return false;
  state_->current_epoch = max.Next();
  me()->config_epoch = state_->current_epoch;
  elected_epoch_ = Epoch(0);
  MustSave();
  Notice(fmt::format("New configEpoch set to {}", me()->config_epoch.value));
  RaiseClaim(given_by);
  let_go_ = continued_ && !given_by.empty();
  let_go_until_ = MonoMs(0);
  return true;
}

// Two masters with one config epoch: one must move on, and both must agree which. The smaller id
// does. Within a shard that could hand a failover's slots back to the node that was failed over, so
// there the one that voters elected, or else the one with more data, moves (a greater epoch wins);
// for a peer that knows only the rule of ids, we fall back to it after a while.
void Core::ResolveCollision(Node* sender, const Packet& packet) {
  if (!me()->IsMaster() || !sender->IsMaster()) return;
  bool move = me()->id < sender->id;
  if (SameShard(me(), sender) && me()->config_epoch.value != 0) {
    if (collision_since_.value == 0) collision_since_ = now();
    if (elected_epoch_ == me()->config_epoch || me()->repl_offset > sender->repl_offset) {
      move = true;
    } else if (me()->repl_offset < sender->repl_offset) {
      move = move && now() - collision_since_ > rule::kReportValidityNt * NodeTimeout();
    }
  }
  if (!move) return;
  collision_since_ = MonoMs(0);
  const Epoch old = me()->config_epoch;
  state_->current_epoch = state_->MaxEpoch().Next();
  me()->config_epoch = state_->current_epoch;
  elected_epoch_ = Epoch(0);
  MustSave();
  Notice(fmt::format("configEpoch collision with node {}. Updating my configEpoch from {} to {}",
                     Name(sender), old.value, me()->config_epoch.value));
  if (packet.slots.Intersects(me()->slots)) {
    BeginClaim(sender->id, MonoMs(0));
  } else {
    RaiseClaim(NodeId());
  }
}

}  // namespace pleiad::cluster
