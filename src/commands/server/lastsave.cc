// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

// LASTSAVE: when the data was last written to disk as a whole, in seconds since 1970; at first the
// start of the server.
//
// > LASTSAVE
// (integer) ...
void LastSave(ServerContext& ctx, const Args&, resp::Writer& out) {
  out.Integer(ctx.server->last_save_seconds.load());
}

const CommandRegistration kLastSave{
    {.name = "lastsave",
     .arity = 1,
     .flags = kCmdLoading | kCmdStale | kCmdFast | kCmdAdmin,
     .keys = {},
     .group = "server",
     .since = "1.0.0",
     .usage = "",
     .summary = "Returns the Unix timestamp of the last successful save to disk.",
     .complexity = "O(1)",
     .server = LastSave}};

}  // namespace
}  // namespace pleiad
