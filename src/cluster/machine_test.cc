// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What transcripts show badly: single packets and their effects, and random misfortune.
// PLEIAD_SEEDS=N tries more seeds.
#include "cluster/machine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/prng.h"
#include "base/text.h"
#include "cluster/testing/world.h"

namespace pleiad::cluster::testing {
namespace {

NodeId IdOf(char c) { return *NodeId::Parse(std::string(40, c)); }

// A voter `a` that owns slots 0-9 and knows master b (slots 10-16383, FAIL) with its replica c, by
// packets alone.
class Voter : public ::testing::Test {
 protected:
  Voter() {
    machine_ = std::make_unique<Machine>(ClusterConfig{}, 1, Fresh());
    machine_->Start(MonoMs(1), UnixMs(1));
    Step(AdminRequest{1, AdminSetConfigEpoch{1}, 0, 0});
    Step(AdminRequest{1, AdminAddSlots{{{SlotId(0), SlotId(9)}}}, 0, 0});
    for (const char c : {'b', 'c'}) Meet(c);
    Packet b = From('b', PacketType::kPong);
    for (int n = 10; n < kSlotCount; ++n) b.slots.Set(SlotId(static_cast<uint16_t>(n)));
    slots_ = b.slots;
    b.config_epoch = b.current_epoch = Epoch(5);
    Say('b', b);
    Packet c = From('c', PacketType::kPong);
    c.replica_of = IdOf('b');
    c.flags = kFlagReplica;
    Say('c', c);
    Packet fail = From('c', PacketType::kFail);
    fail.replica_of = IdOf('b');
    fail.fail_about = IdOf('b');
    Say('c', fail);
    EXPECT_TRUE(machine_->state().Find(IdOf('b'))->Failed());
    EXPECT_EQ(machine_->state().Find(IdOf('c'))->master, machine_->state().Find(IdOf('b')));
  }
  std::unique_ptr<ClusterState> Fresh() const {
    auto state = std::make_unique<ClusterState>(IdOf('a'), IdOf('a'));
    state->now = MonoMs(now_);
    state->wall = UnixMs(now_);
    return state;
  }
  void Meet(char c) {
    const Effects met = Step(AdminRequest{1, AdminMeet{"10.0.0.1", c, 1000 + c}, 0, 0});
    links_[c] = std::get<ConnectLink>(met.links.at(0)).link;
    Step(LinkUp{links_[c]});
  }
  static Packet From(char c, PacketType type) {
    Packet packet;
    packet.type = type;
    packet.sender = IdOf(c);
    packet.port = static_cast<uint16_t>(c);
    packet.cport = static_cast<uint16_t>(1000 + c);
    packet.flags = kFlagMaster;
    packet.current_epoch = Epoch(5);
    return packet;
  }
  Packet Request(uint64_t current, uint64_t config) {
    Packet packet = From('c', PacketType::kAuthRequest);
    packet.flags = kFlagReplica;
    packet.replica_of = IdOf('b');
    packet.slots = slots_;
    packet.current_epoch = Epoch(current);
    packet.config_epoch = Epoch(config);
    return packet;
  }
  Effects Step(Event event) {
    now_ += 1;
    return machine_->Step({MonoMs(now_), UnixMs(now_), std::move(event)});
  }
  Effects Say(char c, Packet packet) { return Step(PacketReceived{links_[c], std::move(packet)}); }
  static int Count(const Effects& effects, PacketType type) {
    int count = 0;
    for (const LinkAction& action : effects.links) {
      const auto* send = std::get_if<SendPacket>(&action);
      count += send != nullptr && send->packet.type == type ? 1 : 0;
    }
    return count;
  }
  std::unique_ptr<Machine> machine_;
  std::map<char, LinkId> links_;
  SlotSet slots_;
  int64_t now_ = 1;
};

TEST_F(Voter, VotesOncePerEpochAndSavesFirst) {
  const Effects first = Say('c', Request(6, 5));
  ASSERT_EQ(Count(first, PacketType::kAuthAck), 1);
  ASSERT_TRUE(first.persist.has_value());
  EXPECT_TRUE(first.persist->sync);
  EXPECT_NE(first.persist->content.find("lastVoteEpoch 6"), std::string::npos);
  EXPECT_EQ(Count(Say('c', Request(6, 5)), PacketType::kAuthAck), 0);
  EXPECT_EQ(Count(Say('c', Request(7, 5)), PacketType::kAuthAck), 1);
  EXPECT_EQ(Count(Say('c', Request(6, 5)), PacketType::kAuthAck), 0);
}

// A restart between the two requests would serve while the replica relies on the word given first.
TEST_F(Voter, KeepsItsWordOnDiskWhenAskedAgainToStop) {
  Packet pong = From('c', PacketType::kPong);
  pong.replica_of = IdOf('a');
  pong.flags = kFlagReplica;
  pong.current_epoch = Epoch(6);
  Say('c', pong);
  ASSERT_EQ(machine_->state().Find(IdOf('c'))->master, machine_->state().myself());
  Packet ask = pong;
  ask.type = PacketType::kMfStart;
  EXPECT_TRUE(Say('c', ask).pause_writes.value_or(false));
  const MonoMs end = machine_->state().manual_failover.end;
  const int64_t asked = now_;
  const Effects stopped = Step(ReplicationProgress{});
  ASSERT_TRUE(stopped.persist.has_value());
  EXPECT_NE(stopped.persist->content.find("leaseContested 1"), std::string::npos);
  now_ += 1000;
  const Effects again = Say('c', ask);
  EXPECT_TRUE(again.pause_writes.value_or(false));
  EXPECT_TRUE(machine_->state().contested);
  EXPECT_EQ(machine_->state().manual_failover.end, end + (now_ - asked));
}

TEST_F(Voter, AnswersAStaleCandidateWithUpdate) {
  const Effects denied = Say('c', Request(6, 4));
  EXPECT_EQ(Count(denied, PacketType::kAuthAck), 0);
  EXPECT_EQ(Count(denied, PacketType::kUpdate), 1);
  EXPECT_EQ(machine_->state().last_vote_epoch.value, 0U);
}

TEST_F(Voter, OnlyAGreaterEpochTakesSlots) {
  Packet claim = From('c', PacketType::kPing);
  claim.current_epoch = Epoch(9);
  claim.slots.Set(SlotId(10));
  claim.config_epoch = Epoch(5);
  EXPECT_EQ(Count(Say('c', claim), PacketType::kUpdate), 0);
  EXPECT_EQ(machine_->state().Owner(SlotId(10))->id, IdOf('b'));
  claim.config_epoch = Epoch(6);
  const Effects taken = Say('c', claim);
  EXPECT_EQ(machine_->state().Owner(SlotId(10))->id, IdOf('c'));
  ASSERT_EQ(taken.slot_changes.size(), 1U);
  EXPECT_EQ(taken.slot_changes[0].owner, IdOf('c'));
  ASSERT_TRUE(taken.persist.has_value());
  Packet stale = From('b', PacketType::kPong);
  stale.slots = slots_;
  stale.config_epoch = Epoch(5);
  EXPECT_EQ(Count(Say('b', stale), PacketType::kUpdate), 1);
  EXPECT_EQ(machine_->state().Owner(SlotId(10))->id, IdOf('c'));
}

TEST_F(Voter, AnOvertakenPacketDemotesNobodyButInsistenceDoes) {
  Packet replica = From('b', PacketType::kPong);
  replica.flags = kFlagReplica;
  replica.replica_of = IdOf('a');
  Say('b', replica);
  EXPECT_TRUE(machine_->state().Find(IdOf('b'))->IsMaster());
  now_ += 15001;
  Say('b', replica);
  EXPECT_TRUE(machine_->state().Find(IdOf('b'))->IsReplica());
  EXPECT_EQ(machine_->state().Owner(SlotId(10)), nullptr);
}

TEST_F(Voter, RefusesImplausibleEpochs) {
  EXPECT_EQ(Count(Say('c', Request(6 + (uint64_t{1} << 40), 5)), PacketType::kAuthAck), 0);
  Packet claim = From('b', PacketType::kPong);
  claim.config_epoch = Epoch(uint64_t{1} << 40);
  Say('b', claim);
  EXPECT_EQ(machine_->state().Find(IdOf('b'))->config_epoch.value, 5U);
  Packet update = From('c', PacketType::kUpdate);
  update.update = {Epoch(uint64_t{1} << 40), IdOf('b'), slots_};
  Say('c', update);
  EXPECT_EQ(machine_->state().current_epoch.value, 5U);
}

TEST_F(Voter, RefusesWhileTheMasterIsWell) {
  Step(Tick{});
  now_ += 2 * 15000 + 1;
  Packet pong = From('b', PacketType::kPong);
  pong.slots = slots_;
  pong.config_epoch = Epoch(5);
  Say('b', pong);
  EXPECT_FALSE(machine_->state().Find(IdOf('b'))->Failed());
  EXPECT_EQ(Count(Say('c', Request(6, 5)), PacketType::kAuthAck), 0);
  Packet forced = Request(7, 5);
  forced.mflags[0] |= kMessageForceAck;
  EXPECT_EQ(Count(Say('c', forced), PacketType::kAuthAck), 1);
}

TEST_F(Voter, BelievesNothingOfAStranger) {
  const LinkId link(kInboundLink | 7);
  Step(InboundOpened{link, "10.0.0.9", "10.0.0.1"});
  Packet ping = From('e', PacketType::kPing);
  ping.current_epoch = ping.config_epoch = Epoch(50);
  ping.slots.Set(SlotId(0));
  ping.gossip.push_back({IdOf('d'), 0, 0, "10.0.0.8", 1, 2, kFlagMaster, 0});
  const Effects answer = Step(PacketReceived{link, ping});
  EXPECT_EQ(Count(answer, PacketType::kPong), 1);
  EXPECT_EQ(machine_->state().size(), 3U);
  EXPECT_EQ(machine_->state().current_epoch.value, 5U);
  EXPECT_EQ(machine_->state().Owner(SlotId(0))->id, IdOf('a'));
  Packet fail = From('e', PacketType::kFail);
  fail.fail_about = IdOf('c');
  Step(PacketReceived{link, fail});
  EXPECT_FALSE(machine_->state().Find(IdOf('c'))->Failed());
}

TEST_F(Voter, AnotherIdOnALinkIsNoProofOfFailure) {
  Packet other = From('d', PacketType::kPong);
  const Effects effects = Say('c', other);
  const Node* c = machine_->state().Find(IdOf('c'));
  ASSERT_NE(c, nullptr);
  EXPECT_FALSE(c->HasAddress());
  EXPECT_FALSE(c->Failed());
  EXPECT_EQ(Count(effects, PacketType::kFail), 0);
}

// A replica `a` of the dead master b (slots 0-99). c and d own the rest and may vote: quorum 2
// of 3.
class Candidate : public Voter {
 protected:
  void SetUp() override {
    machine_ = std::make_unique<Machine>(ClusterConfig{}, 1, Fresh());
    machine_->Start(MonoMs(now_), UnixMs(now_));
    links_.clear();
    for (const char c : {'b', 'c', 'd'}) {
      Meet(c);
      Packet pong = From(c, PacketType::kPong);
      pong.config_epoch = Epoch(static_cast<uint64_t>(c - 'a'));
      const int first = c == 'b' ? 0 : c == 'c' ? 100 : 8000;
      const int end = c == 'b' ? 100 : c == 'c' ? 8000 : kSlotCount;
      for (int n = first; n < end; ++n) pong.slots.Set(SlotId(static_cast<uint16_t>(n)));
      Say(c, pong);
    }
    Step(AdminRequest{1, AdminReplicate{IdOf('b').str()}, 0, 0});
    Step(ReplicationProgress{Offset(50), true, true, MonoMs(now_)});
  }
  Effects Fail() {
    Packet fail = From('c', PacketType::kFail);
    fail.fail_about = IdOf('b');
    return Say('c', fail);
  }
  Packet Vote(char c, uint64_t epoch) {
    Packet ack = From(c, PacketType::kAuthAck);
    ack.current_epoch = Epoch(epoch);
    return ack;
  }
};

TEST_F(Candidate, StandsAtOnceAndTellsVotersWhy) {
  const Effects effects = Fail();
  EXPECT_EQ(Count(effects, PacketType::kAuthRequest), 3);
  EXPECT_EQ(Count(effects, PacketType::kFail), 3);
  EXPECT_EQ(machine_->state().current_epoch.value, 6U);
  ASSERT_TRUE(effects.persist.has_value());
  EXPECT_NE(effects.persist->content.find("currentEpoch 6"), std::string::npos);
}

TEST_F(Candidate, CountsVotersNotPackets) {
  Fail();
  Say('c', Vote('c', 6));
  Say('c', Vote('c', 6));
  Say('d', Vote('d', 5));  // of an earlier election
  EXPECT_TRUE(machine_->state().myself()->IsReplica());
  const Effects won = Say('d', Vote('d', 6));
  EXPECT_TRUE(machine_->state().myself()->IsMaster());
  EXPECT_EQ(machine_->state().myself()->slot_count, 100);
  EXPECT_EQ(machine_->state().myself()->config_epoch.value, 6U);
  EXPECT_EQ(won.slot_changes.size(), 100U);
  ASSERT_TRUE(won.persist.has_value() && won.persist->sync);
  ASSERT_TRUE(won.role.has_value());
  EXPECT_TRUE(std::holds_alternative<BecomeMaster>(*won.role));
  EXPECT_EQ(Count(won, PacketType::kPong), 3);
}

TEST_F(Candidate, GivesUpWhenAnotherClaimsItsEpoch) {
  Fail();
  Say('c', Vote('c', 6));
  Packet claim = From('d', PacketType::kPong);
  claim.slots = machine_->state().Find(IdOf('d'))->slots;
  claim.current_epoch = claim.config_epoch = Epoch(6);
  Say('d', claim);
  Say('d', Vote('d', 6));
  EXPECT_TRUE(machine_->state().myself()->IsReplica());
}

TEST_F(Candidate, DoesNotStandWithOldData) {
  now_ += 10000 + 11 * 15000 + 100;
  EXPECT_EQ(Count(Fail(), PacketType::kAuthRequest), 0);
}

TEST_F(Candidate, DoesNotStandIfItNeverHeardItsMaster) {
  Step(ReplicationProgress{Offset(50), false, true, MonoMs(0)});
  EXPECT_EQ(Count(Fail(), PacketType::kAuthRequest), 0);
}

// Steps of chance: kill, start, stop, continue, cut, heal, write, forced failovers. Then peace:
// within a bounded time all nodes are ok and agree. The world's watchers look on all the while.
class Chaos {
 public:
  explicit Chaos(uint64_t seed) : world_(6, 1000, seed), dice_(seed) {}

