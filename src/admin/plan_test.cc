// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The pure parts by tables: reading CLUSTER NODES, splitting slots, placing replicas, command
// lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "admin/check.h"
#include "admin/doctor.h"
#include "admin/fake_cluster.h"
#include "admin/json.h"
#include "admin/node_config.h"
#include "admin/options.h"
#include "admin/placement.h"
#include "admin/plan_create.h"
#include "admin/plan_fix.h"
#include "admin/plan_move.h"
#include "admin/print.h"
#include "admin/progress.h"
#include "admin/report.h"
#include "admin/resume.h"
#include "admin/view.h"

namespace pleiad::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kA = "95256e9b96453c24087d88648c86625491c70f5d";
constexpr const char* kB = "086322c51d617d475c2487fd40353b49c1430b0e";

TEST(AddressTest, Spellings) {
  struct Case {
    const char* text;
    const char* host;
    int port, bus_port;
  };
  const Case cases[] = {{"127.0.0.1:7000", "127.0.0.1", 7000, 0},
                        {"node-1.example:6379", "node-1.example", 6379, 0},
                        {"[::1]:7000", "::1", 7000, 0},
                        {"::1:7000", "::1", 7000, 0},
                        {"10.0.0.1:7000@7777", "10.0.0.1", 7000, 7777}};
  for (const Case& c : cases) {
    const Result<NodeAddress> address = ParseAddress(c.text);
    ASSERT_TRUE(address.ok()) << c.text;
    EXPECT_EQ(address->host, c.host);
    EXPECT_EQ(address->port, c.port);
    EXPECT_EQ(address->bus_port, c.bus_port);
  }
  for (const char* text : {"", "7000", "host", "host:", ":7000", "host:0", "host:65536", "host:x",
                           "host:7000@", "host:7000@x"}) {
    EXPECT_FALSE(ParseAddress(text).ok()) << text;
  }
}

TEST(ClusterNodesTest, LinesOfRedis3AndLater) {
  const std::string text =
      std::string(kA) + " 127.0.0.1:7100 myself,master - 0 0 1 connected 0-5460 5462 [77->-" + kB +
      "] [78-<-" + kB + "]\n" + kB + " ::1:7101@17101,host.name,shard-id=x slave,fail? " + kA +
      " 5 1795368544594 12 disconnected\n";
  const Result<std::vector<NodeRow>> rows = ParseClusterNodes(text);
  ASSERT_TRUE(rows.ok()) << rows.message();
  ASSERT_EQ(rows->size(), 2u);
  const NodeRow& a = (*rows)[0];
  EXPECT_TRUE(a.Has("myself"));
  EXPECT_EQ(a.slots.str(), "0-5460,5462");
  EXPECT_EQ(a.slots.size(), 5462);
  EXPECT_THAT(a.migrating, ElementsAre(77));
  EXPECT_THAT(a.importing, ElementsAre(78));
  EXPECT_TRUE(a.connected);
  const NodeRow& b = (*rows)[1];
  EXPECT_EQ(b.address.str(), "::1:7101");
  EXPECT_EQ(b.address.bus_port, 17101);
  EXPECT_EQ(b.master.str(), kA);
  EXPECT_EQ(b.config_epoch, Epoch(12));
  EXPECT_FALSE(b.connected);
  EXPECT_TRUE(b.Has("fail?"));
  EXPECT_FALSE(b.Has("fail"));
}

TEST(ClusterNodesTest, UnknownAddressIsKeptEmpty) {
  const Result<std::vector<NodeRow>> rows =
      ParseClusterNodes(std::string(kA) + " :0@0 master,noaddr - 0 0 0 disconnected\n");
  ASSERT_TRUE(rows.ok()) << rows.message();
  EXPECT_TRUE((*rows)[0].address.host.empty());
  EXPECT_FALSE((*rows)[0].Settled());
}

TEST(ClusterNodesTest, BrokenLinesAreNamed) {
  const std::string head = std::string(kA) + " 127.0.0.1:1 master - 0 0 ";
  for (const std::string& line :
       {std::string("x"), std::string(kA) + " 127.0.0.1:1 master - 0 0 1",
        "g" + head + "1 connected", head + "x connected", head + "1 connected 16384",
        head + "1 connected 9-8", head + "1 connected a", head + "1 connected -",
        head + "1 connected [5]", head + "1 connected [", head + "1 connected [5->",
        head + "1 connected [99999->-x]",
        std::string(kA) + " 1.1.1.1:1 slave zz 0 0 1 connected"}) {
    const Result<std::vector<NodeRow>> rows = ParseClusterNodes(line + "\n");
    ASSERT_FALSE(rows.ok()) << line;
    EXPECT_THAT(rows.message(), HasSubstr(line));
  }
  EXPECT_FALSE(MakeNodeView({"h", 1}, head + "1 connected\n").ok()) << "no myself";
}

