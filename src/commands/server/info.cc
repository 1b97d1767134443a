// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/info/info.h"

#include "command/command.h"

namespace pleiad {
namespace {

// INFO [section [section ...]]: server, clients, memory, persistence, stats, replication, cpu,
// commandstats, errorstats, cluster, keyspace; or default, all, everything.
//
// > INFO cluster
// # Cluster
// cluster_enabled:0
// > SET k v
// OK
// > SELECT 2
// OK
// > SET k v
// OK
// > INFO Keyspace bogus
// # Keyspace
// db0:keys=1,expires=0,avg_ttl=0
// db2:keys=1,expires=0,avg_ttl=0
// > INFO server
// # Server
// redis_version:7...
// pleiad_version:...
// ...
// > INFO memory
// # Memory
// used_memory:...
// used_memory_human:...
// ...
// > INFO replication
// # Replication
// role:master
// connected_slaves:0
// ...
void Info(ServerContext& ctx, const Args& args, resp::Writer& out) {
  out.Verbatim("txt", InfoText(ctx, args.all().subspan(1)));
}

const CommandRegistration kInfo{{.name = "info",
                                 .arity = -1,
                                 .flags = kCmdLoading | kCmdStale | kCmdDangerous,
                                 .keys = {},
                                 .group = "server",
                                 .since = "1.0.0",
                                 .usage = "[section [section ...]]",
                                 .summary = "Returns information and statistics about the server.",
                                 .complexity = "O(1)",
                                 .server = Info}};

}  // namespace
}  // namespace pleiad
