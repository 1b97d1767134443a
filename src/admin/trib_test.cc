// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Whole runs against a cluster in memory. The expected output is what redis-trib.rb 3.0.7 printed
// (tests/golden/trib), byte for byte, colours included.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "admin/commands.h"
#include "admin/fake_cluster.h"
#include "admin/print.h"
#include "base/crc.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kIds[] = {
    "4bbe3e0fe07b07c66a5434d76b428c51e518fe68", "c0ac82eb3a292648d9def05710c87ef1660ff0ce",
    "7143d9e7b37e299286b68208f573f8600b736f2d", "62afa9478ab634b083111174cf57441abab2781f",
    "318c6023d229a999c0eacd43ce47d01a9378ac0b", "2cd5a2c536161b0cdc0a18ac5b737033dd9ce5b0",
    "bdee471d47ec315514dfa9a189ba4eee84ee6990", "fd72bd25f0c2f03e7ec8bf660ba60f97c02ce7fd"};

std::string Golden(const std::string& name) {
  const std::string path = std::string(PLEIAD_SOURCE_DIR) + "/tests/golden/trib/" + name + ".txt";
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return "(no file " + path + ")";
  std::string text;
  char buffer[4096];
  for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;) text.append(buffer, n);
  std::fclose(file);
  return text;
}

std::string WithoutColours(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\x1b') {
      plain += text[i];
    } else {
      i = text.find('m', i);
    }
  }
  return plain;
}

// A key of that slot.
std::string KeyOf(int slot) {
  for (int i = 0;; ++i) {
    std::string key = "k" + std::to_string(i);
    if (KeySlot(key).value == slot) return key;
  }
}

class TribTest : public ::testing::Test {
 protected:
  int Run(const std::vector<std::string>& words, bool colour = true) {
    console_.output.clear();
    return RunTrib({&cluster_, &console_, &cluster_, colour, password_}, words);
  }

  // Nodes 7000... that know nobody.
  void Empty(int count = 6) {
    for (int i = 0; i < count; ++i) cluster_.Add(7000 + i, kIds[i]);
  }

  void Slots(int port, const std::vector<SlotRange>& ranges) {
    for (const SlotRange& range : ranges) cluster_.At(port).slots.Add(range);
  }

  void Replicate(int port, int master) { cluster_.At(port).master = cluster_.At(master).id; }

  // The six nodes of the recording, each with its table in the recorded order.
  void Join(const std::vector<int>& order_of_7000 = {7004, 7003, 7005, 7002, 7001}) {
    for (int i = 0; i < 3; ++i) Replicate(7003 + i, 7000 + i);
    cluster_.Introduce(7000, order_of_7000);
    cluster_.Introduce(7001, {7005, 7002, 7000, 7003, 7004});
    cluster_.Introduce(7002, {7000, 7001, 7003, 7004, 7005});
    cluster_.Introduce(7003, {7000, 7001, 7002, 7004, 7005});
    cluster_.Introduce(7004, {7000, 7001, 7002, 7003, 7005});
    cluster_.Introduce(7005, {7000, 7001, 7002, 7003, 7004});
  }

  void Standard() {
    Empty();
    Slots(7000, {{0, 5460}});
    Slots(7001, {{5461, 10922}});
    Slots(7002, {{10923, 16383}});
    Join();
  }

  // After some resharding: 7002 gave slots to 7000, 7001 too.
  void Resharded() {
    Empty();
    Slots(7000, {{0, 5467}, {10923, 10928}});
    Slots(7001, {{5468, 10922}});
    Slots(7002, {{10929, 16383}});
    Join();
  }

  std::vector<std::string> CreateWords() {
    std::vector<std::string> words = {"create", "--replicas", "1"};
    for (int i = 0; i < 6; ++i) words.push_back("127.0.0.1:" + std::to_string(7000 + i));
    return words;
  }