TEST(InfoTest, WhatMatters) {
  EXPECT_TRUE(ParseInfo("# Cluster\r\ncluster_enabled:1\r\n").cluster_enabled);
  EXPECT_FALSE(ParseInfo("# Cluster\r\ncluster_enabled:0\r\n").cluster_enabled);
  EXPECT_TRUE(ParseInfo("# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n").has_keys);
  EXPECT_FALSE(ParseInfo("# Keyspace\r\ndb1:keys=1,expires=0,avg_ttl=0\r\n").has_keys);
}

TEST(SplitSlotsTest, Shares) {
  EXPECT_THAT(Proposal::SplitSlots(3),
              ElementsAre(SlotRange{0, 5460}, SlotRange{5461, 10922}, SlotRange{10923, 16383}));
  EXPECT_THAT(Proposal::SplitSlots(5),
              ElementsAre(SlotRange{0, 3276}, SlotRange{3277, 6553}, SlotRange{6554, 9829},
                          SlotRange{9830, 13106}, SlotRange{13107, 16383}));
  EXPECT_THAT(Proposal::SplitSlots(1), ElementsAre(SlotRange{0, 16383}));
}

TEST(SplitSlotsTest, EveryNumberOfMastersCoversAllEvenly) {
  for (size_t masters = 1; masters <= 1000; ++masters) {
    const std::vector<SlotRange> ranges = Proposal::SplitSlots(masters);
    int next = 0;
    const int share = kSlotCount / static_cast<int>(masters);
    for (const SlotRange& range : ranges) {
      ASSERT_EQ(range.first, next);
      ASSERT_TRUE(range.size() == share || range.size() == share + 1) << masters;
      next = range.last + 1;
    }
    ASSERT_EQ(next, kSlotCount);
  }
}

std::vector<NodeAddress> Nodes(std::initializer_list<const char*> names) {
  std::vector<NodeAddress> nodes;
  for (const char* name : names) nodes.push_back(*ParseAddress(name));
  return nodes;
}

std::vector<Place> Places(const std::vector<NodeAddress>& nodes) {
  std::vector<Place> places;
  for (const NodeAddress& node : nodes) places.push_back({node.host});
  return places;
}

// "7000<7003": 7003 replicates 7000; hosts by their letters.
std::vector<std::string> Pairs(const std::vector<NodeAddress>& nodes, const Proposal& proposal) {
  std::vector<std::string> pairs;
  for (const Proposal::Replica& replica : proposal.replicas) {
    pairs.push_back(nodes[replica.master].str() + "<" + nodes[replica.node].str());
  }
  return pairs;
}

TEST(ProposeTest, OneHostDealsInTheOrderGiven) {
  const auto nodes = Nodes({"h:7000", "h:7001", "h:7002", "h:7003", "h:7004", "h:7005"});
  EXPECT_THAT(Pairs(nodes, Propose(Places(nodes), 1)),
              ElementsAre("h:7000<h:7003", "h:7001<h:7004", "h:7002<h:7005"));
}

TEST(ProposeTest, ReplicasGoToOtherHosts) {
  const auto nodes = Nodes({"a:1", "a:2", "b:1", "b:2", "c:1", "c:2"});
  const Proposal proposal = Propose(Places(nodes), 1);
  std::set<std::string> hosts;
  for (const Proposal::Master& master : proposal.masters) hosts.insert(nodes[master.node].host);
  EXPECT_EQ(hosts.size(), 3u);
  for (const Proposal::Replica& r : proposal.replicas) {
    EXPECT_NE(nodes[r.node].host, nodes[r.master].host);
  }
}

// Dealing alone would give the last master a node of its own host; swapping repairs it.
TEST(ProposeTest, SwapsWhatDealingGotWrong) {
  const auto nodes = Nodes({"a:1", "b:1", "c:1", "b:2", "a:2", "c:2"});
  const Proposal proposal = Propose(Places(nodes), 1);
  for (const Proposal::Replica& r : proposal.replicas) {
    EXPECT_NE(nodes[r.node].host, nodes[r.master].host);
  }
}

