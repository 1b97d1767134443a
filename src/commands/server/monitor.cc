// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"
#include "runtime/connection.h"
#include "runtime/reactor.h"

namespace pleiad {
namespace {

// MONITOR: from now on the connection is sent a line for every command that any client runs, before
// it runs: time, database, the client's address, the words. Commands of administrators and those
// with passwords are left out. QUIT or RESET ends it. Each line costs every command its formatting
// and a wake-up: for looking, not for keeping on.
//
// > MONITOR
// OK
void Monitor(ServerContext& ctx, const Args&, resp::Writer& out) {
  runtime::Connection* const connection = ctx.client.connection;
  if (ctx.group != nullptr) {
    out.Error("ERR MONITOR isn't allowed for DENY BLOCKING client");
    return;
  }
  if (connection != nullptr) connection->reactor()->SetMonitor(connection, true);
  out.Ok();
}

const CommandRegistration kMonitor{
    {.name = "monitor",
     .arity = 1,
     .flags = kCmdAdmin | kCmdNoScript | kCmdLoading | kCmdStale,
     .keys = {},
     .group = "server",
     .since = "1.0.0",
     .usage = "",
     .summary = "Listens for all requests received by the server in real-time.",
     .complexity = "O(1)",
     .server = Monitor}};

}  // namespace
}  // namespace pleiad
