// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A replica's election. States of `election_`, and what is true in each:
//
//   none       my master is well, or I may not stand (MayStand says why)
//   waiting    my master is FAIL and I stand at `start`; a better ranked sibling would go first
//   (AdjustElection) asked      currentEpoch was raised and is on disk; votes are being counted won
//   majority of the electorate of the moment I asked: I am the master of its slots, under the new
//   epoch expired    no majority within 2 NT: nothing until 4 NT after `start`, then from the
//   beginning
//
// The delays only make rivals rare; what makes two winners impossible is one vote per epoch and
// voter (vote.cc).
#include <fmt/format.h>

#include <algorithm>

#include "cluster/core.h"

namespace pleiad::cluster {

int64_t Core::ElectionUnit() const {
  return std::clamp<int64_t>(NodeTimeout() / 30, 1, rule::kElectionDelayMax);
}

void Core::RunElection() {
  const ManualFailover& mf = state_->manual_failover;
  const bool manual = mf.end.value != 0 && mf.can_start;
  if (me()->master == nullptr || (!me()->master->Failed() && !manual)) {
    cannot_stand_.clear();
    return CancelElection();
  }
  if (!manual && !MayStand()) return;
  const int64_t timeout = std::max(2 * NodeTimeout(), rule::kAuthTimeoutMin);
  if (election_.start.value == 0 || now() - election_.start > 2 * timeout) {
    ScheduleElection(manual);
  } else if (!election_.sent && !manual) {
    AdjustElection();
  }
  if (now() < election_.start || now() - election_.start > timeout) return;
  if (!election_.sent) {
    AskForVotes();
  } else if (state_->current_epoch > election_.epoch) {
    // Votes are of one epoch. That one is over, so they are asked for anew under a later one, and
    // those of before don't count; but not at once, since they may be on their way.
    if (now() - election_.last_request >= 2 * rule::kAskAgain) AskForVotes();
  } else if (now() - election_.last_request >= rule::kAskAgain) {
    RequestVotes();  // a voter that could not know yet that the master is gone may by now
  }
  const size_t weight = Broken(Mutation::kCountVoteTwice) ? 2 : 1;
  if (static_cast<int>(election_.votes.size() * weight) >= election_.quorum) WinElection();
}

// For elections without an operator's request: is our data good enough to stand with?
bool Core::MayStand() {
  std::string why;
  if (config_.replica_no_failover) {
    why = "cluster-replica-no-failover is set";
  } else if (config_.replica_validity_factor > 0) {
    const int64_t limit =
        config_.repl_ping_replica_period_ms + NodeTimeout() * config_.replica_validity_factor;
    int64_t age = now() - progress_.last_interaction;
    if (age > NodeTimeout()) age -= NodeTimeout();
    if (progress_.last_interaction.value == 0 && Broken(Mutation::kStaleDataStands)) {
      // stands
    } else if (progress_.last_interaction.value == 0) {
      why = "disconnected from the master since the start of this process";
    } else if (age > limit) {
      why = "disconnected from the master for longer than allowed";
    }
  }
  if (why.empty() && !progress_.ever_synced && SyncedSiblingReachable()) {
    why = "never synchronised, and another replica was";
  }
  if (why != cannot_stand_ && !why.empty()) {
    Warning(fmt::format("Currently unable to failover: {}", why));
  }
  cannot_stand_ = why;
  return why.empty();
}

bool Core::SyncedSiblingReachable() const {
  for (const Node* sibling : std::as_const(*state_).ReplicasOf(me()->master)) {
    if (sibling == me() || sibling->Failed() || sibling->TimedOut()) continue;
    if (sibling->repl_offset.value > 0 && !sibling->Has(kFlagNoFailover)) return true;
  }
  return false;
}

// How many siblings hold more than we do. Equal: the smaller id goes first.
int Core::Rank() const {
  int rank = 0;
  for (const Node* sibling : std::as_const(*state_).ReplicasOf(me()->master)) {
    if (sibling == me() || sibling->Has(kFlagNoFailover) || sibling->Failed()) continue;
    if (sibling->repl_offset > progress_.offset ||
        (sibling->repl_offset == progress_.offset && sibling->id < me()->id)) {
      ++rank;
    }
  }
  return rank;
}

// Several masters failed at once: their shards take turns, so that candidates do not split the
// votes of one epoch.
int Core::FailedMasterRank() const {
  int rank = 0;
  for (const auto& [id, node] : state_->nodes()) {
    if (!node->Failed() || !node->Votes() || node->replica_count == 0) continue;
    const int64_t factor = config_.replica_validity_factor;
    if (factor > 0 && now() - node->fail_time > NodeTimeout() * factor) continue;
    rank += node->shard_id < me()->shard_id ? 1 : 0;
  }
  return rank;
}

// Nobody to wait for: all siblings have told their final offsets, and none is better.
bool Core::BestRanked() const {
  if (election_.rank != 0 || election_.master_rank != 0 || !progress_.ever_synced) return false;
  for (const Node* sibling : std::as_const(*state_).ReplicasOf(me()->master)) {
    if (sibling == me() || sibling->Failed()) continue;
    if (!sibling->Has(kFlagMyMasterFail)) return false;
  }
  return true;
}

void Core::ScheduleElection(bool manual) {
  election_ = Election();
  const int64_t unit = ElectionUnit();
  int64_t delay = 0;
  if (!manual) {
    election_.rank = Rank();
    election_.master_rank = FailedMasterRank();
    delay = unit + static_cast<int64_t>(prng_.Below(static_cast<uint64_t>(unit))) +
            election_.rank * 2 * unit + election_.master_rank * unit;
    if (!progress_.ever_synced) delay += rule::kNewReplicaDelay;
    if (BestRanked()) delay = 0;
  }
  election_.start = now() + delay;
  Notice(
      fmt::format("Start of election delayed for {} milliseconds (rank #{}, master rank #{}, "
                  "offset {})",
                  delay, election_.rank, election_.master_rank, progress_.offset.value));
  PongSiblings();  // so that they rank by our final offset
}

void Core::AdjustElection() {
  const int64_t unit = ElectionUnit();
  const int rank = Rank();
  const int master_rank = FailedMasterRank();
  const int64_t shift =
      (rank - election_.rank) * 2 * unit + (master_rank - election_.master_rank) * unit;
  election_.rank = rank;
  election_.master_rank = master_rank;
  if (shift != 0) {
    election_.start = election_.start + shift;
    Notice(fmt::format("Election moved by {} milliseconds (rank #{}, master rank #{})", shift, rank,
                       master_rank));
  }
  if (now() < election_.start && BestRanked()) election_.start = now();
}

void Core::AskForVotes() {
  if (!Broken(Mutation::kElectionEpochKept)) state_->current_epoch = state_->current_epoch.Next();
  election_.epoch = state_->current_epoch;
  election_.sent = true;
  election_.first_request = MonoMs(0);
  election_.votes.clear();
  election_.voters.clear();
  for (const auto& [id, node] : state_->nodes()) {
    if (node->Votes()) election_.voters.insert(id);
  }
  election_.quorum = static_cast<int>(election_.voters.size()) / 2 + 1;
  if (Broken(Mutation::kMinorityWins)) --election_.quorum;
  if (!Broken(Mutation::kElectionUnsaved)) MustSave();
  Notice(fmt::format("Starting a failover election for epoch {}", election_.epoch.value));
  RequestVotes();
}

// A voter refuses while it does not know of the failure, and packets of one link keep their order:
// so the news goes ahead of the request.
void Core::RequestVotes() {
  election_.last_request = now();
  if (election_.first_request.value == 0) election_.first_request = now();
  const ManualFailover& mf = state_->manual_failover;
  const bool again = election_.last_request != election_.first_request;
  Packet fail = Header(PacketType::kFail);
  fail.fail_about = me()->master->id;
  Packet request = Header(PacketType::kAuthRequest);
  if (mf.end.value != 0) request.mflags[0] |= kMessageForceAck;
  for (const auto& [id, node] : state_->nodes()) {
    if (node->IsMyself() || node->InHandshake()) continue;
    // Later only those that may vote and did not.
    if (again && (election_.voters.count(id) == 0 || election_.votes.count(id) != 0)) continue;
    if (me()->master->Failed()) Send(node->link, fail);
    Send(node->link, request);
  }
}

void Core::OnVote(Node* sender, const Packet& packet) {
  // A vote is for the epoch that the voter was in. One given in a later epoch, to a request that
  // carried it, must not count for this one: its voter may have given this one's to another.
  if (!election_.sent || packet.current_epoch != election_.epoch) return;
  if (!sender->Votes() || election_.voters.count(sender->id) == 0) return;
  if (election_.votes.insert(sender->id).second) {
    Notice(fmt::format("Vote of node {} for epoch {}: {} of {}", Name(sender),
                       election_.epoch.value, election_.votes.size(), election_.quorum));
  }
  election_check_ = true;
}

void Core::WinElection() {
  Notice(fmt::format("Failover election won: I'm the new master, configEpoch {}",
                     election_.epoch.value));
  const Epoch epoch = election_.epoch;
  const NodeId former_owner = me()->master->id;
  const MonoMs released = manual_released_;
  TakeOverMaster();
  me()->config_epoch = Broken(Mutation::kWinEpochKept) ? Epoch(1) : epoch;
  elected_epoch_ = epoch;
  BeginClaim(former_owner, released);
  MustSave();
  if (Broken(Mutation::kWinUnsaved)) save_ = save_sync_ = false;
}

// Everything my master owned is mine now. Saved before anyone hears of it, like every change of a
// slot.
void Core::TakeOverMaster() {
  Node* old = me()->master;
  PromoteNode(me());
  const SlotSet slots = old->slots;
  slots.ForEach([this](SlotId slot) { Assign(slot, me()); });
  me()->flags |= kFlagMigrateTo;
  ResetManualFailover();
  CancelElection();
  state_check_ = true;
  pong_all_ = true;
  MustSave();
}

}  // namespace pleiad::cluster
