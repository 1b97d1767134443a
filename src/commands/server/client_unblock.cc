// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"
#include "commands/server/client_list.h"
#include "runtime/connection.h"
#include "runtime/reactor.h"

namespace pleiad {
namespace {

// CLIENT UNBLOCK client-id [TIMEOUT | ERROR]: a client that waits (BLPOP and its like) gets what
// its time-out would give, or an error. 1 if it did wait.
//
// > CLIENT UNBLOCK 999999
// (integer) 0
// > CLIENT UNBLOCK 999999 ERROR
// (integer) 0
// > CLIENT UNBLOCK x
// (error) ERR value is not an integer or out of range
// > CLIENT UNBLOCK 1 LATER
// (error) ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR
void ClientUnblock(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const bool error = args.size() == 4 && args.Is(3, "error");
  if (args.size() == 4 && !error && !args.Is(3, "timeout")) {
    out.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    return;
  }
  const auto id = IntArg(args, 2, out);
  if (!id.has_value()) return;
  bool done = false;
  ForEachClient(ctx, [&](ClientState& client) {
    if (client.id != static_cast<uint64_t>(*id) || client.connection == nullptr) return;
    done = client.connection->reactor()->Unblock(
        client.connection, error ? "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n" : "");
  });
  out.Integer(done ? 1 : 0);
}

const CommandRegistration kClientUnblock{
    {.name = "client|unblock",
     .arity = -3,
     .flags = kCmdAdmin | kCmdNoScript | kCmdLoading | kCmdStale,
     .keys = {},
     .group = "connection",
     .since = "5.0.0",
     .usage = "client-id [TIMEOUT | ERROR]",
     .summary = "Unblocks a client blocked by a blocking command from a different connection.",
     .complexity = "O(N) where N is the number of client connections",
     .server = ClientUnblock}};

}  // namespace
}  // namespace pleiad