  void ExpectAllEmpty(int count = 6) {
    for (int i = 0; i < count; ++i) {
      const FakeNode& node = cluster_.At(7000 + i);
      EXPECT_TRUE(node.slots.empty()) << i;
      EXPECT_THAT(node.table, IsEmpty()) << i;
      EXPECT_TRUE(node.master.empty()) << i;
      EXPECT_EQ(node.epoch, 0u) << i;
    }
  }

  // No command but questions.
  void ExpectUntouched(int port) {
    for (const std::string& line : cluster_.At(port).log) {
      EXPECT_TRUE(line == "INFO" || line == "CLUSTER NODES") << line;
    }
  }

  FakeCluster cluster_;
  FakeConsole console_;
  std::string password_;
};

TEST_F(TribTest, CreatePrintsWhatRedisTribPrinted) {
  Empty();
  console_.answers = {"yes"};
  EXPECT_EQ(Run(CreateWords()), 0);
  EXPECT_EQ(console_.output, Golden("create"));
}

TEST_F(TribTest, CreateOnPipePrintsTheSameWithoutColours) {
  Empty();
  console_.answers = {"yes"};
  EXPECT_EQ(Run(CreateWords(), false), 0);
  EXPECT_EQ(console_.output, WithoutColours(Golden("create")));
}

TEST_F(TribTest, CreateMakesTheClusterThatWasProposed) {
  Empty();
  std::vector<std::string> words = CreateWords();
  words.push_back("--yes");
  const MonoMs start = cluster_.Now();
  EXPECT_EQ(Run(words), 0);
  EXPECT_LT(cluster_.Now() - start, 1000);
  EXPECT_THAT(console_.output, Not(HasSubstr("Can I set")));
  EXPECT_EQ(cluster_.At(7001).slots.str(), "5461-10922");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(cluster_.At(7003 + i).master, cluster_.At(7000 + i).id);
    EXPECT_TRUE(cluster_.At(7003 + i).slots.empty());
  }
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(cluster_.At(7000 + i).epoch, static_cast<uint64_t>(i) + 1);
    EXPECT_EQ(cluster_.At(7000 + i).table.size(), 5u);
  }
  EXPECT_EQ(Run({"check", "127.0.0.1:7004"}), 0) << console_.output;
}

TEST_F(TribTest, CreateClaimsSlotsInBatchesWhereTheNodeIsOld) {
  Empty();
  for (int i = 0; i < 6; ++i) cluster_.At(7000 + i).knows_ranges = false;
  console_.answers = {"yes"};
  EXPECT_EQ(Run(CreateWords()), 0);
  EXPECT_EQ(console_.output, Golden("create"));
}

TEST_F(TribTest, CreateWaitsForTheClusterToServeButNotForEver) {
  Empty();
  const MonoMs start = cluster_.Now();
  cluster_.serves_from = start + 400;
  console_.answers = {"yes"};
  EXPECT_EQ(Run(CreateWords()), 0);
  EXPECT_GE(cluster_.Now(), cluster_.serves_from);
  cluster_ = FakeCluster();
  Empty();
  cluster_.serves_from = cluster_.Now() + 60'000;
  console_.answers = {"yes"};
  EXPECT_EQ(Run(CreateWords()), 0);
  EXPECT_LT(cluster_.Now(), cluster_.serves_from);
}

TEST_F(TribTest, CreateToleratesNodesThatKeptAnEpoch) {
  Empty();
  cluster_.At(7002).epoch = 9;
  console_.answers = {"yes"};
  EXPECT_EQ(Run(CreateWords()), 0);
}

TEST_F(TribTest, CreateAsksAndObeysNo) {
  Empty();
  console_.answers = {"y"};
  EXPECT_EQ(Run(CreateWords(), false), 1);
  EXPECT_THAT(console_.output, EndsWith("(type 'yes' to accept): *** Aborting...\n"));
  EXPECT_EQ(Run(CreateWords(), false), 1) << "the end of the input is no yes";
  for (int i = 0; i < 6; ++i) ExpectUntouched(7000 + i);
}

