// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What transcripts can't show of the string and expiry commands: journal records, events, arguments
// taken over, replicas.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "command/dispatch.h"

namespace pleiad {
namespace {

using Strings = std::vector<std::string>;

constexpr int64_t kNow = 1'700'000'000'000;

class Events : public ChangeObserver {
 public:
  void OnEvent(NotifyClass, std::string_view event, int, std::string_view key) override {
    seen.push_back(std::string(event) + " " + std::string(key));
  }
  bool OnChange(SlotId, int, std::string_view, const ClientState*) override { return true; }
  Strings seen;
};

class EffectsTest : public testing::Test {
 protected:
  EffectsTest() {
    engine_.observer = &events_;
    engine_.journal.SetActive(true);
    reader_ = engine_.journal.Attach(engine_.journal.end());
    Effects("GET nothing");  // the stream begins with a SELECT
  }

  std::string Run(const std::string& line) {
    const auto words = SplitArgs(line);
    const std::vector<std::string_view> args(words->begin(), words->end());
    return RunArgs(args);
  }

  std::string RunArgs(std::span<const std::string_view> args) {
    resp::OutBuffer out;
    engine_.keyspace.Enter(0);
    dispatcher_.RunOne(args, &client_, &out, now_, MonoMs(1));
    engine_.keyspace.Leave(0);
    return std::string(out.view());
  }

  // The journal records of a command, words parted by blanks. SELECT is left out.
  Strings Effects(const std::string& line) {
    Run(line);
    std::string stream;
    reader_->Read(1 << 20, &stream);
    Strings records;
    for (const std::string_view part : Split(stream, '\n')) {
      if (part.starts_with('*')) records.emplace_back();
      if (part.empty() || part.starts_with('*') || part.starts_with('$')) continue;
      if (!records.back().empty()) records.back() += ' ';
      records.back() += part.substr(0, part.size() - 1);
    }
    std::erase_if(records, [](const std::string& r) { return r.starts_with("SELECT"); });
    return records;
  }

  Strings EventsOf(const std::string& line) {
    engine_.notify_flags = ~0U;
    events_.seen.clear();
    Run(line);
    engine_.notify_flags = 0;
    return events_.seen;
  }

