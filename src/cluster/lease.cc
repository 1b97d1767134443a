// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The lease: no two nodes serve a slot at the same instant. A master serves while more than half of
// the voters, itself among them, answered a ping that it sent less than 0.9 NT ago with a grant;
// who granted counts NT from its answer, and the difference pays for clocks that drift.
// docs/CLUSTER.md has the argument. States of my claim, if I am a master with slots:
//
//   settled     nobody else can still serve these slots. The grants alone decide (serve_until)
//   contested   won by votes from a master that did not say that it stopped, or begun anew in a
//               collision. No service, until so many others that their lack alone stops the former
//               owner have granted, and what they granted to it before has run out (TrySettle);
//               or until that owner says that it let go of it to me (NoteRelease) and as many as a
//               lease takes have granted, and what they granted to anybody but it has run out
//   released    contested, but the former owner stopped writes for a manual failover, for nobody
//               else, and said for how long: served until then with such grants
//   continued   contested, because my epoch rose without a vote; but I held the lease then and ever
//               since. Served with grants of before, or such whose not_before has passed. Without
//               this a winner of whom I have not heard could be overtaken while it already serves
//
// `contested` is on disk, and so is a moved slot before its new owner is granted anything. Whom we
// granted is not: after a restart we assume that it was everyone (not_before).
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "cluster/core.h"

