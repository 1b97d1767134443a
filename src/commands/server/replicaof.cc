// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/log.h"
#include "base/text.h"
#include "command/command.h"
#include "command/outside.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

constexpr int64_t kPortMax = 65535;

// REPLICAOF host port: follow that master. REPLICAOF NO ONE: be a master. The reply does not wait
// for the synchronization.
//
// > REPLICAOF NO ONE
// OK
// > REPLICAOF 127.0.0.1 port
// (error) ERR Invalid master port
// > REPLICAOF 127.0.0.1 70000
// (error) ERR Invalid master port
void Replicaof(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (ctx.engine.cluster.load(std::memory_order_relaxed)) {
    out.Error("ERR REPLICAOF not allowed in cluster mode.");
    return;
  }
  const bool no_one = args.Is(1, "no") && args.Is(2, "one");
  const auto port = ParseInt64(args[2]);
  if (!no_one && (!port || *port < 0 || *port > kPortMax)) {
    out.Error("ERR Invalid master port");
    return;
  }
  // The link's thread may need the keyspace for itself before it ends.
  OutsideKeyspace(ctx, [&] {
    if (no_one) {
      ctx.server->replication().BecomeMaster();
    } else {
      ctx.server->replication().Follow(std::string(args[1]), static_cast<int>(*port));
    }
  });
  SetLogRole(no_one ? 'M' : 'S');
  out.Ok();
}

constexpr uint32_t kReplicaofFlags =
    kCmdAdmin | kCmdNoScript | kCmdStale | kCmdNoAsync | kCmdNoMulti | kCmdDangerous;

const CommandRegistration kReplicaof{
    {.name = "replicaof",
     .arity = 3,
     .flags = kReplicaofFlags,
     .keys = {},
     .group = "server",
     .since = "5.0.0",
     .usage = "<host port | NO ONE>",
     .summary = "Configures a server as replica of another, or promotes it to a master.",
     .complexity = "O(1)",
     .server = Replicaof}};
const CommandRegistration kSlaveof{
    {.name = "slaveof",
     .arity = 3,
     .flags = kReplicaofFlags,
     .keys = {},
     .group = "server",
     .since = "1.0.0",
     .usage = "<host port | NO ONE>",
     .summary = "Sets a server as a replica of another, or promotes it to being a master.",
     .complexity = "O(1)",
     .server = Replicaof}};

}  // namespace
}  // namespace pleiad
