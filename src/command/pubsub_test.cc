// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/pubsub.h"

#include <gtest/gtest.h>

#include <deque>
#include <thread>

#include "base/crc.h"

namespace pleiad {
namespace {

using Pushes = std::vector<std::string>;

// Collects what is pushed, a line for each message.
class PushLog : public PushSink {
 public:
  void BeginPushes() override {}
  void Push(ClientState* client, std::string_view bytes) override {
    std::string line = std::to_string(client->id);
    // Every second part between line ends is a string, the others are lengths.
    size_t at = bytes.find('\n') + 1;
    while (at < bytes.size()) {
      if (bytes[at] == '$') at = bytes.find('\n', at) + 1;
      const size_t end = bytes.find('\r', at);
      line += ' ' + std::string(bytes.substr(at, end - at));
      at = end + 2;
    }
    lines.push_back(line);
  }
  void EndPushes() override {}
  Pushes Take() { return std::exchange(lines, {}); }
  Pushes lines;
};

class PubSubTest : public testing::Test {
 protected:
  Subscriber& Client(uint64_t id, int thread) {
    clients_.emplace_back().id = id;
    return Subscriber::Of(&pubsub_, thread, &clients_.back());
  }
  Pushes Deliver(int thread) {
    pubsub_.desk(thread).Deliver(&log_);
    return log_.Take();
  }

  PubSub pubsub_{4};
  PushLog log_;
  std::deque<ClientState> clients_;
};

TEST_F(PubSubTest, CountsAndDeliversByThread) {
  Subscriber& a = Client(1, 0);
  Subscriber& b = Client(2, 1);
  EXPECT_TRUE(a.Subscribe(ChannelKind::kChannel, "news"));
  EXPECT_FALSE(a.Subscribe(ChannelKind::kChannel, "news"));
  EXPECT_TRUE(b.Subscribe(ChannelKind::kPattern, "n*"));
  EXPECT_TRUE(b.Subscribe(ChannelKind::kChannel, "news"));
  EXPECT_EQ(pubsub_.Publish("news", "1", false), 3U);
  EXPECT_EQ(pubsub_.Publish("nothing", "2", false), 1U);
  EXPECT_EQ(pubsub_.Publish("other", "3", false), 0U);
  EXPECT_EQ(Deliver(0), (Pushes{"1 message news 1"}));
  EXPECT_EQ(Deliver(1),
            (Pushes{"2 message news 1", "2 pmessage n* news 1", "2 pmessage n* nothing 2"}));
  EXPECT_FALSE(pubsub_.desk(2).mailbox().any());
  EXPECT_EQ(pubsub_.clients(), 2);
}

// What was published before a client came is not for it, although it still lies there.
TEST_F(PubSubTest, OnlyWhatCameLater) {
  Subscriber& early = Client(1, 0);
  early.Subscribe(ChannelKind::kChannel, "c");
  pubsub_.Publish("c", "1", false);
  Subscriber& late = Client(2, 0);
  late.Subscribe(ChannelKind::kChannel, "c");
  pubsub_.Publish("c", "2", false);
  early.Unsubscribe(ChannelKind::kChannel, "c");
  EXPECT_EQ(Deliver(0), (Pushes{"2 message c 2"}));
}

TEST_F(PubSubTest, ASlotThatWentAway) {
  Subscriber& a = Client(1, 0);
  a.Subscribe(ChannelKind::kShard, "{s}1");
  a.Subscribe(ChannelKind::kShard, "{s}2");
  a.Subscribe(ChannelKind::kShard, "{t}1");
  a.Subscribe(ChannelKind::kChannel, "{s}1");
  pubsub_.Publish("{s}1", "last", true);
  pubsub_.DropSlot(KeySlot("s"));
  EXPECT_EQ(pubsub_.Publish("{t}1", "on", true), 1U);
  Pushes lines = Deliver(0);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], "1 smessage {s}1 last");
  EXPECT_TRUE(lines[1].starts_with("1 sunsubscribe {s}") && lines[1].ends_with(":2")) << lines[1];
  EXPECT_TRUE(lines[2].ends_with(":1")) << lines[2];
  EXPECT_EQ(lines[3], "1 smessage {t}1 on");
  EXPECT_EQ(pubsub_.SlotsInUse(), std::vector<SlotId>{KeySlot("t")});
  EXPECT_EQ(pubsub_.Subscribers("{s}1", false), 1U);
}

TEST_F(PubSubTest, ForgottenWithTheClient) {
  {
    ClientState client;
    Subscriber& s = Subscriber::Of(&pubsub_, 0, &client);
    s.Subscribe(ChannelKind::kChannel, "c");
    s.Subscribe(ChannelKind::kPattern, "p");
    s.Subscribe(ChannelKind::kShard, "s");
    EXPECT_TRUE(client.subscribed);
    EXPECT_EQ(pubsub_.Publish("c", "x", false), 1U);
  }
  EXPECT_EQ(Deliver(0), Pushes{});
  EXPECT_EQ(pubsub_.clients(), 0);
  for (const ChannelKind kind :
       {ChannelKind::kChannel, ChannelKind::kPattern, ChannelKind::kShard}) {
    EXPECT_EQ(pubsub_.count(kind), 0U);
  }
}

// Two threads publish, two others have a subscriber each: both see one order.
TEST_F(PubSubTest, OneOrderForAll) {
  constexpr int kMessages = 2000;
  Client(1, 2).Subscribe(ChannelKind::kChannel, "c");
  Client(1, 3).Subscribe(ChannelKind::kPattern, "c*");
  std::vector<std::thread> publishers;
  for (const char* name : {"a", "b"}) {
    publishers.emplace_back([this, name] {
      for (int i = 0; i < kMessages; ++i) pubsub_.Publish("c", name + std::to_string(i), false);
    });
  }
  std::array<Pushes, 2> seen;
  std::vector<std::thread> readers;
  for (const int thread : {2, 3}) {
    readers.emplace_back([this, thread, &seen] {
      PushLog log;
      while (log.lines.size() < 2 * kMessages) pubsub_.desk(thread).Deliver(&log);
      Pushes& texts = seen[static_cast<size_t>(thread - 2)];
      for (const std::string& line : log.lines) texts.push_back(line.substr(line.rfind(' ')));
    });
  }
  for (std::thread& thread : publishers) thread.join();
  for (std::thread& thread : readers) thread.join();
  EXPECT_EQ(seen[0], seen[1]);
}

}  // namespace
}  // namespace pleiad
