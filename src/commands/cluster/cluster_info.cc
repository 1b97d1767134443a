// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/format.h"
#include "command/outside.h"
#include "commands/cluster/cluster_call.h"

namespace pleiad {
namespace {

// CLUSTER INFO
//
// > CLUSTER INFO
// (error) ERR This instance has cluster support disabled
void ClusterInfo(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  ReadCluster(ctx, [&](const cluster::ClusterState& state) {
    out.Verbatim("txt", cluster::InfoText(state));
  });
}

// CLUSTER NODES
void ClusterNodes(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  ReadCluster(ctx, [&](const cluster::ClusterState& state) {
    out.Verbatim("txt", cluster::NodesText(state));
  });
}

// CLUSTER MYID
void MyId(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (HasCluster(ctx, out)) out.Bulk(ctx.server->cluster()->View()->Me().id.view());
}

// CLUSTER MYSHARDID
void MyShardId(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (HasCluster(ctx, out)) out.Bulk(ctx.server->cluster()->View()->Me().shard_id.view());
}

// CLUSTER REPLICAS node-id, CLUSTER SLAVES node-id
void Replicas(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  ReadCluster(ctx, [&](const cluster::ClusterState& state) {
    const cluster::Node* node = state.Find(args[2]);
    if (node == nullptr) {
      out.Error("ERR Unknown node " + std::string(args[2]));
    } else if (node->flags & cluster::kFlagReplica) {
      out.Error("ERR The specified node is not a master");
    } else {
      const std::vector<std::string> lines = cluster::ReplicaLines(state, *node);
      out.Array(lines.size());
      for (const std::string& line : lines) out.Bulk(line);
    }
  });
}

// CLUSTER COUNT-FAILURE-REPORTS node-id
void CountFailureReports(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  const int64_t timeout = ctx.server->settings()->cluster_node_timeout_ms;
  ReadCluster(ctx, [&](const cluster::ClusterState& state) {
    const cluster::Node* node = state.Find(args[2]);
    if (node == nullptr) {
      out.Error("ERR Unknown node " + std::string(args[2]));
    } else {
      out.Integer(cluster::CountFailureReports(state, *node, timeout));
    }
  });
}

// CLUSTER LINKS: the bus connections to and from each peer.
void ClusterLinks(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  std::vector<cluster::LinkEntry> links;
  OutsideKeyspace(ctx, [&] { links = ctx.server->cluster()->Links(); });
  out.Array(links.size());
  for (const cluster::LinkEntry& link : links) {
    out.Map(6);
    out.Bulk("direction");
    out.Bulk(link.to ? "to" : "from");
    out.Bulk("node");
    out.Bulk(link.node.view());
    out.Bulk("create-time");
    out.Integer(link.created.value);
    out.Bulk("events");
    out.Bulk(link.events);
    out.Bulk("send-buffer-allocated");
    out.Integer(static_cast<int64_t>(link.allocated));
    out.Bulk("send-buffer-used");
    out.Integer(static_cast<int64_t>(link.used));
  }
}

const CommandRegistration kInfo{{.name = "cluster|info",
                                 .arity = 2,
                                 .flags = kCmdLoading | kCmdStale,
                                 .group = "cluster",
                                 .since = "3.0.0",
                                 .usage = "",
                                 .summary = "Returns information about the state of a node.",
                                 .complexity = "O(1)",
                                 .server = ClusterInfo}};

const CommandRegistration kNodes{{.name = "cluster|nodes",
                                  .arity = 2,
                                  .flags = kCmdLoading | kCmdStale,
                                  .group = "cluster",
                                  .since = "3.0.0",
                                  .usage = "",
                                  .summary = "Returns the cluster configuration for a node.",
                                  .complexity = "O(N) where N is the number of nodes",
                                  .server = ClusterNodes}};

const CommandRegistration kMyId{{.name = "cluster|myid",
                                 .arity = 2,
                                 .flags = kCmdLoading | kCmdStale,
                                 .group = "cluster",
                                 .since = "3.0.0",
                                 .usage = "",
                                 .summary = "Returns the ID of a node.",
                                 .complexity = "O(1)",
                                 .server = MyId}};

const CommandRegistration kMyShardId{{.name = "cluster|myshardid",
                                      .arity = 2,
                                      .flags = kCmdLoading | kCmdStale,
                                      .group = "cluster",
                                      .since = "7.2.0",
                                      .usage = "",
                                      .summary = "Returns the shard ID of a node.",
                                      .complexity = "O(1)",
                                      .server = MyShardId}};

const CommandRegistration kReplicas{{.name = "cluster|replicas",
                                     .arity = 3,
                                     .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
                                     .group = "cluster",
                                     .since = "5.0.0",
                                     .usage = "node-id",
                                     .summary = "Lists the replica nodes of a master node.",
                                     .complexity = "O(N) where N is the number of replicas",
                                     .server = Replicas}};

const CommandRegistration kSlaves{{.name = "cluster|slaves",
                                   .arity = 3,
                                   .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
                                   .group = "cluster",
                                   .since = "3.0.0",
                                   .usage = "node-id",
                                   .summary = "Lists the replica nodes of a master node.",
                                   .complexity = "O(N) where N is the number of replicas",
                                   .server = Replicas}};

const CommandRegistration kCountReports{
    {.name = "cluster|count-failure-reports",
     .arity = 3,
     .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
     .group = "cluster",
     .since = "3.0.0",
     .usage = "node-id",
     .summary = "Returns the number of active failure reports active for a node.",
     .complexity = "O(N) where N is the number of failure reports",
     .server = CountFailureReports}};

const CommandRegistration kLinks{
    {.name = "cluster|links",
     .arity = 2,
     .flags = kCmdLoading | kCmdStale,
     .group = "cluster",
     .since = "7.0.0",
     .usage = "",
     .summary = "Returns a list of all TCP links to and from peer nodes.",
     .complexity = "O(N) where N is the number of links",
     .server = ClusterLinks}};

}  // namespace
}  // namespace pleiad
