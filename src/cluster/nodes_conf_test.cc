// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/nodes_conf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/prng.h"
#include "fmt/format.h"

namespace pleiad::cluster {
namespace {

const std::string kA(40, 'a');
const std::string kB(40, 'b');
const std::string kC(40, 'c');

NodeId Named(const std::string& text) { return *NodeId::Parse(text); }

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string> RecordedFiles() {
  std::vector<std::string> files;
  for (const char* version : {"redis-3.0.7", "redis-7.0.15", "valkey-9.1.0"}) {
    for (int port = 7100; port <= 7105; ++port) {
      files.push_back(
          fmt::format("{}/tests/golden/bus/{}/nodes-{}.conf", PLEIAD_SOURCE_DIR, version, port));
    }
  }
  return files;
}

std::string Small() {
  return fmt::format(
      "{0} 127.0.0.1:7000@17000,,shard-id={0} myself,master - 0 0 3 connected 0-99 200 "
      "[5->-{1}] [300-<-{1}]\n"
      "{1} ::1:7001@17001,host.b,shard-id={1},tls-port=7101 master - 0 1700 4 disconnected "
      "100-199\n"
      "{2} :0@0,,shard-id={0} slave,fail?,noaddr {0} 5 6 3 connected\n"
      "vars currentEpoch 4 lastVoteEpoch 2\n",
      kA, kB, kC);
}

TEST(NodesConf, RecordedFilesPrintBackToTheSameBytes) {
  for (const std::string& path : RecordedFiles()) {
    std::string text = ReadAll(path);
    const Result<NodesConf> conf = ParseNodesConf(text);
    ASSERT_TRUE(conf.ok()) << path << ": " << conf.message();
    EXPECT_EQ(conf->nodes.size(), 6U);
    while (text.ends_with("\n\n")) text.pop_back();  // Redis 3.0 pads with newlines
    EXPECT_EQ(PrintNodesConf(*conf), text) << path;
  }
}

TEST(NodesConf, RecordedFilesSurviveTheWayThroughTheState) {
  for (const std::string& path : RecordedFiles()) {
    NodesConf before = *ParseNodesConf(ReadAll(path));
    const MonoMs now(5000);
    const UnixMs wall(1800000000000);
    Result<std::unique_ptr<ClusterState>> state = LoadNodesConf(ReadAll(path), now, wall);
    ASSERT_TRUE(state.ok()) << state.message();
    EXPECT_EQ((*state)->assigned_slots(), kSlotCount);
    EXPECT_EQ((*state)->VotingSize(), 3);
    NodesConf after = *ParseNodesConf(WriteNodesConf(**state));
    EXPECT_EQ(after.current_epoch, before.current_epoch);
    EXPECT_EQ(after.last_vote_epoch, before.last_vote_epoch);
    ASSERT_EQ(after.nodes.size(), before.nodes.size());
    const auto by_id = [](const auto& a, const auto& b) { return a.id < b.id; };
    std::sort(before.nodes.begin(), before.nodes.end(), by_id);
    std::sort(after.nodes.begin(), after.nodes.end(), by_id);
    for (size_t i = 0; i < before.nodes.size(); ++i) {
      const NodesConfNode& x = before.nodes[i];
      const NodesConfNode& y = after.nodes[i];
      EXPECT_EQ(x.id, y.id);
      EXPECT_EQ(x.ip, y.ip);
      EXPECT_EQ(x.port, y.port);
      EXPECT_EQ(x.cport.value_or(static_cast<uint16_t>(x.port + 10000)), *y.cport);
      EXPECT_EQ(x.flags, y.flags & ~kFlagMigrateTo);
      EXPECT_EQ(x.master, y.master);
      EXPECT_EQ(x.slots, y.slots);
      if (!x.Field("shard-id").empty()) {
        EXPECT_EQ(x.Field("shard-id"), y.Field("shard-id"));
      }
      if (x.master.empty()) {
        EXPECT_EQ(x.config_epoch, y.config_epoch);
      }
      EXPECT_EQ(y.ping_sent_ms, x.ping_sent_ms == 0 ? 0 : wall.value);
    }
  }
}

TEST(NodesConf, EveryColumnArrivesInTheState) {
  const Result<std::unique_ptr<ClusterState>> state =
      LoadNodesConf(Small(), MonoMs(77), UnixMs(1000000));
  ASSERT_TRUE(state.ok()) << state.message();
  const ClusterState& s = **state;
  const Node* a = s.Find(Named(kA));
  const Node* b = s.Find(Named(kB));
  const Node* c = s.Find(Named(kC));
  EXPECT_EQ(a, s.myself());
  EXPECT_EQ(a->slot_count, 101);
  EXPECT_EQ(s.Owner(SlotId(200)), a);
  EXPECT_EQ(s.MigratingTo(SlotId(5)), b);
  EXPECT_EQ(s.ImportingFrom(SlotId(300)), b);
  EXPECT_EQ(b->ip, "::1");
  EXPECT_EQ(b->hostname, "host.b");
  EXPECT_EQ(b->pport, 7101);
  EXPECT_EQ(b->config_epoch, Epoch(4));
  EXPECT_EQ(c->master, a);
  EXPECT_EQ(a->replica_count, 1);
  EXPECT_EQ(c->flags & ~kFlagMigrateTo, kFlagReplica | kFlagPfail | kFlagNoAddr);
  EXPECT_EQ(c->ping_sent, MonoMs(77));
  EXPECT_EQ(s.current_epoch, Epoch(4));
  EXPECT_EQ(s.last_vote_epoch, Epoch(2));
  EXPECT_EQ(PrintNodesConf(*ParseNodesConf(WriteNodesConf(s))), WriteNodesConf(s));
}

TEST(NodesConf, EpochsNeverComeBackLowerThanAnyInTheFile) {
  const std::string node = kA + " 127.0.0.1:7000@17000 myself,master - 0 0 9 connected\n";
  auto state =
      *LoadNodesConf(node + "vars currentEpoch 4 lastVoteEpoch 12\n", MonoMs(1), UnixMs(1));
  EXPECT_EQ(state->current_epoch, Epoch(12));
  state = *LoadNodesConf(node + "vars currentEpoch 4 lastVoteEpoch 0\n", MonoMs(1), UnixMs(1));
  EXPECT_EQ(state->current_epoch, Epoch(9));
}

// ---- FAULTS row 20

struct Bad {
  std::string text;
  std::string why;
};

void ExpectRefused(const Bad& bad) {
  const Result<NodesConf> conf = ParseNodesConf(bad.text);
  ASSERT_FALSE(conf.ok()) << bad.why;
  EXPECT_NE(conf.message().find(bad.why), std::string::npos)
      << conf.message() << "\ninstead of: " << bad.why;
  EXPECT_LT(conf.message().size(), 400U);  // never the whole bad line
}

TEST(NodesConf, RefusesWithTheNumberOfTheLine) {
  const std::string head = kA + " 127.0.0.1:7000@17000 ";
  const std::string me = head + "myself,master - 0 0 1 connected 0-5\n";
  const std::string vars = "vars currentEpoch 4 lastVoteEpoch 2\n";
  const auto second = [&](const std::string& rest) { return me + kB + rest + "\n" + vars; };
  const auto mine = [&](const std::string& rest) { return head + rest + "\n" + vars; };
  for (const Bad& bad : std::vector<Bad>{
           {"", "line 1: the file ends without its vars"},
           {"\n\n", "line 3: the file ends without its vars"},
           {me, "line 2: the file ends without its vars"},
           {me + "vars currentEpoch 4 lastVoteEpoch 1", "line 2: the file ends within a line"},
           {me + "vars currentEpoch 4\n", "line 2: vars must name"},
           {me + "vars currentEpoch\n", "line 2: vars need a value"},
           {me + "vars currentEpoch x lastVoteEpoch 1\n", "line 2: bad epoch \"x\""},
           {me + "vars currentEpoch 18446744073709551615 lastVoteEpoch 1\n", "line 2: bad epoch"},
           {me + vars + me, "line 3: text behind the vars"},
           {vars, "line 1: no node is myself"},
           {"\x01\x02garbage\xff\n" + vars, "line 1: a node needs 8 columns, there are 1"},
           {std::string("a\0b\n", 4) + vars, "line 1: a zero byte"},
           {"xyz 1:1@1 master - 0 0 1 connected\n" + vars, "line 1: a node id is 40 hex digits"},
           {second(" 127.0.0.1:7001@17001 myself,slave - 0 0 1 connected"),
            "line 2: line 1 is already myself"},
           {me + me + vars, "line 2: node aaaa"},
           {second(" 127.0.0.1:7001@17001 master,weird - 0 0 1 connected"),
            "line 2: unknown flag \"weird\""},
           {second(" 127.0.0.1:7001@17001 master, - 0 0 1 connected"), "line 2: unknown flag \"\""},
           {second(" 127.0.0.1:7001@17001 master,slave - 0 0 1 connected"), "master and slave"},
           {second(" 127.0.0.1@17001 master - 0 0 1 connected"), "line 2: no ':'"},
           {second(" 127.0.0.1:70000@17001 master - 0 0 1 connected"), "line 2: bad port"},
           {second(" 127.0.0.1:7001@x master - 0 0 1 connected"), "line 2: bad bus port"},
           {second(" 127.0.0.1:7001@17001,h,shard master - 0 0 1 connected"), "line 2: no '='"},
           {second(" 127.0.0.1:7001@17001,h,shard-id=1 master - 0 0 1 connected"), "shard-id"},
           {second(" 127.0.0.1:7001@17001 slave zz 0 0 1 connected"), "line 2: bad id of a master"},
           {second(" 127.0.0.1:7001@17001 slave " + kC + " 0 0 1 connected"),
            "line 2: unknown master cccc"},
           {second(" 127.0.0.1:7001@17001 slave " + kB + " 0 0 1 connected"), "its own master"},
           {second(" 127.0.0.1:7001@17001 master " + kA + " 0 0 1 connected"), "only a slave"},
           {second(" 127.0.0.1:7001@17001 master - x 0 1 connected"), "line 2: bad ping"},
           {second(" 127.0.0.1:7001@17001 master - 0 0 -1 connected"), "line 2: bad config epoch"},
           {second(" 127.0.0.1:7001@17001 master - 0 0 1 conn"), "connected or disconnected"},
           {second(" 127.0.0.1:7001@17001 master - 0 0 1 connected 5"), "slot 5 has another owner"},
           {second(" 127.0.0.1:7001@17001 slave - 0 0 1 connected 7"), "only a master owns slots"},
           {second(" 127.0.0.1:7001@17001 master - 0 0 1 connected [7->-" + kA + "]"),
            "line 2: only the line of myself"},
           {mine("myself,master - 0 0 1 connected 16384"), "line 1: bad slot or range \"16384\""},
           {mine("myself,master - 0 0 1 connected 5-16384"), "line 1: bad slot"},
           {mine("myself,master - 0 0 1 connected 9-5"), "line 1: bad slot"},
           {mine("myself,master - 0 0 1 connected -5"), "line 1: bad slot"},
           {mine("myself,master - 0 0 1 connected 5 3-7"), "line 1: slot 5 is named twice"},
           {mine("myself - 0 0 1 connected"), "line 1: myself must be master or slave"},
           {mine("myself,master - 0 0 1 connected [5"), "line 1: no '-' in open slot"},
           {mine("myself,master - 0 0 1 connected ["), "line 1: no '-' in open slot"},
           {mine("myself,master - 0 0 1 connected [-"), "line 1: bad slot number"},
           {mine("myself,master - 0 0 1 connected [5-"), "line 1: an open slot is"},
           {mine("myself,master - 0 0 1 connected [5->-"), "line 1: an open slot is"},
           {mine("myself,master - 0 0 1 connected [5->-]"), "line 1: bad node id"},
           {mine("myself,master - 0 0 1 connected [16384->-" + kB + "]"),
            "line 1: bad slot number"},
           {mine("myself,master - 0 0 1 connected [5->-" + kB + "]"), "line 1: unknown node bbbb"},
           {mine("myself,master - 0 0 1 connected " + std::string(2 << 20, '1')), "line 1: longer"},
           {mine(std::string(2 << 20, ' ')), "line 1: longer than"},
       }) {
    ExpectRefused(bad);
  }
}

TEST(NodesConf, ATruncatedFileIsRefusedWhereverItWasCut) {
  const std::string text = Small();
  ASSERT_TRUE(ParseNodesConf(text).ok());
  for (size_t n = 0; n < text.size(); ++n) {
    const Result<NodesConf> conf = ParseNodesConf(text.substr(0, n));
    ASSERT_FALSE(conf.ok()) << n;
    EXPECT_TRUE(conf.message().starts_with("line ")) << conf.message();
  }
}

TEST(NodesConf, RandomDamageNeverCrashesAndWhatParsesPrintsStably) {
  Prng prng(20);
  int accepted = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string text = Small();
    for (uint64_t flips = 1 + prng.Below(3); flips-- > 0;) {
      const size_t at = prng.Below(text.size());
      const size_t from = prng.Below(text.size());
      text[at] = prng.Chance(1, 2) ? text[from] : static_cast<char>(prng.Next());
    }
    const Result<NodesConf> conf = ParseNodesConf(text);
    if (!conf.ok()) continue;
    ++accepted;
    const Result<NodesConf> again = ParseNodesConf(PrintNodesConf(*conf));
    ASSERT_TRUE(again.ok()) << again.message() << "\n" << text;
    EXPECT_EQ(*again, *conf);
    const std::string saved = WriteNodesConf(*StateFromNodesConf(*conf, MonoMs(9), UnixMs(99)));
    EXPECT_TRUE(ParseNodesConf(saved).ok()) << saved;
  }
  EXPECT_GT(accepted, 50);
}

}  // namespace
}  // namespace pleiad::cluster