TEST(ProposeTest, SistersOnDifferentHosts) {
  const auto nodes = Nodes({"a:1", "a:2", "a:3", "b:1", "b:2", "b:3", "c:1", "c:2", "c:3"});
  const Proposal proposal = Propose(Places(nodes), 2);
  ASSERT_EQ(proposal.masters.size(), 3u);
  for (const Proposal::Master& master : proposal.masters) {
    std::set<std::string> hosts = {nodes[master.node].host};
    for (const Proposal::Replica& r : proposal.replicas) {
      if (r.master == master.node) hosts.insert(nodes[r.node].host);
    }
    EXPECT_EQ(hosts.size(), 3u);
  }
}

// "host/zone" of each node; how many of each zone become masters, how many replicas share a zone
// and how many a host with their master.
TEST(ProposeTest, Zones) {
  struct Case {
    std::vector<std::string> nodes;
    int replicas;
    std::vector<int> masters;  // by zone, in the order of the zones' names
    int same_zone;
    int same_host;
  };
  const Case cases[] = {
      // A zone after the other, as an operator would list them.
      {{"a/1", "b/1", "c/2", "d/2", "e/3", "f/3"}, 1, {1, 1, 1}, 0, 0},
      // Two zones can't hold three masters evenly.
      {{"a/1", "b/1", "c/1", "d/2", "e/2", "f/2"}, 1, {2, 1}, 0, 0},
      // Each zone is one machine.
      {{"a/1", "a/1", "a/1", "b/2", "b/2", "b/2", "c/3", "c/3", "c/3"}, 2, {1, 1, 1}, 0, 0},
      // One zone has most of the nodes: some replicas must be in it with their masters, none on
      // their hosts.
      {{"a/1", "b/1", "c/1", "d/1", "e/1", "f/2"}, 1, {2, 1}, 2, 0},
      // Another host matters more than another zone.
      {{"a/1", "a/2", "a/3", "b/1", "b/2", "b/3"}, 1, {1, 1, 1}, 0, 0},
      {{"a/1", "a/2", "a/1", "b/1", "b/2", "b/1"}, 1, {2, 1}, 1, 0},
      // Nobody says where he is.
      {{"a/", "b/", "c/", "a/", "b/", "c/"}, 1, {3}, 0, 0},
  };
  for (const Case& c : cases) {
    std::vector<Place> places;
    for (const std::string& text : c.nodes)
      places.push_back({text.substr(0, text.find('/')), text.substr(text.find('/') + 1)});
    const Proposal proposal = Propose(places, c.replicas);
    std::map<std::string, int> masters;
    for (const Place& place : places) masters[place.zone] += 0;
    for (const Proposal::Master& master : proposal.masters) ++masters[places[master.node].zone];
    std::vector<int> counts;
    for (const auto& [zone, count] : masters) counts.push_back(count);
    int same_zone = 0;
    int same_host = 0;
    for (const Proposal::Replica& r : proposal.replicas) {
      const Place& master = places[r.master];
      same_zone += !master.zone.empty() && places[r.node].zone == master.zone ? 1 : 0;
      same_host += places[r.node].host == master.host ? 1 : 0;
    }
    EXPECT_EQ(counts, c.masters) << ::testing::PrintToString(c.nodes);
    EXPECT_EQ(same_zone, c.same_zone) << ::testing::PrintToString(c.nodes);
    EXPECT_EQ(same_host, c.same_host) << ::testing::PrintToString(c.nodes);
  }
}

TEST(ProposeTest, SpareNodesBecomeFurtherReplicas) {
  const auto nodes = Nodes({"h:1", "h:2", "h:3", "h:4", "h:5", "h:6", "h:7"});
  EXPECT_THAT(Pairs(nodes, Propose(Places(nodes), 1)),
              ElementsAre("h:1<h:4", "h:2<h:5", "h:3<h:6", "h:1<h:7"));
}

TEST(ProposeTest, EveryNodeHasOnePart) {
  for (size_t count = 3; count < 40; ++count) {
    for (int replicas = 0; replicas < 5; ++replicas) {
      if (!MasterCount(count, replicas).ok()) continue;
      std::vector<NodeAddress> nodes;
      for (size_t i = 0; i < count; ++i) {
        nodes.push_back(
            {std::string(1, static_cast<char>('a' + i * i % 5)), static_cast<int>(i) + 1});
      }
      const Proposal proposal = Propose(Places(nodes), replicas);
      std::multiset<size_t> parts;
      for (const Proposal::Master& m : proposal.masters) parts.insert(m.node);
      for (const Proposal::Replica& r : proposal.replicas) parts.insert(r.node);
      ASSERT_EQ(parts.size(), count);
      ASSERT_EQ(std::set<size_t>(parts.begin(), parts.end()).size(), count);
    }
  }
}

