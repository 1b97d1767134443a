// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What transcripts can't show of the stream commands: journal records, events, RESP3, and that the
// records make the same stream on a replica.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "command/dispatch.h"

namespace pleiad {
namespace {

using StreamStrings = std::vector<std::string>;

constexpr int64_t kStreamNow = 1'700'000'000'000;

class StreamEvents : public ChangeObserver {
 public:
  void OnEvent(NotifyClass, std::string_view event, int, std::string_view key) override {
    seen.push_back(std::string(event) + " " + std::string(key));
  }
  bool OnChange(SlotId, int, std::string_view, const ClientState*) override { return true; }
  StreamStrings seen;
};

// A master and a replica that gets its records.
class StreamEffectsTest : public testing::Test {
 protected:
  StreamEffectsTest() {
    engine_.observer = &events_;
    engine_.journal.SetActive(true);
    reader_ = engine_.journal.Attach(engine_.journal.end());
    Effects("GET nothing");  // the stream begins with a SELECT
    replica_.replica = true;
    replica_client_.from_master = true;
  }

  static std::string RunOn(Engine* engine, Dispatcher* dispatcher, ClientState* client, UnixMs now,
                           std::span<const std::string_view> args) {
    resp::OutBuffer out;
    engine->keyspace.Enter(0);
    dispatcher->RunOne(args, client, &out, now, MonoMs(1));
    engine->keyspace.Leave(0);
    return std::string(out.view());
  }

  std::string Run(const std::string& line) {
    const auto words = SplitArgs(line);
    const std::vector<std::string_view> args(words->begin(), words->end());
    return RunOn(&engine_, &dispatcher_, &client_, now_, args);
  }

  // The records of a command, words parted by blanks; the replica obeys them. Values are single
  // words.
  StreamStrings Effects(const std::string& line) {
    Run(line);
    std::string stream;
    reader_->Read(1 << 20, &stream);
    std::vector<StreamStrings> records;
    for (const std::string_view part : Split(stream, '\n')) {
      if (part.starts_with('*')) records.emplace_back();
      if (part.empty() || part.starts_with('*') || part.starts_with('$')) continue;
      records.back().emplace_back(part.substr(0, part.size() - 1));
    }
    StreamStrings joined;
    for (const StreamStrings& record : records) {
      if (record[0] == "SELECT") continue;
      const std::vector<std::string_view> args(record.begin(), record.end());
      const std::string reply =
          RunOn(&replica_, &replica_dispatcher_, &replica_client_, now_ + 5000, args);
      EXPECT_FALSE(reply.starts_with('-')) << reply;
      joined.emplace_back();
      for (const std::string& word : record)
        joined.back() += (joined.back().empty() ? "" : " ") + word;
    }
    return joined;
  }

  // What both have under "s", but for the times at which consumers were seen.
  void ExpectSameStreams() {
    for (const char* line : {"XINFO STREAM s", "XINFO GROUPS s", "XRANGE s - +"}) {
      const auto words = SplitArgs(line);
      const std::vector<std::string_view> args(words->begin(), words->end());
      EXPECT_EQ(Run(line), RunOn(&replica_, &replica_dispatcher_, &client_, now_, args)) << line;
    }
    for (const char* line : {"XPENDING s g", "XPENDING s g - + 1000"}) {
      const auto words = SplitArgs(line);
      const std::vector<std::string_view> args(words->begin(), words->end());
      EXPECT_EQ(Run(line), RunOn(&replica_, &replica_dispatcher_, &client_, now_, args)) << line;
    }
  }

  StreamStrings EventsOf(const std::string& line) {
    engine_.notify_flags = ~0U;
    events_.seen.clear();
    Run(line);
    engine_.notify_flags = 0;
    return events_.seen;
  }

