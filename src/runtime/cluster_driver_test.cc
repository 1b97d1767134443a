// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Real drivers with real sockets on the loopback, several nodes in one process.
#include "runtime/cluster_driver.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "cluster/nodes_conf.h"
#include "fmt/format.h"
#include "runtime/clock.h"
#include "runtime/cluster_test_support.h"

namespace pleiad::runtime {
namespace {

using cluster::ClusterView;

// One node and what its callbacks were told.
class Node {
 public:
  explicit Node(std::string nodes_file, uint16_t bus_port = FreeBusPort(),
                int64_t node_timeout_ms = 600) {
    options_.bind = {"127.0.0.1"};
    options_.bus_port = bus_port;
    options_.nodes_file = std::move(nodes_file);
    options_.config.port = static_cast<uint16_t>(bus_port - kBusPortOffset);
    options_.config.node_timeout_ms = node_timeout_ms;
    Recreate();
  }
  void Recreate() {
    ClusterCallbacks callbacks;
    callbacks.on_slots = [this](const std::vector<cluster::SlotChange>& changes) {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (const cluster::SlotChange& change : changes) mine_[change.slot.value] = change.mine;
    };
    callbacks.on_role = [this](const cluster::ReplicationRole& role) {
      const std::lock_guard<std::mutex> lock(mutex_);
      role_ = role;
    };
    callbacks.on_publish = [this](const cluster::DeliverPublish& publish) {
      const std::lock_guard<std::mutex> lock(mutex_);
      published_.push_back(publish.channel + ":" + publish.message);
    };
    callbacks.progress = [this] {
      cluster::ReplicationProgress progress;
      const std::lock_guard<std::mutex> lock(mutex_);
      progress.offset = Offset(100);
      progress.link_up = progress.ever_synced =
          role_ && std::holds_alternative<cluster::ReplicateFrom>(*role_);
      progress.last_interaction = interaction_;
      return progress;
    };
    driver_ = std::make_unique<ClusterDriver>(options_, callbacks);
  }
  ClusterDriver& driver() { return *driver_; }
  std::shared_ptr<const ClusterView> view() { return driver_->View(); }
  NodeId id() { return view()->Me().id; }
  uint16_t port() const { return options_.config.port; }
  uint16_t bus_port() const { return static_cast<uint16_t>(options_.bus_port); }
  ClusterDriverOptions& options() { return options_; }
  int mine() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return static_cast<int>(std::count(mine_.begin(), mine_.end(), true));
  }
  bool IsReplica() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return role_ && std::holds_alternative<cluster::ReplicateFrom>(*role_);
  }
  size_t published() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return published_.size();
  }
  void SetInteraction(MonoMs when) {
    const std::lock_guard<std::mutex> lock(mutex_);
    interaction_ = when;
  }

 private:
  ClusterDriverOptions options_;
  std::mutex mutex_;
  std::array<bool, kSlotCount> mine_{};
  std::optional<cluster::ReplicationRole> role_;
  std::vector<std::string> published_;
  MonoMs interaction_{1};
  std::unique_ptr<ClusterDriver> driver_;  // last: its callbacks use the rest
};

std::string Do(Node& node, cluster::AdminCommand command) {
  return node.driver().Execute(std::move(command), 0, 0).text;
}

cluster::AdminAddSlots Slots(int first, int last) {
  return {{{SlotId(static_cast<uint16_t>(first)), SlotId(static_cast<uint16_t>(last))}}};
}