TEST(CreatePlanTest, LargeClustersMeetInLinearTime) {
  ClusterView view;
  std::vector<NodeAddress> addresses;
  for (int i = 0; i < 200; ++i) {
    addresses.push_back({"h", i + 1});
    NodeView& node = view.nodes.emplace_back();
    node.address = addresses.back();
    node.ip = "10.0.0.1";
  }
  size_t meets = 0;
  for (const Step& step : CreatePlan(view, Propose(Places(addresses), 1)).steps) {
    const Send* send = std::get_if<Send>(&step);
    if (send != nullptr && send->args[1] == "MEET") ++meets;
  }
  EXPECT_GE(meets, 199u);
  EXPECT_LE(meets, 200u * 9);
}

TEST(MeetTest, NamesTheBusPortOnlyWhereItIsUnusual) {
  const std::string row = " myself,master - 0 0 1 connected\n";
  struct Case {
    const char* typed;
    const char* announced;
    std::vector<std::string> args;
  };
  const Case cases[] = {
      {"h:7000", "127.0.0.1:7000", {"CLUSTER", "MEET", "10.0.0.9", "7000"}},
      {"h:7000", ":7000@17000", {"CLUSTER", "MEET", "10.0.0.9", "7000"}},
      {"h:7000", ":7000@7100", {"CLUSTER", "MEET", "10.0.0.9", "7000", "7100"}},
      {"h:7000@7200", ":7000@7100", {"CLUSTER", "MEET", "10.0.0.9", "7000", "7200"}},
  };
  for (const Case& c : cases) {
    ClusterView view;
    view.nodes.push_back(
        *MakeNodeView(*ParseAddress(c.typed), std::string(kA) + " " + c.announced + row));
    view.nodes[0].ip = "10.0.0.9";
    EXPECT_EQ(Meet(view, 0, 0).args, c.args) << c.announced;
  }
}

TEST(DisagreementsTest, Kinds) {
  const std::string a = std::string(kA) + " h:1 ";
  const std::string b = std::string(kB) + " h:2 ";
  struct Case {
    std::string a_of_b;
    std::vector<Disagreement> expected;
  };
  const auto wrong = Disagreement::Kind::kWrong;
  const Case cases[] = {
      {b + "master - 0 0 2 connected 5-6\n", {}},
      {b + "master - 0 0 2 disconnected 5-6\n", {{0, 1, Disagreement::Kind::kNoLink}}},
      {b + "master - 0 0 2 connected 5\n", {{0, 1, wrong}}},
      {b + "master,handshake - 0 0 2 connected 5-6\n", {{0, 1, wrong}}},
      {b + "slave " + kA + " 0 0 2 connected 5-6\n", {{0, 1, wrong}}},
      {"", {{0, 1, wrong}}},
  };
  for (const Case& c : cases) {
    ClusterView view;
    view.nodes.push_back(
        *MakeNodeView({"h", 1}, a + "myself,master - 0 0 1 connected\n" + c.a_of_b));
    view.nodes.push_back(*MakeNodeView(
        {"h", 2}, b + "myself,master - 0 0 2 connected 5-6\n" + a + "master - 0 0 1 connected\n"));
    EXPECT_EQ(Disagreements(view), c.expected) << c.a_of_b;
    EXPECT_EQ(Disagreements(view, 1), c.expected);
  }
}

TEST(OptionsTest, Spellings) {
  const Result<Options> options =
      ParseOptions({"create", "h:1", "--replicas", "2", "h:2", "--yes"});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->command, "create");
  EXPECT_THAT(options->args, ElementsAre("h:1", "h:2"));
  EXPECT_EQ(options->replicas, 2);
  EXPECT_TRUE(options->yes);
  const Result<Options> cli =
      ParseOptions({"create", "h:1", "--cluster-replicas", "1", "--cluster-yes"});
  ASSERT_TRUE(cli.ok());
  EXPECT_EQ(cli->replicas, 1);
  EXPECT_TRUE(cli->yes);
  const Result<Options> call = ParseOptions({"call", "-a", "pw", "h:1", "set", "-a", "--yes"});
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(call->password, "pw");
  EXPECT_THAT(call->args, ElementsAre("h:1", "set", "-a", "--yes"));
}

