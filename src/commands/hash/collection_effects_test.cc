// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What transcripts can't show of the set and hash commands: journal records, events, fields that
// expire while time passes, replicas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "command/dispatch.h"

namespace pleiad {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using CollectionLines = std::vector<std::string>;

constexpr int64_t kCollectionNow = 1'700'000'000'000;

class CollectionEvents : public ChangeObserver {
 public:
  void OnEvent(NotifyClass, std::string_view event, int, std::string_view key) override {
    seen.push_back(std::string(event) + " " + std::string(key));
  }
  bool OnChange(SlotId, int, std::string_view, const ClientState*) override { return true; }
  CollectionLines seen;
};

class CollectionEffectsTest : public testing::Test {
 protected:
  CollectionEffectsTest() {
    engine_.observer = &events_;
    engine_.journal.SetActive(true);
    reader_ = engine_.journal.Attach(engine_.journal.end());
    Effects("GET nothing");  // the stream begins with a SELECT
    engine_.notify_flags = ~0U & ~kNotifyNew & ~kNotifyKeyMiss;
  }

  std::string Run(const std::string& line) {
    const auto words = SplitArgs(line);
    const std::vector<std::string_view> args(words->begin(), words->end());
    resp::OutBuffer out;
    engine_.keyspace.Enter(0);
    dispatcher_.RunOne(args, &client_, &out, now_, MonoMs(1));
    engine_.keyspace.Leave(0);
    return std::string(out.view());
  }

  // The journal records since the last call, words parted by blanks.
  CollectionLines Records() {
    std::string stream;
    reader_->Read(1 << 20, &stream);
    CollectionLines records;
    for (const std::string_view part : Split(stream, '\n')) {
      if (part.starts_with('*')) records.emplace_back();
      if (part.empty() || part.starts_with('*') || part.starts_with('$')) continue;
      if (!records.back().empty()) records.back() += ' ';
      records.back() += part.substr(0, part.size() - 1);
    }
    std::erase_if(records, [](const std::string& r) { return r.starts_with("SELECT"); });
    return records;
  }
  CollectionLines Effects(const std::string& line) {
    Run(line);
    return Records();
  }
  CollectionLines Events(const std::string& line) {
    events_.seen.clear();
    Run(line);
    return events_.seen;
  }
  size_t Sweep(size_t budget = 1000) {
    size_t all = 0;
    int cursor = 0;
    engine_.keyspace.Enter(0);
    all += ExpireSweep(&engine_, &engine_.stats[0], now_, 0, 1, &cursor, budget);
    engine_.keyspace.Leave(0);
    return all;
  }

