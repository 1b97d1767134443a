// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"
#include "replication/replication_state.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

void Write(const resp::Reply& reply, resp::Writer& out) {
  switch (reply.type) {
    case resp::Reply::Type::kArray:
      out.Array(reply.items.size());
      for (const resp::Reply& item : reply.items) Write(item, out);
      break;
    case resp::Reply::Type::kInteger:
      out.Integer(reply.integer);
      break;
    default:
      out.Bulk(reply.text);
      break;
  }
}

// ROLE: master with offset and replicas, or replica with its master, the state of the link and the
// offset.
//
// > ROLE
// 1) "master"
// 2) (integer) 0
// 3) (empty array)
void Role(ServerContext& ctx, const Args&, resp::Writer& out) {
  Write(FormatRole(ctx.server->replication().View(ctx.mono_now)), out);
}

const CommandRegistration kRole{
    {.name = "role",
     .arity = 1,
     .flags = kCmdNoScript | kCmdLoading | kCmdStale | kCmdFast | kCmdAdmin | kCmdDangerous,
     .keys = {},
     .group = "server",
     .since = "2.8.12",
     .usage = "",
     .summary = "Returns the replication role.",
     .complexity = "O(1)",
     .server = Role}};

}  // namespace
}  // namespace pleiad