size_t Connected(Node& node) {
  size_t n = 0;
  node.driver().Read([&](const cluster::ClusterState& state) {
    for (const auto& [id, row] : state.nodes()) {
      n += !row->InHandshake() && (row->IsMyself() || row->link_up) ? 1 : 0;
    }
  });
  return n;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Three masters with all slots between them, knowing each other.
void MakeCluster(std::vector<std::unique_ptr<Node>>* nodes) {
  for (size_t i = 1; i < nodes->size(); ++i) {
    EXPECT_EQ(Do(*(*nodes)[0],
                 cluster::AdminMeet{"127.0.0.1", (*nodes)[i]->port(), (*nodes)[i]->bus_port()}),
              "OK");
  }
  EXPECT_EQ(Do(*(*nodes)[0], Slots(0, 5460)), "OK");
  EXPECT_EQ(Do(*(*nodes)[1], Slots(5461, 10922)), "OK");
  EXPECT_EQ(Do(*(*nodes)[2], Slots(10923, 16383)), "OK");
  EXPECT_TRUE(Await([&] {
    return std::all_of(nodes->begin(), nodes->end(), [&](auto& node) {
      return node->view()->ok && Connected(*node) == nodes->size();
    });
  })) << "the nodes did not become one cluster";
}

TEST(ClusterDriver, MastersMeetPublishFailOverAndComeBack) {
  TempDir dir;
  std::vector<std::unique_ptr<Node>> nodes;
  for (int i = 0; i < 4; ++i) {
    nodes.push_back(std::make_unique<Node>(fmt::format("{}/nodes-{}.conf", dir.path(), i)));
    const Status status = nodes.back()->driver().Start();
    ASSERT_TRUE(status.ok()) << status.message();
  }
  MakeCluster(&nodes);
  EXPECT_EQ(nodes[0]->mine(), 5461);
  EXPECT_EQ(nodes[1]->mine(), 5462);
  EXPECT_EQ(nodes[2]->mine(), 5461);
  EXPECT_EQ(nodes[3]->view()->Owner(SlotId(16383))->port, nodes[2]->port());
  EXPECT_FALSE(nodes[0]->driver().Links().empty());

  nodes[1]->driver().Post(cluster::PublishRequest{"news", "hello", false});
  EXPECT_TRUE(Await([&] { return nodes[0]->published() == 1 && nodes[3]->published() == 1; }));

  // Node 3 replicates node 0 and takes over when that dies.
  EXPECT_EQ(Do(*nodes[3], cluster::AdminReplicate{nodes[0]->id().str()}), "OK");
  EXPECT_TRUE(nodes[3]->IsReplica());
  const NodeId master = nodes[0]->id();
  EXPECT_TRUE(Await([&] {
    const auto view = nodes[1]->view();
    return std::any_of(view->nodes.begin(), view->nodes.end(),
                       [&](const auto& n) { return n.replica && n.master == master; });
  }));
  nodes[0]->driver().Stop();
  nodes[3]->SetInteraction(MonoNow());
  EXPECT_TRUE(Await([&] { return nodes[3]->mine() == 5461 && nodes[1]->view()->ok; }));
  EXPECT_FALSE(nodes[3]->IsReplica());
  EXPECT_TRUE(Await([&] { return nodes[1]->view()->Owner(SlotId(0))->id == nodes[3]->id(); }));

  // The old master comes back from its nodes.conf, and follows the new one.
  nodes[0]->Recreate();
  ASSERT_TRUE(nodes[0]->driver().Start().ok());
  EXPECT_EQ(nodes[0]->id(), master);
  EXPECT_TRUE(Await([&] { return nodes[0]->IsReplica() && nodes[0]->mine() == 0; }));
  for (auto& node : nodes) node->driver().Stop();
  EXPECT_TRUE(cluster::ParseNodesConf(ReadAll(dir.path() + "/nodes-3.conf")).ok());
}

TEST(ClusterDriver, SecondProcessWithTheSameNodesFileIsRefused) {
  TempDir dir;
  Node first(dir.path() + "/nodes.conf");
  ASSERT_TRUE(first.driver().Start().ok());
  for (int i = 0; i < 200; ++i) {  // saving replaces nodes.conf, not the lock
    ASSERT_EQ(Do(first, cluster::AdminSaveConfig{}), "OK");
  }
  Node second(dir.path() + "/nodes.conf");
  const Status status = second.driver().Start();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("already used by a different cluster node"), std::string::npos);
  first.driver().Stop();
  second.Recreate();
  EXPECT_TRUE(second.driver().Start().ok());
}

TEST(ClusterDriver, BadNodesFileIsRefusedAndLeftAlone) {
  TempDir dir;
  const std::string path = dir.path() + "/nodes.conf";
  const std::string bad = std::string(40, 'a') + " 1.2.3.4:1@2 myself,weird - 0 0 1 connected\n";
  std::ofstream(path) << bad;
  Node node(path);
  const Status status = node.driver().Start();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find(path + ": line 1: unknown flag"), std::string::npos)
      << status.message();
  EXPECT_EQ(ReadAll(path), bad);
}

TEST(ClusterDriver, PortTakenOrTooHigh) {
  TempDir dir;
  Node first(dir.path() + "/a.conf");
  ASSERT_TRUE(first.driver().Start().ok());
  Node second(dir.path() + "/b.conf", first.bus_port());
  Status status = second.driver().Start();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("Address already in use"), std::string::npos) << status.message();
  second.options().bus_port = 66379;
  second.Recreate();
  status = second.driver().Start();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("66379"), std::string::npos);
}

TEST(ClusterDriver, WithoutADiskThereAreNoNewClaims) {
  TempDir dir;
  const std::string home = dir.path() + "/data";
  ASSERT_EQ(::mkdir(home.c_str(), 0755), 0);
  Node node(home + "/nodes.conf");
  Node other(dir.path() + "/other.conf");
  ASSERT_TRUE(node.driver().Start().ok());
  ASSERT_TRUE(other.driver().Start().ok());
  ASSERT_EQ(Do(node, cluster::AdminMeet{"127.0.0.1", other.port(), other.bus_port()}), "OK");
  ASSERT_TRUE(Await([&] { return Connected(node) == 2 && Connected(other) == 2; }));
  ASSERT_EQ(Do(node, Slots(0, 99)), "OK");
  ASSERT_TRUE(Await([&] { return other.view()->Owner(SlotId(99)) != nullptr; }));
  ASSERT_EQ(::rename(home.c_str(), (home + ".away").c_str()), 0);
  const std::string answer = Do(node, Slots(100, 199));
  EXPECT_NE(answer.find("ERR error saving the cluster node config"), std::string::npos) << answer;
  EXPECT_TRUE(node.driver().unsaved());
  EXPECT_EQ(node.mine(), 100);  // what was mine still is, what I gained is not
  EXPECT_FALSE(node.view()->ok);
  // Many heartbeats later nobody has heard the new claim.
  const MonoMs start = other.driver().last_round();
  EXPECT_TRUE(Await([&] { return other.driver().last_round() - start > 1500; }));
  EXPECT_EQ(other.view()->Owner(SlotId(100)), nullptr);
  EXPECT_NE(other.view()->Owner(SlotId(99)), nullptr);
  ASSERT_EQ(::rename((home + ".away").c_str(), home.c_str()), 0);
  EXPECT_TRUE(Await([&] { return !node.driver().unsaved() && node.mine() == 200; }));
  EXPECT_TRUE(Await([&] { return other.view()->Owner(SlotId(199)) != nullptr; }));
}