  // Clocks that drift, and a network that is slow now and then, for longer than the node timeout at
  // worst.
  void Disturb() {
    static constexpr double kRates[] = {1.0, 1.03, 0.97};
    static constexpr int64_t kSlow[] = {0, 20, 300, 1500};
    for (int i = 0; i < 6; ++i) world_.node(i).clock_rate = kRates[dice_.Below(3)];
    slow_ms_ = kSlow[dice_.Below(4)];
  }

  // `rivals`: all replicas follow one master, so that candidates compete.
  void Build(bool rivals, int masters = 3) {
    for (int i = 0; i < 6; ++i) world_.Admin(i, AdminSetConfigEpoch{i + 1});
    for (int i = 0; i < masters; ++i) {
      const auto first = static_cast<uint16_t>(kSlotCount * i / masters);
      const auto last = static_cast<uint16_t>(kSlotCount * (i + 1) / masters - 1);
      world_.Admin(i, AdminAddSlots{{{SlotId(first), SlotId(last)}}});
    }
    for (int i = 1; i < 6; ++i) world_.Admin(0, AdminMeet{"127.0.0.1", 7000 + i, 17000 + i});
    world_.Run(300);
    for (int i = masters; i < 6; ++i) {
      const int master = rivals ? 0 : i - masters;
      EXPECT_EQ(world_.Admin(i, AdminReplicate{world_.state(master).myself()->id.str()}).text,
                "OK");
    }
    world_.Run(1000);
    world_.set_slow(slow_ms_);
  }

