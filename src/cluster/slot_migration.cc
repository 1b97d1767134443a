// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What of a slot migration concerns everybody: the source's promise, the target's claim, and the
// source that goes on after all. The rest of it is src/migration.
//
//   source: promised E (on disk)  -> the claim came, or any that took my slots under E or more
//                                 -> the driver says that it did not allow it
//                                 -> outbid: my claim, under more than E
//   target: claims under E        -> settled as in lease.cc; if that happens within kClaimSlack of
//                                    the deadline, without regard to the source's lease
//
// The target names its epoch E before the source lets go, and claims under E or not at all. So a
// source that never heard the outcome is safe behind an epoch greater than E: wherever the two
// claims meet, the source's wins. It asks first whether the claim was made, since it would undo
// what the target wrote: lease grants (that the slots are mine in the voter's table) of a majority,
// asked for when the target can no longer settle by my word, mean that it never did. Two majorities
// that leave out their rival share a voter. A source that restarts does the same before it serves.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cluster/core.h"

namespace pleiad::cluster {

// Empty: it may claim.
std::string Core::WhyNoClaim(const AdminClaimSlots& command) const {
  if (!me()->IsMaster()) return "Slot migration can only be used on primary nodes.";
  if (now() >= command.deadline) return "the time to claim the slots is over";
  if (command.epoch <= state_->MaxEpoch()) return "the cluster moved on to a newer epoch";
  if (me()->Votes() && state_->serve_until <= now()) return "this node holds no lease";
  if (state_->promised.value != 0) return "this node hands over slots itself";
  if (!state_->manual_failover.replica.empty()) return "a manual failover is under way";
  const Node* source = state_->Find(command.source);
  if (source == nullptr || !source->IsMaster()) return "the source is no master any more";
  if (source->Failed() || source->TimedOut()) return "the source seems to be dead";
  for (const SlotRange& range : command.ranges) {
    for (int n = range.first.value; n <= range.last.value; ++n) {
      if (state_->Owner(SlotId(static_cast<uint16_t>(n))) != source)
        return fmt::format("slot {} is no longer the source's", n);
    }
  }
  return {};
}

Core::Answer Core::Do(const AdminClaimSlots& command, const AdminRequest&) {
  if (std::string why = WhyNoClaim(command); !why.empty()) return Refuse(std::move(why));
  const Node* source = state_->Find(command.source);
  const bool voted = me()->Votes();
  for (const SlotRange& range : command.ranges) {
    for (int n = range.first.value; n <= range.last.value; ++n) {
      const SlotId slot(static_cast<uint16_t>(n));
      state_->SetImportingFrom(slot, nullptr);
      state_->SetMigratingTo(slot, nullptr);
      Assign(slot, me());
    }
  }
  state_->current_epoch = command.epoch;
  me()->config_epoch = command.epoch;
  elected_epoch_ = Epoch(0);
  pong_all_ = true;
  MustSave();
  if (voted) {
    RaiseClaim(source->id);
  } else {
    BeginClaim(source->id, MonoMs(0));
  }
  let_go_ = true;  // the source holds its clients since before it allowed this
  let_go_until_ = command.deadline + rule::kClaimSlack;
  AskLeases();
  Notice(
      fmt::format("Claimed migrated slots of {} with epoch {}", Name(source), command.epoch.value));
  return {};
}

Core::Answer Core::Do(const AdminPromiseSlots& command, const AdminRequest&) {
  if (command.epoch.value == 0) {
    EndPromise();
    return {};
  }
  if (!me()->IsMaster()) return Refuse("I am a replica");
  if (contested_) return Refuse("my own claim is not confirmed yet");
  if (!state_->manual_failover.replica.empty()) return Refuse("a manual failover is under way");
  state_->promised = command.epoch;
  MustSave();
  return {};
}

// It was kept, or need not be kept any more.
void Core::EndPromise() {
  promise_over_ = MonoMs(0);
  outbid_epoch_ = Epoch(0);
  if (state_->promised.value == 0) return;
  state_->promised = Epoch(0);
  lease_check_ = true;
  MustSave();
}

// True: done. Else to be tried again.
bool Core::TryOutbid(Epoch epoch) {
  if (outbid_epoch_ != epoch) {
    outbid_epoch_ = epoch;
    outbid_since_ = now();
    for (const auto& [id, node] : state_->nodes()) node->lease_asked = MonoMs(0);
    lease_check_ = true;
  }
  int voters = 1;
  int still_mine = 0;
  for (const auto& [id, node] : state_->nodes()) {
    if (node->IsMyself() || !node->Votes()) continue;
    ++voters;
    still_mine += node->lease_sent >= outbid_since_ ? 1 : 0;
  }
  if (still_mine < voters / 2 && !Broken(Mutation::kOutbidUnasked)) return false;
  state_->current_epoch = std::max(state_->MaxEpoch(), epoch).Next();
  me()->config_epoch = state_->current_epoch;
  elected_epoch_ = Epoch(0);
  pong_all_ = true;
  MustSave();
  Notice(fmt::format("Going on with my slots under epoch {}", me()->config_epoch.value));
  RaiseClaim(NodeId());
  EndPromise();
  return true;
}

Core::Answer Core::Do(const AdminOutbid& command, const AdminRequest&) {
  if (!me()->IsMaster()) return Refuse("I am a replica");
  if (state_->promised != command.epoch) return {};  // the claim came
  if (TryOutbid(command.epoch)) return {};
  if (state_->serve_until > now())
    return Refuse("no majority says that the slots were not claimed");
  promise_over_ = now();  // cut off, I serve nothing, and will not before that is known
  return {};
}

// Each tick.
void Core::RunPromise() {
  if (promise_over_.value != 0 && now() >= promise_over_ && me()->IsMaster())
    TryOutbid(state_->promised);
  if (mf_waiting_.empty() || state_->promised.value != 0) return;
  Node* replica = state_->Find(std::exchange(mf_waiting_, NodeId()));
  if (replica != nullptr) OnMfStart(replica);
}

}  // namespace pleiad::cluster
