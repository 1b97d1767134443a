// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CLUSTER FAILOVER. Coordinated: the replica asks (MFSTART), the master stops writes and shows its
// final offset in pings marked PAUSED, the replica stands once it has all of it, and voters need no
// FAIL. FORCE leaves the master out; TAKEOVER leaves the voters out too.
#include <fmt/format.h>

#include "cluster/core.h"

namespace pleiad::cluster {

void Core::StartManualFailover(AdminFailover::Mode mode) {
  ResetManualFailover();
  CancelElection();
  ManualFailover& mf = state_->manual_failover;
  if (mode == AdminFailover::Mode::kTakeover) {
    Notice("Taking over the master (operator's request)");
    // While still a replica my own epoch is 0, so this always makes a new one.
    BumpEpoch();
    TakeOverMaster();
    BeginClaim(NodeId(), MonoMs(0));
    Settle("taken over without asking anyone");
    return;
  }
  mf.end = now() + config_.manual_failover_timeout_ms;
  manual_started_ = now();
  if (mode == AdminFailover::Mode::kForce) {
    Notice("Forced failover accepted (operator's request)");
    mf.can_start = true;
    election_check_ = true;
    return;
  }
  Notice("Manual failover accepted (operator's request)");
  SendTo(me()->master, Header(PacketType::kMfStart));
  Ping(me()->master);  // answered with its final offset, and for how long it has stopped
}

// At the master. Writes stop first; the offset is final once the driver has reported progress after
// that. It waits longer than the replica tries, so that no write comes between the votes and the
// new master's claim.
void Core::OnMfStart(Node* sender) {
  if (sender == me()->master) {  // it is about to end, and hands over
    Notice(fmt::format("My master {} hands over to me", Name(sender)));
    if (state_->manual_failover.end.value == 0) StartManualFailover(AdminFailover::Mode::kDefault);
    return;
  }
  if (!me()->IsMaster() || sender->master != me()) return;
  if (contested_) {
    Warning(fmt::format("Refusing the manual failover of {}: my own claim is not confirmed yet",
                        Name(sender)));
    return;
  }
  if (state_->promised.value != 0 && !Broken(Mutation::kPromiseAndFailover)) {
    Notice(
        fmt::format("The manual failover of {} waits until it is known whether slots that I gave "
                    "up were claimed",
                    Name(sender)));
    mf_waiting_ = sender->id;
    return;
  }
  // Two that rely on my word would not know of each other.
  if (now() < promise_end_ && promised_to_ != sender->id) {
    Warning(fmt::format("Refusing the manual failover of {}: I have stopped for another replica",
                        Name(sender)));
    return;
  }
  ManualFailover& mf = state_->manual_failover;
  // If it asks again, writes stay stopped, the offset is still the last one, and my word stands on
  // disk all the while: it only holds for longer.
  const bool again = paused_ && mf.replica == sender->id;
  if (!again) ResetManualFailover();
  mf.end = now() + 2 * config_.manual_failover_timeout_ms;
  if (again) promise_end_ = mf.end;
  mf.replica = sender->id;
  out_.pause_writes = true;
  Notice(fmt::format("Manual failover requested by replica {}", Name(sender)));
}

// At the master: the first offset since writes stopped is the last one.
void Core::OnStoppedOffset() {
  const ManualFailover& mf = state_->manual_failover;
  Node* replica = mf.replica.empty() ? nullptr : state_->Find(mf.replica);
  if (!me()->IsMaster() || paused_ || replica == nullptr) return;
  paused_ = true;
  promised_to_ = mf.replica;
  promise_end_ = mf.end;
  SaveContested();
  Ping(replica);
}

// Each tick and at each news of an offset, on both sides.
void Core::RunManualFailover() {
  ManualFailover& mf = state_->manual_failover;
  if (mf.end.value == 0) return;
  if (now() > mf.end) {
    Warning("Manual failover timed out");
    return ResetManualFailover();
  }
  if (me()->IsMaster()) {
    // What was promised to it holds.
    if (!paused_ && state_->Find(mf.replica) == nullptr) ResetManualFailover();
    return;
  }
  if (manual_released_ <= now() && me()->master->link_up) Ping(me()->master);
  if (mf.can_start || mf.master_offset.value < 0) return;
  // Offsets of two histories may be equal by chance, those of processes that have just started
  // above all: only in step with the master is the number the master's.
  const bool all = progress_.link_up && progress_.offset == mf.master_offset;
  if (!all && !Broken(Mutation::kManualNoWait)) return;
  mf.can_start = true;
  Notice("All of the master's stream was processed, the manual failover can start");
  election_check_ = true;
}

void Core::ResetManualFailover() {
  ManualFailover& mf = state_->manual_failover;
  if (!mf.replica.empty()) out_.pause_writes = false;  // only a master has one
  paused_ = false;
  mf = ManualFailover();
  manual_released_ = MonoMs(0);
  SaveContested();
}

}  // namespace pleiad::cluster
