// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/cluster/cluster_call.h"

namespace pleiad {
namespace {

// CLUSTER MEET ip port [cluster-bus-port]: starts a handshake; the reply does not wait for it.
//
// > CLUSTER MEET 127.0.0.1 7001
// (error) ERR This instance has cluster support disabled
void ClusterMeet(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  if (args.size() > 5) {
    out.Error("ERR wrong number of arguments for 'cluster|meet' command");
    return;
  }
  const auto port = ParseInt64(args[3]);
  if (!port.has_value()) {
    out.Error("ERR Invalid base port specified: " + std::string(args[3]));
    return;
  }
  const auto cport = args.size() > 4 ? ParseInt64(args[4]) : std::optional<int64_t>(0);
  if (!cport.has_value()) {
    out.Error("ERR Invalid bus port specified: " + std::string(args[4]));
    return;
  }
  RunAdmin(ctx, cluster::AdminMeet{std::string(args[2]), *port, *cport}, out);
}

const CommandRegistration kClusterMeet{{.name = "cluster|meet",
                                        .arity = -4,
                                        .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
                                        .group = "cluster",
                                        .since = "3.0.0",
                                        .usage = "ip port [cluster-bus-port]",
                                        .summary = "Forces a node to handshake with another node.",
                                        .complexity = "O(1)",
                                        .server = ClusterMeet}};

}  // namespace
}  // namespace pleiad