TEST(OptionsTest, Refusals) {
  EXPECT_FALSE(ParseOptions({"create", "--replicas"}).ok());
  EXPECT_FALSE(ParseOptions({"create", "--replicas", "-1"}).ok());
  EXPECT_FALSE(ParseOptions({"create", "--replicas", "x"}).ok());
  EXPECT_FALSE(ParseOptions({"check", "-x"}).ok());
}

TEST(PaintTest, ByTheBeginning) {
  EXPECT_EQ(Paint(">>> x"), "\x1b[29;1m>>> x\x1b[0m");
  EXPECT_EQ(Paint("[OK] x"), "\x1b[32m[OK] x\x1b[0m");
  EXPECT_EQ(Paint("[ERR] x"), "\x1b[31;1m[ERR] x\x1b[0m");
  EXPECT_EQ(Paint("*** x"), "\x1b[33m*** x\x1b[0m");
  EXPECT_EQ(Paint("M: x"), "M: x");
  EXPECT_EQ(Paint(""), "");
}

TEST(ReplyTextTest, Nested) {
  using Type = resp::Reply::Type;
  resp::Reply array;
  array.type = Type::kArray;
  array.items = {MakeReply(Type::kBulk, "a"), MakeReply(Type::kInteger, "", 5), {}};
  EXPECT_EQ(ReplyText(array), "[\"a\", 5, nil]");
  EXPECT_EQ(ReplyText(resp::Reply()), "");
}

// Masters with so many slots each, one behind the other; the last letter of the id is the number.
ClusterView Masters(const std::vector<int>& sizes) {
  ClusterView view;
  int next = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    NodeView& node = view.nodes.emplace_back();
    node.address = {"127.0.0.1", 7000 + static_cast<int>(i)};
    node.self.id = *NodeId::Parse(std::to_string(i) + std::string(39, 'a'));
    node.self.flags = {"myself", "master"};
    if (sizes[i] > 0) node.self.slots.Add(SlotRange{next, next + sizes[i] - 1});
    next += sizes[i];
  }
  return view;
}

// What each node has after the transfers.
std::vector<int> After(const ClusterView& view, const std::vector<Transfer>& transfers) {
  std::vector<int> sizes;
  for (const NodeView& node : view.nodes) sizes.push_back(node.self.slots.size());
  for (const Transfer& transfer : transfers) {
    sizes[transfer.from] -= static_cast<int>(transfer.slots.size());
    sizes[transfer.to] += static_cast<int>(transfer.slots.size());
  }
  return sizes;
}

TEST(ReshardPlanTest, SourcesGiveInProportion) {
  struct Case {
    std::vector<int> sizes;
    int64_t count;
    std::vector<size_t> gives;  // by source: node 1, 2, 3
  };
  const Case cases[] = {{{0, 5461, 5462, 5461}, 20, {6, 7, 6}},
                        {{0, 100, 0, 0}, 500, {100, 0, 0}},
                        {{0, 10, 20, 30}, 60, {10, 20, 30}},
                        {{0, 5461, 5462, 5461}, 1, {0, 1, 0}},
                        {{16384, 0, 0, 0}, 10, {0, 0, 0}}};
  for (const Case& c : cases) {
    std::vector<size_t> gives(3);
    for (const SlotMove& move : ReshardMoves(Masters(c.sizes), {1, 2, 3}, 0, c.count)) {
      EXPECT_EQ(move.to, 0u);
      ++gives[move.from - 1];
    }
    EXPECT_EQ(gives, c.gives) << c.count;
  }
}

