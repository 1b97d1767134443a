// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/tracking.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/crc.h"
#include "command/engine.h"

namespace pleiad {
namespace {

using Told = std::vector<std::string>;

// "7 [a b]": client 7 was told of keys a and b.
class TrackingLog : public PushSink {
 public:
  void BeginPushes() override {}
  void Push(ClientState* client, std::string_view bytes) override {
    std::string text = std::to_string(client->id);
    for (size_t at = bytes.find("$"); at != std::string_view::npos; at = bytes.find('$', at)) {
      at = bytes.find('\n', at) + 1;
      text += ' ' + std::string(bytes.substr(at, bytes.find('\r', at) - at));
    }
    told.push_back(text);
  }
  void EndPushes() override {}
  Told told;
};

class TrackingTest : public testing::Test {
 protected:
  TrackingState& Client(uint64_t id, int thread) {
    ClientState& client = clients_.emplace_back();
    client.id = id;
    client.protocol = 3;
    Subscriber& s = Subscriber::Of(&engine_.pubsub, thread, &client);
    s.tracking = std::make_shared<TrackingState>(&engine_.tracking, id, thread);
    return *s.tracking;
  }
  bool Change(std::string_view key, const ClientState* by = nullptr) {
    return engine_.tracking.OnChange(KeySlot(key), key, by);
  }
  void Read(std::string_view key, const TrackingState& state) {
    engine_.tracking.Remember(KeySlot(key), key, state);
  }
  Told Deliver() {
    TrackingLog log;
    // Letters may make letters for desks that were looked at already.
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 4; ++i) engine_.pubsub.desk(i).Deliver(&log);
    }
    return log.told;
  }

  Engine engine_{1, 1};
  std::deque<ClientState> clients_;
};

TEST_F(TrackingTest, ToldOnceForEachRead) {
  TrackingState& a = Client(1, 0);
  TrackingState& b = Client(2, 1);
  Read("k", a);
  Read("k", a);
  Read("k", b);
  Read("{k}2", b);
  EXPECT_EQ(engine_.tracking.keys(), 2U);
  EXPECT_EQ(engine_.tracking.items(), 3U);
  EXPECT_TRUE(Change("k"));  // {k}2 is in the same slot
  EXPECT_EQ(Deliver(), (Told{"1 invalidate k", "2 invalidate k"}));
  EXPECT_TRUE(Change("k"));
  EXPECT_FALSE(Change("{k}2"));
  EXPECT_EQ(Deliver(), (Told{"2 invalidate {k}2"}));
  EXPECT_EQ(engine_.tracking.items(), 0U);
}

TEST_F(TrackingTest, NoLoopAndBroadcast) {
  TrackingState& a = Client(1, 0);
  a.no_loop = true;
  TrackingState& b = Client(2, 0);
  b.broadcast = true;
  EXPECT_TRUE(engine_.tracking.AddPrefix(&b, "k"));
  EXPECT_FALSE(engine_.tracking.AddPrefix(&b, "l"));
  Read("k1", a);
  Read("k2", a);
  EXPECT_TRUE(Change("k1", &clients_[0]));
  EXPECT_TRUE(Change("k2", &clients_[1]));
  EXPECT_TRUE(Change("k3", &clients_[1]));
  EXPECT_TRUE(Change("m", &clients_[1]));
  EXPECT_EQ(Deliver(), (Told{"1 invalidate k2"}));
  engine_.tracking.SendBroadcasts(2);
  EXPECT_EQ(Deliver(), (Told{"2 invalidate k2 k3"}));
  engine_.tracking.SendBroadcasts(1);
  EXPECT_EQ(Deliver(), (Told{"2 invalidate k1"}));
  clients_[1].subscriber.reset();
  EXPECT_EQ(engine_.tracking.prefixes(), 0U);
  EXPECT_FALSE(Change("k3"));
}

TEST_F(TrackingTest, RedirectedAndBroken) {
  TrackingState& a = Client(1, 2);
  Client(2, 0);
  a.redirect = 2;
  a.redirect_thread = 0;
  Read("k", a);
  Change("k");
  EXPECT_EQ(Deliver(), (Told{"2 invalidate k"}));
  clients_[1].subscriber.reset();
  Read("k", a);
  Change("k");
  EXPECT_EQ(Deliver(), (Told{"1 tracking-redir-broken"}));
  EXPECT_TRUE(a.broken);
}

TEST_F(TrackingTest, ASlotThatWentAway) {
  TrackingState& a = Client(1, 0);
  Read("{s}1", a);
  Read("{t}1", a);
  engine_.tracking.DropSlot(KeySlot("s"));
  EXPECT_EQ(Deliver(), (Told{"1 invalidate {s}1"}));
  EXPECT_EQ(engine_.tracking.keys(), 1U);
}

TEST_F(TrackingTest, TrimTellsAsIfChanged) {
  TrackingState& a = Client(1, 0);
  for (int i = 0; i < 20; ++i) Read("k" + std::to_string(i), a);
  engine_.tracking.Trim(0);
  EXPECT_EQ(engine_.tracking.keys(), 20U);
  engine_.tracking.Trim(5);
  EXPECT_EQ(engine_.tracking.keys(), 5U);
  EXPECT_EQ(Deliver().size(), 15U);
  engine_.tracking.OnFlush();
  EXPECT_EQ(engine_.tracking.keys(), 0U);
  EXPECT_EQ(Deliver(), (Told{"1 invalidate"}));
}

}  // namespace
}  // namespace pleiad
