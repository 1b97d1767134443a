// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// DBSIZE: how many keys this node holds in the selected database.
//
// > DBSIZE
// (integer) 0
// > MSET a 1 b 2 c 3
// OK
// > DBSIZE
// (integer) 3
// > SELECT 1
// OK
// > DBSIZE
// (integer) 0
void DbSize(ServerContext& ctx, const Args&, resp::Writer& out) {
  out.Integer(static_cast<int64_t>(ctx.engine.keyspace.Count(ctx.client.db).keys));
}

const CommandRegistration kDbSize{{.name = "dbsize",
                                   .arity = 1,
                                   .flags = kCmdReadonly | kCmdFast,
                                   .group = "server",
                                   .since = "1.0.0",
                                   .usage = "",
                                   .summary = "Returns the number of keys in the database.",
                                   .complexity = "O(1): the 16384 slots are asked one by one.",
                                   .server = DbSize}};

}  // namespace
}  // namespace pleiad
