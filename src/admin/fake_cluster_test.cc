// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/fake_cluster.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/crc.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

using ReplyType = resp::Reply::Type;

resp::Reply Ok() { return MakeReply(ReplyType::kSimple, "OK"); }
resp::Reply Fault(std::string text) { return MakeReply(ReplyType::kError, std::move(text)); }
resp::Reply Bulk(std::string text) { return MakeReply(ReplyType::kBulk, std::move(text)); }

class FakeClient : public NodeClient {
 public:
  FakeClient(FakeCluster& cluster, FakeNode& node) : cluster_(cluster), node_(node) {}
  Result<resp::Reply> Call(const std::vector<std::string>& args) override {
    if (!node_.up) return Error{"Server closed the connection"};
    node_.log.push_back(fmt::format("{}", fmt::join(args, " ")));
    if (EqualsIgnoreCase(args[0], "AUTH")) {
      logged_in_ = args.back() == node_.password;
      return logged_in_ ? Ok() : Fault("WRONGPASS invalid username-password pair");
    }
    if (!node_.password.empty() && !logged_in_) return Fault("NOAUTH Authentication required.");
    if (EqualsIgnoreCase(args[0], "SHUTDOWN")) {
      node_.up = false;
      return Error{"Server closed the connection"};
    }
    return cluster_.Run(node_, args);
  }
  std::string PeerIp() const override { return node_.address.host; }

 private:
  FakeCluster& cluster_;
  FakeNode& node_;
  bool logged_in_ = false;
};

std::string Row(const NodeId& id, const NodeAddress& address, const std::string& flags,
                const NodeId& master, const SlotSet& slots) {
  std::string text = fmt::format("{} {} {} {} 0 0 1 connected", id.str(), address.str(), flags,
                                 master.empty() ? "-" : master.str());
  for (const SlotRange& range : slots.Ranges()) {
    text += range.first == range.last ? fmt::format(" {}", range.first)
                                      : fmt::format(" {}-{}", range.first, range.last);
  }
  return text;
}

}  // namespace

FakeNode::Belief* FakeNode::Find(const NodeId& other) {
  const auto it = std::find_if(table.begin(), table.end(),
                               [&](const Belief& belief) { return belief.id == other; });
  return it == table.end() ? nullptr : &*it;
}

std::string FakeNode::ClusterNodes() const {
  const std::string role = master.empty() ? "master" : "slave";
  std::string text = Row(id, address, "myself," + role, master, slots);
  if (!open_slots.empty()) text += " " + open_slots;
  for (const auto& [slot, to] : migrating) text += fmt::format(" [{}->-{}]", slot, to.str());
  for (const auto& [slot, from] : importing) text += fmt::format(" [{}-<-{}]", slot, from.str());
  text += "\n";
  for (const Belief& belief : table) {
    std::string flags = belief.master.empty() ? "master" : "slave";
    if (!belief.flags.empty()) flags += "," + belief.flags;
    text += Row(belief.id, belief.address, flags, belief.master, belief.slots) + "\n";
  }
  return text;
}

FakeNode& FakeCluster::Add(int port, std::string_view id) {
  FakeNode& node = nodes_.emplace_back();
  node.address = {"127.0.0.1", port};
  node.id = *NodeId::Parse(id);
  return node;
}

FakeNode& FakeCluster::At(int port) {
  const auto it = std::find_if(nodes_.begin(), nodes_.end(),
                               [port](const FakeNode& node) { return node.address.port == port; });
  CHECK(it != nodes_.end());
  return *it;
}

void FakeCluster::Introduce(int port, const std::vector<int>& others) {
  FakeNode& node = At(port);
  for (int other_port : others) {
    const FakeNode& other = At(other_port);
    node.table.push_back({other.id, other.address, other.slots, other.master, ""});
  }
}

Result<std::unique_ptr<NodeClient>> FakeCluster::Connect(const NodeAddress& address) {
  for (FakeNode& node : nodes_) {
    if (!(node.address == address) || !node.up) continue;
    return std::unique_ptr<NodeClient>(std::make_unique<FakeClient>(*this, node));
  }
  return Error{"Connection refused"};
}

