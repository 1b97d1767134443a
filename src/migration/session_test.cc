// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Both sessions of a slot migration against each other and against bad luck.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "migration/export_session.h"
#include "migration/import_session.h"

namespace pleiad::migration {
namespace {

using Ek = ExportEffect::Kind;
using Ik = ImportEffect::Kind;
using ExportState = ExportSession::State;
using ImportState = ImportSession::State;

const std::string kSource(40, 'a');
const std::string kTarget(40, 'b');

Job MakeJob() {
  return {std::string(40, 'c'),
          *NodeId::Parse(kSource),
          *NodeId::Parse(kTarget),
          {{SlotId(3), SlotId(5)}, {SlotId(9), SlotId(9)}}};
}

class ExportTest : public testing::Test {
 protected:
  void Make(ExportOptions options = {}) {
    session_ = std::make_unique<ExportSession>(MakeJob(), std::move(options), MonoMs(1000));
  }
  ExportSession::Effects Do(ExportInput::Kind kind, int64_t at, std::string_view text = {},
                            int64_t sent = 0) {
    return session_->Step({.kind = kind, .now = MonoMs(at), .text = text, .sent = sent});
  }
  static std::vector<Ek> Kinds(const ExportSession::Effects& effects) {
    std::vector<Ek> kinds;
    for (const auto& effect : effects) kinds.push_back(effect.kind);
    return kinds;
  }
  void ToStreaming() {
    EXPECT_EQ(Kinds(Do(ExportInput::Kind::kTick, 1000)), std::vector<Ek>{Ek::kConnect});
    EXPECT_EQ(Kinds(Do(ExportInput::Kind::kConnected, 1001)), std::vector<Ek>{Ek::kSend});
    EXPECT_EQ(Kinds(Do(ExportInput::Kind::kLine, 1002, "+OK")), std::vector<Ek>{Ek::kSnapshot});
    EXPECT_EQ(Kinds(Do(ExportInput::Kind::kSnapshotSent, 1003)), std::vector<Ek>{Ek::kSend});
    EXPECT_EQ(session_->state(), ExportState::kStreaming);
  }
  void ToHolding() {
    ToStreaming();
    EXPECT_EQ(Kinds(Do(ExportInput::Kind::kTick, 1004)), std::vector<Ek>{Ek::kSend});
    EXPECT_EQ(Kinds(Do(ExportInput::Kind::kLine, 1005, "+PAUSE 17 1000")),
              std::vector<Ek>{Ek::kHold});
  }
  void ToGranted() {
    ToHolding();
    EXPECT_EQ(Kinds(Do(ExportInput::Kind::kDrained, 1006)), std::vector<Ek>{Ek::kSend});
    EXPECT_EQ(session_->state(), ExportState::kGranted);
  }
  std::unique_ptr<ExportSession> session_;
};

TEST_F(ExportTest, EstablishesWithAuth) {
  Make({.user = "u", .password = "p"});
  Do(ExportInput::Kind::kTick, 1000);
  const auto effects = Do(ExportInput::Kind::kConnected, 1001);
  ASSERT_EQ(effects.size(), 1U);
  EXPECT_TRUE(effects[0].text.starts_with("*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n*10\r\n"));
  EXPECT_TRUE(effects[0].text.ends_with("$1\r\n3\r\n$1\r\n5\r\n$1\r\n9\r\n$1\r\n9\r\n"));
  EXPECT_TRUE(Do(ExportInput::Kind::kLine, 1002, "+OK").empty()) << "AUTH's";
  EXPECT_EQ(Kinds(Do(ExportInput::Kind::kLine, 1002, "+OK")), std::vector<Ek>{Ek::kSnapshot});
}

TEST_F(ExportTest, WaitsForABusyTargetAndGivesUp) {
  Make({.busy_ms = 500});
  Do(ExportInput::Kind::kTick, 1000);
  Do(ExportInput::Kind::kConnected, 1001);
  EXPECT_EQ(Kinds(Do(ExportInput::Kind::kLine, 1002, "-BUSY another")),
            std::vector<Ek>{Ek::kClose});
  EXPECT_TRUE(Do(ExportInput::Kind::kTick, 1050).empty());
  EXPECT_EQ(Kinds(Do(ExportInput::Kind::kTick, 1102)), std::vector<Ek>{Ek::kConnect});
  Do(ExportInput::Kind::kConnected, 1600);
  EXPECT_EQ(Kinds(Do(ExportInput::Kind::kLine, 1601, "-BUSY another")),
            (std::vector<Ek>{Ek::kClose, Ek::kFinish}));
}

TEST_F(ExportTest, HandsOverWhenLittleIsLeft) {
  Make({.lag_max = 100});
  ToStreaming();
  EXPECT_TRUE(Do(ExportInput::Kind::kTick, 1004, {}, 5000).empty()) << "too much behind";
  EXPECT_TRUE(Do(ExportInput::Kind::kLine, 1005, "+APPLIED 4899").empty());
  EXPECT_TRUE(Do(ExportInput::Kind::kTick, 1006, {}, 5000).empty());
  Do(ExportInput::Kind::kLine, 1007, "+APPLIED 4900");
  EXPECT_EQ(Kinds(Do(ExportInput::Kind::kTick, 1008, {}, 5000)), std::vector<Ek>{Ek::kSend});
  EXPECT_EQ(Kinds(Do(ExportInput::Kind::kLine, 1009, "+PAUSE 17 1000")),
            std::vector<Ek>{Ek::kHold});
  EXPECT_EQ(Kinds(Do(ExportInput::Kind::kDrained, 1010)), std::vector<Ek>{Ek::kSend});
  EXPECT_TRUE(Do(ExportInput::Kind::kLine, 1011, "+CLAIMED").empty()) << "the bus will say it";
  const auto end = Do(ExportInput::Kind::kMoved, 1012);
  EXPECT_EQ(end.back().kind, Ek::kFinish);
  EXPECT_EQ(end.back().outcome, Outcome::kSuccess);
}

TEST_F(ExportTest, BeforeTheGrantAnythingLetsClientsGoOn) {
  for (const auto kind : {ExportInput::Kind::kClosed, ExportInput::Kind::kBroken,
                          ExportInput::Kind::kCancel, ExportInput::Kind::kLine}) {
    Make();
    ToHolding();
    const auto end = Do(kind, 1010, kind == ExportInput::Kind::kLine ? "-ERR no" : "why");
    ASSERT_EQ(end.front().kind, Ek::kRelease);
    EXPECT_EQ(end.front().epoch, Epoch(0)) << "nothing can have been claimed";
    EXPECT_EQ(end.back().kind, Ek::kFinish);
  }
  Make();
  ToHolding();
  EXPECT_TRUE(Do(ExportInput::Kind::kTick, 2004).empty());
  EXPECT_EQ(Do(ExportInput::Kind::kTick, 2005).front().kind, Ek::kRelease) << "held too long";
}

TEST_F(ExportTest, AGrantThatComesTooLateIsNotGiven) {
  Make();
  ToHolding();
  const auto end = Do(ExportInput::Kind::kDrained, 2005);
  EXPECT_EQ(end.front().kind, Ek::kRelease);
  EXPECT_EQ(end.back().outcome, Outcome::kFailed);
}

TEST_F(ExportTest, AfterTheGrantOnlyTheBusARefusalOrTimeDecide) {
  Make();
  ToGranted();
  EXPECT_TRUE(Do(ExportInput::Kind::kCancel, 1010).empty());
  EXPECT_TRUE(Do(ExportInput::Kind::kBroken, 1010, "FLUSHALL").empty());
  EXPECT_TRUE(Do(ExportInput::Kind::kClosed, 1011, "reset").empty());
  EXPECT_TRUE(Do(ExportInput::Kind::kTick, 1006 + 1499).empty());
  const auto end = Do(ExportInput::Kind::kTick, 1006 + 1500);
  ASSERT_EQ(end.front().kind, Ek::kRelease);
  EXPECT_EQ(end.front().epoch, Epoch(17)) << "a claim under it may still come";

  Make();
  ToGranted();
  const auto refused = Do(ExportInput::Kind::kLine, 1010, "-ERR no");
  ASSERT_EQ(refused.front().kind, Ek::kRelease);
  EXPECT_EQ(refused.front().epoch, Epoch(0));

  Make();
  ToGranted();
  EXPECT_TRUE(Do(ExportInput::Kind::kLine, 1010, "+CLAIMED").empty());
  EXPECT_TRUE(Do(ExportInput::Kind::kClosed, 1011, "reset").empty());
  EXPECT_TRUE(Do(ExportInput::Kind::kTick, 100000).empty()) << "they are the target's";
  EXPECT_EQ(Kinds(Do(ExportInput::Kind::kMoved, 100001)).back(), Ek::kFinish);
}

TEST_F(ExportTest, NonsenseFromTheTargetEndsIt) {
  for (const char* line : {"+PAUSE", "+PAUSE x 1000", "+PAUSE 0 1000", "+PAUSE 5 0", "+PAUSE 5 -1",
                           "+PAUSE 5 99999999"}) {
    Make();
    ToStreaming();
    Do(ExportInput::Kind::kTick, 1004);
    const auto end = Do(ExportInput::Kind::kLine, 1005, line);
    if (std::string_view(line) == "+PAUSE") {
      EXPECT_TRUE(end.empty()) << "not a word it knows";
    } else {
      ASSERT_FALSE(end.empty()) << line;
      EXPECT_EQ(end.back().kind, Ek::kFinish) << line;
    }
  }
  Make();
  ToStreaming();
  EXPECT_TRUE(Do(ExportInput::Kind::kLine, 1005, "+PAUSE 5 1000").empty()) << "nobody asked";
}

class ImportTest : public testing::Test {
 protected:
  ImportSession::Effects Do(ImportInput::Kind kind, int64_t at, std::string_view text = {},
                            Epoch epoch = Epoch(0)) {
    return session_->Step({.kind = kind, .now = MonoMs(at), .text = text, .epoch = epoch});
  }
  static std::vector<Ik> Kinds(const ImportSession::Effects& effects) {
    std::vector<Ik> kinds;
    for (const auto& effect : effects) kinds.push_back(effect.kind);
    return kinds;
  }
  void ToPausing() {
    EXPECT_TRUE(Do(ImportInput::Kind::kEof, 10).empty());
    EXPECT_EQ(Kinds(Do(ImportInput::Kind::kPrepare, 15)), std::vector<Ik>{Ik::kWaitReplicas});
    const auto pause = Do(ImportInput::Kind::kReplicasReady, 20, {}, Epoch(7));
    ASSERT_EQ(pause.size(), 1U);
    EXPECT_EQ(pause[0].text, "+PAUSE 7 1000\r\n");
  }
  void Make() { session_ = std::make_unique<ImportSession>(ImportOptions{}, MonoMs(0)); }
  void SetUp() override { Make(); }
  std::unique_ptr<ImportSession> session_;
};

TEST_F(ImportTest, ClaimsUnderThePromisedEpochInTime) {
  ToPausing();
  EXPECT_EQ(Kinds(Do(ImportInput::Kind::kGrant, 30)), std::vector<Ik>{Ik::kWaitReplicas});
  const auto claim = Do(ImportInput::Kind::kReplicasReady, 40);
  ASSERT_EQ(claim.size(), 1U);
  EXPECT_EQ(claim[0].kind, Ik::kClaim);
  EXPECT_EQ(claim[0].epoch, Epoch(7));
  EXPECT_EQ(claim[0].deadline, MonoMs(1020)) << "from before PAUSE was out";
  const auto end = Do(ImportInput::Kind::kClaimed, 50);
  EXPECT_EQ(Kinds(end), (std::vector<Ik>{Ik::kSend, Ik::kFinish}));
  EXPECT_EQ(end[0].text, "+CLAIMED\r\n");
}

TEST_F(ImportTest, DropsBeforeItSaysNo) {
  const std::vector<Ik> no = {Ik::kDrop, Ik::kSend, Ik::kClose, Ik::kFinish};
  for (const auto kind : {ImportInput::Kind::kClosed, ImportInput::Kind::kBroken,
                          ImportInput::Kind::kCancel, ImportInput::Kind::kGrant}) {
    Make();
    EXPECT_EQ(Kinds(Do(kind, 10, "why")), no);
    EXPECT_TRUE(Do(ImportInput::Kind::kTick, 999999).empty());
  }
}

TEST_F(ImportTest, TimeRunsOutBeforeTheClaim) {
  ToPausing();
  EXPECT_TRUE(Do(ImportInput::Kind::kTick, 1019).empty());
  EXPECT_EQ(Do(ImportInput::Kind::kTick, 1020).front().kind, Ik::kDrop);
}

TEST_F(ImportTest, AnUnsavedClaimIsNotDeniedAndNothingIsDropped) {
  ToPausing();
  Do(ImportInput::Kind::kGrant, 30);
  Do(ImportInput::Kind::kReplicasReady, 40);
  EXPECT_EQ(Kinds(Do(ImportInput::Kind::kUnknown, 50, "disk full")),
            (std::vector<Ik>{Ik::kClose, Ik::kFinish}));
}

TEST(JobTest, ReadsAndPrintsSpans) {
  SlotSpans spans;
  EXPECT_TRUE(ParseSpans(std::vector<std::string_view>{"0", "5", "9", "9"}, &spans));
  EXPECT_EQ(ToText(spans), "0-5 9-9");
  EXPECT_EQ(ToBits(spans).count(), 7U);
  for (const std::vector<std::string_view>& bad : std::vector<std::vector<std::string_view>>{
           {}, {"1"}, {"5", "4"}, {"-1", "4"}, {"0", "16384"}, {"0", "5", "5", "6"}, {"a", "b"}}) {
    SlotSpans none;
    EXPECT_FALSE(ParseSpans(bad, &none));
  }
}

}  // namespace
}  // namespace pleiad::migration
