// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// cluster_state: whether this node serves. It does not while slots are uncovered (if full coverage
// is required) or while it sees no majority of the voting masters. A master that may have been
// replaced while it was away waits before it is writable again, so that the news of its replacement
// can reach it first:
//
//   booted with slots in nodes.conf   2 s
//   back from a minority              NT, at least 0.5 s and at most 5 s
//
// These waits are for clusters with voters of other vendors: where every voter grants leases, a
// master serves as soon as, and no longer than, it holds one (lease.cc).
// A new cluster has no such past and serves as soon as its slots are assigned.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/core.h"

namespace pleiad::cluster {

// What nodes.conf remembers of another is not a sign of life.
bool Core::HeardFrom(const Node* node) const {
  return node->IsMyself() || node->data_received.value != 0;
}

// Empty: ok.
std::string Core::WhyNotOk(bool* minority) const {
  int voters = 0;
  int reachable = 0;
  bool covered = state_->assigned_slots() == kSlotCount;
  for (const auto& [id, node] : state_->nodes()) {
    if (node->slot_count > 0 && node->Failed()) covered = false;
    if (!node->Votes()) continue;
    ++voters;
    if (!node->Failed() && !node->TimedOut() && HeardFrom(node.get())) ++reachable;
  }
  *minority = voters > 0 && reachable < voters / 2 + 1;
  if (*minority) return "I see only a minority of the masters";
  if (config_.require_full_coverage && !covered) return "not all slots are covered";
  if (voters == 0) return "no node serves a slot";
  if (me()->Votes() && state_->serve_until.value == 0) {
    if (promise_over_.value != 0)
      return "whether slots that I gave up before my restart were claimed is not known yet";
    return contested_ ? "my claim to the slots is not confirmed yet"
                      : "I hold no lease of a majority of the masters";
  }
  return {};
}

// This process stood still (a stopped process, a paused machine): others may have taken its slots
// meanwhile, and the news is still in the sockets. Not ok until they had time to say so.
void Core::NoticeGap(int64_t gap_ms) {
  if (LeaseFull() || gap_ms <= NodeTimeout() / 2 || !me()->IsMaster() || me()->slot_count == 0)
    return;
  away_since_ = now();
  if (state_->ok) {
    state_->ok = false;
    view_changed_ = true;
    Notice(fmt::format("Cluster state changed: fail: this process stood still for {} ms", gap_ms));
  }
}

void Core::UpdateHealth() {
  const bool full = LeaseFull();  // then the lease alone tells when it is time
  if (boot_delay_) {
    if (!full && me()->IsMaster() && now() - started_ < rule::kBootWritableDelay) return;
    boot_delay_ = false;
  }
  bool minority = false;
  std::string why = WhyNotOk(&minority);
  if (minority && was_ok_) minority_since_ = now();
  const bool ok = why.empty();
  if (ok && !full && !state_->ok && me()->IsMaster() && minority_since_.value != 0) {
    const int64_t delay = std::clamp(NodeTimeout(), rule::kRejoinMin, rule::kRejoinMax);
    if (now() - minority_since_ < delay) return;
  }
  if (ok && !full && me()->IsMaster() && away_since_.value != 0 &&
      now() - away_since_ < rule::kRejoinMin) {
    return;
  }
  if (ok != state_->ok) {
    state_->ok = ok;
    view_changed_ = true;
    was_ok_ = was_ok_ || ok;
    Notice(fmt::format("Cluster state changed: {}", ok ? "ok" : "fail"));
  }
  if (why != not_ok_reason_ && !ok) Notice(fmt::format("Cluster is down: {}", why));
  not_ok_reason_ = std::move(why);
}

// A replica of a master that has more than it needs moves to one that lost its last. Only the
// smallest id of those that could moves, so that one goes and not all.
void Core::MigrateReplica() {
  if (me()->master == nullptr || !config_.allow_replica_migration) return;
  std::map<const Node*, int> working;
  for (const auto& [id, node] : state_->nodes()) {
    if (node->master != nullptr && !node->Failed()) ++working[node->master];
  }
  int most = 0;
  Node* orphan = nullptr;
  for (const auto& [id, node] : state_->nodes()) {
    if (!node->IsMaster() || node->Failed() || node->slot_count == 0) continue;
    const auto it = working.find(node.get());
    most = std::max(most, it == working.end() ? 0 : it->second);
    if (it != working.end() || !node->Has(kFlagMigrateTo)) {
      node->orphaned_since = MonoMs(0);
      continue;
    }
    if (node->orphaned_since.value == 0) node->orphaned_since = now();
    if (now() - node->orphaned_since > rule::kOrphanDelay && orphan == nullptr) orphan = node.get();
  }
  if (orphan == nullptr || !state_->ok || most < 2 || working[me()->master] != most) return;
  int sound = 0;
  for (const auto& [id, node] : state_->nodes()) {
    const bool sibling = node->master == me()->master && !node->Failed();
    sound += sibling && !node->TimedOut() ? 1 : 0;
    // `working` counts every replica that could go: those of the masters with the most.
    if (node->master == nullptr || node->Failed() || working[node->master] != most) continue;
    if (id < me()->id) return;
  }
  if (sound <= config_.migration_barrier) return;
  Notice(fmt::format("Migrating to orphaned master {}", Name(orphan)));
  BecomeReplicaOf(orphan, true, true);
}

}  // namespace pleiad::cluster
