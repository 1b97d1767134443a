// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// SELECT index: the numbered database that this connection works on.
//
// > SET k v
// OK
// > SELECT 1
// OK
// > GET k
// (nil)
// > SELECT 16
// (error) ERR DB index is out of range
// > SELECT -1
// (error) ERR DB index is out of range
// > SELECT x
// (error) ERR value is not an integer or out of range
void Select(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto db = IntArg(args, 1, out);
  if (!db.has_value()) return;
  const int databases = ctx.engine.keyspace.databases();
  if (*db != 0 && databases == 1 && ctx.engine.cluster.load(std::memory_order_relaxed)) {
    out.Error("ERR SELECT is not allowed in cluster mode");
    return;
  }
  if (*db < 0 || *db >= databases) {
    out.Error("ERR DB index is out of range");
    return;
  }
  ctx.client.db = static_cast<int>(*db);
  out.Ok();
}

const CommandRegistration kSelect{{.name = "select",
                                   .arity = 2,
                                   .flags = kCmdLoading | kCmdStale | kCmdFast,
                                   .keys = {},
                                   .group = "connection",
                                   .since = "1.0.0",
                                   .usage = "index",
                                   .summary = "Changes the selected database.",
                                   .complexity = "O(1)",
                                   .server = Select}};

}  // namespace
}  // namespace pleiad
