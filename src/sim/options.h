// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a run is: everything that a seed does not decide, and what it does (Swarm).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "cluster/mutation.h"
#include "sim/heap.h"

namespace pleiad::sim {

struct SimOptions {
  uint64_t seed = 1;
  int nodes = 6;                 // masters and replicas together
  int replicas = 1;              // of each master
  int64_t safety_ms = 120'000;   // virtual time with faults
  int64_t node_timeout_ms = 0;   // 0: the seed draws it
  int codec_one_in = 8;          // so many packets pass through the bytes of the wire; 1: all
  bool check_twice = true;       // run the seed twice and compare
  cluster::Mutations mutations;  // rules of src/cluster/ that are broken on purpose
};

enum class FaultKind : uint8_t {
  kKill,       // kill -9, started again later
  kPower,      // the machine goes dark: no FIN, unsynced data is lost
  kPause,      // SIGSTOP, SIGCONT
  kSplit,      // two halves
  kIsolate,    // one node alone
  kOneWay,     // one direction of one node, or of one pair
  kBridge,     // two halves that share one node
  kWallStep,   // the wall clock jumps
  kSlowDisk,   // fsyncs take long
  kReset,      // TCP resets on some links
  kSlowNode,   // all paths of one node are slow
  kManual,     // CLUSTER FAILOVER on a replica
  kMasterCut,  // a master is cut from the other masters, or from its replicas
  kAll,        // all processes end at once and start in random order
};
inline constexpr int kFaultKinds = 14;
inline constexpr std::array<const char*, kFaultKinds> kFaultNames = {
    "kill", "power", "pause", "split",     "isolate", "one-way",    "bridge",
    "wall", "disk",  "reset", "slow-node", "manual",  "master-cut", "all"};

// Each seed draws its own weather, so that rare combinations become common in some seeds.
struct Swarm {
  int64_t node_timeout_ms = 2000;
  Us delay_min = 100;
  Us delay_mean = 500;        // one way, on top of the minimum, exponential
  int stall_per_million = 0;  // packets that hold up their path
  Us stall_mean = 0;
  int reset_per_million = 0;      // packets that find their connection reset
  Us disk_mean = 300;             // an fsync
  Us fault_every = 10 * kSecond;  // mean time between faults
  Us fault_length = 4 * kSecond;  // mean
  std::array<int, kFaultKinds> weight{};
  int clients = 6;
  Us think_mean = 40 * kMs;
  Us full_sync_mean = 300 * kMs;
  int64_t backlog = 10'000;  // entries
  int drift_ppm_max = 200;
  bool full_coverage = true;

  static Swarm Draw(uint64_t seed, const SimOptions& options);
};

}  // namespace pleiad::sim
