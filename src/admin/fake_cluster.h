// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// For tests: cluster nodes that live in memory and behave as far as the admin tool can see. A
// greeting (CLUSTER MEET) takes `meet_delay_ms` of the fake clock; the first makes two nodes know
// each other by name only, a further one carries the sender's slots and role, as the bus does.
// There is no gossip: what nobody sends is never known.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "admin/node_client.h"
#include "admin/view.h"

namespace pleiad::admin {

inline resp::Reply MakeReply(resp::Reply::Type type, std::string text = {}, int64_t integer = 0) {
  resp::Reply reply;
  reply.type = type;
  reply.text = std::move(text);
  reply.integer = integer;
  return reply;
}

struct FakeNode {
  NodeAddress address;
  NodeId id;
  bool cluster_enabled = true;
  bool up = true;
  bool knows_ranges = true;  // has ADDSLOTSRANGE
  int64_t keys = 0;
  SlotSet slots;
  std::string open_slots;  // "[100->-ID]" as CLUSTER NODES shows it
  std::map<int, NodeId> migrating;
  std::map<int, NodeId> importing;
  std::map<std::string, std::string> data;  // keys of DB 0, for those who move slots
  NodeId master;
  uint64_t epoch = 0;
  std::string password;
  std::map<std::string, std::string> config;
  // What this node believes of others, in the order of its table.
  struct Belief {
    NodeId id;
    NodeAddress address;
    SlotSet slots;
    NodeId master;
    std::string flags;  // beside the role: "handshake", "fail"
  };
  std::vector<Belief> table;
  std::map<std::string, std::string> refuse;  // "CLUSTER REPLICATE" -> error text
  std::vector<std::string> log;               // every command, words joined by blanks

  Belief* Find(const NodeId& other);
  std::string ClusterNodes() const;
};

class FakeCluster : public Connector, public Clock {
 public:
  // 127.0.0.1:port, id made of `digit` 40 times unless given.
  FakeNode& Add(int port, std::string_view id);
  FakeNode& At(int port);
  // Makes the node know the others rightly, in this order.
  void Introduce(int port, const std::vector<int>& others);

  Result<std::unique_ptr<NodeClient>> Connect(const NodeAddress& address) override;
  MonoMs Now() override { return now_; }
  void Pause(int64_t ms) override;

  resp::Reply Run(FakeNode& node, const std::vector<std::string>& args);

  int64_t meet_delay_ms = 50;
  bool bus_works = true;
  MonoMs serves_from{0};  // cluster_state is not ok before

 private:
  struct Greeting {
    MonoMs arrives;
    int from = 0;
    int to = 0;
  };

  resp::Reply Cluster(FakeNode& node, const std::vector<std::string>& args);
  resp::Reply SetSlot(FakeNode& node, const std::vector<std::string>& args);
  resp::Reply KeysInSlot(FakeNode& node, const std::vector<std::string>& args, bool count);
  resp::Reply Migrate(FakeNode& node, const std::vector<std::string>& args);
  resp::Reply AddSlots(FakeNode& node, const std::vector<std::string>& args, bool ranges);
  resp::Reply Reset(FakeNode& node);
  void Deliver(const Greeting& greeting);

  std::deque<FakeNode> nodes_;
  std::vector<Greeting> greetings_;
  MonoMs now_{1000};
  int resets_ = 0;
};

class FakeConsole : public Console {
 public:
  void Write(std::string_view text) override { output += text; }
  std::optional<std::string> ReadLine() override {
    if (answers.empty()) return std::nullopt;
    std::string answer = answers.front();
    answers.pop_front();
    return answer;
  }

  std::string output;
  std::deque<std::string> answers;
};

}  // namespace pleiad::admin
