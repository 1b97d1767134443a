// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Set-up of a world, and its loop.
#include "sim/fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "cluster/nodes_conf.h"

namespace pleiad::sim {

using cluster::ClusterState;

namespace {

constexpr int kWatchedPerShard = 2;

std::string IpOf(int i) { return fmt::format("10.7.{}.{}", i >> 8, i & 255); }

int MastersOf(const SimOptions& options) {
  return std::max(1, options.nodes / (options.replicas + 1));
}

std::vector<uint16_t> WatchedSlots(int masters) {
  std::vector<uint16_t> slots;
  for (int m = 0; m < masters; ++m) {
    const int first = m * kSlotCount / masters;
    const int last = (m + 1) * kSlotCount / masters - 1;
    for (int k = 0; k < kWatchedPerShard && first + k <= last; ++k) {
      slots.push_back(static_cast<uint16_t>(k == 0 ? first : last));
    }
  }
  return slots;
}

}  // namespace

Fleet::Fleet(const SimOptions& options, Report* report, Timeline* timeline, std::string* log)
    : options_(options),
      swarm_(Swarm::Draw(options.seed, options)),
      report_(report),
      timeline_(timeline),
      log_(log),
      prng_(options.seed * 0x9e3779b97f4a7c15ULL + 1),
      network_(options.nodes),
      nodes_(static_cast<size_t>(options.nodes)),
      slots_(WatchedSlots(MastersOf(options))),
      slot_index_(kSlotCount, -1),
      masters_(MastersOf(options)),
      checker_(report, options.seed, slots_, options.nodes, MastersOf(options)) {
  for (size_t k = 0; k < slots_.size(); ++k) slot_index_[slots_[k]] = static_cast<int16_t>(k);
  overlap_since_.assign(slots_.size(), -1);
  overlap_last_.assign(slots_.size(), -1);
  last_ok_.assign(slots_.size(), -1);
  ++report_->seeds;
  Found();
}

// The cluster begins whole, as `pleiad trib create` leaves it: masters first, then their replicas.
void Fleet::Found() {
  for (size_t k = 0; k < slots_.size(); ++k) {
    slot_shard_.push_back(0);
    for (int m = 0; m < masters_; ++m) {
      if (slots_[k] >= m * kSlotCount / masters_ && slots_[k] < (m + 1) * kSlotCount / masters_) {
        slot_shard_.back() = m;
      }
    }
  }
  for (int m = 0; m < masters_; ++m) authority_.push_back(m);
  for (int i = 0; i < count(); ++i) {
    Process& p = node(i);
    p.index = i;
    p.id = *NodeId::Parse(prng_.Hex(40));
    p.ip = IpOf(i);
    p.config.node_timeout_ms = swarm_.node_timeout_ms;
    p.config.require_full_coverage = swarm_.full_coverage;
    p.config.announce_ip = p.ip;
    p.config.port = 7000;
    p.config.cport = 17000;
    p.config.mutations = options_.mutations;
    p.clock.base_ms = 1000 + static_cast<int64_t>(prng_.Below(1'000'000));
    const auto range = static_cast<uint64_t>(2 * swarm_.drift_ppm_max + 1);
    p.clock.drift_ppm = static_cast<int64_t>(prng_.Below(range)) - swarm_.drift_ppm_max;
    p.clock.wall_error_ms = static_cast<int64_t>(prng_.Below(2000)) - 1000;
    p.owned.assign(slots_.size(), 0);
    p.disk_owned.assign(slots_.size(), 0);
    p.store.ids.replid = std::string(kReplicationIdSize, 'a');
    checker_.Name(p.id, i);
  }
  for (int i = 0; i < count(); ++i) {
    node(i).disk = FirstDisk(i);
    Start(i);
  }
  clients_.resize(static_cast<size_t>(swarm_.clients));
  for (size_t c = 0; c < clients_.size(); ++c) {
    clients_[c].at = static_cast<int>(prng_.Below(static_cast<uint64_t>(count())));
    for (size_t k = 0; k < slots_.size(); ++k) clients_[c].map.push_back(slot_shard_[k]);
    ClientLater(static_cast<int>(c), 3 * kSecond);
  }
  After(kSecond, Kind::kWatch, -1, 0);
}

// What nodes.conf of a cluster that has run for a while says.
std::string Fleet::FirstDisk(int i) const {
  cluster::NodesConf conf;
  for (const Process& p : nodes_) {
    cluster::NodesConfNode row;
    row.id = p.id;
    row.ip = p.ip;
    row.port = 7000;
    row.cport = 17000;
    const int shard = p.index < masters_ ? p.index : (p.index - masters_) % masters_;
    row.flags = p.index < masters_ ? cluster::kFlagMaster : cluster::kFlagReplica;
    if (p.index == i) row.flags |= cluster::kFlagMyself;
    row.hostname = "";
    row.fields.emplace_back("shard-id", nodes_[static_cast<size_t>(shard)].id.str());
    if (p.index < masters_) {
      row.config_epoch = Epoch(static_cast<uint64_t>(p.index) + 1);
      for (int s = shard * kSlotCount / masters_; s < (shard + 1) * kSlotCount / masters_; ++s) {
        row.slots.Set(SlotId(static_cast<uint16_t>(s)));
      }
    } else {
      row.master = nodes_[static_cast<size_t>(shard)].id;
    }
    row.connected = true;
    conf.nodes.push_back(std::move(row));
  }
  conf.current_epoch = Epoch(static_cast<uint64_t>(masters_));
  return cluster::PrintNodesConf(conf);
}

void Fleet::After(Us delay, Kind kind, int node, uint64_t life, uint64_t a) {
  HeapEvent event;
  event.at = now_ + std::max<Us>(delay, 0);
  event.kind = kind;
  event.node = node;
  event.life = life;
  event.a = a;
  heap_.Push(std::move(event));
}

Us Fleet::Exponential(Us mean) {
  if (mean <= 0) return 0;
  // -ln(u) in thousandths by a table-free approximation: the sum of geometric halvings is close
  // enough, and the same on every machine, which floating point logarithms are not.
  const uint64_t word = prng_.Next();
  const int whole = std::min(std::countl_zero(word | 1), 12);
  const auto part = static_cast<Us>(word & 0x3ff);
  return (mean * 693 / 1000) * whole + (mean * 693 / 1000) * part / 1024;
}

void Fleet::MixText(std::string_view text) {
  uint64_t h = 0xcbf29ce484222325ULL;
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
    h ^= h >> 32;
  }
  for (; i < text.size(); ++i) h = (h ^ static_cast<uint8_t>(text[i])) * 0x100000001b3ULL;
  Mix(h);
}

