// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// QUIT: OK, and the server closes the connection.
//
// > QUIT
// OK
void Quit(ServerContext& ctx, const Args&, resp::Writer& out) {
  out.Ok();
  ctx.client.close_after_reply = true;
}

const CommandRegistration kQuit{
    {.name = "quit",
     .arity = -1,
     .flags = kCmdNoScript | kCmdLoading | kCmdStale | kCmdFast | kCmdNoAuth | kCmdAllowBusy,
     .keys = {},
     .group = "connection",
     .since = "1.0.0",
     .usage = "",
     .summary = "Closes the connection.",
     .complexity = "O(1)",
     .server = Quit}};

}  // namespace
}  // namespace pleiad
