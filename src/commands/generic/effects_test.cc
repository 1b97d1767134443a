// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What transcripts can't show of commands about keys and databases: journal records, events,
// snapshots under way, cursors over many keys, replicas and clusters.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "command/dispatch.h"

namespace pleiad {
namespace {

using Strings = std::vector<std::string>;

constexpr int64_t kNow = 1'700'000'000'000;
constexpr std::string_view kHello(
    "\x00\x05hello\n\x00"
    "cr\xdfve4 \n",
    17);

class Events : public ChangeObserver {
 public:
  void OnEvent(NotifyClass, std::string_view event, int db, std::string_view key) override {
    seen.push_back(std::string(event) + " " + std::to_string(db) + ":" + std::string(key));
  }
  bool OnChange(SlotId, int db, std::string_view key, const ClientState*) override {
    changes.push_back(std::to_string(db) + ":" + std::string(key));
    return true;
  }
  Strings seen;
  Strings changes;
};

class Sink : public SnapshotSink {
 public:
  void Take(SlotId, int db, const Entry& e) override {
    ++taken[std::to_string(db) + ":" + std::string(e.key()) + "=" + std::string(e.str())];
  }
  std::map<std::string, int> taken;
};

class GenericEffectsTest : public testing::Test {
 protected:
  explicit GenericEffectsTest(int databases = 16) : engine_(databases, 7) {
    engine_.observer = &events_;
    engine_.journal.SetActive(true);
    reader_ = engine_.journal.Attach(engine_.journal.end());
  }

  std::string RunArgs(std::span<const std::string_view> args) {
    resp::OutBuffer out;
    engine_.keyspace.Enter(0);
    dispatcher_.RunOne(args, &client_, &out, now_, MonoMs(1));
    engine_.keyspace.Leave(0);
    return std::string(out.view());
  }
  std::string Run(const std::string& line) {
    const auto words = SplitArgs(line);
    const std::vector<std::string_view> args(words->begin(), words->end());
    return RunArgs(args);
  }

