// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Our driver in a cluster of Redis nodes: they meet, see each other connected, and when a Redis
// master dies our vote is one of the two that its Redis replica needs. Skipped where redis-server
// is not installed.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fmt/format.h"
#include "runtime/clock.h"
#include "runtime/cluster_driver.h"
#include "runtime/cluster_test_support.h"

namespace pleiad::runtime {
namespace {

constexpr const char* kServer = "/usr/bin/redis-server";

uint16_t FreeClientPort() { return static_cast<uint16_t>(FreeBusPort() - kBusPortOffset); }

// A redis-server process in cluster mode.
class RedisNode {
 public:
  explicit RedisNode(const std::string& dir) : port_(FreeClientPort()) {
    const std::string port = std::to_string(port_);
    const std::string conf = fmt::format("nodes-{}.conf", port_);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::execl(kServer, kServer, "--port", port.c_str(), "--bind", "127.0.0.1", "--dir", dir.c_str(),
            "--cluster-enabled", "yes", "--cluster-config-file", conf.c_str(),
            "--cluster-node-timeout", "1500", "--save", "", "--logfile", (port + ".log").c_str(),
            "--repl-diskless-sync-delay", "0", nullptr);
    ::_exit(127);
  }
  ~RedisNode() { Kill(); }
  void Kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  uint16_t port() const { return port_; }
  // The reply's bytes; empty if nobody answers. Commands here have short replies.
  std::string Call(const std::string& command) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    std::string reply;
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      const std::string line = command + "\r\nQUIT\r\n";
      char buffer[4096];
      EXPECT_EQ(::send(fd, line.data(), line.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(line.size()));
      for (ssize_t n; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
        reply.append(buffer, static_cast<size_t>(n));
      }
    }
    ::close(fd);
    return reply;
  }
  bool Says(const std::string& command, const std::string& what) const {
    return Call(command).find(what) != std::string::npos;
  }

 private:
  uint16_t port_;
  pid_t pid_ = -1;
};

// How many nodes `text` (CLUSTER NODES) shows as connected.
int ConnectedIn(const std::string& text) {
  int n = 0;
  for (size_t at = 0; (at = text.find(" connected", at)) != std::string::npos; ++at) ++n;
  return n;
}

TEST(ClusterInterop, RedisNodesMeetUsAndElectWithOurVote) {
  if (::access(kServer, X_OK) != 0) GTEST_SKIP() << kServer << " is not installed";
  const TempDir dir;
  RedisNode a(dir.path());
  RedisNode b(dir.path());
  RedisNode replica(dir.path());
  ClusterDriverOptions options;
  options.config.port = FreeClientPort();
  options.config.node_timeout_ms = 1500;
  options.bus_port = options.config.port + kBusPortOffset;
  options.bind = {"127.0.0.1"};
  options.nodes_file = dir.path() + "/nodes-ours.conf";
  ClusterDriver us(options, {});
  const Status status = us.Start();
  ASSERT_TRUE(status.ok()) << status.message();
  for (const RedisNode* node : {&a, &b, &replica}) {
    ASSERT_TRUE(Await([&] { return node->Says("PING", "PONG"); }));
  }
  // One meets us, we meet another, gossip does the rest.
  EXPECT_TRUE(a.Says(fmt::format("CLUSTER MEET 127.0.0.1 {}", options.config.port), "+OK"));
  EXPECT_EQ(us.Execute(cluster::AdminMeet{"127.0.0.1", b.port(), 0}, 0, 0).text, "OK");
  EXPECT_TRUE(b.Says(fmt::format("CLUSTER MEET 127.0.0.1 {}", replica.port()), "+OK"));
  EXPECT_TRUE(a.Says("CLUSTER ADDSLOTSRANGE 0 5460", "+OK"));
  EXPECT_TRUE(b.Says("CLUSTER ADDSLOTSRANGE 5461 10922", "+OK"));
  EXPECT_EQ(us.Execute(cluster::AdminAddSlots{{{SlotId(10923), SlotId(16383)}}}, 0, 0).text, "OK");
  const auto ours = [&] {
    std::string text;
    us.Read([&](const cluster::ClusterState& state) { text = cluster::NodesText(state); });
    return text;
  };
  ASSERT_TRUE(Await([&] {
    return us.View()->ok && ConnectedIn(ours()) == 4 &&
           a.Says("CLUSTER INFO", "cluster_state:ok") &&
           b.Says("CLUSTER INFO", "cluster_state:ok") &&
           ConnectedIn(a.Call("CLUSTER NODES")) == 4 && ConnectedIn(b.Call("CLUSTER NODES")) == 4 &&
           ConnectedIn(replica.Call("CLUSTER NODES")) == 4;
  })) << ours()
      << a.Call("CLUSTER NODES");
  EXPECT_TRUE(a.Says("CLUSTER NODES", us.View()->Me().id.str() + " 127.0.0.1:"));
  EXPECT_TRUE(a.Says("GET somekey-foo{zzzz}", "MOVED") || b.Says("GET somekey-foo{zzzz}", "MOVED"));

  const NodeId master = us.View()->Owner(SlotId(0))->id;
  EXPECT_TRUE(replica.Says("CLUSTER REPLICATE " + master.str(), "+OK"));
  ASSERT_TRUE(Await([&] {
    return replica.Says("INFO replication", "master_link_status:up") &&
           ours().find("slave " + master.str()) != std::string::npos;
  }));
  uint64_t acks = 0;
  a.Kill();
  ASSERT_TRUE(Await([&] {
    const auto* owner = us.View()->Owner(SlotId(0));
    return us.View()->ok && owner != nullptr && owner->id != master;
  })) << ours();
  EXPECT_EQ(us.View()->Owner(SlotId(0))->port, replica.port());
  EXPECT_TRUE(Await([&] { return replica.Says("CLUSTER INFO", "cluster_state:ok"); }));
  us.Read([&](const cluster::ClusterState& state) {
    acks = state.stats.sent[static_cast<size_t>(cluster::PacketType::kAuthAck)];
  });
  EXPECT_GE(acks, 1U);  // three voters, one dead: both votes were needed
}

}  // namespace
}  // namespace pleiad::runtime
