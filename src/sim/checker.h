// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Checker: what must hold, watched from outside the code under test. It keeps a ledger of what
// nodes said (votes, claims, failure reports) and did (accepted writes), and compares.
//
//   S1  config epochs of a node, and epochs it voted or stood in, never go back, across its lives;
//       currentEpoch never in one life, and it covers every config epoch
//   S2  one vote per voter and epoch; one winner per epoch, with votes of a majority of distinct
//       voters
//   S3  no vote, request for votes or claim leaves before it is on disk
//   S4  a slot and a config epoch have one claimer
//   S5  no write is accepted by a node that is not master of the slot, or not ok
//   S6  the table agrees with itself
//   S7  FAIL is announced only by who saw reports of a majority, or was told
//   S8  an acknowledged write is where it must be, or its loss has a known cause
//   S9  a manual failover (neither FORCE nor TAKEOVER) loses nothing
//   S11 queues and lists stay small
//
// Cost: a few table look-ups per packet.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sim/process.h"
#include "sim/report.h"

namespace pleiad::sim {

class Checker {
 public:
  // `slots`: the watched slots. `voters`: the masters with slots; their number never changes.
  Checker(Report* report, uint64_t seed, std::vector<uint16_t> slots, int nodes, int voters);

  void Fail(Us now, const char* rule, std::string text);

  // After each step of the machine, before its effects are obeyed.
  void AfterStep(Us now, Process& p);
  // Before a step: why the event, if it is a request for votes, must not be granted. Empty: it may.
  std::string WhyNoVote(const Process& p, const cluster::Event& event) const;
  void CheckNoVote(Us now, const Process& p, const cluster::Effects& effects,
                   const std::string& why);
  // A packet leaves.
  void OnSend(Us now, Process& p, const cluster::Packet& packet);
  // A FAIL packet reached it.
  void OnFailHeard(int node, const NodeId& about);
  // A vote reached a candidate.
  void OnBallot(int candidate, int voter, uint64_t epoch);
  void OnWin(Us now, Process& p, Epoch epoch);
  // Slow: the whole table of a node.
  void CheckTable(Us now, const Process& p);

  int IndexOf(const NodeId& id) const {
    const auto it = index_.find(id);
    return it == index_.end() ? -1 : it->second;
  }
  void Name(const NodeId& id, int index) { index_[id] = index; }
  int voters() const { return voters_; }

 private:
  void CheckVote(Us now, Process& p, const cluster::Packet& packet);
  void CheckClaim(Us now, Process& p, const cluster::Packet& packet);
  void CheckFail(Us now, Process& p, const cluster::Packet& packet);
  void NoteReports(Us now, const Process& p, const cluster::Packet& packet);

  Report* report_;
  uint64_t seed_;
  std::vector<uint16_t> slots_;
  int voters_;
  std::unordered_map<NodeId, int> index_;
  // A report may travel long: across a cut, or in the sockets of a stopped process.
  static constexpr Us kReportTravel = 60 * kSecond;
  std::set<std::pair<int, uint64_t>> votes_;                   // voter, epoch
  std::map<std::pair<int, uint64_t>, std::set<int>> ballots_;  // candidate, epoch -> voters
  std::map<std::pair<int, uint64_t>, int> requests_;           // candidate, epoch
  std::map<uint64_t, int> winners_;                            // by epoch
  std::map<std::pair<int, uint64_t>, int> claims_;             // watched slot, epoch -> claimer
  std::map<std::pair<int, int>, Us> reports_;                  // reporter, about -> when
  std::set<std::pair<int, int>> fail_heard_;                   // node, about
  std::vector<int64_t> claimed_epoch_;                         // last one looked at, by node
};

}  // namespace pleiad::sim