namespace pleiad::cluster {

namespace {
constexpr int kBootShift = 40;  // a request's number: boots, then milliseconds since the start
constexpr uint64_t kSinceStart = (uint64_t{1} << kBootShift) - 1;
}  // namespace

int64_t Core::LeaseMs() const { return std::max<int64_t>(NodeTimeout() * 9 / 10, 1); }

// Every voter speaks the lease; else we have no more than the originals' promise.
bool Core::LeaseFull() const { return LeaseIsFull(*state_); }

// ---- the side that asks

// When it was sent is in the number, so that nothing has to be remembered; the count of starts
// makes one of an earlier life void.
uint64_t Core::LeaseNumber() const {
  return (state_->boots << kBootShift) | (static_cast<uint64_t>(now() - started_) & kSinceStart);
}

void Core::ReadGrant(Node* voter, const Packet& packet) {
  if (!me()->Votes()) return;
  MonoMs sent(0);
  int64_t not_before = 0;
  int64_t not_before_rest = 0;
  Epoch epoch = me()->config_epoch;
  if (!voter->speaks_lease) {
    sent = voter->ping_sent;  // a foreign voter: that it answers must do
  } else if (const PingExtension* found = packet.Find(kExtLeaseGrant)) {
    const auto grant = found->AsLeaseGrant();
    if (!grant || !grant->granted) return;
    const bool other_life = grant->number >> kBootShift != state_->boots;
    if (other_life && !Broken(Mutation::kLeaseNumbersRepeat)) return;
    // What was asked before the present claim proves nothing about it.
    const bool old = grant->config_epoch < claim_epoch_ && !Broken(Mutation::kLeaseOldGrants);
    if (old || grant->config_epoch > me()->config_epoch) return;
    sent = started_ + static_cast<int64_t>(grant->number & kSinceStart);
    if (Broken(Mutation::kLeaseDatedAtReceipt)) sent = now();
    if (!Broken(Mutation::kLeaseNotBefore)) {
      not_before = grant->not_before_ms;
      not_before_rest = grant->not_before_rest_ms;
    }
    epoch = grant->config_epoch;
  } else if (now() > voter->lease_asked) {
    // It did not know me yet, or I asked before I knew that it can be asked.
    voter->lease_asked = MonoMs(0);
    lease_check_ = true;
  }
  const MonoMs since = Broken(Mutation::kLeaseOldGrants) ? started_ : claim_since_;
  if (sent.value == 0 || sent < since || sent > now() || sent <= voter->lease_sent) return;
  voter->lease_sent = sent;
  voter->lease_usable = now() + not_before;
  voter->lease_usable_rest = now() + not_before_rest;
  voter->lease_epoch = epoch;
  lease_check_ = true;
}

// Often enough that one lost answer does not matter. Without a lease: with every tick or so.
void Core::AskLeases() {
  if (!me()->Votes()) return;
  const int64_t often = std::max<int64_t>(NodeTimeout() / 20, 100);
  const int64_t seldom = NodeTimeout() / (state_->size() > rule::kGossipAdoptAbove ? 2 : 3);
  const int64_t pause = state_->serve_until.value == 0 || contested_ ? often : seldom;
  for (const auto& [id, node] : state_->nodes()) {
    if (node->IsMyself() || !node->Votes() || !node->link_up) continue;
    if (node->lease_asked.value != 0 && now() - node->lease_asked < pause) continue;
    // A full heartbeat is due anyway, or this one need not carry gossip.
    const bool brief = now() - node->pong_received < NodeTimeout() / 2;
    SendHeartbeat(FindLink(node->link), PacketType::kPing, brief);
  }
}

void Core::AddLease(Packet* packet, const Link* link) const {
  const Node* to = link->node;
  if (to == nullptr || IsInbound(link->id) || packet->type != PacketType::kPing) return;
  // A replica asks its master for how long it has stopped.
  const bool manual = me()->master == to && state_->manual_failover.end.value != 0;
  if (!to->Votes() || !to->speaks_lease || !(me()->Votes() || manual)) return;
  const NodeId yielded_by =
      contested_ && (let_go_ || released_until_ > now()) ? former_owner_ : NodeId();
  packet->extensions.push_back(
      PingExtension::LeaseRequest(LeaseNumber(), packet->config_epoch, NodeTimeout(), yielded_by));
}

// Grants decide about the present claim alone from here on. `released_until`: see above, 0 if not.
void Core::BeginClaim(const NodeId& former_owner, MonoMs released_until) {
  contested_ = !Broken(Mutation::kLeaseNeverContested);
  continued_ = let_go_ = false;
  former_owner_ = former_owner;
  released_until_ = released_until;
  claim_epoch_ = me()->config_epoch;
  claim_since_ = now();
  for (const auto& [id, node] : state_->nodes()) {
    node->lease_sent = node->lease_usable = node->lease_usable_rest = node->lease_asked = MonoMs(0);
  }
  state_->serve_until = MonoMs(0);
  lease_check_ = true;
  SaveContested();
}

// My epoch rose, and nobody voted on it. Cut off, I may have been replaced: a greater epoch does
// not make that undone. With a lease I was not; but another's claim that I know nothing of may be
// on its way, which this one overtakes. `former_owner`: see BeginClaim.
void Core::RaiseClaim(const NodeId& former_owner) {
  if (!me()->Votes()) return;
  if (state_->serve_until <= now() || (contested_ && !continued_)) {
    return BeginClaim(former_owner, MonoMs(0));
  }
  contested_ = !Broken(Mutation::kLeaseNeverContested);
  if (!continued_) raised_epoch_ = me()->config_epoch;
  continued_ = true;
  let_go_ = false;
  former_owner_ = former_owner;
  claim_epoch_ = me()->config_epoch;
  claim_since_ = now();
  for (const auto& [id, node] : state_->nodes()) node->lease_asked = MonoMs(0);
  lease_check_ = true;
  SaveContested();
}

void Core::Settle(std::string_view why) {
  if (!contested_) return;
  contested_ = continued_ = let_go_ = false;
  released_until_ = MonoMs(0);
  lease_check_ = true;
  SaveContested();
  Notice(fmt::format("My claim of epoch {} is confirmed: {}", me()->config_epoch.value, why));
}

// While writes are stopped for a manual failover the claim is given up on disk, so that a restart
// in that time does not serve by it.
void Core::SaveContested() {
  const bool contested = me()->IsMaster() && (contested_ || paused_);
  if (contested == state_->contested) return;
  state_->contested = contested;
  MustSave();
}

// I am no master with this claim any more.
void Core::EndClaim() {
  was_settled_ = !contested_ && state_->promised.value == 0;
  contested_ = continued_ = let_go_ = state_->claim_heard = false;
  released_until_ = MonoMs(0);
  state_->serve_until = MonoMs(0);
  EndPromise();
  lease_check_ = true;
  SaveContested();
}

// I follow `to` now. My word that I serve nothing of what it took is worth something to it if my
// claim was confirmed, if I had not given it up to another before, and if nobody else may act on a
// promise of mine.
void Core::LetGo(const Node* to) {
  const bool was_master = me()->IsMaster();
  if (was_master) EndClaim();
  const bool promised = now() < promise_end_ && promised_to_ != to->id;
  was_settled_ = was_master && was_settled_ && !promised;
}

// Its own word, said after it heard of my claim: it is on its disk that it serves none of this.
void Core::NoteRelease(const Node* sender, const Packet& packet) {
  const bool for_good = let_go_ && let_go_until_.value == 0;
  if (!contested_ || for_good || sender->id != former_owner_) return;
  if (packet.current_epoch < me()->config_epoch || packet.replica_of != me()->id) return;
  // What it never had confirmed it can't hand on.
  if (sender->speaks_lease && (packet.mflags[2] & kMarkSettled) == 0) return;
  let_go_ = lease_check_ = true;
  let_go_until_ = MonoMs(0);
  for (const auto& [id, node] : state_->nodes()) node->lease_asked = MonoMs(0);
}

// At the replica: its master stopped writes for so long, counted from my request at the earliest.
void Core::ReadLeaseRelease(const Node* sender, const Packet& packet) {
  const ManualFailover& manual = state_->manual_failover;
  if (manual.end.value == 0 || me()->master != sender) return;
  if (const PingExtension* found = packet.Find(kExtLeaseRelease)) {
    const auto release = found->AsLeaseRelease();
    if (!release || release->config_epoch != sender->config_epoch) return;
    if (release->number >> kBootShift != state_->boots) return;
    // At my request's time at the earliest it said so.
    const MonoMs asked = started_ + static_cast<int64_t>(release->number & kSinceStart);
    if (asked > now()) return;
    manual_released_ = std::max(manual_released_, asked + release->span_ms * 9 / 10);
  } else if (!sender->speaks_lease && manual.master_offset.value >= 0 &&
             (packet.mflags[0] & kMessagePaused) != 0) {
    manual_released_ = manual_started_ + rule::kForeignPause * 9 / 10;
  }
}

// The grants that are alive now.
struct Core::Grants {
  int voters = 1;                // myself among them
  int usable = 0;                // for the present claim, with not_before over
  int usable_rest = 0;           // the same, without regard to the owner who let go
  std::vector<MonoMs> any;       // when each was asked for
  std::vector<MonoMs> cautious;  // of those that a contested claim may count
  int quorum() const { return voters / 2 + 1; }
};

Core::Grants Core::CountGrants() const {
  Grants grants;
  for (const auto& [id, node] : state_->nodes()) {
    if (node->IsMyself() || !node->Votes()) continue;
    ++grants.voters;
    if (node->lease_sent.value == 0 || now() - node->lease_sent >= LeaseMs()) continue;
    // One for slots that I had before says nothing about those that I gained with this claim: its
    // voter may grant them to another, and not know that it must wait.
    const bool present = node->lease_epoch >= claim_epoch_ || Broken(Mutation::kLeaseOldGrants);
    if (present || Broken(Mutation::kLeaseOfBefore)) grants.any.push_back(node->lease_sent);
    const bool usable_rest = node->lease_usable_rest <= now();
    grants.usable += present && node->lease_usable <= now() ? 1 : 0;
    grants.usable_rest += present && usable_rest ? 1 : 0;
    const bool before = continued_ && node->lease_epoch < raised_epoch_;
    if (before || usable_rest) grants.cautious.push_back(node->lease_sent);
  }
  return grants;
}

void Core::TrySettle(const Grants& grants) {
  if (!contested_ || now() < promised_until_) return;
  // The former owner needs quorum - 1 of the same others.
  const int enough =
      grants.voters - grants.quorum() + (Broken(Mutation::kLeaseCountsItself) ? 0 : 1);
  if (grants.voters > 1 && grants.usable >= enough) return Settle("a majority granted");
  if (let_go_ && grants.usable_rest >= grants.quorum() - 1) {
    return Settle("their former owner let go of the slots");
  }
  // Nobody else votes, so nobody else can tell: who took this over has had time to say so.
  if (grants.voters == 1 && now() - claim_since_ >= NodeTimeout()) Settle("no rival");
}

// How long this node may serve what it owns, by the grants it holds now.
void Core::UpdateLease() {
  if (state_->serve_until <= now()) continued_ = false;
  if (let_go_ && let_go_until_.value != 0 && now() >= let_go_until_ &&
      !Broken(Mutation::kWordForEver)) {
    let_go_ = false;
  }
  MonoMs until = now() + LeaseMs();
  state_->claim_heard = true;
  if (me()->Votes() && !Broken(Mutation::kLeaseIgnored)) {
    const Grants grants = CountGrants();
    TrySettle(grants);
    state_->claim_heard =
        !contested_ || (!let_go_ && former_owner_.empty() && grants.usable >= grants.quorum() - 1);
    if (promise_over_.value != 0) until = MonoMs(0);
    if (contested_ && !continued_) until = std::min(until, released_until_);
    std::vector<MonoMs> sent = contested_ ? grants.cautious : grants.any;
    const auto needed = static_cast<size_t>(grants.quorum() - 1);
    if (sent.size() < needed) {
      until = MonoMs(0);
    } else if (needed > 0) {
      const auto last = sent.begin() + static_cast<std::ptrdiff_t>(needed - 1);
      std::nth_element(sent.begin(), last, sent.end(), std::greater<>());
      until = std::min(until, *last + LeaseMs());
    }
  }
  if (until <= now()) until = MonoMs(0);
  if ((until.value == 0) != (state_->serve_until.value == 0)) state_check_ = true;
  state_->serve_until = until;
}

// ---- the side that grants

// A slot goes from one owner to another: who had it may act on my grants for a while yet.
void Core::NoteMoved(const Node* from, Node* to) {
  if (from == nullptr) {
    if (unowned_until_ > now()) to->lease_former[NodeId()] = unowned_until_;
    return;
  }
  MonoMs last = from->lease_end;
  for (const auto& [id, until] : from->lease_former) {
    last = std::max(last, until);
    if (to != nullptr && id != to->id && until > now()) {
      MonoMs& held = to->lease_former[id];
      held = std::max(held, until);
    }
  }
  if (to == nullptr) {
    unowned_until_ = std::max(unowned_until_, last);
  } else if (from->lease_end > now()) {
    MonoMs& held = to->lease_former[from->id];
    held = std::max(held, from->lease_end);
  }
}

// It said itself that it serves nothing, or its process is dead.
void Core::ForgetGrants(Node* node) {
  node->lease_end = MonoMs(0);
  for (const auto& [id, other] : state_->nodes()) other->lease_former.erase(node->id);
}

// REQUIRES: what the packet claims was taken into the table already, in this step, so that it is on
// disk before the answer leaves. `stale`: it was overtaken by a later packet. Empty: nothing was
// asked.
std::vector<PingExtension> Core::AnswerLease(Node* sender, const Packet& packet, bool stale) {
  const PingExtension* found = packet.Find(kExtLeaseRequest);
  if (found == nullptr) return {};
  const auto ask = found->AsLeaseRequest();
  if (!ask) return {};
  const bool overtaken =
      !packet.slots.IsSubsetOf(sender->slots) && !Broken(Mutation::kLeaseStaleGranted);
  const bool granted = me()->Votes() && !stale && sender->IsMaster() &&
                       ask->config_epoch == packet.config_epoch && !overtaken && !Deaf(sender);
  int64_t not_before = 0;
  int64_t rest = 0;
  if (granted) {
    std::erase_if(sender->lease_former, [this](const auto& f) { return f.second <= now(); });
    for (const auto& [id, until] : sender->lease_former) {
      not_before = std::max(not_before, until - now());
      if (id != ask->yielded_by || id.empty()) rest = std::max(rest, until - now());
    }
    if (boot_term_ && !Broken(Mutation::kLeaseBootForgotten)) {
      const int64_t term = NodeTimeout() - (now() - started_);
      not_before = std::max(not_before, term);
      rest = std::max(rest, term);
    }
    const int64_t span = std::max(NodeTimeout(), ask->node_timeout_ms);
    sender->lease_end = std::max(sender->lease_end, now() + span);
  }
  std::vector<PingExtension> answer = {
      PingExtension::LeaseGrant(ask->number, ask->config_epoch, granted, not_before, rest)};
  if (paused_ && !contested_ && sender->id == state_->manual_failover.replica) {
    answer.push_back(PingExtension::LeaseRelease(me()->config_epoch,
                                                 state_->manual_failover.end - now(), ask->number));
  }
  return answer;
}

}  // namespace pleiad::cluster