  void Misfortune() {
    const int i = static_cast<int>(dice_.Below(6));
    const int j = static_cast<int>(dice_.Below(6));
    WorldNode& n = world_.node(i);
    switch (dice_.Below(9)) {
      case 0:
        if (n.up) world_.Kill(i);
        break;
      case 1:
      case 2:
        if (!n.up) world_.Start(i);
        break;
      case 3:
        if (n.up) world_.Pause(i);
        break;
      case 4:
        if (n.paused) world_.Resume(i);
        break;
      case 5:
        if (i != j) world_.Cut(i, j, dice_.Chance(1, 2));
        break;
      case 6:
        world_.Heal();
        break;
      case 7:
        if (n.up) world_.Write(i, static_cast<int64_t>(dice_.Below(100)));
        break;
      default:
        if (n.up && !n.paused) {
          world_.Admin(i, AdminFailover{dice_.Chance(1, 2) ? AdminFailover::Mode::kForce
                                                           : AdminFailover::Mode::kDefault});
        }
        break;
    }
    world_.Run(static_cast<int64_t>(dice_.Below(1500)));
  }

  void Peace() {
    world_.set_slow(0);
    world_.Heal();
    for (int i = 0; i < 6; ++i) {
      if (!world_.node(i).up) world_.Start(i);
      if (world_.node(i).paused) world_.Resume(i);
    }
  }

