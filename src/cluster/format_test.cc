// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The expected texts are what redis-server 7.0.15 printed for the same table.
#include "cluster/format.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "cluster/nodes_conf.h"
#include "cluster/view.h"
#include "fmt/format.h"

namespace pleiad::cluster {
namespace {

const std::string kMe = "248cb92c13557098877dcaa4445e0670b9f7c3fe";
const std::string kReplica = "33d88fe33a0140fc99e007f5aa83268b2ccacdbe";
const std::string kOther = "d183ae64c33116a07d3d1f5f62eaac4b3713d4ab";

std::unique_ptr<ClusterState> Table() {
  auto state = *LoadNodesConf(
      fmt::format("{1} 127.0.0.1:21703@31703 slave {0} 0 9 1 connected\n"
                  "{0} 127.0.0.1:21701@31701 myself,master - 0 9 1 connected 0-8000 9000\n"
                  "{2} 127.0.0.1:21702@31702 master - 0 9 0 connected 8001-8999 9001-16383\n"
                  "vars currentEpoch 2 lastVoteEpoch 0\n",
                  kMe, kReplica, kOther),
      MonoMs(1000), UnixMs(1795437663119));
  state->ok = true;
  for (const auto& [id, node] : state->nodes()) {
    node->link_up = true;
    node->repl_offset = Offset(14);
  }
  return state;
}

TEST(Format, NodesTextIsThatOfRedis) {
  auto state = Table();
  EXPECT_EQ(NodesText(*state),
            kMe +
                " 127.0.0.1:21701@31701 myself,master - 0 1795437663119 1 connected 0-8000 9000\n" +
                kReplica + " 127.0.0.1:21703@31703 slave " + kMe +
                " 0 1795437663119 1 connected\n" + kOther +
                " 127.0.0.1:21702@31702 master - 0 1795437663119 0 connected 8001-8999 "
                "9001-16383\n");
  Node* other = state->Find(kOther);
  other->link_up = false;
  other->hostname = "host.b";
  other->flags = kFlagMaster | kFlagFail;
  other->ping_sent = MonoMs(500);
  state->SetMigratingTo(SlotId(7), other);
  state->SetImportingFrom(SlotId(8001), other);
  EXPECT_EQ(NodeLine(*state, *other),
            kOther +
                " 127.0.0.1:21702@31702,host.b master,fail - 1795437662619 1795437663119 0 "
                "disconnected 8001-8999 9001-16383");
  EXPECT_EQ(
      NodeLine(*state, *state->myself()),
      kMe + " 127.0.0.1:21701@31701 myself,master - 0 1795437663119 1 connected 0-8000 9000 [7->-" +
          kOther + "] [8001-<-" + kOther + "]");
}

TEST(Format, ReplicaLines) {
  const auto state = Table();
  const std::vector<std::string> lines = ReplicaLines(*state, *state->myself());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0],
            kReplica + " 127.0.0.1:21703@31703 slave " + kMe + " 0 1795437663119 1 connected");
}

TEST(Format, InfoTextIsThatOfRedis) {
  auto state = Table();
  state->stats.sent[0] = 6;
  state->stats.sent[1] = 8;
  state->stats.sent[2] = 2;
  state->stats.received[0] = 8;
  state->stats.received[1] = 8;
  EXPECT_EQ(InfoText(*state),
            "cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_slots_ok:16384\r\n"
            "cluster_slots_pfail:0\r\ncluster_slots_fail:0\r\ncluster_known_nodes:3\r\n"
            "cluster_size:2\r\ncluster_current_epoch:2\r\ncluster_my_epoch:1\r\n"
            "cluster_lease:partial\r\ncluster_stats_messages_ping_sent:6\r\ncluster_stats_messages_"
            "pong_sent:8\r\n"
            "cluster_stats_messages_meet_sent:2\r\ncluster_stats_messages_sent:16\r\n"
            "cluster_stats_messages_ping_received:8\r\ncluster_stats_messages_pong_received:8\r\n"
            "cluster_stats_messages_received:16\r\n"
            "total_cluster_links_buffer_limit_exceeded:0\r\n");
  state->Find(kOther)->flags = kFlagMaster | kFlagPfail;
  EXPECT_NE(InfoText(*state).find("cluster_slots_ok:8002\r\ncluster_slots_pfail:8382\r\n"),
            std::string::npos);
}

TEST(Format, SlotsHidesReplicasWithoutData) {
  auto state = Table();
  std::vector<SlotsEntry> entries = SlotsEntries(*state);
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0].first, SlotId(0));
  EXPECT_EQ(entries[0].last, SlotId(8000));
  EXPECT_EQ(entries[0].master.port, 21701);
  ASSERT_EQ(entries[0].replicas.size(), 1U);
  EXPECT_EQ(entries[0].replicas[0].id.view(), kReplica);
  EXPECT_EQ(entries[2].first, SlotId(9000));
  EXPECT_EQ(entries[2].last, SlotId(9000));
  EXPECT_EQ(entries[3].last, SlotId(16383));
  EXPECT_TRUE(entries[3].replicas.empty());
  state->Find(kReplica)->repl_offset = Offset(0);
  EXPECT_TRUE(SlotsEntries(*state)[0].replicas.empty());
  state->SetSlotOwner(SlotId(100), nullptr);  // a hole parts the run
  entries = SlotsEntries(*state);
  ASSERT_EQ(entries.size(), 5U);
  EXPECT_EQ(entries[0].last, SlotId(99));
  EXPECT_EQ(entries[1].first, SlotId(101));
}

