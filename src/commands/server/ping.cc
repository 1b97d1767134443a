// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// PING [message]
//
// > PING
// PONG
// > PING hello
// "hello"
// > SUBSCRIBE news
// 1) "subscribe"
// 2) "news"
// 3) (integer) 1
// > PING
// 1) "pong"
// 2) ""
// > UNSUBSCRIBE
// 1) "unsubscribe"
// 2) "news"
// 3) (integer) 0
// > PING a b
// (error) ERR wrong number of arguments for 'ping' command
void Ping(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (args.size() > 2) {
    out.Error("ERR wrong number of arguments for 'ping' command");
  } else if (ctx.client.subscribed && ctx.client.protocol == 2) {
    out.Array(2);
    out.Bulk("pong");
    out.Bulk(args.size() == 2 ? args[1] : "");
  } else if (args.size() == 2) {
    out.Bulk(args[1]);
  } else {
    out.Simple("PONG");
  }
}

const CommandRegistration kPing{{.name = "ping",
                                 .arity = -1,
                                 .flags = kCmdFast,
                                 .keys = {},
                                 .group = "connection",
                                 .since = "1.0.0",
                                 .usage = "[message]",
                                 .summary = "Returns the server's liveliness response.",
                                 .complexity = "O(1)",
                                 .server = Ping}};

}  // namespace
}  // namespace pleiad