  bool Settled() {
    if (!world_.AllOk()) return false;
    for (int i = 0; i < 6; ++i) {
      for (int slot = 0; slot < kSlotCount; slot += 61) {
        const SlotId s(static_cast<uint16_t>(slot));
        const Node* owner = world_.state(i).Owner(s);
        if (owner == nullptr || owner->id != world_.state(0).Owner(s)->id) return false;
      }
    }
    return true;
  }

  World world_;
  Prng dice_;
  int64_t slow_ms_ = 0;
};

int64_t Seeds(int64_t otherwise) {
  const char* seeds = std::getenv("PLEIAD_SEEDS");
  return seeds != nullptr ? ParseInt64(seeds).value_or(1) : otherwise;
}

TEST(Chaos, IsFollowedByPeace) {
  const int64_t count = Seeds(20);
  for (int64_t seed = 1; seed <= count; ++seed) {
    Chaos chaos(static_cast<uint64_t>(seed));
    chaos.Build(seed % 2 == 0);
    ASSERT_TRUE(chaos.Settled()) << "seed " << seed << "\n" << chaos.world_.TakeLog();
    for (int k = 0; k < 40; ++k) chaos.Misfortune();
    chaos.Peace();
    const int64_t took = chaos.world_.RunUntil([&] { return chaos.Settled(); }, 60000);
    EXPECT_GE(took, 0) << "seed " << seed << " did not settle\n" << chaos.world_.TakeLog();
    ASSERT_TRUE(chaos.world_.faults.empty()) << "seed " << seed << ": " << chaos.world_.faults[0];
    if (took < 0) break;
  }
}

// Three to five masters, drifting clocks, a slow network: the lease above all (World::WatchLeases).
TEST(Chaos, NeverTwoWriters) {
  const int64_t count = Seeds(20);
  for (int64_t seed = 1; seed <= count; ++seed) {
    Chaos chaos(static_cast<uint64_t>(seed));
    chaos.Disturb();
    chaos.Build(true, static_cast<int>(3 + seed % 3));
    for (int k = 0; k < 40; ++k) chaos.Misfortune();
    ASSERT_TRUE(chaos.world_.faults.empty())
        << "seed " << seed << ": " << chaos.world_.faults[0] << "\n"
        << chaos.world_.TakeLog();
  }
}

}  // namespace
}  // namespace pleiad::cluster::testing