TEST(RebalancePlanTest, BySlots) {
  struct Case {
    std::vector<int> sizes;
    std::vector<std::string> weights;
    bool empty_masters;
    std::vector<int> after;
  };
  const Case cases[] = {{{5461, 5462, 5461}, {}, true, {5461, 5462, 5461}},  // within the threshold
                        {{5461, 5462, 5461, 0}, {}, false, {5461, 5462, 5461, 0}},
                        {{5461, 5462, 5461, 0}, {}, true, {4096, 4096, 4096, 4096}},
                        {{8192, 8192}, {"0=3"}, false, {12288, 4096}},
                        {{8192, 8192}, {"1a=0"}, false, {16384, 0}},
                        {{16384, 0, 0}, {}, true, {5461, 5462, 5461}}};
  for (const Case& c : cases) {
    const ClusterView view = Masters(c.sizes);
    const auto weights = RebalanceWeights(view, {c.weights, c.empty_masters, 2});
    ASSERT_TRUE(weights.ok()) << weights.message();
    EXPECT_EQ(After(view, RebalanceBySlots(view, *weights, 2).transfers), c.after);
  }
  const ClusterView view = Masters({8192, 8192});
  for (const char* wrong : {"9=1", "0", "0=x", "0=-1", "=1"})
    EXPECT_FALSE(RebalanceWeights(view, {{wrong}, false, 2}).ok()) << wrong;
  EXPECT_FALSE(RebalanceWeights(view, {{"0=0", "1=0"}, false, 2}).ok());
}

TEST(RebalancePlanTest, ByCost) {
  const ClusterView view = Masters({5461, 5462, 5461});
  SlotCosts costs{};
  for (size_t slot = 0; slot < 300; ++slot) costs[slot] = 1;  // all load is on the first node
  const auto weights = RebalanceWeights(view, {{}, false, 2});
  const RebalancePlan plan = RebalanceByCost(view, *weights, 2, costs);
  std::vector<double> load = {300, 0, 0};
  for (const SlotMove& move : Flatten(plan.transfers)) {
    load[move.from] -= costs[static_cast<size_t>(move.slot)];
    load[move.to] += costs[static_cast<size_t>(move.slot)];
  }
  EXPECT_THAT(load, ElementsAre(100, 100, 100));
  // One slot that can't be split is left where it is.
  SlotCosts one{};
  one[0] = 1000;
  EXPECT_TRUE(RebalanceByCost(view, *weights, 2, one).transfers.empty());
  EXPECT_TRUE(RebalanceByCost(view, *weights, 2, SlotCosts{}).transfers.empty());
}

TEST(DrainPlanTest, TheRestEndsUpEven) {
  const ClusterView view = Masters({4096, 4096, 6144, 2048});
  EXPECT_EQ(After(view, DrainTransfers(view, 2)), (std::vector<int>{5462, 5461, 0, 5461}));
  for (const Transfer& transfer : DrainTransfers(view, 2))
    EXPECT_EQ(transfer.slots.back() - transfer.slots.front() + 1, std::ssize(transfer.slots));
  EXPECT_TRUE(DrainTransfers(Masters({16384}), 0).empty());
}

TEST(RepairPlanTest, Cases) {
  const ClusterView view = Masters({8192, 8192, 0});
  const NodeId ids[] = {view.nodes[0].self.id, view.nodes[1].self.id, view.nodes[2].self.id};
  SlotFacts facts;
  facts.slot = 5;
  facts.owners = {0};
  facts.migrating = {{0, ids[2]}};
  facts.importing = {{2, ids[0]}};
  facts.keys = {{0, 3}, {2, 4}};
  EXPECT_EQ(PlanRepair(view, facts)->finish, 2u);
  // A third node has keys: nothing is moved on, all comes home.
  facts.keys[1] = 1;
  auto repair = PlanRepair(view, facts);
  EXPECT_EQ(repair->finish, std::nullopt);
  EXPECT_EQ(repair->owner, 0u);
  EXPECT_THAT(repair->gather, ElementsAre(1, 2));
  EXPECT_THAT(repair->close, ElementsAre(0, 2));
  // The two sides do not mean each other.
  facts.keys = {{2, 4}};
  facts.importing = {{2, ids[1]}};
  EXPECT_EQ(PlanRepair(view, facts)->finish, std::nullopt);
  // Nobody owns it: who has the most keys.
  facts.owners = {};
  repair = PlanRepair(view, facts);
  EXPECT_TRUE(repair->claim);
  EXPECT_EQ(repair->owner, 2u);
  // Two own it: the newer claim.
  ClusterView twice = view;
  twice.nodes[1].self.config_epoch = Epoch(9);
  facts.owners = {0, 1};
  repair = PlanRepair(twice, facts);
  EXPECT_EQ(repair->owner, 1u);
  EXPECT_THAT(repair->disown, ElementsAre(0));
}

