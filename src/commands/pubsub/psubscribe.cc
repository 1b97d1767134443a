// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/pubsub/subscription.h"

namespace pleiad {
namespace {

// PSUBSCRIBE pattern [pattern ...]: messages of all channels that fit a pattern, from now on. A
// message that fits several subscriptions comes several times.
//
// > HELLO 3
// 1# "server" => "redis"
// ...
// > PSUBSCRIBE n?ws [
// 1) "psubscribe"
// 2) "n?ws"
// 3) (integer) 1
// 1) "psubscribe"
// 2) "["
// 3) (integer) 2
// > SUBSCRIBE news
// 1) "subscribe"
// 2) "news"
// 3) (integer) 3
// > PUBLISH news hello
// (integer) 2
// 1) "message"
// 2) "news"
// 3) "hello"
// 1) "pmessage"
// 2) "n?ws"
// 3) "news"
// 4) "hello"
void PSubscribe(ServerContext& ctx, const Args& args, resp::Writer& out) {
  SubscribeAll(ctx, args, ChannelKind::kPattern, "psubscribe", out);
}

const CommandRegistration kPSubscribe{
    {.name = "psubscribe",
     .arity = -2,
     .flags = kSubscribeFlags,
     .keys = {},
     .group = "pubsub",
     .since = "2.0.0",
     .usage = "pattern [pattern ...]",
     .summary = "Listens for messages published to channels that match one or more patterns.",
     .complexity = "O(N) where N is the number of patterns to subscribe to.",
     .server = PSubscribe}};

}  // namespace
}  // namespace pleiad
