// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Processes, connections and the clock of a small world. A process is down, running, in an fsync
// (the bus waits), or stopped (everything waits).
#include "sim/small_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace pleiad::sim {

using cluster::Effects;
using cluster::Event;
using cluster::LinkId;

namespace {

constexpr Us kSmallTick = 100 * kMs;
constexpr Us kSmallDelayMin = 100;
constexpr Us kSmallDelay = 1000;

}  // namespace

SmallWorld::SmallWorld(uint64_t seed, const SmallWeather& weather, int nodes,
                       std::vector<SlotId> watched)
    : weather_(weather),
      prng_(seed * 0x9e3779b97f4a7c15ULL + 7),
      peers_(static_cast<size_t>(nodes)),
      watched_(std::move(watched)),
      cuts_(peers_.size() * peers_.size()),
      slow_(peers_.size() * peers_.size()),
      wires_(peers_.size() * peers_.size()) {}

void SmallWorld::Found(const std::vector<std::vector<SlotId>>& slots,
                       const std::vector<int>& master_of) {
  for (int i = 0; i < count(); ++i) {
    Peer& p = peer(i);
    p.index = i;
    p.id = *NodeId::Parse(prng_.Hex(40));
    p.ip = fmt::format("10.7.0.{}", i);
    p.config.node_timeout_ms = weather_.node_timeout_ms;
    p.config.manual_failover_timeout_ms = weather_.manual_timeout_ms;
    p.config.require_full_coverage = false;
    p.config.announce_ip = p.ip;
    p.config.port = 7000;
    p.config.cport = 17000;
    p.config.mutations = weather_.mutations;
    p.clock.base_ms = 1000 + static_cast<int64_t>(prng_.Below(1000));
    p.clock.drift_ppm = weather_.drift_ppm * (static_cast<int64_t>(prng_.Below(3)) - 1);
    p.owned.assign(watched_.size(), 0);
  }
  cluster::NodesConf conf;
  for (const Peer& p : peers_) {
    const auto i = static_cast<size_t>(p.index);
    cluster::NodesConfNode& row = conf.nodes.emplace_back();
    row.id = p.id;
    row.ip = p.ip;
    row.port = 7000;
    row.cport = 17000;
    row.hostname = "";
    row.connected = true;
    const int shard = master_of[i] < 0 ? p.index : master_of[i];
    row.fields.emplace_back("shard-id", peers_[static_cast<size_t>(shard)].id.str());
    row.flags = master_of[i] < 0 ? cluster::kFlagMaster : cluster::kFlagReplica;
    if (master_of[i] >= 0) row.master = peers_[static_cast<size_t>(shard)].id;
    if (master_of[i] < 0) row.config_epoch = Epoch(i + 1);
    for (const SlotId slot : slots[i]) row.slots.Set(slot);
  }
  conf.current_epoch = Epoch(peers_.size());
  for (size_t i = 0; i < peers_.size(); ++i) {
    conf.nodes[i].flags |= cluster::kFlagMyself;
    peers_[i].disk = cluster::PrintNodesConf(conf);
    conf.nodes[i].flags = static_cast<uint16_t>(conf.nodes[i].flags & ~cluster::kFlagMyself);
  }
  for (uint8_t& slow : slow_) {
    slow = weather_.slow_max > 0 && prng_.Chance(weather_.slow_percent, 100) ? 1 : 0;
  }
  for (int i = 0; i < count(); ++i) Start(i);
  if (weather_.strike_every > 0) {
    Happening h;
    h.at = Around(weather_.strike_every);
    h.what = What::kStrike;
    Push(std::move(h));
  }
}

// ---- the clock

void SmallWorld::Push(Happening h) {
  h.order = next_order_++;
  heap_.push_back(std::move(h));
  std::push_heap(heap_.begin(), heap_.end(), [](const Happening& x, const Happening& y) {
    return x.at != y.at ? x.at > y.at : x.order > y.order;
  });
}

void SmallWorld::RunUntil(Us end) {
  while (!ended_ && !heap_.empty() && heap_.front().at <= end) {
    std::pop_heap(heap_.begin(), heap_.end(), [](const Happening& x, const Happening& y) {
      return x.at != y.at ? x.at > y.at : x.order > y.order;
    });
    Happening h = std::move(heap_.back());
    heap_.pop_back();
    now_ = std::max(now_, h.at);
    Happen(std::move(h));
  }
  now_ = std::max(now_, end);
}