void Fleet::Run() {
  if (swarm_.fault_every > 0) After(Exponential(swarm_.fault_every), Kind::kFault, -1, 0);
  RunUntil(options_.safety_ms * kMs);
  Liveness();
  Accounts();
  report_->virtual_us += now_;
  if (timeline_ != nullptr) timeline_->end = now_;
}

void Fleet::RunUntil(Us end) {
  while (!heap_.empty() && heap_.next_at() <= end) {
    HeapEvent event = heap_.Pop();
    now_ = std::max(now_, event.at);
    Dispatch(std::move(event));
  }
  now_ = end;
}

// Events of the world itself, and of processes that may not hear them now.
void Fleet::Dispatch(HeapEvent event) {
  switch (event.kind) {
    case Kind::kClientOp:
      return BeginOp(static_cast<int>(event.a));
    case Kind::kReply:
      return OnReply(std::get<Op>(event.body));
    case Kind::kClientTimeout:
      return OnTimeout(event.node, event.a);
    case Kind::kFault:
      return NextFault();
    case Kind::kFaultEnd:
      return EndFault(event.a);
    case Kind::kUnstick:
      return Unstick(event.a, event.life);
    case Kind::kWatch:
      return Watch();
    case Kind::kStart:
      if (!node(event.node).up && node(event.node).life == event.life && !node(event.node).dead) {
        Start(event.node);
      }
      return;
    case Kind::kResume:
      if (node(event.node).paused && node(event.node).life == event.life) Resume(event.node);
      return;
    default:
      return Deliver(std::move(event));
  }
}

void Fleet::Deliver(HeapEvent event) {
  Process& p = node(event.node);
  if (event.kind == Kind::kRequest) event.life = p.life;  // whoever listens there now
  if (!p.up || p.life != event.life) return;
  switch (event.kind) {
    case Kind::kBus:
      if (p.paused || p.in_fsync) return p.bus_waiting.push_back(std::move(event));
      break;
    case Kind::kRequest:
      if (p.paused) return p.client_waiting.push_back(std::move(event));
      break;
    case Kind::kReplMessage:
      if (p.paused) return p.repl_waiting.push_back(std::move(event));
      break;
    default:
      break;
  }
  Handle(std::move(event));
}

void Fleet::Handle(HeapEvent event) {
  Process& p = node(event.node);
  const int i = event.node;
  switch (event.kind) {
    case Kind::kTick:
      return OnTimer(i);
    case Kind::kBus:
      return Feed(i, std::move(*std::get<std::unique_ptr<cluster::Event>>(event.body)));
    case Kind::kDiskDone:
      return event.a == p.fsyncs && p.in_fsync ? OnDiskDone(i) : void();
    case Kind::kReplTry:
      return TryReplicate(i, event.a);
    case Kind::kReplMessage:
      return OnRepl(i, *std::get<std::unique_ptr<ReplMessage>>(event.body));
    case Kind::kReplFlush:
      return Flush(i, static_cast<int>(event.a));
    case Kind::kRequest:
      return OnRequest(i, std::get<Op>(event.body));
    default:
      CHECK(false);
  }
}

// Once a second.
void Fleet::Watch() {
  for (Process& p : nodes_) {
    if (p.up && now_ / kSecond % 8 == p.index % 8) checker_.CheckTable(now_, p);
    if (timeline_ != nullptr) {
      uint32_t links = 0;
      if (p.up) {
        for (const auto& [id, row] : p.machine->state().nodes()) links += row->link_up ? 1 : 0;
      }
      timeline_->samples.push_back({now_, p.index, p.writes, links});
    }
    p.writes = 0;
    if (p.up) Show(p);
  }
  After(kSecond, Kind::kWatch, -1, 0);
}

}  // namespace pleiad::sim
