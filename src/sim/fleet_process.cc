// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A process: starts, stops, and obeys its machine. States:
//
//   down       no process. Its disk keeps what was fsynced, or what its death left to chance
//   running    inputs are handled as they come
//   in fsync   the bus thread waits for nodes.conf; bus inputs queue, commands and replication run
//   stopped    SIGSTOP: everything queues, and is handled at SIGCONT in an order that only keeps
//              that of each kind
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "cluster/nodes_conf.h"
#include "sim/fleet.h"

namespace pleiad::sim {

using cluster::ClusterState;
using cluster::Effects;
using cluster::Event;
using cluster::SendPacket;
using cluster::Trace;

namespace {

constexpr Us kTickEvery = 100 * kMs;
constexpr int64_t kSaveSoonMs = 1000;
constexpr int64_t kResumeMax = 2000;  // runtime/cluster_driver.cc: kResumeMsMax

// As the server fences: half a node timeout.
int64_t StaleMs(const Process& p) { return std::max<int64_t>(p.config.node_timeout_ms / 2, 200); }

struct TraceProbe {
  std::string_view text;
  const char* probe;
};
// Rare paths that the machine itself names in its log.
constexpr TraceProbe kTraceProbes[] = {
    {"already voted for epoch", "vote denied: voted already"},
    {"its master is up", "vote denied: master is up"},
    {"is behind mine", "vote denied: old epoch"},
    {"greater than its", "vote denied: newer owner of a slot"},
    {"it is a master", "vote denied: is a master"},
    {"Election moved by", "election moved by rank"},
    {"is void: node", "election void"},
    {"Currently unable to failover: disconnected", "may not stand: data too old"},
    {"Currently unable to failover: never", "may not stand: never synchronised"},
    {"UPDATE message about", "UPDATE heard"},
    {"has old slots configuration", "UPDATE sent"},
    {"configEpoch collision", "config epoch collision"},
    {"I'm a sub-replica", "sub-replica"},
    {"All of the master's stream", "manual failover: offsets match"},
    {"Manual failover timed out", "manual failover: timed out"},
    {"Migrating to orphaned", "replica migrated"},
    {"Clear FAIL state", "FAIL undone"},
    {"stood still", "standstill noticed"},
    {"minority of the masters", "minority"},
    {"Reconfiguring myself as a replica of", "deposed master follows"},
    {"FAIL message received", "FAIL told"},
    {"quorum reached", "FAIL by majority"},
    {"Sending MEET to", "MEET sent again"},
    {"Address updated", "address updated"},
};

}  // namespace

void Fleet::Say(int i, std::string_view text) {
  if (log_ == nullptr) return;
  *log_ += fmt::format("{:>10.3f} {:>3} * {}\n", static_cast<double>(now_) / kSecond, i, text);
}

void Fleet::Start(int i) {
  Process& p = node(i);
  CHECK(!p.up);
  ++report_->starts;
  Say(i, fmt::format("starts with {} writes", p.store.log.size()));
  p.host_up = p.up = true;
  ++p.life;
  const MonoMs mono = p.clock.Mono(now_);
  auto state = cluster::LoadNodesConf(p.disk, mono, p.clock.Wall(now_));
  CHECK_MSG(state.ok(), state.message());
  p.machine = std::make_unique<cluster::Machine>(p.config, prng_.Next(), std::move(*state));
  p.ok = p.writes_paused = p.in_fsync = p.fsync_over = p.save_soon = p.tick_due = false;
  p.owned.assign(slots_.size(), 0);
  p.said_current = p.bound_current;
  p.last_round = p.last_seen = mono;
  p.serve_until = MonoMs(0);
  p.resume_at = MonoMs(0);
  p.follows = -1;
  p.session = p.pending = 0;
  ++p.trying;
  p.in_sync = p.ever_synced = p.want_full = false;
  p.last_interaction = MonoMs(0);
  p.feeds.clear();
  if (p.life > 1) {
    p.store.base = -static_cast<int64_t>(p.store.log.size());
    p.store.ids = ReplicationIds();
    p.store.ids.replid = prng_.Hex(kReplicationIdSize);
  }
  Obey(i, p.machine->Start(mono, p.clock.Wall(now_)));
  After(static_cast<Us>(prng_.Below(kTickEvery)), Kind::kTick, i, p.life);
  Show(p);
}

void Fleet::Kill(int i, bool power) {
  Process& p = node(i);
  if (!p.up) return;
  if (p.in_fsync && prng_.Chance(1, 2)) {
    Saved(p, std::move(p.fsync_content));
    if (p.won) OnWin(p, p.won_manually);  // it will come back as the master
  }
  if (p.in_fsync) Probe("died in an fsync");
  p.up = p.paused = p.in_fsync = p.won = false;
  p.host_up = !power;
  ++p.life;
  p.machine.reset();
  p.after_fsync = Effects();
  p.bus_waiting.clear();
  p.client_waiting.clear();
  p.repl_waiting.clear();
  if (power) {
    // What was written since the last fsync of the data is gone, from some point on.
    Store& store = p.store;
    const std::vector<Entry> before = store.log;
    const size_t unsynced = store.log.size() - std::min(store.synced, store.log.size());
    store.log.resize(store.log.size() - prng_.Below(unsynced + 1));
    p.clock.base_ms = 1000;  // another boot: monotonic time begins anew
    p.clock.base_ms -= now_ / kMs + now_ / kMs * p.clock.drift_ppm / 1'000'000;
    // A replica's loss is none.
    if (std::find(authority_.begin(), authority_.end(), i) != authority_.end()) {
      ledger_.Compare(before, store.log, "unsynced data, power cut");
    }
    if (before.size() != store.log.size()) Probe("power cut lost unsynced data");
  }
  p.store.synced = p.store.log.size();
  Say(i,
      fmt::format("{}, {} writes left", power ? "loses power" : "is killed", p.store.log.size()));
  DropSession(p);
  DropFeeds(p);
  for (const size_t number : network_.Of(i)) {
    Connection* c = network_.at(number);
    if (c == nullptr) continue;
    const int side = c->node[0] == i && !c->dead[0] ? 0 : 1;
    if (!power) {
      HangNumber(number, side);
    } else {
      network_.Abandon(number, side);
      c->stuck[static_cast<size_t>(side)].clear();
      c->silent[static_cast<size_t>(side)] = true;
      if (c->dead[0] && c->dead[1]) network_.Close(number);
    }
  }
  Show(p);
}

void Fleet::Pause(int i) {
  Process& p = node(i);
  if (!p.up || p.paused) return;
  p.paused = true;
  p.paused_at = now_;
  Say(i, "is stopped");
  Show(p);
}

void Fleet::Resume(int i) {
  Process& p = node(i);
  p.paused = false;
  Say(i, "goes on");
  Show(p);
  // Threads wake in any order.
  const bool driver_first = prng_.Chance(1, 2);
  if (driver_first) NoteRound(p);
  if (std::exchange(p.fsync_over, false)) OnDiskDone(i);
  if (driver_first && p.tick_due && !p.in_fsync) Tick(i);
  const uint64_t life = p.life;
  if (!p.client_waiting.empty()) Probe("requests waited for a stopped process");
  std::deque<HeapEvent>* queues[] = {&p.bus_waiting, &p.client_waiting, &p.repl_waiting};
  for (;;) {
    if (!p.up || p.life != life || p.paused) return;
    std::vector<size_t> ready;
    for (size_t q = 0; q < 3; ++q) {
      if (!queues[q]->empty() && !(q == 0 && p.in_fsync)) ready.push_back(q);
    }
    if (ready.empty()) return;
    std::deque<HeapEvent>* queue = queues[ready[prng_.Below(ready.size())]];
    HeapEvent event = std::move(queue->front());
    queue->pop_front();
    Handle(std::move(event));
  }
}

// What waited for the bus thread.
void Fleet::Drain(int i) {
  Process& p = node(i);
  while (p.up && !p.paused && !p.in_fsync && !p.bus_waiting.empty()) {
    HeapEvent event = std::move(p.bus_waiting.front());
    p.bus_waiting.pop_front();
    Handle(std::move(event));
  }
  if (p.up && !p.paused && !p.in_fsync && p.tick_due) Tick(i);
}

// runtime/cluster_driver.cc, NoteRound: after a long stop the view counts as old for a while more.
void Fleet::NoteRound(Process& p) {
  const MonoMs mono = p.clock.Mono(now_);
  const bool lease_tells = cluster::LeaseIsFull(p.machine->state());
  if (!lease_tells && mono - p.last_seen > StaleMs(p))
    p.resume_at = mono + std::min(StaleMs(p), kResumeMax);
  p.last_seen = mono;
  if (mono >= p.resume_at) p.last_round = mono;
}

void Fleet::OnTimer(int i) {
  Process& p = node(i);
  After(kTickEvery - p.clock.drift_ppm / 10, Kind::kTick, i, p.life);
  if (p.paused || p.in_fsync) {
    p.tick_due = true;
  } else {
    Tick(i);
  }
}

void Fleet::Tick(int i) {
  Process& p = node(i);
  p.tick_due = false;
  NoteRound(p);
  ReplCron(i);
  Feed(i, Progress(p));
  if (!p.up || p.in_fsync) {
    p.tick_due = p.up;
    return;
  }
  Feed(i, cluster::Tick{});
  if (p.up && !p.in_fsync && p.save_soon && Mono(p) - p.last_save >= kSaveSoonMs) {
    BeginSave(i, cluster::WriteNodesConf(p.machine->state()), Effects());
  }
}

void Fleet::Feed(int i, Event event) {
  Process& p = node(i);
  NoteRound(p);
  const bool was_replica = p.machine->state().myself()->IsReplica();
  const bool manual = p.machine->state().manual_failover.can_start;
  const bool by_admin = std::holds_alternative<cluster::AdminRequest>(event);
  if (const auto* packet = std::get_if<cluster::PacketReceived>(&event)) {
    const cluster::Packet& heard = packet->packet;
    if (heard.type == cluster::PacketType::kFail) checker_.OnFailHeard(i, heard.fail_about);
    if (heard.type == cluster::PacketType::kAuthAck) {
      checker_.OnBallot(i, checker_.IndexOf(heard.sender), heard.current_epoch.value);
    }
  }
  ++report_->steps;
  const std::string wrong_vote = checker_.WhyNoVote(p, event);
  Effects effects = p.machine->Step({p.clock.Mono(now_), p.clock.Wall(now_), std::move(event)});
  checker_.AfterStep(now_, p);
  if (!wrong_vote.empty()) checker_.CheckNoVote(now_, p, effects, wrong_vote);
  const cluster::Node* me = p.machine->state().myself();
  if (was_replica && me->Votes() && !by_admin) {
    checker_.OnWin(now_, p, me->config_epoch);
    p.won = true;
    p.won_manually = manual && !p.forced;
  }
  Obey(i, std::move(effects));
}

// A replica has become master by an election, and that is on its disk: from now on its data is the
// shard's.
void Fleet::OnWin(Process& p, bool manual) {
  const Epoch epoch = p.machine->state().myself()->config_epoch;
  const int shard = ShardOf(p);
  if (shard < 0) return;
  const int former = authority_[static_cast<size_t>(shard)];
  authority_[static_cast<size_t>(shard)] = p.index;
  NoteCuts();
  if (former == p.index) return;
  const size_t gone =
      ledger_.Compare(node(former).store.log, p.store.log,
                      manual ? "manual failover" : "not yet replicated at failover");
  if (manual) Probe("manual failover won");
  if (!manual && p.last_interaction.value == 0) {
    checker_.Fail(now_, "S8", fmt::format("node {} won without having heard of a master", p.index));
  }
  if (manual && gone > 0) {
    checker_.Fail(now_, "S9",
                  fmt::format("a manual failover from node {} to node {} lost {} writes", former,
                              p.index, gone));
  }
  if (timeline_ != nullptr) {
    timeline_->points.push_back(
        {now_, p.index, Timeline::Mark::kWon, fmt::format("epoch {}", epoch.value)});
  }
}

int Fleet::ShardOf(const Process& p) const {
  if (p.machine == nullptr) return -1;
  const cluster::Node* me = p.machine->state().myself();
  const cluster::Node* owner = me->master != nullptr ? me->master : me;
  for (size_t k = 0; k < slots_.size(); ++k) {
    if (owner->slots.Test(SlotId(slots_[k]))) return slot_shard_[k];
  }
  return -1;
}

void Fleet::Obey(int i, Effects effects) {
  Process& p = node(i);
  p.serve_until = std::min(p.serve_until, p.machine->state().serve_until);
  MixEffects(p, effects);
  ReadTraces(p, effects);
  if (effects.persist) {
    if (effects.persist->sync) {
      std::string content = std::move(effects.persist->content);
      return BeginSave(i, std::move(content), std::move(effects));
    }
    p.save_soon = true;
  }
  ObeyRest(i, std::move(effects));
}

void Fleet::BeginSave(int i, std::string content, Effects then) {
  Process& p = node(i);
  CHECK(!p.in_fsync);
  p.in_fsync = true;
  p.fsync_content = std::move(content);
  p.after_fsync = std::move(then);
  p.save_soon = false;
  Us delay = Exponential(swarm_.disk_mean);
  if (p.disk_slow_until > now_) delay = std::max(delay, p.disk_slow_until - now_);
  After(delay, Kind::kDiskDone, i, p.life, ++p.fsyncs);
}

void Fleet::OnDiskDone(int i) {
  Process& p = node(i);
  if (p.paused) {
    p.fsync_over = true;
    return;
  }
  Saved(p, std::move(p.fsync_content));
  p.last_save = Mono(p);
  p.in_fsync = false;
  ObeyRest(i, std::exchange(p.after_fsync, Effects()));
  Drain(i);
}

// Reads back what matters of the file, not what the machine believes it wrote.
void Fleet::Saved(Process& p, std::string content) {
  p.disk = std::move(content);
  if (count() > 64) {
    // Too long to parse each time: the last line has the epochs.
    const size_t at = p.disk.rfind("vars currentEpoch ");
    CHECK(at != std::string::npos);
    const char* text = p.disk.c_str() + at + 18;
    char* rest = nullptr;
    p.disk_current = Epoch(std::strtoull(text, &rest, 10));
    p.disk_vote = Epoch(std::strtoull(rest + 15, nullptr, 10));
    return;
  }
  const auto conf = cluster::ParseNodesConf(p.disk);
  CHECK_MSG(conf.ok(), conf.message());
  p.disk_current = conf->current_epoch;
  p.disk_vote = conf->last_vote_epoch;
  for (const cluster::NodesConfNode& row : conf->nodes) {
    if ((row.flags & cluster::kFlagMyself) == 0) continue;
    p.disk_config = row.config_epoch;
    p.disk_checked = true;
    for (size_t k = 0; k < slots_.size(); ++k) p.disk_owned[k] = row.slots.Test(SlotId(slots_[k]));
  }
}

void Fleet::ObeyRest(int i, Effects effects) {
  Process& p = node(i);
  const uint64_t life = p.life;
  for (cluster::LinkAction& action : effects.links) {
    if (!p.up || p.life != life) return;
    if (const auto* connect = std::get_if<cluster::ConnectLink>(&action)) {
      Dial(i, *connect);
    } else if (auto* send = std::get_if<SendPacket>(&action)) {
      checker_.OnSend(now_, p, send->packet);
      Transmit(i, std::move(*send));
    } else {
      Hang(i, std::get<cluster::CloseLink>(action).link);
    }
  }
  if (std::exchange(p.won, false)) OnWin(p, p.won_manually);
  ObeySlots(p, effects);
  if (effects.role) SetRole(p, *effects.role);
  p.serve_until = p.machine->state().serve_until;
  if (effects.pause_writes) {
    p.writes_paused =
        *effects.pause_writes && !p.config.mutations.Has(cluster::Mutation::kManualNoPause);
    if (*effects.pause_writes) Probe("manual failover: writes stopped");
  }
  for (const cluster::AdminReply& reply : effects.replies) {
    if (reply.is_error) Probe("administrator refused");
  }
  Show(p);
}

// What commands see changes after the packets have left, as in the server.
void Fleet::ObeySlots(Process& p, const Effects& effects) {
  p.ok = p.machine->state().ok;
  for (const cluster::SlotChange& change : effects.slot_changes) {
    const int16_t k = slot_index_[change.slot.value];
    if (k >= 0) p.owned[static_cast<size_t>(k)] = change.mine ? 1 : 0;
  }
}

void Fleet::ReadTraces(Process& p, const Effects& effects) {
  for (const Trace& trace : effects.traces) {
    for (const TraceProbe& probe : kTraceProbes) {
      if (trace.text.find(probe.text) != std::string::npos) Probe(probe.probe);
    }
    if (log_ != nullptr && trace.level >= Trace::Level::kNotice) {
      *log_ += fmt::format("{:>10.3f} {:>3} {}\n", static_cast<double>(now_) / kSecond, p.index,
                           trace.text);
    }
  }
}

void Fleet::MixEffects(const Process& p, const Effects& effects) {
  Mix(static_cast<uint64_t>(now_));
  Mix(static_cast<uint64_t>(p.index));
  if (effects.persist) MixText(effects.persist->content);
  for (const cluster::LinkAction& action : effects.links) {
    if (const auto* send = std::get_if<SendPacket>(&action)) {
      const cluster::Packet& packet = send->packet;
      Mix(send->link.value);
      Mix(static_cast<uint64_t>(packet.type) << 32 | packet.gossip.size() << 8 |
          packet.extensions.size());
      Mix(packet.current_epoch.value << 20 ^ packet.config_epoch.value);
      Mix(static_cast<uint64_t>(packet.offset.value));
      for (const cluster::GossipEntry& entry : packet.gossip) {
        Mix(std::hash<NodeId>()(entry.id) ^ entry.flags ^ entry.pong_received_s);
      }
    } else if (const auto* connect = std::get_if<cluster::ConnectLink>(&action)) {
      Mix(connect->link.value << 1);
    } else {
      Mix(std::get<cluster::CloseLink>(action).link.value << 2);
    }
  }
  for (const cluster::SlotChange& change : effects.slot_changes) {
    Mix(static_cast<uint64_t>(change.slot.value) << 1 | (change.mine ? 1 : 0));
  }
  for (const Trace& trace : effects.traces) MixText(trace.text);
}

void Fleet::Show(Process& p) {
  if (timeline_ == nullptr) return;
  Timeline::State state = Timeline::State::kDown;
  int shard = -1;
  if (p.up) {
    shard = ShardOf(p);
    const bool owns = std::find(p.owned.begin(), p.owned.end(), 1) != p.owned.end();
    state = p.paused ? Timeline::State::kPaused
            : !owns  ? Timeline::State::kReplica
            : p.ok   ? Timeline::State::kMaster
                     : Timeline::State::kMasterNotOk;
  }
  if (static_cast<int>(state) == p.shown && shard == p.shown_shard) return;
  p.shown = static_cast<int>(state);
  p.shown_shard = shard;
  timeline_->changes.push_back({now_, p.index, state, shard});
}

}  // namespace pleiad::sim