void SmallWorld::Call(Us delay, std::function<void()> f) {
  Happening h;
  h.at = now_ + delay;
  h.what = What::kCall;
  h.call = std::move(f);
  Push(std::move(h));
}

void SmallWorld::Happen(Happening h) {
  switch (h.what) {
    case What::kStrike: {
      Strike();
      h.at = now_ + Around(weather_.strike_every);
      return Push(std::move(h));
    }
    case What::kCall:
      return h.call();
    case What::kBus:
      return Arrive(std::move(h));
    default:
      break;
  }
  Peer& p = peer(h.node);
  if (p.life != h.life) return;
  switch (h.what) {
    case What::kStart:
      return p.up ? void() : Start(h.node);
    case What::kResume:
      return p.up && p.paused ? Resume(h.node) : void();
    case What::kDisk:
      return p.up && p.in_fsync && h.serial == p.fsyncs ? OnDisk(h.node) : void();
    default:
      break;
  }
  if (!p.up) return;
  h.at = now_ + kSmallTick - p.clock.drift_ppm / 10;
  const int node = h.node;
  Push(std::move(h));
  if (p.paused || p.in_fsync) {
    p.tick_due = true;
  } else {
    TickNow(node);
  }
}

// ---- processes

cluster::ReplicationProgress SmallWorld::Progress(const Peer& p) const {
  cluster::ReplicationProgress progress;
  progress.offset = Offset(100);
  progress.link_up = progress.ever_synced = true;
  progress.last_interaction = Mono(p);
  return progress;
}

void SmallWorld::Start(int i) {
  Peer& p = peer(i);
  p.up = p.host_up = true;
  ++p.life;
  const MonoMs mono = Mono(p);
  auto state = cluster::LoadNodesConf(p.disk, mono, p.clock.Wall(now_));
  CHECK_MSG(state.ok(), state.message());
  p.machine = std::make_unique<cluster::Machine>(p.config, prng_.Next(), std::move(*state));
  p.ok = p.writes_paused = p.paused = p.in_fsync = p.fsync_over = p.tick_due = p.save_soon = false;
  p.serve_until = MonoMs(0);
  std::fill(p.owned.begin(), p.owned.end(), 0);
  Say(i, "starts");
  Obey(i, p.machine->Start(mono, p.clock.Wall(now_)));
  OnBorn(p);
  Feed(i, Progress(p));
  Happening h;
  h.at = now_ + Some(kSmallTick);
  h.node = i;
  h.life = p.life;
  Push(std::move(h));
}

void SmallWorld::Kill(int i, bool silently, Us down_for) {
  Peer& p = peer(i);
  if (!p.up) return;
  Say(i, silently ? "loses power" : "is killed");
  // What was being written may be on disk or not; what was put off may have been written.
  if (p.in_fsync && prng_.Chance(1, 2)) p.disk = std::move(p.fsync_content);
  if (!p.in_fsync && p.save_soon && prng_.Chance(1, 2)) {
    p.disk = cluster::WriteNodesConf(p.machine->state());
  }
  p.up = p.paused = p.in_fsync = p.draining = false;
  p.host_up = !silently;
  ++p.life;
  p.machine.reset();
  p.waiting.clear();
  p.after_fsync = Effects();
  if (silently) {  // another boot: monotonic time begins anew
    p.clock.base_ms = 1000 - (now_ + now_ * p.clock.drift_ppm / 1'000'000) / kMs;
  }
  for (int other = 0; other < count(); ++other) {
    for (const bool forward : {true, false}) {
      Wire& w = forward ? wire(i, other) : wire(other, i);
      if (w.serial == 0 || w.dead) continue;
      w.dead = true;
      if (silently || !Reaches(i, other) || !peer(other).up) continue;
      Tell(other, peer(other).life, w.serial, now_ + Delay(i, other),
           cluster::LinkDown{forward ? w.in : w.out, false, true});
      w.serial = 0;
    }
  }
  OnDied(p);
  Happening h;
  h.at = now_ + down_for;
  h.what = What::kStart;
  h.node = i;
  h.life = p.life;
  Push(std::move(h));
}