TEST(PlacementTest, Warns) {
  ClusterView view = Masters({8192, 8192});
  for (size_t i = 0; i < 2; ++i) {
    NodeView& replica = view.nodes.emplace_back();
    replica.self.id = *NodeId::Parse(std::to_string(i) + std::string(39, 'b'));
    replica.self.flags = {"myself", "slave"};
    replica.self.master = view.nodes[i].self.id;
  }
  const auto place = [&view](const std::vector<std::string>& hosts) {
    for (size_t i = 0; i < 4; ++i) view.nodes[i].self.address = {hosts[i], 7000};
    return PlacementLines(view);
  };
  EXPECT_TRUE(place({"a", "a", "a", "a"}).empty());  // there is but one
  EXPECT_TRUE(place({"a", "b", "b", "a"}).empty());
  EXPECT_THAT(place({"a", "b", "a", "a"}),
              ElementsAre("[WARNING] Master 127.0.0.1:7000 and all its replicas are on host a."));
  place({"a", "b", "c", "d"});
  for (size_t i = 0; i < 4; ++i) view.nodes[i].zone = i == 1 ? "z2" : "z1";
  EXPECT_THAT(PlacementLines(view),
              ElementsAre("[WARNING] Master 127.0.0.1:7000 and all its replicas are in "
                          "availability zone z1."));
}

TEST(PlacementTest, WarnsOfMastersAndReplicas) {
  ClusterView view = Masters({4096, 4096, 4096, 4096});
  for (size_t i = 0; i < 4; ++i) view.nodes[i].zone = "z1";
  EXPECT_TRUE(PlacementLines(view).empty());  // there is but one zone
  NodeView replica;
  replica.self.id = *NodeId::Parse(std::string(40, 'b'));
  replica.self.flags = {"myself", "slave"};
  replica.self.master = view.nodes[0].self.id;
  replica.self.address = {"elsewhere", 7000};
  replica.zone = "z2";
  view.nodes.push_back(replica);
  EXPECT_THAT(PlacementLines(view),
              ElementsAre("[WARNING] All masters are in availability zone z1."));
  view.nodes[1].zone = "z3";
  EXPECT_THAT(PlacementLines(view),
              ElementsAre("[WARNING] More than half of the masters are in availability zone z1: "
                          "without it there is no majority."));
  view.nodes[2].zone = "z2";
  EXPECT_TRUE(PlacementLines(view).empty());
  view.nodes[0].self.address = {"here", 7000};
  NodeView second = replica;
  second.self.id = *NodeId::Parse(std::string(40, 'c'));
  second.self.address = view.nodes[0].self.address;
  second.address = {"127.0.0.1", 7005};
  second.zone = "z3";
  view.nodes.push_back(second);
  EXPECT_THAT(PlacementLines(view),
              ElementsAre("[WARNING] Replica 127.0.0.1:7005 is on the host of its master "
                          "127.0.0.1:7000."));
}

TEST(NodeConfigTest, WordsAndText) {
  const auto options = ParseConfigWords({"7000", "--cluster", "--maxmemory", "100mb"});
  ASSERT_TRUE(options.ok());
  const std::string text = NodeConfigText(*options);
  for (const char* line : {"\nport 7000\n", "\ncluster-enabled yes\n", "\nmaxmemory 100mb\n",
                           "\nappendonly yes\n", "\ncluster-config-file nodes-7000.conf\n"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(NodeConfigText(*ParseConfigWords({"1"})), ::testing::Not(HasSubstr("cluster")));
  EXPECT_THAT(NodeConfigText(*ParseConfigWords({"1", "--requirepass", "a \"b"})),
              HasSubstr("requirepass \"a \\\"b\"\n"));
  for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                {"0"},
                                                {"x"},
                                                {"7000", "7001"},
                                                {"7000", "--dir"},
                                                {"60000", "--cluster"}})
    EXPECT_FALSE(ParseConfigWords(words).ok());
}

