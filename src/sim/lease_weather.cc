// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What strikes, and what must hold.
#include "sim/lease_weather.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "sim/small_world.h"

namespace pleiad::sim {

namespace {

constexpr int kLeaseReplicas = 2;

struct LeaseWeather {
  SmallWeather world;
  int voters = 3;
  Us length = 0;
  // What strikes, by weight.
  int cut = 0;
  int pause = 0;
  int boot = 0;
  int reset = 0;
  int manual = 0;
  int bump = 0;
  int plot = 0;
  Us pause_max = 0;
  Us down_max = 0;

  static LeaseWeather Draw(const LeaseOptions& options) {
    Prng prng(options.seed ^ 0x1ea5e);
    const auto pick = [&prng](std::initializer_list<int64_t> list) {
      return *(list.begin() + static_cast<std::ptrdiff_t>(prng.Below(list.size())));
    };
    LeaseWeather w;
    w.voters = static_cast<int>(pick({3, 3, 3, 4, 5}));
    const int64_t timeout = pick({500, 1000});
    const Us nt = timeout * kMs;
    w.world.node_timeout_ms = timeout;
    w.world.manual_timeout_ms = pick({timeout / 10, timeout / 2, 2 * timeout, 5000});
    w.world.loss_per_mille = static_cast<int>(pick({0, 0, 50, 300}));
    w.world.slow_percent = static_cast<uint64_t>(pick({15, 30, 100}));
    w.world.slow_max = nt * pick({0, 5, 60, 150, 300}) / 100;
    w.world.disk_mean = nt * pick({0, 0, 1, 20}) / 100;
    w.world.ghosts = prng.Chance(1, 3);
    w.world.drift_ppm = pick({0, 30'000});
    w.world.mutations = options.mutations;
    w.length = nt * pick({8, 14, 20});
    w.world.strike_every = nt * pick({20, 40, 80, 150}) / 100;
    w.cut = static_cast<int>(pick({0, 2, 6}));
    w.pause = static_cast<int>(pick({0, 2, 6}));
    w.boot = static_cast<int>(pick({0, 2, 6}));
    w.reset = static_cast<int>(pick({0, 0, 1}));
    w.manual = static_cast<int>(pick({0, 0, 2, 5}));
    w.bump = static_cast<int>(pick({0, 0, 0, 2}));
    w.plot = static_cast<int>(pick({0, 0, 4}));
    if (w.plot > 0) {  // it needs some quiet
      w.cut = std::min(w.cut, 2);
      w.pause = std::min(w.pause, 1);
      w.boot = std::min(w.boot, 1);
    }
    w.pause_max = nt * pick({1, 3});
    w.down_max = nt * pick({0, 1, 3});
    return w;
  }
};

class LeaseWorld : public SmallWorld {
 public:
  LeaseWorld(const LeaseOptions& options, const LeaseWeather& weather, LeaseReport* report)
      : SmallWorld(options.seed, weather.world, weather.voters + kLeaseReplicas, {SlotId(0)}),
        seed_(options.seed),
        w_(weather),
        report_(report) {}

  void Run() {
    std::vector<std::vector<SlotId>> slots(static_cast<size_t>(count()));
    std::vector<int> master_of(static_cast<size_t>(count()), -1);
    for (int i = 0; i < count(); ++i) {
      if (i < w_.voters) {
        slots[static_cast<size_t>(i)].push_back(SlotId(static_cast<uint16_t>(i)));
      } else {
        master_of[static_cast<size_t>(i)] = 0;
      }
    }
    Say(-1, fmt::format("node timeout {} ms, {} voters, drift {}, delays to {} ms, loss {}/1000{}",
                        w_.world.node_timeout_ms, w_.voters, w_.world.drift_ppm,
                        w_.world.slow_max / kMs, w_.world.loss_per_mille,
                        w_.world.ghosts ? ", ghosts" : ""));
    Found(slots, master_of);
    RunUntil(w_.length);
    ++report_->runs;
    report_->steps += steps();
    report_->virtual_us += now();
    report_->hash = hash();
  }

 protected:
  void Look(Peer&) override {
    int writer = -1;
    for (int i = 0; i < count(); ++i) {
      if (!Accepts(peer(i), 0)) continue;
      if (writer < 0) {
        writer = i;
        continue;
      }
      ++report_->violations;
      report_->first = fmt::format("seed {}: at {:.3f} s nodes {} and {} both take writes", seed_,
                                   static_cast<double>(now()) / kSecond, writer, i);
      return End();
    }
  }

  void OnStep(Peer& p, const cluster::Effects&, bool was_replica) override {
    if (was_replica && p.machine->state().myself()->Votes()) ++report_->wins;
  }

  void OnTicked(Peer& p) override {
    if (p.index != 0) return;
    ++report_->samples;
    for (int i = 0; i < count(); ++i) report_->served += Accepts(peer(i), 0) ? 1 : 0;
  }

  void Strike() override {
    const int total = w_.cut + w_.pause + w_.boot + w_.reset + w_.manual + w_.bump + w_.plot;
    if (total == 0) return;
    ++report_->strikes;
    auto at = static_cast<int>(prng_.Below(static_cast<uint64_t>(total)));
    if ((at -= w_.cut) < 0) return CutSome();
    if ((at -= w_.pause) < 0) return Pause(Victim(), 1 + Some(w_.pause_max));
    if ((at -= w_.boot) < 0) {
      return Kill(Victim(), prng_.Chance(1, 3), 1 + Some(w_.down_max + 20 * kMs));
    }
    if ((at -= w_.reset) < 0) return ResetSome();
    if ((at -= w_.manual) < 0) return Ask(true);
    if ((at -= w_.bump) < 0) return Ask(false);
    Plot();
  }

 private:
  // Those who may own the slot more often than the others.
  int Victim() { return prng_.Chance(1, 2) ? Any() : OfShard(); }
  int OfShard() {
    const auto k = static_cast<int>(prng_.Below(kLeaseReplicas + 1));
    return k == 0 ? 0 : w_.voters + k - 1;
  }
  // What single faults would hardly ever add up to: one of the shard knows only some of the voters;
  // then, in a moment, failovers, restarts of voters or of itself, and whatever is sent to it comes
  // late or not at all.
  void Plot() {
    const Us nt = w_.world.node_timeout_ms * kMs;
    const int one = OfShard();
    for (int voter = 1; voter < w_.voters; ++voter) {
      if (prng_.Chance(1, 2)) continue;
      CutOne(one, voter);
      CutOne(voter, one);
    }
    const Us then = Some(nt * 13 / 10);
    Us at = then;
    for (uint64_t k = prng_.Below(6); k > 0; --k, at += Some(100 * kMs)) {
      Call(at, [this] { Ask(true); });
    }
    for (int voter = 1; voter < w_.voters; ++voter) {
      if (prng_.Chance(2, 3)) continue;
      Call(then + Some(30 * kMs), [this, voter] { Kill(voter, false, 1 + Some(60 * kMs)); });
    }
    const bool late = prng_.Chance(1, 2);
    if (late) Call(then, [this, one] { SlowInto(one, 5); });
    for (uint64_t k = prng_.Chance(1, 3) ? 1 + prng_.Below(3) : 0; k > 0; --k) {
      Call(then + Some(nt / 2), [this, one, nt] {
        Kill(one, false, 1 + (prng_.Chance(1, 2) ? Some(20 * kMs) : Some(2 * nt)));
      });
    }
    if (prng_.Chance(1, 2)) {
      Call(then + Some(150 * kMs), [this, one] {
        for (int other = 0; other < count(); ++other) {
          if (prng_.Chance(5, 6)) CutOne(other, one);
        }
      });
    }
    Call(then + nt / 2 + Some(2 * nt), [this, one, late] {
      Heal();
      if (late) SlowInto(one, 0);
    });
  }
  // CLUSTER FAILOVER at a replica, or CLUSTER BUMPEPOCH at one of the shard that is none.
  void Ask(bool failover) {
    for (int tries = 0; tries < 8; ++tries) {
      const int i = OfShard();
      const Peer& p = peer(i);
      if (!p.up || p.paused || p.in_fsync) continue;
      if (p.machine->state().myself()->IsReplica() != failover) continue;
      cluster::AdminRequest request;
      if (failover) {
        request.command = cluster::AdminFailover{};
      } else {
        request.command = cluster::AdminBumpEpoch{};
      }
      Say(i, failover ? "CLUSTER FAILOVER" : "CLUSTER BUMPEPOCH");
      return Feed(i, std::move(request));
    }
  }

  const uint64_t seed_;
  const LeaseWeather w_;
  LeaseReport* report_;
};

}  // namespace

void LeaseReport::Add(const LeaseReport& other) {
  runs += other.runs;
  steps += other.steps;
  virtual_us += other.virtual_us;
  wins += other.wins;
  strikes += other.strikes;
  samples += other.samples;
  served += other.served;
  violations += other.violations;
  if (first.empty()) first = other.first;
  hash = (hash ^ other.hash) * 0x9e3779b97f4a7c15ULL;
}

LeaseReport RunLease(const LeaseOptions& options, std::string* log) {
  LeaseReport report;
  LeaseWorld world(options, LeaseWeather::Draw(options), &report);
  world.LogTo(log);
  world.Run();
  return report;
}

LeaseReport RunLeases(LeaseOptions options, uint64_t first, uint64_t last, bool stop) {
  LeaseReport sum;
  for (uint64_t seed = first; seed <= last; ++seed) {
    options.seed = seed;
    sum.Add(RunLease(options));
    if (stop && sum.violations > 0) break;
  }
  return sum;
}

std::string LeaseText(const LeaseReport& report, int64_t wall_ms) {
  std::string text = fmt::format(
      "{} short runs in {:.1f} s: {:.1f} virtual hours, {} steps, {} faults, {} elections won; "
      "somebody took writes {} % of the time\n",
      report.runs, static_cast<double>(wall_ms) / 1000,
      static_cast<double>(report.virtual_us) / kSecond / 3600, report.steps, report.strikes,
      report.wins, report.samples == 0 ? 0 : report.served * 100 / report.samples);
  if (report.violations == 0) return text + "no instant with two writers\n";
  return text + fmt::format("{} runs with two writers; {}\n", report.violations, report.first);
}

}  // namespace pleiad::sim