void FakeCluster::Pause(int64_t ms) {
  now_ = now_ + ms;
  const std::vector<Greeting> due = std::exchange(greetings_, {});
  for (const Greeting& greeting : due) {
    if (greeting.arrives <= now_) {
      Deliver(greeting);
    } else {
      greetings_.push_back(greeting);
    }
  }
}

void FakeCluster::Deliver(const Greeting& greeting) {
  FakeNode& from = At(greeting.from);
  FakeNode& to = At(greeting.to);
  if (!bus_works || !from.up || !to.up) return;
  FakeNode::Belief* belief = to.Find(from.id);
  if (belief == nullptr) {
    to.table.push_back({from.id, from.address, {}, {}, ""});
    if (from.Find(to.id) == nullptr) from.table.push_back({to.id, to.address, {}, {}, ""});
    return;
  }
  belief->slots = from.slots;
  belief->master = from.master;
}

resp::Reply FakeCluster::Run(FakeNode& node, const std::vector<std::string>& args) {
  std::string name = ToUpper(args[0]);
  if (args.size() > 1 && (name == "CLUSTER" || name == "CONFIG")) name += " " + ToUpper(args[1]);
  if (const auto it = node.refuse.find(name); it != node.refuse.end()) return Fault(it->second);
  if (name == "PING") return MakeReply(ReplyType::kSimple, "PONG");
  if (name == "DBSIZE") return MakeReply(ReplyType::kInteger, "", node.keys);
  if (name == "INFO") {
    return Bulk(fmt::format("# Cluster\r\ncluster_enabled:{}\r\n\r\n# Keyspace\r\n{}",
                            node.cluster_enabled ? 1 : 0,
                            node.keys > 0 ? fmt::format("db0:keys={}\r\n", node.keys) : ""));
  }
  if (name == "CONFIG SET") {
    node.config[args[2]] = args[3];
    return Ok();
  }
  if (name == "CONFIG REWRITE" || name == "ASKING") return Ok();
  if (name == "MIGRATE") return Migrate(node, args);
  if (name == "DUMP") return Bulk(node.data[args[1]]);
  if (name == "DEL") {
    return MakeReply(ReplyType::kInteger, "", static_cast<int64_t>(node.data.erase(args[1])));
  }
  if (name.starts_with("CLUSTER ") && node.cluster_enabled) return Cluster(node, args);
  return Fault("ERR unknown command '" + args[0] + "'");
}

resp::Reply FakeCluster::Cluster(FakeNode& node, const std::vector<std::string>& args) {
  const std::string sub = ToUpper(args[1]);
  if (sub == "NODES") return Bulk(node.ClusterNodes());
  if (sub == "INFO") {
    SlotSet known = node.slots;
    for (const FakeNode::Belief& belief : node.table) known.Merge(belief.slots);
    const bool serves = known.full() && now_ >= serves_from;
    return Bulk(serves ? "cluster_state:ok\r\n" : "cluster_state:fail\r\n");
  }
  if (sub == "ADDSLOTSRANGE" && node.knows_ranges) return AddSlots(node, args, true);
  if (sub == "ADDSLOTS") return AddSlots(node, args, false);
  if (sub == "RESET") return Reset(node);
  if (sub == "SETSLOT") return SetSlot(node, args);
  if (sub == "COUNTKEYSINSLOT" || sub == "GETKEYSINSLOT")
    return KeysInSlot(node, args, sub == "COUNTKEYSINSLOT");
  if (sub == "BUMPEPOCH") return Ok();
  if (sub == "DELSLOTS") {
    node.slots.Remove(static_cast<int>(*ParseInt64(args[2])));
    return Ok();
  }
  if (sub == "SET-CONFIG-EPOCH") {
    if (node.epoch != 0) return Fault("ERR Node config epoch is already non-zero");
    node.epoch = *ParseUint64(args[2]);
    return Ok();
  }
  if (sub == "MEET") {
    const int port = static_cast<int>(*ParseInt64(args[3]));
    greetings_.push_back({now_ + meet_delay_ms, node.address.port, port});
    return Ok();
  }
  if (sub == "REPLICATE") {
    const std::optional<NodeId> master = NodeId::Parse(args[2]);
    if (!master || node.Find(*master) == nullptr) return Fault("ERR Unknown node " + args[2]);
    node.master = *master;
    return Ok();
  }
  if (sub == "FORGET") {
    const std::optional<NodeId> other = NodeId::Parse(args[2]);
    if (!other || node.Find(*other) == nullptr) return Fault("ERR Unknown node " + args[2]);
    if (node.master == *other) return Fault("ERR Can't forget my master!");
    std::erase_if(node.table, [&](const FakeNode::Belief& b) { return b.id == *other; });
    return Ok();
  }
  return Fault("ERR Wrong CLUSTER subcommand or number of arguments");
}

