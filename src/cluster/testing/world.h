// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// World: several cluster machines, a virtual clock and a network of queues, for tests. Every packet
// is encoded and decoded on its way. Each effect is obeyed in the order effects.h states, and the
// world watches the safety rules:
//
//   a vote, a request for votes and a claim are on the sender's disk before they leave
//   nobody votes twice in an epoch, not even after a restart, and an epoch's election has one
//   winner the key space was told exactly the slots that the machine owns
//   no slot is served by two nodes at the same instant (TAKEOVER and what claims by hand excepted)
//
// Nodes are named a..f, and their ids are 40 times that letter. One thread. A message takes 1 ms.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/prng.h"
#include "cluster/machine.h"
#include "cluster/nodes_conf.h"

namespace pleiad::cluster::testing {

struct WorldNode {
  char name = '?';
  ClusterConfig config;
  std::unique_ptr<Machine> machine;
  std::string disk;  // nodes.conf
  NodesConf saved;   // the same, read back
  bool up = false;
  bool paused = false;
  std::vector<std::function<void()>> held;  // what waits in the sockets of a stopped process
  std::set<int> owned;                      // slots the key space believes to own
  int64_t offset = 0;                       // replication
  int64_t last_interaction = 0;
  bool synced = false;
  int follows = -1;  // index of the master it replicates from
  bool writes_paused = false;
  bool holds = false;     // a slot migration: it lets nobody at the slots that are handed over
  double clock_rate = 1;  // how fast its monotonic clock runs
  std::map<int, uint64_t> keys;
};

class World {
 public:
  World(int count, int64_t node_timeout_ms, uint64_t seed);

  int64_t now() const { return now_; }
  int count() const { return static_cast<int>(nodes_.size()); }
  WorldNode& node(int i) { return nodes_[static_cast<size_t>(i)]; }
  const ClusterState& state(int i) { return node(i).machine->state(); }

  void Start(int i);
  void Kill(int i);   // kill -9: its connections end
  void Pause(int i);  // kill -STOP: silence
  void Resume(int i);
  void Cut(int i, int j, bool both = true);  // packets from i to j get stuck
  void Heal();
  AdminReply Admin(int i, AdminCommand command, int slot = -1);
  void Configure(int i, const ClusterConfig& config);
  void Write(int i, int64_t bytes) { node(i).offset += bytes; }

  // Every fourth message takes up to so much longer. Messages of one connection keep their order.
  void set_slow(int64_t ms) { slow_ms_ = ms; }

  void Run(int64_t ms);
  // Runs until `done` or `limit_ms` have passed; the time it took, -1: it did not happen.
  int64_t RunUntil(const std::function<bool()>& done, int64_t limit_ms);
  bool AllOk();

  // "t=105 a: text" of all notices since the last call, ids replaced by names.
  std::string TakeLog();
  std::string Readable(std::string text) const;
  std::string NameOf(const NodeId& id) const;

  std::vector<std::string> faults;  // broken safety rules

 private:
  struct Connection {
    int from = 0;
    int to = 0;
    LinkId out;
    LinkId in;
    bool open = true;
    int64_t last_arrival[2] = {0, 0};  // to `to`, to `from`
    std::vector<std::function<void()>>
        stuck;  // sent while the way was cut; the world keeps all connections
  };
  void At(int64_t when, std::function<void()> action);
  void Deliver(int i, uint64_t life, std::function<Event()> make, int64_t* last_arrival = nullptr);
  MonoMs Clock(int i) {
    return MonoMs(1000 +
                  static_cast<int64_t>(static_cast<double>(now_ - 1000) * node(i).clock_rate));
  }
  void Feed(int i, Event event);
  void Obey(int i, Effects effects);
  void ObeyLink(int i, const LinkAction& action);
  void Dial(int i, const ConnectLink& connect);
  void Transmit(int i, const SendPacket& send);
  void Hang(int i, LinkId link);
  void Watch(int i, const Packet& packet);
  void WatchLeases();
  bool Serves(int i);
  void WatchSlots(int i, const Effects& effects);
  void Replicate(int i);
  void TickNode(int i, uint64_t life);
  bool Reaches(int i, int j) const { return cuts_.count({i, j}) == 0; }

  int64_t now_ = 1000;
  uint64_t sequence_ = 0;
  std::map<std::pair<int64_t, uint64_t>, std::function<void()>> queue_;
  std::vector<WorldNode> nodes_;
  std::vector<uint64_t>
      lives_;  // counts starts, so that what was meant for a dead process is dropped
  std::vector<std::shared_ptr<Connection>> connections_;
  std::set<std::pair<int, int>> cuts_;
  std::set<std::pair<NodeId, uint64_t>> votes_;  // voter, epoch
  bool by_hand_ = false;                         // slots were claimed without asking the voters
  std::set<uint64_t> winners_;                   // epochs of elections won
  uint64_t next_inbound_ = 1;
  uint64_t seed_;
  int64_t slow_ms_ = 0;
  Prng delays_;
  std::string log_;
};

}  // namespace pleiad::cluster::testing
