// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a replica says to its master: REPLCONF before and PSYNC. Behind PSYNC the connection belongs
// to the replication driver; what the replica says then (ACKs) does not come here.
#include "command/command.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

// REPLCONF option value [option value ...]: a replica introduces itself.
//
// > REPLCONF listening-port 7001 capa eof
// OK
// > REPLCONF listening-port
// (error) ERR syntax error
// > REPLCONF listening-port x
// (error) ERR value is not an integer or out of range
// > REPLCONF foo bar
// (error) ERR Unrecognized REPLCONF option: "foo"
void Replconf(ServerContext& ctx, const Args& args, resp::Writer& out) {
  out.Raw(ctx.server->replication().Replconf(ctx.client, args.all(), ctx.mono_now));
}

// PSYNC replicationid offset, SYNC: the connection becomes a replication link.
void Psync(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (ctx.client.connection == nullptr) {
    out.Error("ERR a replica needs a connection of its own");
    return;
  }
  ctx.server->replication().Sync(ctx.client, args.all());
}

constexpr uint32_t kPsyncFlags = kCmdAdmin | kCmdNoScript | kCmdDangerous;

const CommandRegistration kReplconf{
    {.name = "replconf",
     .arity = -1,
     .flags = kPsyncFlags | kCmdLoading | kCmdStale | kCmdAllowBusy,
     .keys = {},
     .group = "server",
     .since = "3.0.0",
     .usage = "",
     .summary = "An internal command for configuring the replication stream.",
     .complexity = "O(1)",
     .server = Replconf}};
const CommandRegistration kPsync{{.name = "psync",
                                  .arity = -3,
                                  .flags = kPsyncFlags | kCmdNoAsync | kCmdNoMulti,
                                  .keys = {},
                                  .group = "server",
                                  .since = "2.8.0",
                                  .usage = "replicationid offset",
                                  .summary = "An internal command used in replication.",
                                  .complexity = "O(1)",
                                  .server = Psync}};
const CommandRegistration kSync{{.name = "sync",
                                 .arity = 1,
                                 .flags = kPsyncFlags | kCmdNoAsync | kCmdNoMulti,
                                 .keys = {},
                                 .group = "server",
                                 .since = "1.0.0",
                                 .usage = "",
                                 .summary = "An internal command used in replication.",
                                 .complexity = "O(1)",
                                 .server = Psync}};

}  // namespace
}  // namespace pleiad