  Engine engine_{16, 7};
  Engine replica_{16, 9};
  StreamEvents events_;
  Dispatcher dispatcher_{&engine_, nullptr, 0, 1};
  Dispatcher replica_dispatcher_{&replica_, nullptr, 0, 1};
  ClientState client_;
  ClientState replica_client_;
  UnixMs now_{kStreamNow};
  std::unique_ptr<Journal::Reader> reader_;
};

TEST_F(StreamEffectsTest, AddingAndTrimmingAreExactInTheJournal) {
  engine_.collections.stream_node_max_entries = 2;
  EXPECT_EQ(Effects("XADD s * a b"), StreamStrings{"XADD s 1700000000000-0 a b"});
  EXPECT_EQ(Effects("XADD s 1800000000000-* a b"), StreamStrings{"XADD s 1800000000000-0 a b"});
  EXPECT_EQ(Effects("XADD s 1800000000000-7 a b"), StreamStrings{"XADD s 1800000000000-7 a b"});
  EXPECT_EQ(Effects("XADD s MAXLEN 3 * a b"), StreamStrings{"XADD s MAXLEN 3 1800000000000-8 a b"});
  EXPECT_EQ(Effects("XADD s MAXLEN ~ 1 LIMIT 100 * a b"),
            StreamStrings{"XADD s MAXLEN = 1 1800000000000-9 a b"});
  EXPECT_EQ(Effects("XADD s KEEPREF MINID ~ 1800000000000-9 * a b"),
            StreamStrings{"XADD s MINID = 1800000000000-9 KEEPREF 1800000000000-10 a b"});
  EXPECT_EQ(Effects("XADD t NOMKSTREAM * a b"), StreamStrings{});
  EXPECT_EQ(Effects("XTRIM s MAXLEN 5"), StreamStrings{});
  Effects("XADD s * a b");
  EXPECT_EQ(Effects("XTRIM s MAXLEN ~ 1"), StreamStrings{"XTRIM s MAXLEN = 1"});
  EXPECT_EQ(Effects("XDEL s 5-5"), StreamStrings{});
  EXPECT_EQ(Effects("XDEL s 1800000000000-11 5-5"), StreamStrings{"XDEL s 1800000000000-11 5-5"});
  replica_.collections.stream_node_max_entries = 2;
  EXPECT_EQ(Effects("XGROUP CREATE s g 0"), StreamStrings{"XGROUP CREATE s g 0"});
  ExpectSameStreams();
}

TEST_F(StreamEffectsTest, ReadingAndClaimingAreInTheJournalAsPending) {
  for (int i = 1; i <= 9; ++i) Effects("XADD s " + std::to_string(i) + "-0 a b");
  Effects("XGROUP CREATE s g 0");
  EXPECT_EQ(Effects("XREADGROUP GROUP g c COUNT 1 STREAMS s >"),
            (StreamStrings{"MULTI", "XGROUP CREATECONSUMER s g c",
                           "XCLAIM s g c 0 1-0 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID "
                           "LASTID 1-0",
                           "XGROUP SETID s g 1-0 ENTRIESREAD 1", "EXEC"}));
  EXPECT_EQ(Effects("XREADGROUP GROUP g c COUNT 1 NOACK STREAMS s >"),
            StreamStrings{"XGROUP SETID s g 2-0 ENTRIESREAD 2"});
  Effects("XREADGROUP GROUP g c COUNT 3 STREAMS s >");
  now_ = UnixMs(kStreamNow + 10);
  EXPECT_EQ(Effects("XCLAIM s g d 0 3-0 9-0"),
            (StreamStrings{"MULTI", "XGROUP CREATECONSUMER s g d",
                           "XCLAIM s g d 0 3-0 TIME 1700000000010 RETRYCOUNT 2 FORCE JUSTID "
                           "LASTID 5-0",
                           "EXEC"}));
  EXPECT_EQ(Effects("XCLAIM s g d 0 9-9 LASTID 6-0"),
            StreamStrings{"XGROUP SETID s g 6-0 ENTRIESREAD 5"});
  Effects("XDEL s 4-0");
  EXPECT_EQ(Effects("XAUTOCLAIM s g d 0 4-0 COUNT 1 JUSTID"),
            StreamStrings{"XCLAIM s g c 0 4-0 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID "
                          "LASTID 6-0"});
  EXPECT_EQ(Effects("XAUTOCLAIM s g d 0 5-0 JUSTID"),
            StreamStrings{"XCLAIM s g d 0 5-0 TIME 1700000000010 RETRYCOUNT 1 FORCE JUSTID "
                          "LASTID 6-0"});
  EXPECT_EQ(Effects("XACK s g 5-0 8-0"), StreamStrings{"XACK s g 5-0 8-0"});
  EXPECT_EQ(Effects("XACK s g 5-0 8-0"), StreamStrings{});
  EXPECT_EQ(Effects("XACKDEL s g IDS 1 3-0"), StreamStrings{"XACKDEL s g IDS 1 3-0"});
  EXPECT_EQ(Run("XPENDING s g").substr(0, 8), "*4\r\n:1\r\n");
  Effects("XADD s 10-0 a b");
  EXPECT_EQ(Effects("XGROUP DELCONSUMER s g d"), StreamStrings{"XGROUP DELCONSUMER s g d"});
  ExpectSameStreams();
  // That history was read again is no news for a replica, as in Redis.
  EXPECT_EQ(Effects("XREADGROUP GROUP g c STREAMS s 0"), StreamStrings{});
}

TEST_F(StreamEffectsTest, EventsHaveTheNamesListenersKnow) {
  EXPECT_EQ(EventsOf("XADD s 1-1 a b"), (StreamStrings{"new s", "xadd s"}));
  EXPECT_EQ(EventsOf("XADD s MAXLEN 1 2-1 a b"), (StreamStrings{"xadd s", "xtrim s"}));
  EXPECT_EQ(EventsOf("XTRIM s MAXLEN 1"), StreamStrings{});
  EXPECT_EQ(EventsOf("XSETID s 5-5"), StreamStrings{"xsetid s"});
  EXPECT_EQ(EventsOf("XGROUP CREATE s g 0"), StreamStrings{"xgroup-create s"});
  EXPECT_EQ(EventsOf("XGROUP CREATE t g 0 MKSTREAM"), (StreamStrings{"new t", "xgroup-create t"}));
  EXPECT_EQ(EventsOf("XGROUP SETID s g 0"), StreamStrings{"xgroup-setid s"});
  EXPECT_EQ(EventsOf("XGROUP CREATECONSUMER s g c"), StreamStrings{"xgroup-createconsumer s"});
  EXPECT_EQ(EventsOf("XREADGROUP GROUP g d STREAMS s >"), StreamStrings{"xgroup-createconsumer s"});
  EXPECT_EQ(EventsOf("XACK s g 2-1"), StreamStrings{});
  EXPECT_EQ(EventsOf("XGROUP DELCONSUMER s g c"), StreamStrings{"xgroup-delconsumer s"});
  EXPECT_EQ(EventsOf("XGROUP DESTROY s g"), StreamStrings{"xgroup-destroy s"});
  EXPECT_EQ(EventsOf("XDEL s 2-1 3-3"), StreamStrings{"xdel s"});
  EXPECT_EQ(EventsOf("XTRIM s MAXLEN 0"), StreamStrings{});
}

TEST_F(StreamEffectsTest, Resp3HasMaps) {
  client_.protocol = 3;
  Run("XADD s 1-1 a b");
  Run("XGROUP CREATE s g 0");
  const std::string entry = "*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n";
  const std::string reply = "%1\r\n$1\r\ns\r\n*1\r\n" + entry;
  EXPECT_EQ(Run("XREAD STREAMS s 0"), reply);
  EXPECT_EQ(Run("XREADGROUP GROUP g c STREAMS s >"), reply);
  EXPECT_EQ(Run("XREAD STREAMS s 5"), "_\r\n");
  EXPECT_EQ(Run("XINFO GROUPS s").substr(0, 8), "*1\r\n%6\r\n");
  EXPECT_EQ(Run("XINFO CONSUMERS s g").substr(0, 8), "*1\r\n%4\r\n");
  EXPECT_EQ(Run("XINFO STREAM s").substr(0, 5), "%10\r\n");
  EXPECT_EQ(Run("XINFO STREAM s FULL").substr(0, 4), "%9\r\n");
}

}  // namespace
}  // namespace pleiad