TEST(Format, ShardsNameMastersFirst) {
  auto state = Table();
  std::vector<ShardEntry> shards = ShardEntries(*state);
  ASSERT_EQ(shards.size(), 2U);
  EXPECT_EQ(shards[0].slots.size(), 2U);
  ASSERT_EQ(shards[0].nodes.size(), 2U);
  EXPECT_EQ(shards[0].nodes[0].id.view(), kMe);
  EXPECT_EQ(shards[0].nodes[0].health, "online");
  EXPECT_TRUE(shards[0].nodes[1].replica);
  EXPECT_EQ(shards[0].nodes[1].offset, Offset(14));
  state->Find(kReplica)->repl_offset = Offset(0);
  EXPECT_EQ(ShardEntries(*state)[0].nodes[1].health, "loading");
  state->Find(kReplica)->flags |= kFlagFail;
  EXPECT_EQ(ShardEntries(*state)[0].nodes[1].health, "fail");
}

TEST(Format, LinksAndReports) {
  auto state = Table();
  Node* other = state->Find(kOther);
  other->link = LinkId(3);
  other->inbound_link = LinkId(kInboundLink | 4);
  const auto links = LinkEntries(*state, [](LinkId link) {
    return IsInbound(link) ? LinkSocket{UnixMs(20), true, false, 10, 0}
                           : LinkSocket{UnixMs(10), true, true, 10, 5};
  });
  ASSERT_EQ(links.size(), 2U);
  EXPECT_TRUE(links[0].to);
  EXPECT_EQ(links[0].events, "rw");
  EXPECT_EQ(links[1].created, UnixMs(20));
  EXPECT_EQ(links[1].events, "r");
  other->failure_reports[*NodeId::Parse(kMe)] = MonoMs(0);
  other->failure_reports[*NodeId::Parse(kReplica)] = MonoMs(900);
  EXPECT_EQ(CountFailureReports(*state, *other, 100), 1);
}

TEST(Format, RecordedNodesOutputIsReproduced) {
  // nodes.conf and CLUSTER NODES of one server differ in times and links alone.
  const std::string dir = std::string(PLEIAD_SOURCE_DIR) + "/tests/golden/bus/redis-7.0.15/";
  std::ifstream conf(dir + "nodes-7103.conf");
  std::ifstream shown(dir + "cluster-nodes-7103.txt");
  const auto state =
      LoadNodesConf(std::string(std::istreambuf_iterator<char>(conf), {}), MonoMs(1), UnixMs(1));
  ASSERT_TRUE(state.ok()) << state.message();
  for (const auto& [id, node] : (*state)->nodes()) node->link_up = true;
  const auto columns = [](const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words(std::istream_iterator<std::string>(in), {});
    words.at(4) = words.at(5) = "";
    return words;
  };
  std::set<std::vector<std::string>> ours;
  std::set<std::vector<std::string>> theirs;
  std::istringstream text(NodesText(**state));
  for (std::string line; std::getline(text, line);) ours.insert(columns(line));
  for (std::string line; std::getline(shown, line);) {
    if (!line.empty()) theirs.insert(columns(line));
  }
  EXPECT_EQ(ours, theirs);
  EXPECT_EQ(ours.size(), 6U);
}

TEST(View, AnswersWhatARouterAsks) {
  auto state = Table();
  state->SetMigratingTo(SlotId(5), state->Find(kOther));
  const auto view = MakeView(*state, 3);
  EXPECT_EQ(view->version, 3U);
  EXPECT_TRUE(view->ok);
  EXPECT_TRUE(view->Mine(SlotId(9000)));
  EXPECT_FALSE(view->Mine(SlotId(9001)));
  EXPECT_EQ(view->Owner(SlotId(9001))->port, 21702);
  EXPECT_EQ(view->MigratingTo(SlotId(5))->id.view(), kOther);
  EXPECT_EQ(view->ImportingFrom(SlotId(5)), nullptr);
  EXPECT_EQ(view->MigratingTo(SlotId(6)), nullptr);
  EXPECT_EQ(view->my_master, ClusterView::kNobody);
  EXPECT_EQ(view->Me().id.view(), kMe);
  state->SetSlotOwner(SlotId(5), nullptr);
  EXPECT_EQ(MakeView(*state, 4)->Owner(SlotId(5)), nullptr);
}

}  // namespace
}  // namespace pleiad::cluster
