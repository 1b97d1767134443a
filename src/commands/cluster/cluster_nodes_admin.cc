// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/cluster/cluster_call.h"

namespace pleiad {
namespace {

// CLUSTER FORGET node-id: removes a node from the table and bans it for a minute.
//
// > CLUSTER FORGET 0000000000000000000000000000000000000000
// (error) ERR This instance has cluster support disabled
void ClusterForget(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (HasCluster(ctx, out)) RunAdmin(ctx, cluster::AdminForget{std::string(args[2])}, out);
}

// CLUSTER REPLICATE node-id | NO ONE: this node becomes a replica of that master, or an empty
// master in a shard of its own.
void ClusterReplicate(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  const bool no_one = args.size() == 4 && args.Is(2, "no") && args.Is(3, "one");
  if (args.size() > 3 && !no_one) {
    out.Error(kSyntaxError);
    return;
  }
  RunAdmin(ctx, cluster::AdminReplicate{std::string(args[2]), no_one}, out);
}

// CLUSTER RESET [HARD | SOFT]
void ClusterReset(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  const bool hard = args.size() == 3 && args.Is(2, "hard");
  if (args.size() > 3 || (args.size() == 3 && !hard && !args.Is(2, "soft"))) {
    out.Error(kSyntaxError);
    return;
  }
  RunAdmin(ctx, cluster::AdminReset{hard}, out);
}

// CLUSTER FAILOVER [FORCE | TAKEOVER]: this replica takes its master's place.
void ClusterFailover(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  using Mode = cluster::AdminFailover::Mode;
  Mode mode = Mode::kDefault;
  if (args.size() == 3 && args.Is(2, "force")) mode = Mode::kForce;
  if (args.size() == 3 && args.Is(2, "takeover")) mode = Mode::kTakeover;
  if (args.size() > 3 || (args.size() == 3 && mode == Mode::kDefault)) {
    out.Error(kSyntaxError);
    return;
  }
  RunAdmin(ctx, cluster::AdminFailover{mode}, out);
}

// CLUSTER SAVECONFIG: nodes.conf is written and on disk when the reply comes.
void ClusterSaveConfig(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (HasCluster(ctx, out)) RunAdmin(ctx, cluster::AdminSaveConfig{}, out);
}

// CLUSTER SET-CONFIG-EPOCH epoch: only on a fresh node.
void ClusterSetConfigEpoch(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  const auto epoch = IntArg(args, 2, out);
  if (epoch.has_value()) RunAdmin(ctx, cluster::AdminSetConfigEpoch{*epoch}, out);
}

// CLUSTER BUMPEPOCH
void ClusterBumpEpoch(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (HasCluster(ctx, out)) RunAdmin(ctx, cluster::AdminBumpEpoch{}, out);
}

const CommandRegistration kForget{{.name = "cluster|forget",
                                   .arity = 3,
                                   .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
                                   .group = "cluster",
                                   .since = "3.0.0",
                                   .usage = "node-id",
                                   .summary = "Removes a node from the nodes table.",
                                   .complexity = "O(1)",
                                   .server = ClusterForget}};

const CommandRegistration kReplicate{{.name = "cluster|replicate",
                                      .arity = -3,
                                      .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
                                      .group = "cluster",
                                      .since = "3.0.0",
                                      .usage = "node-id | NO ONE",
                                      .summary = "Configures a node as replica of a master node.",
                                      .complexity = "O(1)",
                                      .server = ClusterReplicate}};

const CommandRegistration kReset{{.name = "cluster|reset",
                                  .arity = -2,
                                  .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoScript,
                                  .group = "cluster",
                                  .since = "3.0.0",
                                  .usage = "[HARD | SOFT]",
                                  .summary = "Resets a node.",
                                  .complexity = "O(N) where N is the number of known nodes",
                                  .server = ClusterReset}};

const CommandRegistration kFailover{
    {.name = "cluster|failover",
     .arity = -2,
     .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
     .group = "cluster",
     .since = "3.0.0",
     .usage = "[FORCE | TAKEOVER]",
     .summary = "Forces a replica to perform a manual failover of its master.",
     .complexity = "O(1)",
     .server = ClusterFailover}};

const CommandRegistration kSaveConfig{
    {.name = "cluster|saveconfig",
     .arity = 2,
     .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
     .group = "cluster",
     .since = "3.0.0",
     .usage = "",
     .summary = "Forces a node to save the cluster configuration to disk.",
     .complexity = "O(1)",
     .server = ClusterSaveConfig}};

const CommandRegistration kSetConfigEpoch{
    {.name = "cluster|set-config-epoch",
     .arity = 3,
     .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
     .group = "cluster",
     .since = "3.0.0",
     .usage = "config-epoch",
     .summary = "Sets the configuration epoch for a new node.",
     .complexity = "O(1)",
     .server = ClusterSetConfigEpoch}};

const CommandRegistration kBumpEpoch{{.name = "cluster|bumpepoch",
                                      .arity = 2,
                                      .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
                                      .group = "cluster",
                                      .since = "3.0.0",
                                      .usage = "",
                                      .summary = "Advances the cluster config epoch.",
                                      .complexity = "O(1)",
                                      .server = ClusterBumpEpoch}};

}  // namespace
}  // namespace pleiad
