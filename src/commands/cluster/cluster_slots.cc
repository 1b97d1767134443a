// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/format.h"
#include "commands/cluster/cluster_call.h"

namespace pleiad {
namespace {

// The name under which clients shall reach a node, as the operator prefers; empty: the address they
// used.
void WriteEndpoint(const cluster::NodeInfo& node, EndpointType preferred, resp::Writer& out) {
  switch (preferred) {
    case EndpointType::kHostname:
      out.Bulk(node.hostname.empty() ? "?" : node.hostname);
      return;
    case EndpointType::kUnknown:
      out.Null();
      return;
    case EndpointType::kIp:
      break;
  }
  out.Bulk(node.ip);
}

void WriteSlotsNode(const cluster::NodeInfo& node, EndpointType preferred, resp::Writer& out) {
  out.Array(4);
  WriteEndpoint(node, preferred, out);
  out.Integer(node.port);
  out.Bulk(node.id.view());
  const bool ip = preferred != EndpointType::kIp && !node.ip.empty();
  const bool hostname = preferred != EndpointType::kHostname && !node.hostname.empty();
  const bool zone = !node.availability_zone.empty();
  out.Map(static_cast<size_t>(ip) + static_cast<size_t>(hostname) + static_cast<size_t>(zone));
  if (ip) {
    out.Bulk("ip");
    out.Bulk(node.ip);
  }
  if (hostname) {
    out.Bulk("hostname");
    out.Bulk(node.hostname);
  }
  if (zone) {
    out.Bulk("availability-zone");
    out.Bulk(node.availability_zone);
  }
}

// CLUSTER SLOTS
//
// > CLUSTER SLOTS
// (error) ERR This instance has cluster support disabled
void ClusterSlots(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  const EndpointType preferred = ctx.server->settings()->cluster_preferred_endpoint_type;
  ReadCluster(ctx, [&](const cluster::ClusterState& state) {
    const std::vector<cluster::SlotsEntry> entries = cluster::SlotsEntries(state);
    out.Array(entries.size());
    for (const cluster::SlotsEntry& entry : entries) {
      out.Array(3 + entry.replicas.size());
      out.Integer(entry.first.value);
      out.Integer(entry.last.value);
      WriteSlotsNode(entry.master, preferred, out);
      for (const cluster::NodeInfo& replica : entry.replicas)
        WriteSlotsNode(replica, preferred, out);
    }
  });
}

void WriteShardNode(const cluster::NodeInfo& node, EndpointType preferred, resp::Writer& out) {
  out.Map(7U + (node.hostname.empty() ? 0U : 1U) + (node.availability_zone.empty() ? 0U : 1U));
  out.Bulk("id");
  out.Bulk(node.id.view());
  out.Bulk("port");
  out.Integer(node.port);
  out.Bulk("ip");
  out.Bulk(node.ip);
  out.Bulk("endpoint");
  WriteEndpoint(node, preferred, out);
  if (!node.hostname.empty()) {
    out.Bulk("hostname");
    out.Bulk(node.hostname);
  }
  out.Bulk("role");
  out.Bulk(node.replica ? "replica" : "master");
  out.Bulk("replication-offset");
  out.Integer(node.offset.value);
  out.Bulk("health");
  out.Bulk(node.health);
  if (!node.availability_zone.empty()) {
    out.Bulk("availability-zone");
    out.Bulk(node.availability_zone);
  }
}

// CLUSTER SHARDS
void ClusterShards(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  const EndpointType preferred = ctx.server->settings()->cluster_preferred_endpoint_type;
  ReadCluster(ctx, [&](const cluster::ClusterState& state) {
    const std::vector<cluster::ShardEntry> shards = cluster::ShardEntries(state);
    out.Array(shards.size());
    for (const cluster::ShardEntry& shard : shards) {
      out.Map(2);
      out.Bulk("slots");
      out.Array(shard.slots.size() * 2);
      for (const auto& [first, last] : shard.slots) {
        out.Integer(first.value);
        out.Integer(last.value);
      }
      out.Bulk("nodes");
      out.Array(shard.nodes.size());
      for (const cluster::NodeInfo& node : shard.nodes) WriteShardNode(node, preferred, out);
    }
  });
}

const CommandRegistration kSlots{{.name = "cluster|slots",
                                  .arity = 2,
                                  .flags = kCmdLoading | kCmdStale,
                                  .group = "cluster",
                                  .since = "3.0.0",
                                  .usage = "",
                                  .summary = "Returns the mapping of cluster slots to nodes.",
                                  .complexity = "O(N) where N is the number of nodes",
                                  .server = ClusterSlots}};

const CommandRegistration kShards{{.name = "cluster|shards",
                                   .arity = 2,
                                   .flags = kCmdLoading | kCmdStale,
                                   .group = "cluster",
                                   .since = "7.0.0",
                                   .usage = "",
                                   .summary = "Returns the mapping of cluster slots to shards.",
                                   .complexity = "O(N) where N is the number of nodes",
                                   .server = ClusterShards}};

}  // namespace
}  // namespace pleiad