  Engine engine_{16, 7};
  Events events_;
  Dispatcher dispatcher_{&engine_, nullptr, 0, 1};
  ClientState client_;
  UnixMs now_{kNow};
  std::unique_ptr<Journal::Reader> reader_;
};

TEST_F(EffectsTest, TheJournalHoldsEffects) {
  EXPECT_EQ(Effects("SET k v EX 10"), Strings{"SET k v PXAT 1700000010000"});
  EXPECT_EQ(Effects("SETEX k 10 w"), Strings{"SET k w PXAT 1700000010000"});
  EXPECT_EQ(Effects("PSETEX k 10 w"), Strings{"SET k w PXAT 1700000000010"});
  EXPECT_EQ(Effects("GETSET k 5"), Strings{"SET k 5"});
  EXPECT_EQ(Effects("INCR k"), Strings{"INCR k"});
  EXPECT_EQ(Effects("INCRBYFLOAT k 0.5"), Strings{"SET k 6.5 KEEPTTL"});
  EXPECT_EQ(Effects("EXPIRE k 10 NX"), Strings{"PEXPIREAT k 1700000010000"});
  EXPECT_EQ(Effects("GETEX k EX 20"), Strings{"PEXPIREAT k 1700000020000"});
  EXPECT_EQ(Effects("GETEX k PERSIST"), Strings{"PERSIST k"});
  EXPECT_EQ(Effects("GETEX k PERSIST"), Strings{});
  EXPECT_EQ(Effects("GETEX k"), Strings{});
  EXPECT_EQ(Effects("EXPIRE k 10 XX"), Strings{});
  EXPECT_EQ(Effects("GETEX k EXAT 1"), Strings{"DEL k"});
  EXPECT_EQ(Effects("SET k v"), Strings{"SET k v"});
  EXPECT_EQ(Effects("PEXPIREAT k 5"), Strings{"DEL k"});
  EXPECT_EQ(Effects("DEL k"), Strings{});
  EXPECT_EQ(Effects("MSETNX k 1 l 2"), Strings{"MSETNX k 1 l 2"});
  EXPECT_EQ(Effects("MSETNX k 1 m 2"), Strings{});
  EXPECT_EQ(Effects("SETRANGE m 3 \"\""), Strings{});
  EXPECT_EQ(Effects("GETDEL k"), Strings{"DEL k"});
  EXPECT_EQ(Effects("MSETEX 2 k 1 n 2 EX 10"), Strings{"MSETEX 2 k 1 n 2 PXAT 1700000010000"});
  EXPECT_EQ(Effects("MSETEX 2 k 1 m 2 NX EX 10"), Strings{});
  EXPECT_EQ(Effects("MSETEX 1 k 2 KEEPTTL"), Strings{"MSETEX 1 k 2 KEEPTTL"});
  EXPECT_EQ(Effects("SET k 3 IFEQ 2"), Strings{"SET k 3"});
  EXPECT_EQ(Effects("SET k 3 IFEQ 2"), Strings{});
  EXPECT_EQ(Effects("DELIFEQ k 2"), Strings{});
  EXPECT_EQ(Effects("DELEX k IFEQ 3"), Strings{"DEL k"});
  EXPECT_EQ(Effects("SETBIT k 3 1"), Strings{"SETBIT k 3 1"});
  EXPECT_EQ(Effects("SETBIT k 3 1"), Strings{});
  EXPECT_EQ(Effects("BITFIELD k GET u8 0"), Strings{});
  EXPECT_EQ(Effects("PFADD h a"), Strings{"PFADD h a"});
  EXPECT_EQ(Effects("PFADD h a"), Strings{});
  EXPECT_EQ(Effects("PFCOUNT h"), Strings{});
}

TEST_F(EffectsTest, WhatExpiredIsDeletedFirst) {
  Effects("SET k v PX 10");
  now_ = UnixMs(kNow + 10);
  EXPECT_EQ(Effects("INCR k"), (Strings{"DEL k", "INCR k"}));
  EXPECT_EQ(Run("TTL k"), ":-1\r\n");
  Run("SET k v PX 10");
  now_ = UnixMs(kNow + 20);
  EXPECT_EQ(EventsOf("SET k w KEEPTTL"), (Strings{"expired k", "new k", "set k"}));
  EXPECT_EQ(Run("TTL k"), ":-1\r\n");
}

TEST_F(EffectsTest, EventsHaveTheNamesListenersKnow) {
  EXPECT_EQ(EventsOf("SETEX k 10 5"), (Strings{"new k", "set k", "expire k"}));
  EXPECT_EQ(EventsOf("INCR k"), Strings{"incrby k"});
  EXPECT_EQ(EventsOf("DECRBY k 2"), Strings{"incrby k"});
  EXPECT_EQ(EventsOf("INCRBYFLOAT k 2"), Strings{"incrbyfloat k"});
  EXPECT_EQ(EventsOf("APPEND k x"), Strings{"append k"});
  EXPECT_EQ(EventsOf("SETRANGE k 0 x"), Strings{"setrange k"});
  EXPECT_EQ(EventsOf("PERSIST k"), Strings{"persist k"});
  EXPECT_EQ(EventsOf("EXPIRE k 1"), Strings{"expire k"});
  EXPECT_EQ(EventsOf("EXPIRE k -1"), Strings{"del k"});
  EXPECT_EQ(EventsOf("GET k"), Strings{"keymiss k"});
  EXPECT_EQ(EventsOf("MSET a 1 b 2"), (Strings{"new a", "set a", "new b", "set b"}));
  EXPECT_EQ(EventsOf("UNLINK a c b"), (Strings{"del a", "del b"}));
  EXPECT_EQ(EventsOf("SETBIT b 1 1"), (Strings{"new b", "setbit b"}));
  EXPECT_EQ(EventsOf("SETBIT b 1 1"), Strings{});
  EXPECT_EQ(EventsOf("BITFIELD b INCRBY u8 0 1"), Strings{"setbit b"});
  EXPECT_EQ(EventsOf("BITOP OR b b b"), Strings{"set b"});
  EXPECT_EQ(EventsOf("BITOP OR b x x"), (Strings{"keymiss x", "keymiss x", "del b"}));
  EXPECT_EQ(EventsOf("PFADD h a"), (Strings{"new h", "pfadd h"}));
  EXPECT_EQ(EventsOf("PFMERGE h h"), Strings{"pfadd h"});
}

TEST_F(EffectsTest, StringsStopAtTheLimit) {
  engine_.bulk_bytes_max = 10;
  Run("SET k 0123456789");
  EXPECT_EQ(Run("APPEND k x").substr(0, 27), "-ERR string exceeds maximum");
  EXPECT_EQ(Run("SETRANGE k 10 x").substr(0, 27), "-ERR string exceeds maximum");
  EXPECT_EQ(Run("SETRANGE k 9223372036854775807 x").substr(0, 27), "-ERR string exceeds maximum");
  EXPECT_EQ(Run("SETRANGE k 9 x"), ":10\r\n");
  EXPECT_EQ(Run("LCS k k").substr(0, 24), "-ERR Insufficient memory");
}

TEST_F(EffectsTest, AppendsGrowThroughAllEncodings) {
  std::string expected;
  Run("SET k \"\" EX 100");
  for (int i = 0; i < 200; ++i) {
    const std::string part(static_cast<size_t>(i), static_cast<char>('a' + i % 26));
    expected += part;
    EXPECT_EQ(RunArgs(std::vector<std::string_view>{"APPEND", "k", part}),
              ":" + std::to_string(expected.size()) + "\r\n");
  }
  EXPECT_EQ(Run("GET k"), "$" + std::to_string(expected.size()) + "\r\n" + expected + "\r\n");
  EXPECT_EQ(Run("TTL k"), ":100\r\n");
}

// A large argument comes in memory of its own, which the key takes over, and the journal reads the
// arguments afterwards.
TEST_F(EffectsTest, LargeArgumentsAreTakenOver) {
  const auto large = [](char c) {
    HeapString* s = HeapString::Create(100'000);
    std::memset(s->data(), c, 100'000);
    s->size = 100'000;
    return s;
  };
  PreparedCommand& c = dispatcher_.at(0);
  c.owned = {nullptr, nullptr, large('a'), nullptr, large('b'), nullptr, large('c')};
  c.args = {"MSET", "k", c.owned[2]->view(), "l", c.owned[4]->view(), "k", c.owned[6]->view()};
  resp::OutBuffer out;
  engine_.keyspace.Enter(0);
  dispatcher_.Run(1, &client_, &out, now_, MonoMs(1));
  engine_.keyspace.Leave(0);
  EXPECT_EQ(out.view(), "+OK\r\n");
  std::string stream;
  reader_->Read(1 << 20, &stream);
  EXPECT_NE(stream.find(std::string(100'000, 'a')), std::string::npos);
  // The first value of k was set and overwritten: it was copied, so its memory is still the
  // command's.
  ASSERT_NE(c.owned[2], nullptr);
  HeapString::Free(c.owned[2]);
  EXPECT_EQ(c.owned[4], nullptr);
  EXPECT_EQ(c.owned[6], nullptr);
  c.owned.clear();
  EXPECT_EQ(Run("GETRANGE k 99999 -1"), "$1\r\nc\r\n");
  EXPECT_EQ(Run("GETRANGE l 0 0"), "$1\r\nb\r\n");
}

TEST_F(EffectsTest, AReplicaObeysItsMasterOnly) {
  engine_.replica = true;
  client_.from_master = true;
  Run("SET k v PXAT 5");
  Run("SET l v");
  EXPECT_EQ(Run("PEXPIREAT l 5"), ":1\r\n");
  EXPECT_EQ(Run("APPEND k w"), ":2\r\n");
  client_.from_master = false;
  EXPECT_EQ(Run("GET k"), "$-1\r\n");
  EXPECT_EQ(Run("EXISTS k l"), ":0\r\n");
  EXPECT_EQ(Run("SET k v").substr(0, 9), "-READONLY");
  EXPECT_EQ(engine_.keyspace.Count(0).keys, 2U);
}

}  // namespace
}  // namespace pleiad