void SmallWorld::Pause(int i, Us length) {
  Peer& p = peer(i);
  if (!p.up || p.paused) return;
  Say(i, "is stopped");
  p.paused = true;
  Happening h;
  h.at = now_ + length;
  h.what = What::kResume;
  h.node = i;
  h.life = p.life;
  Push(std::move(h));
}

void SmallWorld::Resume(int i) {
  Peer& p = peer(i);
  const uint64_t life = p.life;
  p.paused = false;
  Say(i, "goes on");
  Look(p);  // commands first
  OnWoken(p);
  if (std::exchange(p.fsync_over, false)) OnDisk(i);
  if (!p.up || p.life != life || p.in_fsync) return;
  const bool tick_first = p.tick_due && prng_.Chance(1, 2);
  if (tick_first) TickNow(i);
  Drain(i);
  if (p.up && p.life == life && p.tick_due && !p.in_fsync && !p.paused) TickNow(i);
}

void SmallWorld::TickNow(int i) {
  Peer& p = peer(i);
  p.tick_due = false;
  OnTicked(p);
  if (p.up) Feed(i, cluster::Tick{});
}

void SmallWorld::Feed(int i, Event event) {
  Peer& p = peer(i);
  if (!p.up) return;
  p.waiting.push_back(std::make_unique<Event>(std::move(event)));
  Drain(i);
}

void SmallWorld::Drain(int i) {
  Peer& p = peer(i);
  if (p.draining) return;
  const uint64_t life = p.life;
  p.draining = true;
  while (p.up && p.life == life && !p.paused && !p.in_fsync && !p.waiting.empty()) {
    const std::unique_ptr<Event> event = std::move(p.waiting.front());
    p.waiting.pop_front();
    StepOne(i, std::move(*event));
    Look(p);
    if (ended_) break;
  }
  if (p.life == life) p.draining = false;
}

void SmallWorld::StepOne(int i, Event event) {
  Peer& p = peer(i);
  ++steps_;
  const bool was_replica = p.machine->state().myself()->IsReplica();
  Effects effects = p.machine->Step({Mono(p), p.clock.Wall(now_), std::move(event)});
  Mix(static_cast<uint64_t>(now_) * 16 + static_cast<uint64_t>(i));
  Mix(effects.links.size() << 8 | effects.traces.size());
  OnStep(p, effects, was_replica);
  Obey(i, std::move(effects));
}

void SmallWorld::Obey(int i, Effects effects) {
  Peer& p = peer(i);
  const MonoMs lease = p.machine->state().serve_until;
  if (log_ != nullptr && lease != p.serve_until) {
    Say(i, lease.value == 0 ? "no lease" : fmt::format("lease for {} ms", lease - Mono(p)));
  }
  p.serve_until = std::min(p.serve_until, lease);  // as runtime/cluster_driver_effects.cc does
  if (log_ != nullptr) {
    for (const cluster::Trace& trace : effects.traces) Say(i, trace.text);
  }
  if (effects.persist && effects.persist->sync) {
    p.save_soon = false;
    if (weather_.disk_mean > 0) {
      p.in_fsync = true;
      p.fsync_content = std::move(effects.persist->content);
      p.after_fsync = std::move(effects);
      Happening h;
      h.at = now_ + Around(weather_.disk_mean);
      h.what = What::kDisk;
      h.node = i;
      h.life = p.life;
      h.serial = ++p.fsyncs;
      return Push(std::move(h));
    }
    p.disk = std::move(effects.persist->content);
  } else if (effects.persist) {
    p.save_soon = true;
  }
  ObeyRest(i, std::move(effects));
}

void SmallWorld::OnDisk(int i) {
  Peer& p = peer(i);
  if (p.paused) {
    p.fsync_over = true;
    return;
  }
  p.in_fsync = false;
  p.disk = std::move(p.fsync_content);
  ObeyRest(i, std::exchange(p.after_fsync, Effects()));
  Look(p);
  Drain(i);
  if (p.up && p.tick_due && !p.in_fsync && !p.paused) TickNow(i);
}

