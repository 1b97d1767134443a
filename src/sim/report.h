// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a run found and met, as plain data; sums over seeds; and as text.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/options.h"

namespace pleiad::sim {

struct Violation {
  uint64_t seed = 0;
  Us at = 0;
  std::string rule;  // "S2", ...
  std::string text;
};

struct Report {
  uint64_t seeds = 0;
  uint64_t hash = 0;  // of all effects of all runs, in order
  std::vector<Violation> violations;
  uint64_t violations_total = 0;

  Us virtual_us = 0;
  uint64_t steps = 0;
  uint64_t packets = 0;
  uint64_t bytes = 0;  // of the packets, as the wire would carry them
  std::array<uint64_t, kFaultKinds> faults{};
  uint64_t starts = 0;
  uint64_t elections = 0;  // requests for votes under a new epoch
  uint64_t wins = 0;
  uint64_t votes = 0;

  uint64_t writes_acked = 0;
  uint64_t writes_refused = 0;
  uint64_t writes_unknown = 0;
  // Acknowledged writes that are gone at the end, by why.
  std::map<std::string, uint64_t> lost;
  // Writes accepted by a node while another one would have accepted them too (no lease in force).
  uint64_t overlaps = 0;
  Us overlap_longest = 0;
  // From the beginning of a cut to the last write that its minority master accepted, as a share of
  // the node timeout, in thousandths.
  int64_t fence_permille_max = 0;
  Us converge_longest = 0;  // after the last fault of the liveness phase
  Us converge_sum = 0;
  std::map<std::string, uint64_t> probes;  // rare paths and how often they were taken

  void Add(const Report& other);
};

// Every probe that a campaign of ordinary size must hit.
const std::vector<std::string>& RequiredProbes();
std::vector<std::string> MissingProbes(const Report& report);

// The closing page of a campaign, for a terminal. wall_ms: how long it took.
std::string SummaryText(const Report& report, const SimOptions& options, int64_t wall_ms,
                        bool colour);
std::string ReportJson(const Report& report, const SimOptions& options, int64_t wall_ms);
// The command that repeats a seed.
std::string ReplayLine(const SimOptions& options, uint64_t seed);

}  // namespace pleiad::sim
