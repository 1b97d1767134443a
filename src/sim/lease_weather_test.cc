// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The lease in its own weather: as it is it holds, and each of its rules is needed.
#include "sim/lease_weather.h"

#include <gtest/gtest.h>

#include "sim/run.h"

namespace pleiad::sim {
namespace {

#ifdef PLEIAD_SANITIZED
constexpr uint64_t kLeaseShare = 20;
#else
constexpr uint64_t kLeaseShare = 1;
#endif

TEST(LeaseWeather, NoInstantHasTwoWriters) {
  const LeaseReport report = RunLeases({}, 1, 300 / kLeaseShare, true);
  EXPECT_EQ(report.violations, 0U) << report.first;
  EXPECT_GT(report.wins, 0U);
  EXPECT_GT(report.served * 4, report.samples);  // else it would be easy
}

TEST(LeaseWeather, OneSeedIsOneRun) {
  LeaseOptions options;
  options.seed = 5;
  const uint64_t once = RunLease(options).hash;
  EXPECT_EQ(RunLease(options).hash, once);
  options.seed = 6;
  EXPECT_NE(RunLease(options).hash, once);
}

// These had two writers once.
TEST(LeaseWeather, SeedsOfFormerFaults) {
  for (const uint64_t seed : {3202ULL, 8257ULL, 10660ULL}) {
    LeaseOptions options;
    options.seed = seed;
    const LeaseReport report = RunLease(options);
    EXPECT_EQ(report.violations, 0U) << report.first;
  }
}

// A rule and a run that shows what it is for: found by a search, and near where it will be found
// again when the machine's ways change (see Rule.IsNeeded).
struct LeaseRule {
  cluster::Mutation broken;
  uint64_t seed;
};

class Rule : public ::testing::TestWithParam<LeaseRule> {};

// The run of that seed; should it have become another one, any of the first thousands.
TEST_P(Rule, IsNeeded) {
  if (kLeaseShare > 1) GTEST_SKIP() << "about rules, not memory: builds without sanitizers run it";
  LeaseOptions options;
  options.seed = GetParam().seed;
  options.mutations.Add(GetParam().broken);
  if (RunLease(options).violations > 0) return;
  EXPECT_GT(RunLeases(options, 1, 3000, true).violations, 0U);
}

std::string RuleName(const ::testing::TestParamInfo<LeaseRule>& info) {
  std::string name;
  for (const char c : cluster::kMutationNames[static_cast<size_t>(info.param.broken)]) {
    name += c == '-' ? '_' : c;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Lease, Rule,
                         ::testing::Values(LeaseRule{cluster::Mutation::kLeaseDatedAtReceipt, 277},
                                           LeaseRule{cluster::Mutation::kLeaseNeverContested, 12},
                                           LeaseRule{cluster::Mutation::kLeaseCountsItself, 518},
                                           LeaseRule{cluster::Mutation::kLeaseNotBefore, 246},
                                           LeaseRule{cluster::Mutation::kLeaseStaleGranted, 137},
                                           LeaseRule{cluster::Mutation::kLeaseBootForgotten, 777}),
                         RuleName);

}  // namespace
}  // namespace pleiad::sim
