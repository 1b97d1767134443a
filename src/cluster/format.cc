// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/format.h"

#include <algorithm>
#include <map>

#include "cluster/nodes_conf.h"
#include "fmt/format.h"

namespace pleiad::cluster {

namespace {

void AppendSlots(const SlotSet& slots, fmt::memory_buffer* buffer) {
  auto out = fmt::appender(*buffer);
  slots.ForEachRange([&](SlotId first, SlotId last) {
    if (first == last) {
      fmt::format_to(out, " {}", first.value);
    } else {
      fmt::format_to(out, " {}-{}", first.value, last.value);
    }
  });
}

void AppendOpenSlots(const ClusterState& state, fmt::memory_buffer* buffer) {
  if (!state.HasOpenSlots()) return;
  auto out = fmt::appender(*buffer);
  for (uint16_t n = 0; n < kSlotCount; ++n) {
    if (const Node* to = state.MigratingTo(SlotId(n))) {
      fmt::format_to(out, " [{}->-{}]", n, to->id.view());
    } else if (const Node* from = state.ImportingFrom(SlotId(n))) {
      fmt::format_to(out, " [{}-<-{}]", n, from->id.view());
    }
  }
}

void AppendNode(const ClusterState& state, const Node& node, fmt::memory_buffer* buffer) {
  auto out = fmt::appender(*buffer);
  fmt::format_to(out, "{} {}:{}@{}", node.id.view(), node.ip, node.port, node.cport);
  if (!node.hostname.empty()) fmt::format_to(out, ",{}", node.hostname);
  fmt::format_to(out, " {} {} {} {} {} {}", FlagsText(node.flags),
                 node.master == nullptr ? std::string_view("-") : node.master->id.view(),
                 state.ToWall(node.ping_sent).value, state.ToWall(node.pong_received).value,
                 state.ConfigEpochOf(&node).value,
                 node.link_up || node.IsMyself() ? "connected" : "disconnected");
  if (node.slot_count > 0) AppendSlots(node.slots, buffer);
  if (node.IsMyself()) AppendOpenSlots(state, buffer);
}

NodeInfo Describe(const Node& node) {
  NodeInfo info;
  info.id = node.id;
  info.ip = node.ip;
  info.hostname = node.hostname;
  info.availability_zone = node.availability_zone;
  info.port = node.port;
  info.pport = node.pport;
  info.replica = node.IsReplica();
  info.offset = node.repl_offset;
  if (node.Failed()) {
    info.health = "fail";
  } else {
    info.health = node.IsReplica() && node.repl_offset.value == 0 ? "loading" : "online";
  }
  return info;
}

// A client may read there: a replica without data is none.
bool Available(const Node& replica) { return !replica.Failed() && replica.repl_offset.value != 0; }

void AppendCounters(const std::array<uint64_t, kPacketTypeCount>& counters, std::string_view what,
                    fmt::memory_buffer* buffer) {
  auto out = fmt::appender(*buffer);
  uint64_t total = 0;
  for (uint16_t type = 0; type < kPacketTypeCount; ++type) {
    if (counters[type] == 0) continue;
    total += counters[type];
    fmt::format_to(out, "cluster_stats_messages_{}_{}:{}\r\n",
                   PacketTypeName(static_cast<PacketType>(type)), what, counters[type]);
  }
  fmt::format_to(out, "cluster_stats_messages_{}:{}\r\n", what, total);
}

}  // namespace

std::string NodeLine(const ClusterState& state, const Node& node) {
  fmt::memory_buffer buffer;
  AppendNode(state, node, &buffer);
  return fmt::to_string(buffer);
}

std::string NodesText(const ClusterState& state) {
  fmt::memory_buffer buffer;
  for (const auto& [id, node] : state.nodes()) {
    AppendNode(state, *node, &buffer);
    buffer.push_back('\n');
  }
  return fmt::to_string(buffer);
}

std::vector<std::string> ReplicaLines(const ClusterState& state, const Node& master) {
  std::vector<std::string> lines;
  for (const Node* replica : state.ReplicasOf(&master)) lines.push_back(NodeLine(state, *replica));
  return lines;
}

std::string InfoText(const ClusterState& state) {
  int ok = 0;
  int pfail = 0;
  int fail = 0;
  for (const auto& [id, node] : state.nodes()) {
    int& count = node->Failed() ? fail : (node->TimedOut() ? pfail : ok);
    count += node->slot_count;
  }
  fmt::memory_buffer buffer;
  fmt::format_to(fmt::appender(buffer),
                 "cluster_state:{}\r\n"
                 "cluster_slots_assigned:{}\r\n"
                 "cluster_slots_ok:{}\r\n"
                 "cluster_slots_pfail:{}\r\n"
                 "cluster_slots_fail:{}\r\n"
                 "cluster_known_nodes:{}\r\n"
                 "cluster_size:{}\r\n"
                 "cluster_current_epoch:{}\r\n"
                 "cluster_my_epoch:{}\r\n"
                 "cluster_lease:{}\r\n",
                 state.ok ? "ok" : "fail", state.assigned_slots(), ok, pfail, fail, state.size(),
                 state.VotingSize(), state.current_epoch.value,
                 state.ConfigEpochOf(state.myself()).value,
                 LeaseIsFull(state) ? "full" : "partial");
  AppendCounters(state.stats.sent, "sent", &buffer);
  AppendCounters(state.stats.received, "received", &buffer);
  fmt::format_to(fmt::appender(buffer), "total_cluster_links_buffer_limit_exceeded:{}\r\n",
                 state.stats.links_closed_over_limit);
  return fmt::to_string(buffer);
}

std::vector<SlotsEntry> SlotsEntries(const ClusterState& state) {
  std::vector<SlotsEntry> entries;
  const Node* owner = nullptr;
  for (uint16_t n = 0; n < kSlotCount; ++n) {
    const Node* here = state.Owner(SlotId(n));
    if (here != nullptr && here == owner) {
      entries.back().last = SlotId(n);
      continue;
    }
    owner = here;
    if (here == nullptr) continue;
    SlotsEntry& entry = entries.emplace_back();
    entry.first = entry.last = SlotId(n);
    entry.master = Describe(*here);
    for (const Node* replica : state.ReplicasOf(here)) {
      if (Available(*replica)) entry.replicas.push_back(Describe(*replica));
    }
  }
  return entries;
}

std::vector<ShardEntry> ShardEntries(const ClusterState& state) {
  std::map<NodeId, std::vector<const Node*>> shards;
  for (const auto& [id, node] : state.nodes()) {
    if (!node->InHandshake()) shards[node->shard_id].push_back(node.get());
  }
  std::vector<ShardEntry> entries;
  for (auto& [shard, nodes] : shards) {
    std::sort(nodes.begin(), nodes.end(), [](const Node* a, const Node* b) {
      return std::pair(a->IsReplica(), a->id) < std::pair(b->IsReplica(), b->id);
    });
    ShardEntry& entry = entries.emplace_back();
    entry.id = shard;
    for (const Node* node : nodes) {
      node->slots.ForEachRange(
          [&](SlotId first, SlotId last) { entry.slots.emplace_back(first, last); });
      entry.nodes.push_back(Describe(*node));
    }
  }
  return entries;
}

std::vector<LinkEntry> LinkEntries(const ClusterState& state,
                                   const std::function<LinkSocket(LinkId)>& socket) {
  std::vector<LinkEntry> entries;
  const auto add = [&](const Node& node, LinkId link, bool to) {
    if (link.value == 0) return;
    const LinkSocket s = socket(link);
    entries.push_back(
        {to, node.id, s.created, !s.open ? "" : (s.writing ? "rw" : "r"), s.allocated, s.used});
  };
  for (const auto& [id, node] : state.nodes()) {
    add(*node, node->link, true);
    add(*node, node->inbound_link, false);
  }
  return entries;
}

int CountFailureReports(const ClusterState& state, const Node& node, int64_t node_timeout_ms) {
  return static_cast<int>(std::count_if(
      node.failure_reports.begin(), node.failure_reports.end(),
      [&](const auto& report) { return state.now - report.second <= 2 * node_timeout_ms; }));
}

}  // namespace pleiad::cluster
