// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Fleet: a cluster of simulated processes, from one seed. It feeds the production machines of
// src/cluster/, obeys their effects in the order that effects.h states, and moves a model of
// replication and of clients around them. One thread; the same seed and options give the same run,
// event by event.
//
//     Report report;
//     Fleet fleet(options, &report, nullptr);
//     fleet.Run();                    // faults, then healing, then the accounts
//
// A run has two phases. Safety: everything that the weather of this seed allows may fail; only
// rules that always hold are checked. Liveness: a part of the cluster that must be able to serve is
// healed, the rest is dead for ever, and what lives must serve again within a bound.
//
// What is the machine's own and what is a model. The machines, nodes.conf, the bus codec (for some
// of the packets) and the rules of partial resynchronisation are the code of the server. The model
// replays what runtime/ does around them: effects from top to bottom, an fsync that the bus thread
// waits for, the fence for views that are too old, one stream to each replica.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"
#include "sim/checker.h"
#include "sim/ledger.h"
#include "sim/network.h"
#include "sim/options.h"
#include "sim/process.h"
#include "sim/report.h"
#include "sim/timeline.h"

namespace pleiad::sim {

// What became of a client's write.
enum class Outcome : uint8_t { kOk, kMoved, kDown, kRefused };

class Fleet {
 public:
  // `timeline` and `log` (what the nodes log) may be null.
  Fleet(const SimOptions& options, Report* report, Timeline* timeline, std::string* log = nullptr);
  void Run();

  const Swarm& swarm() const { return swarm_; }

 private:
  struct Client {
    int at = 0;            // it is where this node is, as far as cuts go
    uint64_t waiting = 0;  // the value it waits for; 0: none
    int slot = 0;
    int tries = 0;
    std::vector<int> map;  // watched slot -> node
  };
  struct Fault {
    FaultKind kind = FaultKind::kKill;
    int node = -1;
    std::vector<std::pair<int, int>> cuts;
    std::vector<int> nodes;
    Us from = 0;
    bool over = false;
    std::string text;
  };

  static size_t Index(int i) { return static_cast<size_t>(i); }
  Process& node(int i) { return nodes_[static_cast<size_t>(i)]; }
  int count() const { return static_cast<int>(nodes_.size()); }

  // --- fleet.cc: set-up, the loop
  void Found();
  std::string FirstDisk(int i) const;
  void RunUntil(Us end);
  void Dispatch(HeapEvent event);
  void Deliver(HeapEvent event);
  void Handle(HeapEvent event);
  void Watch();
  void Mix(uint64_t x) { report_->hash = (report_->hash ^ x) * 0x100000001b3ULL + (x >> 29); }
  void MixText(std::string_view text);
  void Probe(const char* name) { ++report_->probes[name]; }
  Us Exponential(Us mean);
  Us Some(Us below) { return static_cast<Us>(prng_.Below(static_cast<uint64_t>(below))); }
  int64_t Mono(const Process& p) const { return p.clock.Mono(now_).value; }
  void After(Us delay, Kind kind, int node, uint64_t life, uint64_t a = 0);

  // --- fleet_process.cc: a process and its effects
  void Start(int i);
  void Kill(int i, bool power);
  void Pause(int i);
  void Resume(int i);
  void NoteRound(Process& p);
  void Feed(int i, cluster::Event event);
  void Obey(int i, cluster::Effects effects);
  void ObeyRest(int i, cluster::Effects effects);
  void OnDiskDone(int i);
  void BeginSave(int i, std::string content, cluster::Effects then);
  void Saved(Process& p, std::string content);
  void ObeySlots(Process& p, const cluster::Effects& effects);
  void ReadTraces(Process& p, const cluster::Effects& effects);
  void Drain(int i);
  void OnTimer(int i);
  void Tick(int i);
  void MixEffects(const Process& p, const cluster::Effects& effects);
  void Show(Process& p);
  // Into the log, beside what the nodes say themselves.
  void Say(int i, std::string_view text);
  void OnWin(Process& p, bool manual);
  int ShardOf(const Process& p) const;  // of its slots, or its master's; -1: of none

  // --- fleet_bus.cc: the network
  void Dial(int i, const cluster::ConnectLink& connect);
  void Transmit(int i, cluster::SendPacket send);
  void Hang(int i, cluster::LinkId link);
  void HangNumber(size_t number, int side);
  void Carry(size_t number, int side, cluster::Event event);
  void Push(size_t number, int side, HeapEvent event);
  void Heal();
  void Unstick(size_t number, uint64_t serial);
  void ResetConnection(size_t number);
  Us Delay(int from, int to);

  // --- fleet_data.cc: replication and clients
  void SetRole(Process& p, const cluster::ReplicationRole& role);
  void DropSession(Process& p);
  void DropFeeds(Process& p);
  void TryReplicate(int i, uint64_t attempt);
  void SendRepl(int from, int to, ReplMessage message, Us extra = 0);
  void OnRepl(int i, ReplMessage& message);
  void OnPsync(int i, ReplMessage& message);
  void OnMasterData(Process& p, ReplMessage& message);
  void Flush(int i, int replica);
  void ReplCron(int i);
  void Append(Process& p, Entry entry);
  cluster::ReplicationProgress Progress(const Process& p) const;
  bool WouldAccept(const Process& p, int slot) const;
  void BeginOp(int client);
  void OnRequest(int i, Op op);
  void OnReply(Op op);
  void OnTimeout(int client, uint64_t value);
  void CountOverlap(int i, int slot);
  void ClientLater(int client, Us delay);

  // --- fleet_faults.cc, fleet_liveness.cc
  void NextFault();
  void BeginFault();
  void EndFault(size_t number);
  int PickNode(bool (*wanted)(const Process&));
  void CutPair(Fault* fault, int from, int to, bool both);
  void CutGroups(Fault* fault, const std::vector<uint8_t>& side, bool one_way);
  bool Inflict(Fault* fault);
  bool InflictCut(Fault* fault);
  bool AskForFailover(Fault* fault);
  void NoteCuts();
  void HealAll();
  std::vector<int> PickDead();
  bool Converged(std::string* why);
  bool Replicated() const;
  void Liveness();
  void Accounts();

  const SimOptions options_;
  Swarm swarm_;
  Report* report_;
  Timeline* timeline_;
  std::string* log_;
  Prng prng_;
  Us now_ = 0;
  Heap heap_;
  Network network_;
  std::vector<Process> nodes_;
  std::vector<uint16_t> slots_;      // watched: some of each shard
  std::vector<int16_t> slot_index_;  // slot -> index, -1
  std::vector<int> slot_shard_;
  int masters_ = 0;
  std::vector<int> authority_;  // by shard: the winner of its last election
  Checker checker_;
  Ledger ledger_;
  std::vector<Client> clients_;
  std::vector<Fault> faults_;
  bool faults_on_ = true;
  bool clients_on_ = true;
  bool converged_ = false;
  uint64_t next_value_ = 1;
  uint64_t next_session_ = 1;
  std::vector<Us> overlap_since_;  // by watched slot; -1: none
  std::vector<Us> overlap_last_;
  std::vector<Us> last_ok_;  // by watched slot: a client's last acknowledged write
};

}  // namespace pleiad::sim