  // The journal's records since the last call, words parted by blanks.
  Strings Records() {
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
  Strings Effects(const std::string& line) {
    Records();
    Run(line);
    return Records();
  }
  Strings EventsOf(const std::string& line) {
    engine_.notify_flags = kNotifyGeneric;
    events_.seen.clear();
    Run(line);
    engine_.notify_flags = 0;
    return events_.seen;
  }

  // All keys by SCAN; `between` runs after each call.
  template <typename F>
  std::multiset<std::string> ScanAll(const std::string& options, F between) {
    std::multiset<std::string> keys;
    std::string cursor = "0";
    do {
      const std::string reply = Run("SCAN " + cursor + options);
      const std::vector<std::string_view> lines = Split(reply, '\n');
      Strings bulks;
      for (const std::string_view line : lines) {
        if (line.empty() || line.starts_with('*') || line.starts_with('$')) continue;
        bulks.emplace_back(line.substr(0, line.size() - 1));
      }
      cursor = bulks.at(0);
      keys.insert(bulks.begin() + 1, bulks.end());
      between();
    } while (cursor != "0");
    return keys;
  }

  Engine engine_;
  Events events_;
  Dispatcher dispatcher_{&engine_, nullptr, 0, 1};
  ClientState client_;
  UnixMs now_{kNow};
  std::unique_ptr<Journal::Reader> reader_;
};

TEST_F(GenericEffectsTest, TheJournalHoldsEffects) {
  Run("MSET a 1 b 2");
  EXPECT_EQ(Effects("RENAME a c"), Strings{"RENAME a c"});
  EXPECT_EQ(Effects("RENAME c c"), Strings{});
  EXPECT_EQ(Effects("RENAMENX c b"), Strings{});
  EXPECT_EQ(Effects("COPY c d DB 1"), Strings{"COPY c d DB 1"});
  EXPECT_EQ(Effects("MOVE c 1"), Strings{"MOVE c 1"});
  EXPECT_EQ(Effects("MOVE c 1"), Strings{});
  EXPECT_EQ(Effects("SWAPDB 0 1"), Strings{"SWAPDB 0 1"});
  EXPECT_EQ(Effects("FLUSHDB ASYNC"), Strings{"FLUSHDB"});
  EXPECT_EQ(Effects("FLUSHALL"), Strings{"FLUSHALL"});
  EXPECT_EQ(Effects("FLUSHALL now"), Strings{});
}

TEST_F(GenericEffectsTest, RestoreIsRecordedWithAMoment) {
  const auto restore = [&](std::vector<std::string_view> args) {
    Records();
    args.insert(args.begin() + 3, kHello);
    EXPECT_EQ(RunArgs(args), "+OK\r\n");
    std::string stream;
    return Records();
  };
  const Strings plain = restore({"RESTORE", "k", "0"});
  ASSERT_EQ(plain.size(), 1U);
  EXPECT_TRUE(plain[0].starts_with("RESTORE k 0 ")) << plain[0];
  EXPECT_FALSE(plain[0].ends_with("ABSTTL"));
  const Strings timed = restore({"RESTORE-ASKING", "k", "5000", "REPLACE", "IDLETIME", "9"});
  ASSERT_EQ(timed.size(), 1U);
  EXPECT_TRUE(timed[0].starts_with("RESTORE k 1700000005000 ")) << timed[0];
  EXPECT_TRUE(timed[0].ends_with(" REPLACE ABSTTL IDLETIME 9")) << timed[0];
  EXPECT_EQ(restore({"RESTORE", "k", "1", "REPLACE", "ABSTTL"}), Strings{"DEL k"});
  EXPECT_EQ(restore({"RESTORE", "k", "1", "REPLACE", "ABSTTL"}), Strings{});
}

TEST_F(GenericEffectsTest, Events) {
  Run("MSET a 1 b 2");
  EXPECT_EQ(EventsOf("RENAME a b"), (Strings{"rename_from 0:a", "rename_to 0:b"}));
  EXPECT_EQ(EventsOf("COPY b c DB 2"), Strings{"copy_to 2:c"});
  EXPECT_EQ(EventsOf("MOVE b 1"), (Strings{"move_from 0:b", "move_to 1:b"}));
  engine_.notify_flags = kNotifyGeneric;
  events_.seen.clear();
  const std::string_view args[] = {"RESTORE", "k", "0", kHello};
  RunArgs(args);
  EXPECT_EQ(events_.seen, Strings{"restore 0:k"});
}

TEST_F(GenericEffectsTest, RenameOfALargeValueKeepsItAndItsExpiry) {
  const std::string big(100'000, 'x');
  Run("SET a " + big + " PX 5000");
  EXPECT_EQ(Run("RENAME a " + std::string(300, 'k')), "+OK\r\n");
  EXPECT_EQ(Run("GET " + std::string(300, 'k')), "$100000\r\n" + big + "\r\n");
  EXPECT_EQ(Run("PTTL " + std::string(300, 'k')), ":5000\r\n");
  EXPECT_EQ(engine_.keyspace.Count(0).with_expiry, 1U);
  EXPECT_EQ(Run("FLUSHALL"), "+OK\r\n");
  EXPECT_FALSE(engine_.keyspace.any_expiry());
}

TEST_F(GenericEffectsTest, ASnapshotSeesTheCutWhateverEmptiesTheDatabase) {
  Run("MSET a 1 b 2 c 3");
  Run("SELECT 1");
  Run("SET d 4");
  const std::map<std::string, int> all = {{"0:a=1", 1}, {"0:b=2", 1}, {"0:c=3", 1}, {"1:d=4", 1}};
  for (const std::string change : {"RENAME d e", "MOVE d 2", "SWAPDB 0 1", "FLUSHDB", "FLUSHALL"}) {
    Run("FLUSHALL");
    Run("SELECT 0");
    Run("MSET a 1 b 2 c 3");
    Run("SELECT 1");
    Run("SET d 4");
    Sink sink;
    engine_.keyspace.EnterExclusive();
    engine_.keyspace.BeginSnapshot(&sink);
    engine_.keyspace.LeaveExclusive();
    EXPECT_NE(Run(change)[0], '-') << change;
    Run("SET later 1");
    for (int i = 0; i < kSlotCount; ++i) {
      Keyspace::WalkPlace place;
      while (engine_.keyspace.WalkSlot(SlotId(static_cast<uint16_t>(i)), &place)) {
      }
    }
    engine_.keyspace.EndSnapshot(&sink);
    EXPECT_EQ(sink.taken, all) << change;
  }
}

// A slot of many keys is walked in parts, between which it changes, at last as a whole.
TEST_F(GenericEffectsTest, LargeSlotIsWalkedInParts) {
  for (const bool flush : {false, true}) {
    Run("FLUSHALL");
    std::map<std::string, int> all;
    for (int i = 0; i < 60000; ++i) {
      const std::string number = std::to_string(i);
      Run("SET {t}" + number + " " + number);
      all["0:{t}" + number + "=" + number] = 1;
    }
    Sink sink;
    engine_.keyspace.EnterExclusive();
    engine_.keyspace.BeginSnapshot(&sink);
    engine_.keyspace.LeaveExclusive();
    Keyspace::WalkPlace place;
    int parts = 1;
    for (; engine_.keyspace.WalkSlot(KeySlot("{t}"), &place); ++parts) {
      for (int i = 0; i < 2; ++i) {
        const std::string number = std::to_string((parts * 7919 + i * 31) % 90000);
        Run((parts % 2 == 0 ? "SET {t}" + number + " later" : "DEL {t}" + number));
      }
      if (flush && parts == 7) Run("FLUSHDB");
    }
    engine_.keyspace.EndSnapshot(&sink);
    EXPECT_GT(parts, flush ? 7 : 10);
    EXPECT_EQ(sink.taken, all);
  }
}

TEST_F(GenericEffectsTest, WatchersHearOfFlushAndSwap) {
  Run("SET k v");
  engine_.keyspace.RawSlot(KeySlot("k")).watched = 1;
  events_.changes.clear();
  Run("SWAPDB 0 3");
  EXPECT_EQ(events_.changes, (Strings{"0:", "3:"}));
  events_.changes.clear();
  Run("FLUSHALL");
  EXPECT_EQ(events_.changes, Strings{"3:"});
}

TEST_F(GenericEffectsTest, ScanSeesEachKeyOnceWhenNothingChanges) {
  for (int i = 0; i < 3000; ++i) Run("SET key" + std::to_string(i) + " v");
  for (int i = 0; i < 3000; ++i) Run("SET {one}" + std::to_string(i) + " v");
  Run("SET gone v PX 1");
  now_ = now_ + 2;
  for (const std::string count : {"1", "7", "1000"}) {
    const auto keys = ScanAll(" COUNT " + count, [] {});
    EXPECT_EQ(keys.size(), 6000U) << count;
    EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 6000U) << count;
  }
  EXPECT_EQ(ScanAll(" MATCH {one}*", [] {}).size(), 3000U);
  EXPECT_EQ(ScanAll(" MATCH key1? COUNT 100", [] {}).size(), 10U);
  EXPECT_EQ(Run("SCAN 18446744073709551615"), "*2\r\n$1\r\n0\r\n*0\r\n");
}

// One slot whose segments split and merge while it is scanned.
TEST_F(GenericEffectsTest, ScanMissesNothingThatStays) {
  constexpr int kStays = 300;
  for (int i = 0; i < kStays; ++i) Run("SET {s}stays" + std::to_string(i) + " v");
  for (int i = 0; i < 8000; ++i) Run("SET {s}" + std::to_string(i) + " v");
  int next = 0;
  bool adding = false;
  const auto keys = ScanAll(" COUNT 3", [&] {
    for (int i = 0; i < 60; ++i) {
      if (next == 8000) {
        next = 0;
        adding = !adding;
      }
      Run((adding ? "SET {s}" : "DEL {s}") + std::to_string(next++) + (adding ? " v" : ""));
    }
  });
  for (int i = 0; i < kStays; ++i) EXPECT_TRUE(keys.contains("{s}stays" + std::to_string(i))) << i;
}

TEST_F(GenericEffectsTest, RandomKeyIsFairAndSkipsWhatExpired) {
  for (int i = 0; i < 90; ++i) Run("SET {x}" + std::to_string(i) + " v");
  for (int i = 0; i < 10; ++i) Run("SET other" + std::to_string(i) + " v");
  int others = 0;
  for (int i = 0; i < 500; ++i) others += Run("RANDOMKEY").find("other") != std::string::npos;
  EXPECT_GT(others, 15);  // 50 expected; by slots it would be 450
  EXPECT_LT(others, 110);
  Run("FLUSHALL");
  for (int i = 0; i < 200; ++i) Run("SET e" + std::to_string(i) + " v PX 1");
  engine_.replica = true;  // nobody deletes them
  now_ = now_ + 10;
  EXPECT_EQ(Run("RANDOMKEY"), "$-1\r\n");
  engine_.replica = false;
  Run("SET stays v");
  EXPECT_EQ(Run("RANDOMKEY"), "$5\r\nstays\r\n");
}

TEST_F(GenericEffectsTest, AReplicaRefusesClientsAndObeysItsMaster) {
  Run("SET k v");
  engine_.replica = true;
  const std::string readonly = "-READONLY You can't write against a read only replica.\r\n";
  for (const std::string line :
       {"FLUSHALL", "FLUSHDB", "SWAPDB 0 1", "RENAME k l", "MOVE k 1", "COPY k l"}) {
    EXPECT_EQ(Run(line), readonly) << line;
  }
  EXPECT_EQ(Run("KEYS *"), "*1\r\n$1\r\nk\r\n");
  EXPECT_EQ(Run("DBSIZE"), ":1\r\n");
  Records();
  client_.from_master = true;
  const std::string_view expired[] = {"RESTORE", "e", "1", kHello, "ABSTTL"};
  EXPECT_EQ(RunArgs(expired), "+OK\r\n");  // its master will say DEL
  EXPECT_EQ(Run("DBSIZE"), ":2\r\n");
  EXPECT_EQ(Run("FLUSHALL"), "+OK\r\n");
  client_.exclusive = true;  // as the replication stream runs it
  engine_.keyspace.EnterExclusive();
  resp::OutBuffer out;
  const std::string_view flush[] = {"FLUSHALL"};
  dispatcher_.RunOne(flush, &client_, &out, now_, MonoMs(1));
  engine_.keyspace.LeaveExclusive();
  EXPECT_EQ(out.view(), "+OK\r\n");
  EXPECT_EQ(Records(), Strings{});
  EXPECT_EQ(Run("DBSIZE"), ":0\r\n");
}

class OneDatabaseTest : public GenericEffectsTest {
 protected:
  OneDatabaseTest() : GenericEffectsTest(1) { engine_.cluster = true; }
};

TEST_F(OneDatabaseTest, AClusterHasNoOtherDatabase) {
  Run("SET a 1");
  EXPECT_EQ(Run("MOVE a 0"), "-ERR MOVE is not allowed in cluster mode\r\n");
  EXPECT_EQ(Run("SWAPDB 0 0"), "-ERR SWAPDB is not allowed in cluster mode\r\n");
  EXPECT_EQ(Run("COPY a {a}b DB 1"),
            "-ERR Copying to another database is not allowed in cluster mode\r\n");
  EXPECT_EQ(Run("COPY a {a}b DB 0"), ":1\r\n");
  EXPECT_EQ(Run("RENAME a b"), "-CROSSSLOT Keys in request don't hash to the same slot\r\n");
  EXPECT_EQ(Run("FLUSHALL"), "+OK\r\n");
  EXPECT_EQ(Run("DBSIZE"), ":0\r\n");
}

}  // namespace
}  // namespace pleiad
