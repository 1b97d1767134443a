// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/pubsub/subscription.h"

namespace pleiad {
namespace {

// SUBSCRIBE channel [channel ...]: messages published to these channels come from now on; a reply
// for each channel says how many channels and patterns the client is subscribed to. Under RESP2
// nothing but (P|S)SUBSCRIBE, (P|S)UNSUBSCRIBE, PING, QUIT and RESET is allowed while there is one;
// under RESP3 replies and messages are pushes. A client that publishes to itself has its reply
// first.
//
// > SUBSCRIBE news weather
// 1) "subscribe"
// 2) "news"
// 3) (integer) 1
// 1) "subscribe"
// 2) "weather"
// 3) (integer) 2
// > GET k
// (error) ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / ...
// > RESET
// RESET
// > HELLO 3
// 1# "server" => "redis"
// ...
// > SUBSCRIBE news
// 1) "subscribe"
// 2) "news"
// 3) (integer) 1
// > PUBLISH news hello
// (integer) 1
// 1) "message"
// 2) "news"
// 3) "hello"
// > MULTI
// OK
// > PUBLISH news a
// QUEUED
// > PING
// QUEUED
// > EXEC
// 1) (integer) 1
// 2) PONG
// 1) "message"
// 2) "news"
// 3) "a"
void Subscribe(ServerContext& ctx, const Args& args, resp::Writer& out) {
  SubscribeAll(ctx, args, ChannelKind::kChannel, "subscribe", out);
}

const CommandRegistration kSubscribe{
    {.name = "subscribe",
     .arity = -2,
     .flags = kSubscribeFlags,
     .keys = {},
     .group = "pubsub",
     .since = "2.0.0",
     .usage = "channel [channel ...]",
     .summary = "Listens for messages published to channels.",
     .complexity = "O(N) where N is the number of channels to subscribe to.",
     .server = Subscribe}};

}  // namespace
}  // namespace pleiad
