// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A short campaign, and the proof that it would notice: each broken rule is found.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "sim/ledger.h"
#include "sim/run.h"

namespace pleiad::sim {
namespace {

// A sanitizer looks at memory, and an eighth of the seeds goes through the same code.
#ifdef PLEIAD_SANITIZED
constexpr uint64_t kShare = 8;
#else
constexpr uint64_t kShare = 1;
#endif

std::string FirstViolation(const Report& report) {
  if (report.violations.empty()) return "none";
  const Violation& v = report.violations.front();
  return fmt::format("{} seed {} at {} us: {}", v.rule, v.seed, v.at, v.text);
}

Report Campaign(SimOptions options, uint64_t first, uint64_t last, bool stop) {
  Report sum;
  for (uint64_t seed = first; seed <= last; ++seed) {
    options.seed = seed;
    sum.Add(RunSeed(options, nullptr, nullptr));
    if (stop && sum.violations_total > 0) break;
  }
  return sum;
}

TEST(Sim, SixNodesKeepTheirPromises) {
  SimOptions options;
  options.safety_ms = 60'000;
  const Report report = Campaign(options, 1, 24 / kShare, true);
  EXPECT_EQ(report.violations_total, 0U) << FirstViolation(report);
  EXPECT_GT(report.wins, 0U);
  EXPECT_GT(report.writes_acked, 0U);
}

TEST(Sim, TwelveNodesWithTwoReplicasKeepTheirPromises) {
  SimOptions options;
  options.nodes = 12;
  options.replicas = 2;
  options.safety_ms = 60'000;
  options.codec_one_in = 1;
  options.check_twice = false;
  const Report report = Campaign(options, 1, std::max<uint64_t>(1, 6 / kShare), true);
  EXPECT_EQ(report.violations_total, 0U) << FirstViolation(report);
  EXPECT_GT(report.wins, 0U);
}

TEST(Sim, OneSeedIsOneRun) {
  SimOptions options;
  options.check_twice = false;
  options.safety_ms = 20'000;
  const uint64_t once = RunSeed(options, nullptr, nullptr).hash;
  EXPECT_EQ(RunSeed(options, nullptr, nullptr).hash, once);
  options.seed = 2;
  EXPECT_NE(RunSeed(options, nullptr, nullptr).hash, once);
}

TEST(Sim, ItIsDrawn) {
  SimOptions options;
  options.check_twice = false;
  options.safety_ms = 20'000;
  Timeline timeline;
  timeline.nodes = options.nodes;
  RunSeed(options, &timeline, nullptr);
  EXPECT_FALSE(timeline.changes.empty());
  const std::string svg = DrawTimeline(timeline, "a run");
  EXPECT_EQ(svg.rfind("<svg", 0), 0U);
  EXPECT_NE(svg.find("node 5"), std::string::npos);
  EXPECT_EQ(svg.substr(svg.size() - 7), "</svg>\n");
}

TEST(Sim, TheLedgerKnowsWhatIsMissing) {
  Ledger ledger;
  std::vector<Entry> master;
  for (uint64_t value = 1; value <= 5; ++value) {
    ledger.Accepted(value, 0, 0, 0);
    ledger.Acked(value);
    master.push_back({0, value});
  }
  std::vector<Entry> replica(master.begin(), master.begin() + 3);
  replica.push_back({0, 9});
  EXPECT_EQ(ledger.Compare(master, replica, "failover"), 2U);
  EXPECT_EQ(ledger.Compare(master, replica, "again"), 0U);
  EXPECT_EQ(ledger.writes()[2].cause, nullptr);
  EXPECT_STREQ(ledger.writes()[3].cause, "failover");
}

class BrokenRule : public ::testing::TestWithParam<int> {};

TEST_P(BrokenRule, IsNoticed) {
  if (kShare > 1) GTEST_SKIP() << "about rules, not memory: builds without sanitizers run it";
  SimOptions options;
  options.check_twice = false;
  options.codec_one_in = 0;
  options.safety_ms = 60'000;
  options.mutations.Add(static_cast<cluster::Mutation>(GetParam()));
  EXPECT_GT(Campaign(options, 1, 200, true).violations_total, 0U);
}

std::string MutationName(const ::testing::TestParamInfo<int>& info) {
  std::string name;
  for (const char c : cluster::kMutationNames[static_cast<size_t>(info.param)]) {
    name += c == '-' ? '_' : c;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Sim, BrokenRule, ::testing::Range(0, cluster::kFirstLeaseMutation),
                         MutationName);

}  // namespace
}  // namespace pleiad::sim