void SmallWorld::ObeyRest(int i, Effects effects) {
  Peer& p = peer(i);
  for (cluster::LinkAction& action : effects.links) {
    if (const auto* connect = std::get_if<cluster::ConnectLink>(&action)) {
      Dial(i, *connect);
    } else if (auto* send = std::get_if<cluster::SendPacket>(&action)) {
      Transmit(i, *send);
    } else {
      Hang(i, std::get<cluster::CloseLink>(action).link);
    }
  }
  p.ok = p.machine->state().ok;
  for (const cluster::SlotChange& change : effects.slot_changes) {
    for (size_t k = 0; k < watched_.size(); ++k) {
      if (watched_[k] == change.slot) p.owned[k] = change.mine ? 1 : 0;
    }
  }
  p.serve_until = p.machine->state().serve_until;
  if (effects.pause_writes) {
    p.writes_paused = *effects.pause_writes;
    // Nothing is written from here on: the offset is the last one.
    if (p.writes_paused) p.waiting.push_front(std::make_unique<Event>(Progress(p)));
  }
  OnObeyed(p, effects);
}

bool SmallWorld::Accepts(const Peer& p, size_t k) const {
  return p.up && !p.paused && p.ok && !p.writes_paused && p.owned[k] != 0 &&
         p.clock.Mono(now_) < p.serve_until;
}

void SmallWorld::Say(int i, std::string_view text) {
  if (log_ == nullptr) return;
  *log_ += fmt::format("{:>9.3f} {} {}\n", static_cast<double>(now_) / kSecond, i, text);
}

// ---- connections

Us SmallWorld::Delay(int from, int to) {
  Us delay = kSmallDelayMin + Some(kSmallDelay);
  if (slow_[Cell(from, to)] == 0) return delay;
  return prng_.Chance(3, 10) ? delay + Some(weather_.slow_max) : delay;
}

void SmallWorld::Tell(int to, uint64_t life, uint64_t serial, Us at, Event event) {
  Happening h;
  h.at = at;
  h.what = What::kBus;
  h.node = to;
  h.life = life;
  h.serial = serial;
  h.event = std::make_unique<Event>(std::move(event));
  Push(std::move(h));
}

void SmallWorld::Dial(int i, const cluster::ConnectLink& connect) {
  int to = -1;
  for (const Peer& p : peers_) {
    if (p.ip == connect.ip) to = p.index;
  }
  CHECK(to >= 0 && to != i);
  Wire& w = wire(i, to);
  w = Wire();
  const uint64_t life = peer(i).life;
  if (!peer(to).host_up || !Reaches(i, to) || !Reaches(to, i)) return;
  const Us there = now_ + Delay(i, to);
  const Us back = there + Delay(to, i);
  if (!peer(to).up) {
    return Tell(i, life, 0, back, cluster::LinkDown{connect.link, true});
  }
  w.serial = next_serial_++;
  w.out = connect.link;
  w.in = LinkId(cluster::kInboundLink | next_inbound_++);
  w.busy_until = {there, back};
  Tell(to, peer(to).life, w.serial, there, cluster::InboundOpened{w.in, peer(i).ip, peer(to).ip});
  Tell(i, life, w.serial, back, cluster::LinkUp{connect.link});
}

SmallWorld::Wire* SmallWorld::FindWire(int i, LinkId link, int* to, bool* forward) {
  for (int other = 0; other < count(); ++other) {
    for (const bool own : {true, false}) {
      Wire& w = own ? wire(i, other) : wire(other, i);
      if (w.serial == 0 || (own ? w.out : w.in) != link) continue;
      *to = other;
      *forward = own;
      return &w;
    }
  }
  return nullptr;
}

void SmallWorld::Transmit(int i, cluster::SendPacket& send) {
  int to = -1;
  bool forward = false;
  Wire* w = FindWire(i, send.link, &to, &forward);
  if (w == nullptr) return;  // it broke; the machine will hear of it
  if (const auto* found = send.packet.Find(cluster::kExtLeaseGrant); log_ != nullptr && found) {
    const auto grant = found->AsLeaseGrant();
    Say(i, fmt::format("{} {}, not before {} ms", grant->granted ? "grants" : "refuses", to,
                       grant->not_before_ms));
  }
  if (!Reaches(i, to)) return;
  if (w->dead) {  // a kernel that is there says so
    if (peer(to).host_up && Reaches(to, i)) {
      const LinkId link = send.link;
      Tell(i, peer(i).life, 0, now_ + Delay(to, i), cluster::LinkDown{link, false, true});
      w->serial = 0;
    }
    return;
  }
  if (!calm_ && prng_.Chance(static_cast<uint64_t>(weather_.loss_per_mille), 1000)) return;
  Us& busy_until = w->busy_until[forward ? 0 : 1];
  busy_until = std::max(busy_until, now_ + Delay(i, to));
  Happening h;
  h.at = busy_until;
  h.what = What::kBus;
  h.node = to;
  h.life = peer(to).life;
  h.serial = w->serial;
  h.from = i;
  h.forward = forward;
  h.event = std::make_unique<Event>(
      cluster::PacketReceived{forward ? w->in : w->out, std::move(send.packet)});
  Push(std::move(h));
}