TEST(JsonTest, Texts) {
  EXPECT_EQ(JsonText("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
  EXPECT_EQ(JsonTexts({"a", "b"}), "[\"a\", \"b\"]");
  Report report;
  ReportCheck(Masters({10, 0}), CheckReport{}, 1, &report);
  report.Number("unreachable", 2);
  report.Error("first");
  report.Error("second");
  const std::string json = report.Json("check", 1, {"line"});
  EXPECT_THAT(json, HasSubstr("{\"command\": \"check\", \"ok\": false, \"exit\": 1, "
                              "\"error\": \"first\", \"agree\": "));
  EXPECT_THAT(json, HasSubstr("\"slots\": [[0,9]]"));
  EXPECT_THAT(json, HasSubstr("\"unreachable\": 2"));
  EXPECT_THAT(json, HasSubstr("\"messages\": [\"line\"]}\n"));
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 1);
  const std::vector<SlotMove> moves = {{0, 0, 1}, {1, 0, 1}, {5, 0, 1}};
  EXPECT_THAT(MovesJson(Masters({10, 0}), moves),
              HasSubstr("\"slots\": [[0,1],[5,5]], \"slots_count\": 3}]"));
}

TEST(DoctorTest, Findings) {
  ClusterView view = Masters({5461, 5462, 5461});
  for (NodeView& node : view.nodes) {
    for (const NodeView& other : view.nodes) node.rows.push_back(other.self);
  }
  std::vector<NodeFacts> facts(3, {{"cluster_state", "ok"}});
  const auto what = [&] {
    std::vector<std::string> texts;
    for (const Finding& finding : Diagnose(view, facts, "h:1")) texts.push_back(finding.what);
    return texts;
  };
  EXPECT_THAT(what(),
              ElementsAre(HasSubstr("7000 has no replica"), HasSubstr("7001 has no replica"),
                          HasSubstr("7002 has no replica")));
  view.nodes[0].self.migrating = {7};
  EXPECT_THAT(what(), ::testing::Contains("Slots stand open: 7"));
  view.nodes[0].self.slots.Remove(9);
  EXPECT_THAT(what(), ::testing::Contains("Slots are nobody's: 9"));
  facts[1] = ParseFacts("# Replication\r\nmaster_link_status:down\r\ncluster_state:fail\r\n");
  EXPECT_THAT(what(), ::testing::Contains("Replica 127.0.0.1:7001 has no link to its master"));
  EXPECT_THAT(what(), ::testing::Contains("127.0.0.1:7001 does not serve (cluster_state:fail)"));
  NodeRow gone = view.nodes[2].self;
  gone.id = *NodeId::Parse(std::string(40, 'f'));
  view.nodes[0].rows.push_back(gone);
  EXPECT_THAT(what(), ::testing::Contains(HasSubstr("does not answer")));
}

TEST(ResumeTest, WhatIsLeft) {
  const ClusterView view = Masters({100, 100, 0});
  const std::vector<SlotMove> moves = {{0, 0, 2}, {1, 0, 2}, {5, 0, 2}, {100, 1, 2}};
  const std::string text = MovesText(view, moves);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  size_t foreign = 0;
  EXPECT_EQ(MovesLeft(view, text, &foreign), moves);
  EXPECT_EQ(foreign, 0u);
  ClusterView later = view;
  later.nodes[0].self.slots.Remove(1);
  EXPECT_EQ(MovesLeft(later, text, &foreign),
            (std::vector<SlotMove>{{0, 0, 2}, {5, 0, 2}, {100, 1, 2}}));
  later.nodes.pop_back();
  EXPECT_TRUE(MovesLeft(later, text, &foreign).empty());
  EXPECT_EQ(foreign, 3u);
  EXPECT_TRUE(MovesLeft(view, "rubbish\n1 2 3\n", &foreign).empty());
}

TEST(ProgressTest, Line) {
  const ProgressFigures half{.done = 50, .total = 100, .keys = 3000, .elapsed_ms = 2000};
  EXPECT_EQ(ProgressLine(half, 200),
            "[###############               ] 50/100 slots, 3000 keys, 1500 keys/s, 2 s left");
  EXPECT_EQ(ProgressLine({.total = 2}, 200), "[                              ] 0/2 slots, 0 keys");
  ProgressFigures whole{.total = 100, .keys = 3000, .bytes = 3'140'000, .elapsed_ms = 2000};
  whole.part = 25;
  EXPECT_EQ(ProgressLine(whole, 80),
            "[######                  ] 0/100 slots, 3000 keys, 3.1 MB, 1500 keys/s, 6 s left");
  for (size_t width = 1; width < 120; ++width) EXPECT_LE(ProgressLine(whole, width).size(), width);
  EXPECT_EQ(ProgressLine(whole, 30), "0/100 slots, 3000 keys, 3.1 MB");
}

TEST(ProgressTest, Bytes) {
  EXPECT_EQ(BytesText(0), "0 B");
  EXPECT_EQ(BytesText(999), "999 B");
  EXPECT_EQ(BytesText(1000), "1.0 KB");
  EXPECT_EQ(BytesText(999'999), "1.0 MB");
  EXPECT_EQ(BytesText(12'000'000'000), "12.0 GB");
}

}  // namespace
}  // namespace pleiad::admin
