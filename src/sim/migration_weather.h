// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Slot migration in a small world: both sessions of src/migration and the cluster machines, while
// everything fails that can. A slot wanders between three to five masters with replicas; a client
// writes to it. What runtime/{export,import}_link do around the sessions is a model: the snapshot,
// the records behind it, the hold, what replicas have, the claim.
//
//   S10  no two nodes take a write for the slot at the same instant; no acknowledged write is lost,
//        but by a failover that its own shard had not replicated yet; none is there twice; at the
//        end one master has it all, nobody else has any of it, and no client waits
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "cluster/mutation.h"

namespace pleiad::sim {

// A rule of the handover that is broken on purpose, in the driver's model.
enum class MigrationFault : uint8_t {
  kNone,
  kNoHold,          // the source goes on taking writes after it was asked to hold
  kGrantUndrained,  // the source grants before its last records are out and its replicas have them
  kNoOutbid,        // the source goes on after a grant without a greater epoch
  kServeUnsettled,  // the target serves before its claim is confirmed
};
inline constexpr int kMigrationFaults = 5;

struct MigrationOptions {
  uint64_t seed = 1;
  MigrationFault fault = MigrationFault::kNone;
  cluster::Mutations mutations;
};

struct MigrationReport {
  uint64_t runs = 0;
  uint64_t steps = 0;
  int64_t virtual_us = 0;
  uint64_t strikes = 0;
  uint64_t begun = 0;
  uint64_t finished = 0;
  uint64_t rolled_back = 0;
  uint64_t died = 0;  // with one side's process
  uint64_t writes = 0;
  uint64_t excused = 0;
  uint64_t violations = 0;
  std::string first;
  std::map<std::string, uint64_t> probes;  // "kill in snapshotting"
  uint64_t hash = 0;

  void Add(const MigrationReport& other);
};

MigrationReport RunMigration(const MigrationOptions& options, std::string* log = nullptr);
MigrationReport RunMigrations(MigrationOptions options, uint64_t first, uint64_t last, bool stop);
std::string MigrationText(const MigrationReport& report, int64_t wall_ms);

}  // namespace pleiad::sim