void SmallWorld::Hang(int i, LinkId link) {
  int to = -1;
  bool forward = false;
  Wire* w = FindWire(i, link, &to, &forward);
  if (w == nullptr) return;
  if (!w->dead && peer(to).up && Reaches(i, to)) {
    Us& busy_until = w->busy_until[forward ? 0 : 1];
    busy_until = std::max(busy_until, now_ + Delay(i, to));
    Tell(to, peer(to).life, w->serial, busy_until,
         cluster::LinkDown{forward ? w->in : w->out, false, true});
  }
  w->serial = 0;
}

// A packet of a connection that is gone is lost with it, unless ghosts walk: then it comes by the
// one that took its place.
void SmallWorld::Arrive(Happening h) {
  Peer& p = peer(h.node);
  if (!p.up) return;
  if (h.from >= 0) {
    Wire& w = h.forward ? wire(h.from, h.node) : wire(h.node, h.from);
    auto& packet = std::get<cluster::PacketReceived>(*h.event);
    if (w.serial != h.serial || h.life != p.life) {
      if (!weather_.ghosts || w.serial == 0 || w.dead) return;
      packet.link = h.forward ? w.in : w.out;
    }
  } else if (h.life != p.life) {
    return;
  }
  p.waiting.push_back(std::move(h.event));
  Drain(h.node);
}

void SmallWorld::ResetSome() {
  const int i = Any();
  for (int other = 0; other < count(); ++other) {
    Wire& w = wire(i, other);
    if (w.serial == 0 || w.dead || !prng_.Chance(1, 2)) continue;
    if (peer(i).up) {
      Tell(i, peer(i).life, 0, now_ + Delay(other, i), cluster::LinkDown{w.out, false, true});
    }
    if (peer(other).up) {
      Tell(other, peer(other).life, 0, now_ + Delay(i, other),
           cluster::LinkDown{w.in, false, true});
    }
    w.serial = 0;
  }
}

// One more cut between two random halves, either way or both; now and then all are mended instead.
void SmallWorld::CutSome() {
  if (prng_.Chance(2, 5)) return Heal();
  std::vector<uint8_t> side(peers_.size());
  for (uint8_t& s : side) s = prng_.Chance(1, 2) ? 1 : 0;
  const bool both = prng_.Chance(7, 10);
  for (int from = 0; from < count(); ++from) {
    for (int to = 0; to < count(); ++to) {
      const uint8_t a = side[static_cast<size_t>(from)];
      const uint8_t b = side[static_cast<size_t>(to)];
      if (a != b && (both || a == 1)) cuts_[Cell(from, to)] = 1;
    }
  }
  Say(-1, "cut");
}

void SmallWorld::CutOne(int from, int to) {
  if (from == to) return;
  cuts_[Cell(from, to)] = 1;
  Say(from, fmt::format("no longer reaches {}", to));
}

void SmallWorld::SlowInto(int to, uint64_t sixths) {
  for (int from = 0; from < count(); ++from) {
    slow_[Cell(from, to)] = weather_.slow_max > 0 && prng_.Chance(sixths, 6) ? 1 : 0;
  }
  Say(to, sixths > 0 ? "hears everything late" : "hears everything in time");
}

void SmallWorld::Calm() {
  Heal();
  std::fill(slow_.begin(), slow_.end(), 0);
  calm_ = true;
}

void SmallWorld::Heal() {
  std::fill(cuts_.begin(), cuts_.end(), 0);
  Say(-1, "healed");
}

}  // namespace pleiad::sim
