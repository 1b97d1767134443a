// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The second phase: a part that must be able to serve is healed, the rest is dead for ever; and the
// accounts at the end.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "sim/fleet.h"

namespace pleiad::sim {

namespace {

// How long it may take. A failover needs a node timeout to see the failure, elections that fail
// are tried again after four; the replica that waits to be told needs as long again.
Us ConvergeLimit(const Swarm& swarm) { return (12 * swarm.node_timeout_ms + 30'000) * kMs; }
constexpr Us kLook = 100 * kMs;
constexpr Us kRestLimit = 60 * kSecond;  // a path may be slow

}  // namespace

void Fleet::HealAll() {
  faults_on_ = false;
  for (size_t f = 0; f < faults_.size(); ++f) EndFault(f);
  network_.MendAll();
  Heal();
  for (Process& p : nodes_) {
    network_.slow(p.index) = 0;
    p.disk_slow_until = 0;
    if (p.up && p.in_fsync) After(kMs, Kind::kDiskDone, p.index, p.life, p.fsyncs);
    if (!p.up && !p.dead) Start(p.index);
  }
  swarm_.reset_per_million = swarm_.stall_per_million = 0;
  NoteCuts();
}

// Masters whose replica can stand in for them, but never so many that no majority is left; and
// replicas of masters that live.
std::vector<int> Fleet::PickDead() {
  std::vector<int> dead;
  if (prng_.Chance(1, 2)) return dead;
  int may_die = masters_ - (masters_ / 2 + 1);
  for (int shard = 0; shard < masters_; ++shard) {
    const int master = authority_[static_cast<size_t>(shard)];
    std::vector<int> heirs;
    std::vector<int> replicas;
    for (const Process& p : nodes_) {
      if (p.index == master || p.follows != master) continue;
      replicas.push_back(p.index);
      if (p.up && !p.paused && p.in_sync && node(master).up) heirs.push_back(p.index);
    }
    if (may_die > 0 && !heirs.empty() && prng_.Chance(1, 2)) {
      dead.push_back(master);
      --may_die;
    } else if (!replicas.empty() && prng_.Chance(1, 4)) {
      dead.push_back(replicas[prng_.Below(replicas.size())]);
    }
  }
  return dead;
}

void Fleet::Liveness() {
  const std::vector<int> dead = PickDead();
  for (const int i : dead) {
    node(i).dead = true;
    if (node(i).up) Kill(i, prng_.Chance(1, 2));
  }
  if (!dead.empty()) Probe("liveness with dead masters or replicas");
  HealAll();
  if (timeline_ != nullptr) timeline_->liveness_from = now_;
  const Us healed = now_;
  std::fill(last_ok_.begin(), last_ok_.end(), Us{-1});
  std::string why;
  while (!Converged(&why)) {
    if (now_ - healed > ConvergeLimit(swarm_)) {
      checker_.Fail(now_, "liveness",
                    fmt::format("{} s after the last fault: {}", (now_ - healed) / kSecond, why));
      converged_ = false;
      return;
    }
    RunUntil(now_ + kLook);
  }
  report_->converge_longest = std::max(report_->converge_longest, now_ - healed);
  report_->converge_sum += now_ - healed;
  clients_on_ = false;
  // What is under way arrives; after that nothing may differ.
  RunUntil(now_ + 2 * kSecond);
  for (const Us rest = now_; !Replicated() && now_ - rest < kRestLimit;) RunUntil(now_ + kLook);
  converged_ = true;
}

// All that live agree on every watched slot, serve, follow, and were written to.
bool Fleet::Converged(std::string* why) {
  const auto no = [&](std::string text) {
    *why = std::move(text);
    return false;
  };
  for (const Process& p : nodes_) {
    if (p.dead) continue;
    if (!p.up) return no(fmt::format("node {} is down", p.index));
    if (!p.machine->state().ok) return no(fmt::format("node {} says not ok", p.index));
  }
  for (size_t k = 0; k < slots_.size(); ++k) {
    const SlotId slot(slots_[k]);
    int owner = -1;
    Epoch epoch;
    for (const Process& p : nodes_) {
      if (p.dead) continue;
      const cluster::Node* row = p.machine->state().Owner(slot);
      const int said = row == nullptr ? -1 : checker_.IndexOf(row->id);
      if (said < 0) return no(fmt::format("node {}: slot {} has no owner", p.index, slot.value));
      if (owner >= 0 && (said != owner || row->config_epoch != epoch)) {
        return no(fmt::format("slot {} belongs to {} and to {}", slot.value, owner, said));
      }
      owner = said;
      epoch = row->config_epoch;
    }
    if (node(owner).dead) return no(fmt::format("slot {} belongs to dead {}", slot.value, owner));
    if (!WouldAccept(node(owner), static_cast<int>(k))) {
      return no(fmt::format("node {} takes no writes for slot {}", owner, slot.value));
    }
    if (last_ok_[k] < 0) return no(fmt::format("nobody wrote to slot {} yet", slot.value));
  }
  for (const Process& p : nodes_) {
    if (p.dead || p.machine->state().myself()->Votes()) continue;
    if (p.follows < 0) return no(fmt::format("node {} is an empty master", p.index));
    const Process& master = node(p.follows);
    if (master.dead || !master.machine->state().myself()->Votes()) {
      return no(fmt::format("node {} follows {}, which serves nothing", p.index, p.follows));
    }
    if (!p.in_sync) return no(fmt::format("node {} is not in sync with {}", p.index, p.follows));
  }
  return true;
}

bool Fleet::Replicated() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [this](const Process& p) {
    return p.dead || p.follows < 0 || p.store.offset() == nodes_[Index(p.follows)].store.offset();
  });
}

// Every acknowledged write is there, or gone for a known reason; and replicas equal their masters.
void Fleet::Accounts() {
  if (!converged_) return;
  std::vector<std::unordered_set<uint64_t>> there(nodes_.size());
  std::vector<int> owner(slots_.size(), -1);
  for (const Process& p : nodes_) {
    if (p.dead) continue;
    for (size_t k = 0; k < slots_.size(); ++k) {
      if (p.owned[k] != 0) owner[k] = p.index;
    }
    if (p.follows >= 0 && p.in_sync) {
      const Store& mine = p.store;
      const Store& masters = node(p.follows).store;
      const bool same = mine.log.size() == masters.log.size() &&
                        mine.offset() == masters.offset() &&
                        (mine.log.empty() || mine.log.back().value == masters.log.back().value);
      if (!same) {
        checker_.Fail(now_, "S8",
                      fmt::format("replica {} holds {} writes up to offset {}, its master {} holds "
                                  "{} up to {}, at rest",
                                  p.index, mine.log.size(), mine.offset(), p.follows,
                                  masters.log.size(), masters.offset()));
      }
    }
    if (std::find(p.owned.begin(), p.owned.end(), 1) == p.owned.end()) continue;
    for (const Entry& entry : p.store.log) there[Index(p.index)].insert(entry.value);
  }
  for (const Ledger::Write& write : ledger_.writes()) {
    const int at = owner[static_cast<size_t>(write.slot)];
    if (!write.acked || at < 0 || there[Index(at)].count(write.value) != 0) continue;
    if (write.cause != nullptr) {
      ++report_->lost[write.cause];
      if (timeline_ != nullptr) {
        timeline_->points.push_back({write.at, write.node, Timeline::Mark::kLost, write.cause});
      }
      continue;
    }
    checker_.Fail(now_, "S8",
                  fmt::format("write {} to slot {}, accepted by node {} at {:.3f} s, is gone",
                              write.value, slots_[static_cast<size_t>(write.slot)], write.node,
                              static_cast<double>(write.at) / kSecond));
  }
}

}  // namespace pleiad::sim