  Engine engine_{16, 7};
  CollectionEvents events_;
  Dispatcher dispatcher_{&engine_, nullptr, 0, 1};
  ClientState client_;
  UnixMs now_{kCollectionNow};
  std::unique_ptr<Journal::Reader> reader_;
};

TEST_F(CollectionEffectsTest, TheJournalHoldsEffectsOfSets) {
  EXPECT_THAT(Effects("SADD k a"), ElementsAre("SADD k a"));
  EXPECT_THAT(Effects("SADD k a"), IsEmpty());
  EXPECT_THAT(Effects("SPOP k"), ElementsAre("SREM k a"));
  Run("SADD k 1 2 3");
  Records();
  EXPECT_THAT(Effects("SPOP k 3"), ElementsAre("DEL k"));
  EXPECT_THAT(Effects("SPOP k 3"), IsEmpty());
  std::string all = "SADD big";
  for (int i = 0; i < 3000; ++i) all += " m" + std::to_string(i);
  Run(all);
  Records();
  const auto popped = Effects("SPOP big 1500");  // two SREM, which stand together
  ASSERT_EQ(popped.size(), 4U);
  EXPECT_EQ(popped.front(), "MULTI");
  EXPECT_EQ(popped.back(), "EXEC");
  EXPECT_THAT(Effects("SUNIONSTORE d nosuchkey"), IsEmpty());
}

TEST_F(CollectionEffectsTest, EventsOfSets) {
  EXPECT_THAT(Events("SADD k a b"), ElementsAre("sadd k"));
  EXPECT_THAT(Events("SADD k a"), IsEmpty());
  EXPECT_THAT(Events("SMOVE k l a"), ElementsAre("srem k", "sadd l"));
  EXPECT_THAT(Events("SMOVE k l b"), ElementsAre("srem k", "del k", "sadd l"));
  EXPECT_THAT(Events("SUNIONSTORE d l"), ElementsAre("sunionstore d"));
  EXPECT_THAT(Events("SINTERSTORE d nosuchkey"), ElementsAre("del d"));
  EXPECT_THAT(Events("SREM l a b"), ElementsAre("srem l", "del l"));
  Run("SADD k a b");
  EXPECT_THAT(Events("SPOP k"), ElementsAre("spop k"));
  EXPECT_THAT(Events("SPOP k"), ElementsAre("spop k", "del k"));
  Run("SADD k a b");
  EXPECT_THAT(Events("SPOP k 2"), ElementsAre("spop k", "del k"));
}

TEST_F(CollectionEffectsTest, TheJournalHoldsEffectsOfHashes) {
  EXPECT_THAT(Effects("HSET k a 1 b 2"), ElementsAre("HSET k a 1 b 2"));
  EXPECT_THAT(Effects("HINCRBYFLOAT k a 0.5"), ElementsAre("HSET k a 1.5"));
  EXPECT_THAT(Effects("HEXPIRE k 10 FIELDS 2 a x"),
              ElementsAre("HPEXPIREAT k 1700000010000 FIELDS 1 a"));
  EXPECT_THAT(Effects("HINCRBYFLOAT k a 0.5"),
              ElementsAre("HSET k a 2", "HPEXPIREAT k 1700000010000 FIELDS 1 a"));
  EXPECT_THAT(Effects("HGETEX k PERSIST FIELDS 2 a b"), ElementsAre("HPERSIST k FIELDS 1 a"));
  EXPECT_THAT(Effects("HGETEX k FIELDS 1 a"), IsEmpty());
  EXPECT_THAT(Effects("HGETEX k PX 500 FIELDS 1 a"),
              ElementsAre("HPEXPIREAT k 1700000000500 FIELDS 1 a"));
  EXPECT_THAT(Effects("HPERSIST k FIELDS 2 a b"), ElementsAre("HPERSIST k FIELDS 1 a"));
  EXPECT_THAT(Effects("HSETEX k EX 10 FIELDS 1 c 3"),
              ElementsAre("HSETEX k PXAT 1700000010000 FIELDS 1 c 3"));
  EXPECT_THAT(Effects("HSETEX k FNX FIELDS 1 d 4"), ElementsAre("HSET k d 4"));
  EXPECT_THAT(Effects("HSETEX k KEEPTTL FIELDS 1 c 5"),
              ElementsAre("HSETEX k KEEPTTL FIELDS 1 c 5"));
  EXPECT_THAT(Effects("HSETEX k EX 0 FIELDS 2 c 1 nosuchfield 1"), ElementsAre("HDEL k c"));
  EXPECT_THAT(Effects("HGETDEL k FIELDS 2 d x"), ElementsAre("HDEL k d"));
  EXPECT_THAT(Effects("HEXPIRE k 0 FIELDS 1 a"), ElementsAre("HDEL k a"));
}

TEST_F(CollectionEffectsTest, EventsOfHashes) {
  EXPECT_THAT(Events("HSET k a 1 b 2 c 3"), ElementsAre("hset k"));
  EXPECT_THAT(Events("HSETNX k a 1"), IsEmpty());
  EXPECT_THAT(Events("HINCRBY k a 1"), ElementsAre("hincrby k"));
  EXPECT_THAT(Events("HINCRBYFLOAT k a 1"), ElementsAre("hincrbyfloat k"));
  EXPECT_THAT(Events("HEXPIRE k 10 FIELDS 1 a"), ElementsAre("hexpire k"));
  EXPECT_THAT(Events("HPERSIST k FIELDS 1 a"), ElementsAre("hpersist k"));
  EXPECT_THAT(Events("HSETEX k EX 10 FIELDS 1 d 3"), ElementsAre("hset k", "hexpire k"));
  EXPECT_THAT(Events("HEXPIRE k 0 FIELDS 1 d"), ElementsAre("hexpired k"));
  EXPECT_THAT(Events("HDEL k a b"), ElementsAre("hdel k"));
  EXPECT_THAT(Events("HGETDEL k FIELDS 1 c"), ElementsAre("hdel k", "del k"));
  EXPECT_THAT(Events("HSETEX k EX 0 FIELDS 1 a 1"),
              ElementsAre("hset k", "hexpire k", "hexpired k"));
}

// For both forms: the packed one, and a table.
TEST_F(CollectionEffectsTest, FieldsExpire) {
  for (const int64_t packed_max : {100, 0}) {
    engine_.collections.hash_max_packed_entries = packed_max;
    now_ = UnixMs(kCollectionNow);
    Run("DEL k");
    Run("HSET k a 1 b 2 c 3");
    Run("HPEXPIRE k 100 FIELDS 1 a");
    Run("HPEXPIRE k 200 FIELDS 1 b");
    Records();
    EXPECT_EQ(Sweep(), 0U);
    now_ = UnixMs(kCollectionNow + 100);
    EXPECT_EQ(Run("HGET k a"), "$-1\r\n");
    EXPECT_EQ(Run("HKEYS k").substr(0, 2), "*2");
    EXPECT_EQ(Run("HGETALL k").substr(0, 2), "*4");
    EXPECT_EQ(Run("HEXISTS k a"), ":0\r\n");
    EXPECT_EQ(Run("HTTL k FIELDS 1 a"), "*1\r\n:-2\r\n");
    EXPECT_EQ(Run("HRANDFIELD k 5").substr(0, 2), "*2");
    EXPECT_THAT(Records(), IsEmpty());  // reads only hide
    events_.seen.clear();
    EXPECT_EQ(Sweep(), 1U);
    EXPECT_THAT(Records(), ElementsAre("HDEL k a"));
    EXPECT_THAT(events_.seen, ElementsAre("hexpired k"));
    EXPECT_EQ(Run("HLEN k"), ":2\r\n");
    Run("HDEL k c");
    Records();
    events_.seen.clear();
    now_ = UnixMs(kCollectionNow + 1000);
    EXPECT_EQ(Sweep(), 1U);
    EXPECT_THAT(Records(), ElementsAre("HDEL k b"));
    EXPECT_THAT(events_.seen, ElementsAre("hexpired k", "del k"));
    EXPECT_EQ(Run("EXISTS k"), ":0\r\n");
    EXPECT_FALSE(engine_.keyspace.any_expiry());
  }
}

TEST_F(CollectionEffectsTest, ASweepKeepsToItsBudgetAndComesBack) {
  for (int i = 0; i < 1000; ++i) {
    Run("HSETEX k PX 50 FIELDS 1 field" + std::to_string(i) + " v");
  }
  Run("HSETEX l PX 50 FIELDS 1 f v");
  now_ = UnixMs(kCollectionNow + 60);
  size_t all = 0;
  for (int i = 0; i < 100 && all < 1001; ++i) {
    const size_t now = Sweep(100);
    EXPECT_LE(now, 100U);
    all += now;
  }
  EXPECT_EQ(all, 1001U);
  EXPECT_EQ(Run("DBSIZE"), ":0\r\n");
}

// A command that presumes an expired field gone says so in the journal first.
TEST_F(CollectionEffectsTest, WritersDropWhatIsOver) {
  const auto prepare = [&] {
    now_ = UnixMs(kCollectionNow);
    Run("DEL k");
    Run("HSET k a 1 b 2");
    Run("HPEXPIRE k 100 FIELDS 1 a");
    now_ = UnixMs(kCollectionNow + 100);
    Records();
  };
  prepare();
  EXPECT_THAT(Effects("HINCRBY k a 5"), ElementsAre("HDEL k a", "HINCRBY k a 5"));
  EXPECT_EQ(Run("HGET k a"), "$1\r\n5\r\n");
  EXPECT_EQ(Run("HTTL k FIELDS 1 a"), "*1\r\n:-1\r\n");
  prepare();
  EXPECT_THAT(Effects("HSETNX k a 5"), ElementsAre("HDEL k a", "HSETNX k a 5"));
  prepare();
  EXPECT_EQ(Run("HSET k a 5"), ":1\r\n");
  EXPECT_THAT(Records(), ElementsAre("HSET k a 5"));
  EXPECT_EQ(Run("HTTL k FIELDS 1 a"), "*1\r\n:-1\r\n");
  prepare();
  EXPECT_EQ(Run("HDEL k a"), ":0\r\n");
  EXPECT_THAT(Records(), ElementsAre("HDEL k a"));
  prepare();
  EXPECT_THAT(Effects("HSETEX k KEEPTTL FIELDS 1 a 5"),
              ElementsAre("HDEL k a", "HSETEX k KEEPTTL FIELDS 1 a 5"));
  EXPECT_EQ(Run("HTTL k FIELDS 1 a"), "*1\r\n:-1\r\n");
  prepare();
  EXPECT_EQ(Run("HPERSIST k FIELDS 1 a"), "*1\r\n:-2\r\n");
  EXPECT_EQ(Run("HEXPIRE k 10 FIELDS 1 a"), "*1\r\n:-2\r\n");
  EXPECT_EQ(Run("HGETDEL k FIELDS 1 a"), "*1\r\n$-1\r\n");
  EXPECT_THAT(Records(), IsEmpty());
  // The last field: the key goes with its own expiry, and is made anew.
  Run("HDEL k b");
  Run("EXPIRE k 100");
  Records();
  EXPECT_THAT(Effects("HINCRBY k a 5"), ElementsAre("HDEL k a", "HINCRBY k a 5"));
  EXPECT_EQ(Run("TTL k"), ":-1\r\n");
}

TEST_F(CollectionEffectsTest, AReplicaOnlyHides) {
  Run("HSET k a 1 b 2");
  Run("HPEXPIRE k 100 FIELDS 1 a");
  engine_.replica = true;
  now_ = UnixMs(kCollectionNow + 100);
  EXPECT_EQ(Run("HGET k a"), "$-1\r\n");
  client_.from_master = true;
  EXPECT_EQ(Run("HGET k a"), "$1\r\n1\r\n");
  EXPECT_EQ(Run("HINCRBY k a 5"), ":6\r\n");  // as the master did, before the moment
  EXPECT_EQ(Run("HPEXPIREAT k 5 FIELDS 1 b"), "*1\r\n:1\r\n");
  EXPECT_EQ(Run("HLEN k"), ":2\r\n");
  EXPECT_EQ(Run("HDEL k a b"), ":2\r\n");
  EXPECT_EQ(Run("EXISTS k"), ":0\r\n");
}

// Whatever way a hash comes to a key, the sweep hears of its fields.
TEST_F(CollectionEffectsTest, FieldExpiryGoesWithTheHash) {
  Run("HSET k a 1 b 2");
  Run("HPEXPIRE k 100 FIELDS 1 a");
  Run("COPY k copy");
  Run("COPY k other DB 3");
  Run("COPY k swapped DB 4");
  Run("RENAME k name");
  EXPECT_EQ(Run("HPEXPIRETIME copy FIELDS 1 a"), "*1\r\n:1700000000100\r\n");
  EXPECT_EQ(Run("HPEXPIRETIME name FIELDS 2 a b"), "*2\r\n:1700000000100\r\n:-1\r\n");
  Run("PEXPIRE name 100000");
  Run("PERSIST name");
  SwapDatabases(&engine_, 4, 5);
  now_ = UnixMs(kCollectionNow + 100);
  EXPECT_EQ(Sweep(), 4U);
  EXPECT_FALSE(engine_.keyspace.any_expiry());
  Run("HSETEX name PX 10 FIELDS 1 a 1");
  EXPECT_TRUE(engine_.keyspace.any_expiry());
  Run("SET name text");
  EXPECT_FALSE(engine_.keyspace.any_expiry());
  Run("HSETEX copy PX 10 FIELDS 1 a 1");
  std::deque<Table> garbage;
  DetachDatabase(&engine_, -1, &garbage);
  EXPECT_FALSE(engine_.keyspace.any_expiry());
}

}  // namespace
}  // namespace pleiad