TEST_F(TribTest, CreateRefusesNodesThatKnowOthers) {
  Standard();
  EXPECT_EQ(Run(CreateWords()), 1);
  EXPECT_EQ(console_.output, Golden("create-not-empty"));
}

TEST_F(TribTest, CreateRefusesBeforeItTouchesAnything) {
  struct Case {
    const char* name;
    void (*spoil)(FakeCluster&);
    const char* line;
  };
  const Case cases[] = {
      {"keys", [](FakeCluster& c) { c.At(7005).keys = 1; },
       "[ERR] Node 127.0.0.1:7005 is not empty. Either the node already knows other nodes (check "
       "with CLUSTER NODES) or contains some key in database 0.\n"},
      {"standalone", [](FakeCluster& c) { c.At(7005).cluster_enabled = false; },
       "[ERR] Node 127.0.0.1:7005 is not configured as a cluster node.\n"},
      {"down", [](FakeCluster& c) { c.At(7005).up = false; },
       "[ERR] Sorry, can't connect to node 127.0.0.1:7005\n"},
      {"slots", [](FakeCluster& c) { c.At(7005).slots.Add({7, 9}); },
       "[ERR] Node 127.0.0.1:7005 is not empty. It already serves the slots 7-9.\n"},
      {"password", [](FakeCluster& c) { c.At(7005).password = "secret"; },
       "[ERR] Node 127.0.0.1:7005: NOAUTH Authentication required.\n"},
      {"twice", [](FakeCluster& c) { c.At(7005).id = c.At(7004).id; },
       "[ERR] 127.0.0.1:7004 and 127.0.0.1:7005 are the same node "
       "(318c6023d229a999c0eacd43ce47d01a9378ac0b).\n"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    cluster_ = FakeCluster();
    Empty();
    c.spoil(cluster_);
    console_.answers = {"yes"};
    EXPECT_EQ(Run(CreateWords(), false), 1);
    EXPECT_EQ(console_.output, std::string(">>> Creating cluster\n") + c.line);
    for (int i = 0; i < 6; ++i) ExpectUntouched(7000 + i);
  }
}

TEST_F(TribTest, CreateNeedsThreeMasters) {
  Empty();
  EXPECT_EQ(Run({"create", "--replicas", "1", "127.0.0.1:7000", "127.0.0.1:7001", "127.0.0.1:7002",
                 "127.0.0.1:7003"},
                false),
            1);
  EXPECT_EQ(console_.output,
            ">>> Creating cluster\n"
            "*** ERROR: Invalid configuration for cluster creation.\n"
            "*** Redis Cluster requires at least 3 master nodes.\n"
            "*** This is not possible with 4 nodes and 1 replicas per node.\n"
            "*** At least 6 nodes are required.\n");
}

TEST_F(TribTest, CreateLooksAgainAfterTheAnswer) {
  Empty();
  class Busybody : public FakeConsole {
   public:
    explicit Busybody(FakeCluster& cluster) : cluster_(cluster) {}
    std::optional<std::string> ReadLine() override {
      cluster_.At(7003).keys = 5;
      return "yes";
    }
    FakeCluster& cluster_;
  } console(cluster_);
  EXPECT_EQ(RunTrib({&cluster_, &console, &cluster_, false, ""}, CreateWords()), 1);
  EXPECT_THAT(console.output, HasSubstr("[ERR] Node 127.0.0.1:7003 is not empty."));
  for (int i = 0; i < 6; ++i) ExpectUntouched(7000 + i);
}

TEST_F(TribTest, CreateUndoesWhatItDidWhenARefusalComesHalfWay) {
  const std::pair<int, const char*> refusals[] = {
      {7001, "CLUSTER ADDSLOTSRANGE"}, {7004, "CLUSTER MEET"}, {7005, "CLUSTER REPLICATE"}};
  for (const auto& [port, command] : refusals) {
    SCOPED_TRACE(command);
    cluster_ = FakeCluster();
    Empty();
    cluster_.At(port).refuse[command] = "ERR not today";
    console_.answers = {"yes"};
    EXPECT_EQ(Run(CreateWords(), false), 1);
    EXPECT_THAT(console_.output, EndsWith("[ERR] Node 127.0.0.1:" + std::to_string(port) +
                                          ": ERR not today\n"
                                          ">>> Undoing what was done so far\n"
                                          "[OK] The nodes are empty and apart again.\n"));
    ExpectAllEmpty();
    cluster_.Pause(1000);  // greetings that were still under way
    ExpectAllEmpty();
  }
}

TEST_F(TribTest, CreateUndoesWhatItDidWhenTheNodesCannotHearEachOther) {
  Empty();
  cluster_.bus_works = false;
  console_.answers = {"yes"};
  EXPECT_EQ(Run(CreateWords(), false), 1);
  EXPECT_THAT(console_.output, HasSubstr("\n[ERR] The nodes did not join within 30 seconds: "));
  EXPECT_THAT(console_.output, EndsWith("[OK] The nodes are empty and apart again.\n"));
  ExpectAllEmpty();
}

TEST_F(TribTest, CreateNamesTheNodeItCouldNotUndo) {
  Empty();
  cluster_.At(7005).refuse["CLUSTER REPLICATE"] = "ERR not today";
  cluster_.At(7002).refuse["CLUSTER RESET"] = "ERR not either";
  console_.answers = {"yes"};
  EXPECT_EQ(Run(CreateWords(), false), 1);
  EXPECT_THAT(console_.output, HasSubstr("[ERR] Node 127.0.0.1:7002: ERR not either\n"));
  EXPECT_TRUE(cluster_.At(7000).slots.empty()) << "the others are reset all the same";
}

TEST_F(TribTest, CheckOfAHealthyCluster) {
  Standard();
  EXPECT_EQ(Run({"check", "127.0.0.1:7000"}), 0);
  EXPECT_EQ(console_.output, Golden("check"));
  EXPECT_EQ(Run({"check", "1", "127.0.0.1:7000"}), 0) << "the spelling of the old guides";
  EXPECT_EQ(console_.output, Golden("check"));
}

TEST_F(TribTest, CheckShowsOpenSlots) {
  Resharded();
  cluster_.At(7000).open_slots = "[100->-" + std::string(kIds[1]) + "]";
  EXPECT_EQ(Run({"check", "127.0.0.1:7000"}), 1);
  EXPECT_EQ(console_.output, Golden("check-open-slot"));
  cluster_.At(7000).open_slots = "[100-<-" + std::string(kIds[1]) + "]";
  EXPECT_EQ(Run({"check", "127.0.0.1:7000"}, false), 1);
  EXPECT_THAT(console_.output, HasSubstr("7000 has slots in importing state (100).\n"));
}

TEST_F(TribTest, CheckShowsUncoveredSlots) {
  Resharded();
  cluster_.At(7000).slots = SlotSet();
  Slots(7000, {{0, 199}, {201, 5467}, {10923, 10928}});
  EXPECT_EQ(Run({"check", "127.0.0.1:7000"}), 1);
  EXPECT_EQ(console_.output, Golden("check-uncovered"));
}

TEST_F(TribTest, CheckOfNobody) {
  EXPECT_EQ(Run({"check", "127.0.0.1:9999"}), 1);
  EXPECT_EQ(console_.output, Golden("check-unreachable"));
}

TEST_F(TribTest, CheckReportsAKnownNodeThatDoesNotAnswer) {
  Standard();
  cluster_.At(7004).up = false;
  EXPECT_EQ(Run({"check", "127.0.0.1:7000"}, false), 1);
  EXPECT_THAT(console_.output, HasSubstr("[ERR] Sorry, can't connect to node 127.0.0.1:7004\n"));
  EXPECT_THAT(console_.output, HasSubstr("[OK] All 16384 slots covered.\n"));
}

TEST_F(TribTest, Info) {
  Standard();
  EXPECT_EQ(Run({"info", "127.0.0.1:7000"}), 0);
  EXPECT_EQ(console_.output, Golden("info"));
  cluster_.At(7001).keys = 24576;
  EXPECT_EQ(Run({"info", "127.0.0.1:7000"}, false), 0);
  EXPECT_THAT(console_.output,
              EndsWith("7001 (c0ac82eb...) -> 24576 keys | 5462 slots | 1 slaves.\n"
                       "[OK] 24576 keys in 3 masters.\n"
                       "1.50 keys per slot on average.\n"));
}

TEST_F(TribTest, Call) {
  Standard();
  EXPECT_EQ(Run({"call", "127.0.0.1:7000", "ping"}), 0);
  EXPECT_EQ(console_.output, Golden("call"));
  EXPECT_EQ(Run({"call", "127.0.0.1:7000", "nonsense", "--yes"}, false), 1);
  EXPECT_THAT(console_.output, HasSubstr(">>> Calling NONSENSE --yes\n"
                                         "127.0.0.1:7000: ERR unknown command 'NONSENSE'\n"));
}

TEST_F(TribTest, SetTimeout) {
  Standard();
  EXPECT_EQ(Run({"set-timeout", "127.0.0.1:7000", "9000"}), 0);
  EXPECT_EQ(console_.output, Golden("set-timeout"));
  EXPECT_EQ(cluster_.At(7005).config["cluster-node-timeout"], "9000");
  EXPECT_EQ(Run({"set-timeout", "127.0.0.1:7000", "99"}), 1);
  EXPECT_EQ(cluster_.At(7005).config["cluster-node-timeout"], "9000");
}

TEST_F(TribTest, AddNode) {
  Standard();
  cluster_.Add(7006, kIds[6]);
  EXPECT_EQ(Run({"add-node", "127.0.0.1:7006", "127.0.0.1:7001"}), 0);
  EXPECT_EQ(console_.output, Golden("add-node"));
  EXPECT_EQ(cluster_.At(7006).table.size(), 6u);
  EXPECT_NE(cluster_.At(7003).Find(cluster_.At(7006).id), nullptr);
}

TEST_F(TribTest, AddNodeAsReplica) {
  Empty(7);
  Slots(7000, {{0, 4}, {6, 5460}});
  Slots(7006, {{5, 5}, {5461, 5467}, {10923, 10928}});
  Slots(7002, {{10929, 16383}});
  Slots(7001, {{5468, 10922}});
  Join({7004, 7003, 7005, 7006, 7002, 7001});
  for (int port : {7001, 7002, 7003, 7004, 7005}) cluster_.Introduce(port, {7006});
  cluster_.Introduce(7006, {7000, 7001, 7002, 7003, 7004, 7005});
  cluster_.Add(7007, kIds[7]);
  cluster_.meet_delay_ms = 120;
  EXPECT_EQ(
      Run({"add-node", "--slave", "--master-id", kIds[0], "127.0.0.1:7007", "127.0.0.1:7000"}), 0);
  EXPECT_EQ(console_.output, Golden("add-node-slave"));
  EXPECT_EQ(cluster_.At(7007).master, cluster_.At(7000).id);
}

TEST_F(TribTest, AddNodeChoosesTheMasterWithTheFewestReplicas) {
  Standard();
  Replicate(7005, 7000);
  for (int i = 0; i < 5; ++i)
    cluster_.At(7000 + i).Find(cluster_.At(7005).id)->master = cluster_.At(7000).id;
  cluster_.Add(7006, kIds[6]);
  EXPECT_EQ(Run({"add-node", "--slave", "127.0.0.1:7006", "127.0.0.1:7000"}, false), 0);
  EXPECT_THAT(console_.output, HasSubstr("Automatically selected master 127.0.0.1:7002\n"));
  EXPECT_EQ(cluster_.At(7006).master, cluster_.At(7002).id);
}

TEST_F(TribTest, AddNodeRefusals) {
  Standard();
  cluster_.Add(7006, kIds[6]).keys = 3;
  EXPECT_EQ(Run({"add-node", "127.0.0.1:7006", "127.0.0.1:7001"}, false), 1);
  EXPECT_THAT(console_.output, HasSubstr("[ERR] Node 127.0.0.1:7006 is not empty."));
  EXPECT_EQ(Run({"add-node", "--slave", "--master-id", kIds[3], "127.0.0.1:7006", "127.0.0.1:7001"},
                false),
            1);
  EXPECT_THAT(console_.output, HasSubstr("[ERR] No such master ID 62afa9"));
  ExpectUntouched(7006);
}

TEST_F(TribTest, DelNode) {
  Standard();
  cluster_.Add(7006, kIds[6]);
  for (int i = 0; i < 6; ++i) cluster_.Introduce(7000 + i, {7006});
  cluster_.Introduce(7006, {7000, 7001, 7002, 7003, 7004, 7005});
  EXPECT_EQ(Run({"del-node", "127.0.0.1:7006", kIds[6]}), 0);
  EXPECT_EQ(console_.output, Golden("del-node-master"));
  EXPECT_FALSE(cluster_.At(7006).up);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(cluster_.At(7000 + i).Find(cluster_.At(7006).id), nullptr);
}

TEST_F(TribTest, DelNodeGivesItsReplicasAnotherMasterFirst) {
  Standard();
  cluster_.At(7001).slots = SlotSet();
  EXPECT_EQ(Run({"del-node", "127.0.0.1:7000", kIds[1]}, false), 0);
  EXPECT_THAT(console_.output, HasSubstr(">>> 127.0.0.1:7004 as replica of 127.0.0.1:7000\n"));
  EXPECT_EQ(cluster_.At(7004).master, cluster_.At(7000).id);
}

TEST_F(TribTest, DelNodeRefusals) {
  Standard();
  EXPECT_EQ(Run({"del-node", "127.0.0.1:7000", kIds[0]}), 1);
  EXPECT_EQ(console_.output, Golden("del-node-not-empty"));
  EXPECT_EQ(Run({"del-node", "127.0.0.1:7000", "nobody"}, false), 1);
  EXPECT_THAT(console_.output, EndsWith("[ERR] No such node ID nobody\n"));
}

TEST_F(TribTest, Password) {
  Standard();
  for (int i = 0; i < 6; ++i) cluster_.At(7000 + i).password = "secret";
  EXPECT_EQ(Run({"check", "-a", "secret", "127.0.0.1:7000"}), 0);
  EXPECT_EQ(Run({"--user", "eve", "--password", "secret", "check", "127.0.0.1:7000"}), 0);
  EXPECT_THAT(cluster_.At(7003).log, Contains("AUTH eve secret"));
  password_ = "secret";
  EXPECT_EQ(Run({"check", "127.0.0.1:7000"}), 0);
  EXPECT_EQ(Run({"check", "-a", "wrong", "127.0.0.1:7000"}, false), 1);
  EXPECT_EQ(console_.output,
            "[ERR] Node 127.0.0.1:7000: WRONGPASS invalid username-password pair\n");
}

// The eight nodes of the recorded dialogues: 7006 has no replica.
class ReshardTest : public TribTest {
 protected:
  // Slots of 7000, 7001, 7002 and 7006; tables in the order in which the recording shows nodes.
  void Seven(const std::vector<std::vector<SlotRange>>& slots) {
    for (int i = 0; i < 7; ++i) cluster_.Add(7000 + i, kIds[i]);
    const int masters[] = {7000, 7001, 7002, 7006};
    for (size_t i = 0; i < 4; ++i) Slots(masters[i], slots[i]);
    for (int i = 0; i < 3; ++i) Replicate(7003 + i, 7000 + i);
    for (int i = 0; i < 7; ++i) {
      std::vector<int> others;
      for (int k : {7004, 7003, 7005, 7006, 7000, 7002, 7001}) {
        if (k != 7000 + i) others.push_back(k);
      }
      if (i == 6) others = {7004, 7000, 7002, 7001, 7005, 7003};
      cluster_.Introduce(7000 + i, others);
    }
  }
  std::string Id(int port) { return cluster_.At(port).id.str(); }
};

TEST_F(ReshardTest, AllSources) {
  Seven({{{0, 5460}}, {{5461, 10922}}, {{10923, 16383}}, {}});
  for (const int slot : {5462, 5467}) cluster_.At(7001).data[KeyOf(slot)] = "value";
  cluster_.At(7000).data[KeyOf(5)] = "value";
  cluster_.At(7002).data[KeyOf(10926)] = "value";
  console_.answers = {"20", Id(7006), "all", "yes"};
  EXPECT_EQ(Run({"reshard", "127.0.0.1:7006"}), 0);
  EXPECT_EQ(console_.output, Golden("reshard-all"));
  EXPECT_EQ(cluster_.At(7006).slots.str(), "0-5,5461-5467,10923-10928");
  EXPECT_EQ(cluster_.At(7006).data.size(), 4u);
  EXPECT_THAT(cluster_.At(7001).data, IsEmpty());
}

TEST_F(ReshardTest, WrongAnswersAreAskedAgain) {
  Seven({{{6, 5460}}, {{5468, 10922}}, {{10929, 16383}}, {{0, 5}, {5461, 5467}, {10923, 10928}}});
  console_.answers = {"0", "5", "nobody", Id(7000), Id(7006), "done", "yes"};
  EXPECT_EQ(Run({"reshard", "127.0.0.1:7000"}), 0);
  EXPECT_EQ(console_.output, Golden("reshard-one-source"));
}

TEST_F(ReshardTest, ByOptions) {
  Seven({{{0, 5460}}, {{5461, 10922}}, {{10923, 16383}}, {}});
  EXPECT_EQ(Run({"reshard", "--from", Id(7000) + "," + Id(7001), "--to", Id(7006), "--slots", "500",
                 "--yes", "--pipeline", "50", "127.0.0.1:7000"}),
            0);
  EXPECT_EQ(cluster_.At(7006).slots.size(), 500);
  EXPECT_EQ(cluster_.At(7002).slots.size(), 5461);
}

TEST_F(ReshardTest, DryRunAndNoChangeNothing) {
  Seven({{{0, 5460}}, {{5461, 10922}}, {{10923, 16383}}, {}});
  EXPECT_EQ(Run({"reshard", "--from", "all", "--to", Id(7006), "--slots", "9", "--dry-run",
                 "127.0.0.1:7000"}),
            0);
  console_.answers = {"no"};
  EXPECT_EQ(Run({"reshard", "--from", "all", "--to", Id(7006), "--slots", "9", "127.0.0.1:7000"}),
            1);
  EXPECT_EQ(Run({"rebalance", "--use-empty-masters", "--simulate", "127.0.0.1:7000"}), 0);
  for (const int port : {7000, 7001, 7002, 7006}) ExpectUntouched(port);
}

TEST_F(ReshardTest, ACrashedMoveIsFinished) {
  Seven({{{0, 5460}}, {{5461, 10922}}, {{10923, 16383}}, {}});
  cluster_.At(7000).migrating[100] = cluster_.At(7006).id;
  cluster_.At(7006).importing[100] = cluster_.At(7000).id;
  const std::string key = KeyOf(100);
  cluster_.At(7000).data["{" + key + "}left"] = "v";
  cluster_.At(7006).data["{" + key + "}gone"] = "w";
  EXPECT_EQ(Run({"reshard", "127.0.0.1:7000"}, false), 1);
  EXPECT_THAT(console_.output,
              EndsWith("*** Please fix your cluster problems before resharding\n"));
  EXPECT_EQ(Run({"fix", "127.0.0.1:7000"}, false), 0);
  EXPECT_EQ(cluster_.At(7006).slots.str(), "100");
  EXPECT_EQ(cluster_.At(7006).data.size(), 2u);
  EXPECT_THAT(cluster_.At(7000).data, IsEmpty());
  EXPECT_THAT(cluster_.At(7000).migrating, IsEmpty());
  EXPECT_THAT(cluster_.At(7006).importing, IsEmpty());
}

TEST_F(ReshardTest, DrainEmptiesAndRemoves) {
  Seven({{{0, 5460}}, {{5461, 10922}}, {{10923, 16383}}, {}});
  cluster_.At(7001).data[KeyOf(6000)] = "v";
  EXPECT_EQ(Run({"drain", "--yes", "127.0.0.1:7001"}, false), 0) << console_.output;
  EXPECT_FALSE(cluster_.At(7001).up);
  EXPECT_THAT(cluster_.At(7001).data, IsEmpty());
  const int sizes[] = {cluster_.At(7000).slots.size(), cluster_.At(7002).slots.size(),
                       cluster_.At(7006).slots.size()};
  for (const int size : sizes) EXPECT_NEAR(size, 5461, 1);
  EXPECT_NE(cluster_.At(7004).master, cluster_.At(7001).id);
}

TEST_F(TribTest, FixClosesWhatOneSideOpened) {
  Resharded();
  cluster_.At(7000).migrating[100] = cluster_.At(7001).id;
  EXPECT_EQ(Run({"fix", "127.0.0.1:7000"}), 0);
  EXPECT_EQ(console_.output, Golden("fix-open-slot"));
  EXPECT_THAT(cluster_.At(7000).migrating, IsEmpty());
}

TEST_F(TribTest, FixCovers) {
  Standard();
  cluster_.At(7000).slots.Remove(7);
  cluster_.At(7000).slots.Remove(8);
  cluster_.At(7001).data[KeyOf(8)] = "v";
  EXPECT_EQ(Run({"fix", "127.0.0.1:7002"}, false), 1);  // nobody agreed
  EXPECT_EQ(Run({"fix", "--yes", "127.0.0.1:7002"}, false), 0) << console_.output;
  EXPECT_TRUE(cluster_.At(7001).slots.Has(8));
}

// Every command that help names exists, and every line of it that redis-trib has too is spelled as
// there.
TEST_F(TribTest, HelpIsTrue) {
  EXPECT_EQ(Run({"help"}), 0);
  const std::string golden = Golden("help");
  const std::string help = HelpText();
  for (std::string_view line : Split(golden, '\n')) {
    if (!line.starts_with("  ")) continue;
    EXPECT_THAT(help, HasSubstr(std::string(line) + "\n"));
  }
  for (std::string_view line : Split(help, '\n')) {
    if (!line.starts_with("  ") || line.starts_with("   ")) continue;
    const std::string name(line.substr(2, line.find(' ', 2) - 2));
    Run({name}, false);
    EXPECT_THAT(console_.output, Not(HasSubstr("Unknown"))) << name;
  }
}

TEST_F(TribTest, WrongCommandLines) {
  EXPECT_EQ(Run({}), 1);
  EXPECT_EQ(console_.output, HelpText());
  EXPECT_EQ(Run({"frobnicate"}, false), 1);
  EXPECT_EQ(console_.output, "Unknown redis-trib subcommand 'frobnicate'\n");
  EXPECT_EQ(Run({"check"}, false), 1);
  EXPECT_EQ(console_.output, "[ERR] Wrong number of arguments for specified sub command\n");
  EXPECT_EQ(Run({"check", "nowhere"}, false), 1);
  EXPECT_EQ(console_.output, "Invalid IP or Port (given as nowhere) - use IP:Port format\n");
  EXPECT_EQ(Run({"check", "--frob", "127.0.0.1:7000"}, false), 1);
  EXPECT_EQ(console_.output, "[ERR] Unknown option --frob.\n");
}

}  // namespace
}  // namespace pleiad::admin
