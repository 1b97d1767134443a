// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The two decisions of a slot migration that concern everybody: the target's claim, and the source
// that goes on after all. The rest of it is src/migration.
//
// The target promises its epoch E before the source lets go, and claims under E or not at all. So a
// source that never heard the outcome is safe behind an epoch greater than E: wherever the two
// claims meet, the source's wins.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/core.h"

namespace pleiad::cluster {

Core::Answer Core::Do(const AdminClaimSlots& command, const AdminRequest&) {
  if (!me()->IsMaster()) return Refuse("Slot migration can only be used on primary nodes.");
  if (now() >= command.deadline) return Refuse("the time to claim the slots is over");
  if (command.epoch <= state_->MaxEpoch()) return Refuse("the cluster moved on to a newer epoch");
  const bool voted = me()->Votes();
  if (voted && state_->serve_until <= now()) return Refuse("this node holds no lease");
  const Node* source = state_->Find(command.source);
  if (source == nullptr || !source->IsMaster()) return Refuse("the source is no master any more");
  for (const SlotRange& range : command.ranges) {
    for (int n = range.first.value; n <= range.last.value; ++n) {
      const SlotId slot(static_cast<uint16_t>(n));
      if (state_->Owner(slot) != source)
        return Refuse(fmt::format("slot {} is no longer the source's", n));
    }
  }
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
  AskLeases();
  Notice(
      fmt::format("Claimed migrated slots of {} with epoch {}", Name(source), command.epoch.value));
  return {};
}

Core::Answer Core::Do(const AdminOutbid& command, const AdminRequest&) {
  if (!me()->IsMaster()) return Refuse("I am a replica");
  state_->current_epoch = std::max(state_->MaxEpoch(), command.epoch).Next();
  me()->config_epoch = state_->current_epoch;
  elected_epoch_ = Epoch(0);
  pong_all_ = true;
  MustSave();
  Notice(fmt::format("Going on with my slots under epoch {}", me()->config_epoch.value));
  RaiseClaim(NodeId());
  return {};
}

}  // namespace pleiad::cluster
