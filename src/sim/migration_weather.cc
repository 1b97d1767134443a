// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What runs by the clock, what the machines say, what strikes, and what must hold.
#include "sim/migration_weather.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "base/check.h"
#include "sim/migration_world.h"

namespace pleiad::sim {

int MigrationWorld::IndexOf(const NodeId& id) {
  for (int i = 0; i < count(); ++i) {
    if (peer(i).id == id) return i;
  }
  return -1;
}

int MigrationWorld::Master(int i) {
  const cluster::Node* me = peer(i).machine->state().myself();
  return me->master == nullptr ? -1 : IndexOf(me->master->id);
}

int MigrationWorld::OwnerSeen(int i) {
  const cluster::Node* owner = peer(i).machine->state().Owner(SlotId(0));
  return owner == nullptr ? -1 : IndexOf(owner->id);
}

void MigrationWorld::Fail(std::string text) {
  ++report_->violations;
  if (report_->first.empty()) {
    report_->first = fmt::format("seed {}: at {:.3f} s {}", options_.seed,
                                 static_cast<double>(now()) / kSecond, text);
  }
  Say(-1, "VIOLATION: " + text);
  End();
}

uint64_t MigrationWorld::Ask(int i, cluster::AdminCommand command) {
  cluster::AdminRequest request;
  request.request = next_request_++;
  request.command = std::move(command);
  const uint64_t number = request.request;
  Call(0, [this, i, life = peer(i).life, request]() mutable {
    if (peer(i).up && peer(i).life == life) Feed(i, std::move(request));
  });
  return number;
}

// ---- what runs by the clock

void MigrationWorld::Run() {
  std::vector<std::vector<SlotId>> slots(static_cast<size_t>(count()));
  std::vector<int> master_of(static_cast<size_t>(count()), -1);
  const bool empty_target = prng_.Chance(1, 4);  // whose first slots these are
  for (int i = 0; i < sky_.masters; ++i) {
    auto& own = slots[static_cast<size_t>(i)];
    if (i == 0) own.push_back(SlotId(0));
    if (i != 1 || !empty_target) own.push_back(SlotId(static_cast<uint16_t>(10 + i)));
  }
  // Of one master alone: two failovers in two shards at once are beyond what the lease promises
  // (docs/CLUSTER.md, changes of the voter set).
  for (int i = 0; i < kSlotReplicas; ++i) master_of[static_cast<size_t>(sky_.masters + i)] = 0;
  Found(slots, master_of);
  Call(kPull, [this] { Pull(); });
  Call(kMigrationPoll, [this] { Poll(); });
  Call(kMigrationWrite, [this] { Write(); });
  Call(kSecond / 2, [this] { Begin(); });
  RunUntil(sky_.length);
  resting_ = true;
  Calm();
  RunUntil(sky_.length + 15 * kSecond);
  if (!ended()) Rest();
  ++report_->runs;
  report_->steps += steps();
  report_->virtual_us += now();
  report_->hash = hash();
}

void MigrationWorld::Pull() {
  for (int i = 0; i < count(); ++i) {
    const Peer& p = peer(i);
    if (!p.up || p.paused) continue;
    const int m = Master(i);
    if (m < 0 || !peer(m).up || peer(m).paused || Master(m) >= 0) continue;
    if (!Reaches(i, m) || !Reaches(m, i)) continue;
    side(i).keys = side(m).keys;
    side(i).pulled = now();
    side(i).pulled_version = side(m).keys.version;
    side(i).master = m;
  }
  Call(kPull, [this] { Pull(); });
}

void MigrationWorld::Poll() {
  for (int i = 0; i < count() && !ended(); ++i) {
    if (!peer(i).up || peer(i).paused) continue;
    const cluster::ClusterState& state = peer(i).machine->state();
    if (side(i).outbid.value != 0 && side(i).outbid_request == 0 && now() >= side(i).outbid_at) {
      side(i).outbid_request = Ask(i, cluster::AdminOutbid{side(i).outbid});
    }
    // Who holds no lease serves nothing, and nothing again before its claim is settled.
    if ((side(i).settling || side(i).unheard) &&
        (state.claim_heard || state.serve_until.value == 0)) {
      side(i).settling = side(i).unheard = side(i).held = false;
      Look(peer(i));
    }
    PollOut(i);
    PollIn(i);
  }
  Call(kMigrationPoll, [this] { Poll(); });
}

void MigrationWorld::Write() {
  for (int i = 0; i < count(); ++i) {
    if (!Takes(i)) continue;
    const uint64_t value = next_value_++;
    side(i).keys.visible.push_back(value);
    ++side(i).keys.version;
    ++report_->writes;
    acked_[value] = {i, now(), i != authority_};
  }
  Call(kMigrationWrite, [this] { Write(); });
}

void MigrationWorld::Begin() {
  if (resting_) return;
  Call(kSecond / 4 + Some(kSecond), [this] { Begin(); });
  for (int i = 0; i < count(); ++i) {
    if (!Takes(i) || side(i).out.session) continue;
    std::vector<int> targets;
    for (int t = 0; t < count(); ++t) {
      if (t != i && peer(t).up && Master(t) < 0) targets.push_back(t);
    }
    if (targets.empty()) return;
    const int t = targets[prng_.Below(targets.size())];
    migration::Job job{std::string(40, 'c'), peer(i).id, peer(t).id, {{SlotId(0), SlotId(0)}}};
    migration::ExportOptions options;
    options.timeout_ms = 3000;
    options.prepare_ms = 2000;
    options.busy_ms = 500;
    Exporter& out = side(i).out;
    out = Exporter();
    out.target = t;
    out.session = std::make_unique<ExportSession>(job, options, Mono(peer(i)));
    ++report_->begun;
    Say(i, fmt::format("MIGRATESLOTS to {}", t));
    return;
  }
}

bool MigrationWorld::ReplicasHave(int i, uint64_t version) {
  for (int r = 0; r < count(); ++r) {
    const Side& replica = side(r);
    if (r == i || replica.master != i || now() - replica.pulled > kOnline) continue;
    if (replica.pulled_version < version) return false;
  }
  return true;
}

// ---- what the machine says

void MigrationWorld::OnStep(Peer& p, const cluster::Effects&, bool was_replica) {
  const cluster::ClusterState& state = p.machine->state();
  Side& s = side(p.index);
  if (was_replica && state.myself()->Votes() && OwnerSeen(p.index) == p.index) {
    // What its master had not given it yet is lost, as it is in every failover.
    const std::set<uint64_t> there(s.keys.visible.begin(), s.keys.visible.end());
    const std::set<uint64_t> hidden(s.keys.hidden.begin(), s.keys.hidden.end());
    if (s.follows >= 0) {
      for (const uint64_t value : side(s.follows).keys.visible) {
        if (there.count(value) == 0 && hidden.count(value) == 0) acked_[value].excused = true;
      }
    }
    authority_ = p.index;
    ++report_->probes["a replica won the slot"];
  }
}

// Slots that are mine, or my master's, are no longer on their way; those of others are dropped.
void MigrationWorld::Adopt(int i) {
  const int owner = OwnerSeen(i);
  const int master = Master(i);
  Keys& keys = side(i).keys;
  if (owner == i || (master >= 0 && owner == master)) {
    if (keys.hidden.empty() || !keys.visible.empty()) return;
    keys.visible = std::exchange(keys.hidden, {});
    ++keys.version;
  } else if (master < 0 && !keys.visible.empty()) {
    keys.visible.clear();
    ++keys.version;
  }
}

void MigrationWorld::OnObeyed(Peer& p, const cluster::Effects& effects) {
  const int i = p.index;
  Side& s = side(i);
  if (Master(i) >= 0) s.follows = Master(i);
  Adopt(i);
  for (const cluster::AdminReply& reply : effects.replies) {
    if (reply.request == s.claim_request && s.claim_request != 0) {
      s.claim_request = 0;
      if (reply.is_error) {
        s.held = false;
        StepIn(i, ImportInput::Kind::kRefused, reply.text);
      } else {
        authority_ = i;
        s.settling = !Broken(MigrationFault::kServeUnsettled);
        s.held = s.settling;
        StepIn(i, ImportInput::Kind::kClaimed);
      }
    } else if (reply.request == s.outbid_request && s.outbid_request != 0) {
      s.outbid_request = 0;
      if (reply.is_error && Master(i) < 0) {
        s.outbid_at = now() + 100 * kMs;
      } else {
        s.outbid = Epoch(0);
        s.unheard = true;  // held until enough have heard of the new claim
      }
    } else if (reply.request == s.promise_request && s.promise_request != 0) {
      s.promise_request = 0;
      s.out.promise_due = false;
      if (reply.is_error) StepOut(i, ExportInput::Kind::kBroken, reply.text);
    }
  }
  if (p.owned[0] == 0 && !s.claim_request) s.held = s.settling = s.unheard = false;
}

void MigrationWorld::OnBorn(Peer& p) {
  Side& s = side(p.index);
  s.held = s.settling = s.unheard = false;
  if (OwnerSeen(p.index) != p.index && Master(p.index) < 0) s.keys.hidden.clear();
  Adopt(p.index);
}

void MigrationWorld::OnDied(Peer& p) {
  Side& s = side(p.index);
  const auto hang = [this, &p](int other, uint64_t link, bool source) {
    Post(p.index, other, link, [this, other, link, source] {
      if (source && side(other).in.link == link) {
        StepIn(other, ImportInput::Kind::kClosed, "reset");
      } else if (!source && side(other).out.link == link) {
        StepOut(other, ExportInput::Kind::kClosed, "reset");
      }
    });
  };
  if (s.out.session || s.in.session) ++report_->died;
  if (s.out.session && s.out.link != 0) hang(s.out.target, s.out.link, true);
  if (s.in.session) hang(s.in.source, s.in.link, false);
  s.out = Exporter();
  s.in = Importer();
  s.claim_request = s.outbid_request = s.promise_request = 0;
  s.outbid = Epoch(0);
  s.master = -1;
}

// ---- what strikes, and what must hold

void MigrationWorld::Count(const std::string& what, int victim) {
  const Side& s = side(victim);
  if (s.out.session) {
    ++report_->probes[fmt::format("{} of the source while {}", what, s.out.session->StateText())];
  }
  if (s.in.session) {
    ++report_->probes[fmt::format("{} of the target while {}", what, s.in.session->StateText())];
  }
}

void MigrationWorld::Strike() {
  if (resting_) return;
  const int total = sky_.cut + sky_.pause + sky_.boot + sky_.manual;
  if (total == 0) return;
  ++report_->strikes;
  // Who has a migration under way more often than the others.
  int victim = Any();
  for (int i = 0; i < count(); ++i) {
    if ((side(i).out.session || side(i).in.session) && prng_.Chance(1, 2)) victim = i;
  }
  const Us nt = sky_.world.node_timeout_ms * kMs;
  auto at = static_cast<int>(prng_.Below(static_cast<uint64_t>(total)));
  if ((at -= sky_.cut) < 0) {
    Count("cut", victim);
    return CutSome();
  }
  if ((at -= sky_.pause) < 0) {
    Count("stop", victim);
    return Pause(victim, 1 + Some(2 * nt));
  }
  if ((at -= sky_.boot) < 0) {
    Count("death", victim);
    return Kill(victim, prng_.Chance(1, 4), 1 + (prng_.Chance(1, 2) ? Some(20 * kMs) : Some(nt)));
  }
  for (int tries = 0; tries < 8; ++tries) {
    const int i = Any();
    if (!peer(i).up || peer(i).paused || peer(i).in_fsync || Master(i) < 0) continue;
    if (Master(i) != authority_ && tries < 4) continue;
    Count("failover", Master(i));
    Ask(i, cluster::AdminFailover{});
    return;
  }
}

// What single strikes would hardly ever add up to: the source has just given leave, or the target
// claims; and in that moment one of the two dies, stands still, is cut off, or is failed over.
void MigrationWorld::Plot(int s, int t) {
  if (resting_ || sky_.plot == 0 || !prng_.Chance(1, 3)) return;
  const Us nt = sky_.world.node_timeout_ms * kMs;
  const auto cut = [this](int from, bool both) {
    for (int other = 0; other < count(); ++other) {
      if (other == from || prng_.Chance(1, 4)) continue;
      CutOne(from, other);
      if (both) CutOne(other, from);
    }
  };
  for (uint64_t k = 1 + prng_.Below(2); k > 0; --k) {
    switch (prng_.Below(5)) {
      case 0:
        Call(1 + Some(60 * kMs), [this, s] { Kill(s, false, 1 + Some(20 * kMs)); });
        break;
      case 1:
        Call(1 + Some(20 * kMs), [cut, t] { cut(t, false); });
        Call(kSecond / 5 + Some(3 * nt), [this] { Heal(); });
        break;
      case 2:
        Call(1 + Some(20 * kMs), [cut, s] { cut(s, true); });
        Call(kSecond / 5 + Some(4 * kSecond), [this] { Heal(); });
        break;
      case 3:
        for (int r = 0; r < count(); ++r) {
          if (peer(r).up && Master(r) == s) Ask(r, cluster::AdminFailover{});
        }
        break;
      default:
        Pause(t, 1 + Some(3 * nt));
        break;
    }
  }
}

void MigrationWorld::Look(Peer&) {
  int writer = -1;
  for (int i = 0; i < count(); ++i) {
    if (!Takes(i)) continue;
    if (writer >= 0) return Fail(fmt::format("nodes {} and {} both take writes", writer, i));
    writer = i;
  }
}

// All is healed and has had time.
void MigrationWorld::Rest() {
  int owner = -1;
  for (int i = 0; i < count(); ++i) {
    const int seen = OwnerSeen(i);
    if (owner >= 0 && seen != owner) {
      return Fail(fmt::format("at rest the slot belongs to {} and to {}", owner, seen));
    }
    owner = seen;
  }
  if (owner < 0 || !Takes(owner)) {
    return Fail(fmt::format("at rest its owner {} takes no writes{}", owner,
                            owner >= 0 && side(owner).held ? ": held" : ""));
  }
  const std::vector<uint64_t>& keys = side(owner).keys.visible;
  const std::set<uint64_t> there(keys.begin(), keys.end());
  if (there.size() != keys.size()) return Fail("a value is there twice");
  for (const auto& [value, write] : acked_) {
    if (write.excused) {
      report_->excused += there.count(value) == 0 ? 1 : 0;
    } else if (there.count(value) == 0) {
      return Fail(fmt::format("write {}, taken by {} at {:.3f} s, is not at {}", value, write.node,
                              static_cast<double>(write.at) / kSecond, owner));
    }
  }
  for (int i = 0; i < count(); ++i) {
    if (i != owner && Master(i) != owner && !side(i).keys.visible.empty() && Master(i) < 0) {
      return Fail(fmt::format("master {} still has keys of the slot", i));
    }
    if (side(i).held) return Fail(fmt::format("clients of {} still wait", i));
  }
}

void MigrationReport::Add(const MigrationReport& other) {
  runs += other.runs;
  steps += other.steps;
  virtual_us += other.virtual_us;
  strikes += other.strikes;
  begun += other.begun;
  finished += other.finished;
  rolled_back += other.rolled_back;
  died += other.died;
  writes += other.writes;
  excused += other.excused;
  violations += other.violations;
  if (first.empty()) first = other.first;
  for (const auto& [probe, n] : other.probes) probes[probe] += n;
  hash = (hash ^ other.hash) * 0x9e3779b97f4a7c15ULL;
}

MigrationReport RunMigration(const MigrationOptions& options, std::string* log) {
  MigrationReport report;
  MigrationWorld world(options, MigrationSky::Draw(options), &report);
  world.LogTo(log);
  world.Run();
  return report;
}

MigrationReport RunMigrations(MigrationOptions options, uint64_t first, uint64_t last, bool stop) {
  MigrationReport sum;
  for (uint64_t seed = first; seed <= last; ++seed) {
    options.seed = seed;
    sum.Add(RunMigration(options));
    if (stop && sum.violations > 0) break;
  }
  return sum;
}

std::string MigrationText(const MigrationReport& report, int64_t wall_ms) {
  std::string text = fmt::format(
      "{} runs in {:.1f} s: {:.1f} virtual hours, {} steps, {} faults; {} migrations: {} finished, "
      "{} rolled back, {} ended with a process; {} writes, {} lost in failovers\n",
      report.runs, static_cast<double>(wall_ms) / 1000,
      static_cast<double>(report.virtual_us) / kSecond / 3600, report.steps, report.strikes,
      report.begun, report.finished, report.rolled_back, report.died, report.writes,
      report.excused);
  for (const auto& [probe, n] : report.probes) text += fmt::format("  {:<60} {}\n", probe, n);
  if (report.violations == 0) return text + "no violation\n";
  return text + fmt::format("{} violations; {}\n", report.violations, report.first);
}

}  // namespace pleiad::sim
