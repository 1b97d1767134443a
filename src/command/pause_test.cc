// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/pause.h"

#include <gtest/gtest.h>

namespace pleiad {
namespace {

TEST(Pauses, EndByTime) {
  Pauses pauses;
  EXPECT_EQ(pauses.At(MonoMs(5)), PauseLevel::kNone);
  pauses.Begin(PausePurpose::kClient, PauseLevel::kWrites, 100);
  EXPECT_EQ(pauses.level(), PauseLevel::kWrites);
  EXPECT_EQ(pauses.At(MonoMs(99)), PauseLevel::kWrites);
  EXPECT_EQ(pauses.At(MonoMs(100)), PauseLevel::kNone);
  EXPECT_EQ(pauses.level(), PauseLevel::kNone);
}

TEST(Pauses, TheLaterEndAndTheStricterLevelHold) {
  Pauses pauses;
  pauses.Begin(PausePurpose::kClient, PauseLevel::kAll, 100);
  pauses.Begin(PausePurpose::kClient, PauseLevel::kWrites, 50);
  EXPECT_EQ(pauses.At(MonoMs(60)), PauseLevel::kAll);
  pauses.Begin(PausePurpose::kClient, PauseLevel::kWrites, 200);
  EXPECT_EQ(pauses.Look(MonoMs(60)).end_ms, 200);
  EXPECT_EQ(pauses.At(MonoMs(199)), PauseLevel::kAll);
}

TEST(Pauses, PurposesEndApart) {
  Pauses pauses;
  pauses.Begin(PausePurpose::kClient, PauseLevel::kAll, 100);
  pauses.Begin(PausePurpose::kFailover, PauseLevel::kWrites, Pauses::kForEver);
  EXPECT_EQ(pauses.Look(MonoMs(1)).purpose, PausePurpose::kClient);
  EXPECT_EQ(pauses.Look(MonoMs(100)).level, PauseLevel::kWrites);
  EXPECT_EQ(pauses.Look(MonoMs(100)).purpose, PausePurpose::kFailover);
  pauses.End(PausePurpose::kClient);
  EXPECT_EQ(pauses.level(), PauseLevel::kWrites);
  pauses.End(PausePurpose::kFailover);
  EXPECT_EQ(pauses.level(), PauseLevel::kNone);
}

}  // namespace
}  // namespace pleiad
