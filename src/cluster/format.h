// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the CLUSTER command shows, as pure functions of the table. Texts are complete; where the
// reply is an array or a map, a structure comes back that the command writes in the client's RESP
// version. Field names, order and words are those of redis-server 7.0.
//
// Threads: whoever may read the state (the driver's lock). Cost: O(nodes + slots).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "cluster/state.h"

namespace pleiad::cluster {

// CLUSTER NODES: a line a node, '\n' behind each.
std::string NodesText(const ClusterState& state);

// The line of one node as CLUSTER NODES and CLUSTER REPLICAS show it, without the newline.
std::string NodeLine(const ClusterState& state, const Node& node);

// CLUSTER REPLICAS: the lines of the replicas of `master`.
std::vector<std::string> ReplicaLines(const ClusterState& state, const Node& master);

// CLUSTER INFO: "name:value\r\n" lines.
std::string InfoText(const ClusterState& state);

// One node in SLOTS and SHARDS. Which of ip and hostname is the endpoint is the configuration's
// choice.
struct NodeInfo {
  NodeId id;
  std::string ip;  // empty: not known yet (only myself): clients take the address they used
  std::string hostname;
  std::string availability_zone;
  uint16_t port = 0;
  uint16_t pport = 0;  // the other of the plain and TLS port, 0: none
  bool replica = false;
  Offset offset;
  std::string_view health;  // "online", "loading" (a replica without data), "fail"
};

// CLUSTER SLOTS: runs of slots with one owner, ascending. Failed and empty replicas are left out.
struct SlotsEntry {
  SlotId first;
  SlotId last;
  NodeInfo master;
  std::vector<NodeInfo> replicas;
};
std::vector<SlotsEntry> SlotsEntries(const ClusterState& state);

// CLUSTER SHARDS: the masters first. A shard without slots has an empty list.
struct ShardEntry {
  NodeId id;
  std::vector<std::pair<SlotId, SlotId>> slots;
  std::vector<NodeInfo> nodes;
};
std::vector<ShardEntry> ShardEntries(const ClusterState& state);

// CLUSTER LINKS. What only the owner of the sockets knows comes from `socket`.
struct LinkSocket {
  UnixMs created;
  bool open = false;
  bool writing = false;  // bytes wait for the socket
  uint64_t allocated = 0;
  uint64_t used = 0;
};
struct LinkEntry {
  bool to = false;  // we opened it; else "from"
  NodeId node;
  UnixMs created;
  std::string_view events;  // "r", "rw", ""
  uint64_t allocated = 0;
  uint64_t used = 0;
};
std::vector<LinkEntry> LinkEntries(const ClusterState& state,
                                   const std::function<LinkSocket(LinkId)>& socket);

// CLUSTER COUNT-FAILURE-REPORTS: reports younger than 2 node timeouts.
int CountFailureReports(const ClusterState& state, const Node& node, int64_t node_timeout_ms);

}  // namespace pleiad::cluster
