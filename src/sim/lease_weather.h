// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The lease's weather: three to five masters, two replicas of the first, and the one question
// whether two nodes ever take a write for its slot at the same instant. The rules of
// cluster/lease.cc differ only in coincidences of several faults within a node timeout; this finds
// them where Fleet does not: short runs, and thousands of them.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/mutation.h"

namespace pleiad::sim {

struct LeaseOptions {
  uint64_t seed = 1;
  cluster::Mutations mutations;
};

struct LeaseReport {
  uint64_t runs = 0;
  uint64_t steps = 0;
  int64_t virtual_us = 0;
  uint64_t wins = 0;     // elections won
  uint64_t strikes = 0;  // faults and operators
  uint64_t samples = 0;  // moments looked at, and those at which somebody took writes
  uint64_t served = 0;
  uint64_t violations = 0;
  std::string first;  // what was wrong first
  uint64_t hash = 0;

  void Add(const LeaseReport& other);
};

// One short run. `log` may be null.
LeaseReport RunLease(const LeaseOptions& options, std::string* log = nullptr);
// Seeds first to last, stopping behind the first with a violation if `stop`.
LeaseReport RunLeases(LeaseOptions options, uint64_t first, uint64_t last, bool stop);

std::string LeaseText(const LeaseReport& report, int64_t wall_ms);

}  // namespace pleiad::sim