// A voter grants leases under claims that are on its disk, and under no other.
TEST(ClusterDriver, WithoutADiskThereAreNoLeasesForNewClaims) {
  TempDir dir;
  const std::string home = dir.path() + "/data";
  ASSERT_EQ(::mkdir(home.c_str(), 0755), 0);
  Node voter(home + "/nodes.conf");
  Node master(dir.path() + "/other.conf");
  ASSERT_TRUE(voter.driver().Start().ok());
  ASSERT_TRUE(master.driver().Start().ok());
  ASSERT_EQ(Do(master, cluster::AdminSetConfigEpoch{1}), "OK");
  ASSERT_EQ(Do(voter, cluster::AdminSetConfigEpoch{2}), "OK");
  ASSERT_EQ(Do(voter, cluster::AdminMeet{"127.0.0.1", master.port(), master.bus_port()}), "OK");
  ASSERT_TRUE(Await([&] { return Connected(voter) == 2 && Connected(master) == 2; }));
  ASSERT_EQ(Do(voter, Slots(0, 99)), "OK");
  ASSERT_EQ(Do(master, Slots(300, 399)), "OK");
  const auto knows = [](Node& node, uint16_t slot) {
    return node.view()->Owner(SlotId(slot)) != nullptr;
  };
  const auto leased = [&] { return master.driver().serve_until() > master.driver().last_round(); };
  ASSERT_TRUE(Await([&] { return knows(voter, 300) && knows(master, 0) && leased(); }));
  ASSERT_EQ(::rename(home.c_str(), (home + ".away").c_str()), 0);
  EXPECT_NE(Do(voter, cluster::AdminSaveConfig{}), "OK");
  // Renewed for several node timeouts: its claim is the one that the voter has on disk.
  const MonoMs start = master.driver().last_round();
  EXPECT_TRUE(Await([&] { return master.driver().last_round() - start > 1500; }));
  EXPECT_TRUE(Await(leased));
  EXPECT_EQ(Do(master, cluster::AdminBumpEpoch{}), "BUMPED 3");
  EXPECT_TRUE(Await([&] { return !leased(); }));
  ASSERT_EQ(::rename((home + ".away").c_str(), home.c_str()), 0);
  EXPECT_TRUE(Await(leased));
}

int ConnectTo(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  timeval patience{10, 0};
  EXPECT_EQ(::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  return fd;
}

TEST(ClusterDriver, HostilePeersAreHungUpOn) {
  TempDir dir;
  Node node(dir.path() + "/nodes.conf");
  node.options().inbound_links_max = 20;
  node.Recreate();
  ASSERT_TRUE(node.driver().Start().ok());
  std::string huge = "RCmb";
  huge += std::string("\xff\xff\xff\xff\x00\x01\x1b\x58\x00\x00", 10);
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("*1\r\n"), huge}) {
    const int fd = ConnectTo(node.bus_port());
    ASSERT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    char c;
    EXPECT_LE(::recv(fd, &c, 1, 0), 0);  // closed, not answered
    EXPECT_NE(errno, EAGAIN);
    errno = 0;
    ::close(fd);
  }
  // Connections that say nothing: at most the cap is kept, and none outlives the patience.
  std::vector<int> silent;
  for (int i = 0; i < 60; ++i) silent.push_back(ConnectTo(node.bus_port()));
  for (const int fd : silent) {
    char c;
    EXPECT_LE(::recv(fd, &c, 1, 0), 0);
    ::close(fd);
  }
  EXPECT_EQ(Do(node, Slots(0, 9)), "OK");
}

TEST(ClusterDriver, IdleCostsNearlyNothing) {
  TempDir dir;
  Node node(dir.path() + "/nodes.conf");
  ASSERT_TRUE(node.driver().Start().ok());
  const auto cpu_us = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000L + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
  };
  const MonoMs start = node.driver().last_round();
  const int64_t before = cpu_us();
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock<std::mutex> lock(mutex);
  never.wait_for(lock, std::chrono::seconds(2));
  const int64_t used = cpu_us() - before;
  EXPECT_GE(node.driver().last_round() - start, 1500);  // it did tick
  EXPECT_LT(used, 100000) << "microseconds of CPU in 2 idle seconds";
}

}  // namespace
}  // namespace pleiad::runtime