resp::Reply FakeCluster::SetSlot(FakeNode& node, const std::vector<std::string>& args) {
  const int slot = static_cast<int>(*ParseInt64(args[2]));
  const std::string action = ToUpper(args[3]);
  if (action == "STABLE") {
    node.migrating.erase(slot);
    node.importing.erase(slot);
    return Ok();
  }
  const NodeId other = *NodeId::Parse(args[4]);
  if (action == "MIGRATING") {
    if (!node.slots.Has(slot)) return Fault("ERR I'm not the owner of hash slot " + args[2]);
    node.migrating[slot] = other;
  } else if (action == "IMPORTING") {
    if (node.slots.Has(slot)) return Fault("ERR I'm already the owner of hash slot " + args[2]);
    node.importing[slot] = other;
  } else {
    node.migrating.erase(slot);
    if (other == node.id) node.importing.erase(slot);
    other == node.id ? node.slots.Add(slot) : node.slots.Remove(slot);
    for (FakeNode::Belief& belief : node.table)
      belief.id == other ? belief.slots.Add(slot) : belief.slots.Remove(slot);
  }
  return Ok();
}

resp::Reply FakeCluster::KeysInSlot(FakeNode& node, const std::vector<std::string>& args,
                                    bool count) {
  resp::Reply list = MakeReply(ReplyType::kArray);
  for (const auto& [key, value] : node.data) {
    if (KeySlot(key).value == *ParseInt64(args[2])) list.items.push_back(Bulk(key));
  }
  if (count) return MakeReply(ReplyType::kInteger, "", std::ssize(list.items));
  const auto most = static_cast<size_t>(*ParseInt64(args[3]));
  if (list.items.size() > most) list.items.resize(most);
  return list;
}

resp::Reply FakeCluster::Migrate(FakeNode& node, const std::vector<std::string>& args) {
  FakeNode& target = At(static_cast<int>(*ParseInt64(args[2])));
  if (!target.up) return Fault("IOERR error or timeout connecting to the client");
  std::vector<std::string> keys = {args[3]};
  const auto words = std::find(args.begin(), args.end(), "KEYS");
  if (args[3].empty()) keys.assign(words + 1, args.end());
  const bool replace = std::find(args.begin(), words, "REPLACE") != words;
  for (const std::string& key : keys) {
    if (target.data.contains(key) && !replace) {
      return Fault(
          "ERR Target instance replied with error: BUSYKEY Target key name already "
          "exists.");
    }
    target.data[key] = node.data[key];
    node.data.erase(key);
  }
  return Ok();
}

resp::Reply FakeCluster::AddSlots(FakeNode& node, const std::vector<std::string>& args,
                                  bool ranges) {
  SlotSet added;
  for (size_t i = 2; i < args.size(); i += ranges ? 2 : 1) {
    const int first = static_cast<int>(*ParseInt64(args[i]));
    const int last = ranges ? static_cast<int>(*ParseInt64(args[i + 1])) : first;
    for (int slot = first; slot <= last; ++slot) {
      if (node.slots.Has(slot)) return Fault(fmt::format("ERR Slot {} is already busy", slot));
    }
    added.Add({first, last});
  }
  node.slots.Merge(added);
  return Ok();
}

resp::Reply FakeCluster::Reset(FakeNode& node) {
  node.slots = {};
  node.master = {};
  node.epoch = 0;
  node.table.clear();
  node.id = *NodeId::Parse(fmt::format("{:040x}", 0xfeed00 + ++resets_));
  return Ok();
}

}  // namespace pleiad::admin
