// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Slot migration in its own weather: as it is it holds, and its rules are needed.
#include "sim/migration_weather.h"

#include <gtest/gtest.h>

namespace pleiad::sim {
namespace {

#ifdef PLEIAD_SANITIZED
constexpr uint64_t kMigrationShare = 15;
#else
constexpr uint64_t kMigrationShare = 1;
#endif

TEST(MigrationWeather, NothingIsLostAndNobodyWritesTwice) {
  const MigrationReport report = RunMigrations({}, 1, 150 / kMigrationShare, true);
  EXPECT_EQ(report.violations, 0U) << report.first;
  EXPECT_GT(report.finished, report.runs);  // else it would be easy
  EXPECT_GT(report.rolled_back, 0U);
}

TEST(MigrationWeather, OneSeedIsOneRun) {
  MigrationOptions options;
  options.seed = 5;
  const uint64_t once = RunMigration(options).hash;
  EXPECT_EQ(RunMigration(options).hash, once);
  options.seed = 6;
  EXPECT_NE(RunMigration(options).hash, once);
}

// The run of `seed`; should it have become another one, any of the first thousands.
bool IsNoticed(MigrationOptions options, uint64_t seed) {
  options.seed = seed;
  return RunMigration(options).violations > 0 ||
         RunMigrations(options, 1, 6000, true).violations > 0;
}

struct MigrationRule {
  cluster::Mutation broken;
  uint64_t seed;
};

class MachineRule : public ::testing::TestWithParam<MigrationRule> {};

TEST_P(MachineRule, IsNeeded) {
  if (kMigrationShare > 1) GTEST_SKIP() << "about rules: builds without sanitizers run it";
  MigrationOptions options;
  options.mutations.Add(GetParam().broken);
  EXPECT_TRUE(IsNoticed(options, GetParam().seed));
}

INSTANTIATE_TEST_SUITE_P(Migration, MachineRule,
                         ::testing::Values(MigrationRule{cluster::Mutation::kOutbidUnasked, 20},
                                           MigrationRule{cluster::Mutation::kPromiseForgotten, 776},
                                           MigrationRule{cluster::Mutation::kPromiseAndFailover,
                                                         121},
                                           MigrationRule{cluster::Mutation::kWordForEver, 1638},
                                           MigrationRule{cluster::Mutation::kLeaseOfBefore, 4661}),
                         [](const auto& test) {
                           std::string name;
                           for (const char c :
                                cluster::kMutationNames[static_cast<size_t>(test.param.broken)])
                             name += c == '-' ? '_' : c;
                           return name;
                         });

class DriverRule : public ::testing::TestWithParam<MigrationFault> {};

TEST_P(DriverRule, IsNeeded) {
  if (kMigrationShare > 1) GTEST_SKIP() << "about rules: builds without sanitizers run it";
  MigrationOptions options;
  options.fault = GetParam();
  const MigrationReport report = RunMigrations(options, 1, 3000, true);
  EXPECT_GT(report.violations, 0U);
  RecordProperty("found", report.first);
}

INSTANTIATE_TEST_SUITE_P(Migration, DriverRule,
                         ::testing::Values(MigrationFault::kNoHold, MigrationFault::kGrantUndrained,
                                           MigrationFault::kNoOutbid,
                                           MigrationFault::kServeUnsettled));

}  // namespace
}  // namespace pleiad::sim
