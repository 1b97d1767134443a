// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// SmallWorld: a few cluster machines on a bad network, so cheap that thousands of worlds run in
// seconds. What Fleet (fleet.h) has for realism it leaves out: no clients, no data, no codec. What
// it has instead is weather far worse than any: packets are lost within a connection, may come from
// a connection or a process that is no more ("ghosts"), clocks drift by three percent, and faults
// come several to a node timeout. Who derives from it says what strikes and what must hold.
//
// One thread. The same seed is the same run.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"
#include "cluster/machine.h"
#include "cluster/nodes_conf.h"
#include "sim/heap.h"
#include "sim/process.h"

namespace pleiad::sim {

struct SmallWeather {
  int64_t node_timeout_ms = 1000;
  int64_t manual_timeout_ms = 5000;
  int loss_per_mille = 0;
  // So many of the paths are slow: three packets in ten take up to so much longer.
  uint64_t slow_percent = 0;
  Us slow_max = 0;
  Us disk_mean = 0;
  bool ghosts = false;    // packets outlive their connection
  Us strike_every = 0;    // mean
  int64_t drift_ppm = 0;  // either way, by node
  cluster::Mutations mutations;
};

// A node of a small world: see Process for the words.
struct Peer {
  int index = 0;
  NodeId id;
  std::string ip;
  cluster::ClusterConfig config;
  Clock clock;
  std::unique_ptr<cluster::Machine> machine;
  std::string disk;
  bool up = false;
  bool host_up = true;
  bool paused = false;
  bool in_fsync = false;
  bool fsync_over = false;
  bool tick_due = false;
  bool save_soon = false;
  bool draining = false;
  uint64_t life = 0;
  uint64_t fsyncs = 0;
  std::string fsync_content;
  cluster::Effects after_fsync;
  std::deque<std::unique_ptr<cluster::Event>> waiting;
  // What commands see.
  bool ok = false;
  bool writes_paused = false;
  MonoMs serve_until{0};
  std::vector<uint8_t> owned;  // by watched slot
};

class SmallWorld {
 public:
  SmallWorld(uint64_t seed, const SmallWeather& weather, int nodes, std::vector<SlotId> watched);
  virtual ~SmallWorld() = default;
  SmallWorld(const SmallWorld&) = delete;
  SmallWorld& operator=(const SmallWorld&) = delete;

  // In the order in which things happened; "" keeps none.
  void LogTo(std::string* log) { log_ = log; }
  uint64_t hash() const { return hash_; }
  uint64_t steps() const { return steps_; }
  Us now() const { return now_; }

 protected:
  Peer& peer(int i) { return peers_[static_cast<size_t>(i)]; }
  int count() const { return static_cast<int>(peers_.size()); }
  // A cluster that has run for a while: node i has `slots[i]`, or follows `master_of[i]` if that is
  // not negative. All start now.
  void Found(const std::vector<std::vector<SlotId>>& slots, const std::vector<int>& master_of);
  void RunUntil(Us end);
  // Calls f in `delay`, whatever became of the nodes by then.
  void Call(Us delay, std::function<void()> f);
  void Feed(int i, cluster::Event event);
  void Kill(int i, bool silently, Us down_for);
  void Pause(int i, Us length);
  void CutSome();
  void CutOne(int from, int to);
  // The paths to that node are slow with a chance of `sixths` / 6 each.
  void SlowInto(int to, uint64_t sixths);
  void ResetSome();
  void Heal();
  // Heal, and from now on nothing is lost or late.
  void Calm();
  bool Reaches(int from, int to) const { return cuts_[Cell(from, to)] == 0; }
  Us Delay(int from, int to);
  MonoMs Mono(const Peer& p) const { return p.clock.Mono(now_); }
  Us Some(Us below) { return static_cast<Us>(prng_.Below(static_cast<uint64_t>(below))); }
  int Any() { return static_cast<int>(prng_.Below(peers_.size())); }
  Us Around(Us mean) { return mean == 0 ? 0 : 1 + Some(2 * mean); }
  void Say(int i, std::string_view text);
  void Mix(uint64_t x) { hash_ = (hash_ ^ x) * 0x100000001b3ULL + (x >> 29); }
  // Would it take a write for watched slot k now?
  bool Accepts(const Peer& p, size_t k) const;
  void End() { ended_ = true; }
  bool ended() const { return ended_; }

  virtual void Strike() = 0;
  // Behind each event of that node.
  virtual void Look(Peer& p) = 0;
  virtual void OnBorn(Peer&) {}
  virtual void OnDied(Peer&) {}
  virtual void OnWoken(Peer&) {}
  // Twice: before a step's effects are obeyed, and when all of them have been.
  virtual void OnStep(Peer&, const cluster::Effects&, bool /*was_replica*/) {}
  virtual void OnObeyed(Peer&, const cluster::Effects&) {}
  virtual void OnTicked(Peer&) {}
  virtual cluster::ReplicationProgress Progress(const Peer& p) const;

  const SmallWeather weather_;
  Prng prng_;
  Us now_ = 0;

 private:
  enum class What : uint8_t { kTick, kBus, kDisk, kStart, kResume, kStrike, kCall };
  struct Happening {
    Us at = 0;
    uint64_t order = 0;
    What what = What::kTick;
    int node = -1;
    uint64_t life = 0;
    uint64_t serial = 0;   // kBus: of the connection; 0: whatever it is
    int from = -1;         // kBus: whose packet
    bool forward = false;  // and whether on the sender's own connection
    std::unique_ptr<cluster::Event> event;
    std::function<void()> call;
  };
  // What node x opened to node y.
  struct Wire {
    uint64_t serial = 0;  // 0: none
    cluster::LinkId out;
    cluster::LinkId in;
    bool dead = false;  // one end is gone
    std::array<Us, 2> busy_until{};
  };

  size_t Cell(int from, int to) const {
    return static_cast<size_t>(from) * peers_.size() + static_cast<size_t>(to);
  }
  Wire& wire(int from, int to) { return wires_[Cell(from, to)]; }
  void Push(Happening h);
  void Happen(Happening h);
  void Start(int i);
  void Resume(int i);
  void Drain(int i);
  void StepOne(int i, cluster::Event event);
  void Obey(int i, cluster::Effects effects);
  void ObeyRest(int i, cluster::Effects effects);
  void OnDisk(int i);
  void TickNow(int i);
  void Dial(int i, const cluster::ConnectLink& connect);
  void Transmit(int i, cluster::SendPacket& send);
  void Hang(int i, cluster::LinkId link);
  void Arrive(Happening h);
  void Tell(int to, uint64_t life, uint64_t serial, Us at, cluster::Event event);
  // The connection and direction of a link of node i; null: none.
  Wire* FindWire(int i, cluster::LinkId link, int* to, bool* forward);

  std::vector<Peer> peers_;
  std::vector<SlotId> watched_;
  std::vector<uint8_t> cuts_;
  std::vector<uint8_t> slow_;
  std::vector<Wire> wires_;
  std::vector<Happening> heap_;
  uint64_t next_order_ = 0;
  uint64_t next_serial_ = 1;
  uint64_t next_inbound_ = 1;
  uint64_t steps_ = 0;
  uint64_t hash_ = 0;
  bool ended_ = false;
  bool calm_ = false;
  std::string* log_ = nullptr;
};

}  // namespace pleiad::sim
