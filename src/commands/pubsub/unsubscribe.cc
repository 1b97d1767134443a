// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/pubsub/subscription.h"

namespace pleiad {
namespace {

// UNSUBSCRIBE [channel [channel ...]]: from these channels, or from all.
//
// > SUBSCRIBE a b
// 1) "subscribe"
// 2) "a"
// ...
// > UNSUBSCRIBE b
// 1) "unsubscribe"
// 2) "b"
// 3) (integer) 1
// > UNSUBSCRIBE
// 1) "unsubscribe"
// 2) "a"
// 3) (integer) 0
// > UNSUBSCRIBE
// 1) "unsubscribe"
// 2) (nil)
// 3) (integer) 0
void Unsubscribe(ServerContext& ctx, const Args& args, resp::Writer& out) {
  UnsubscribeAll(ctx, args, ChannelKind::kChannel, "unsubscribe", out);
}

const CommandRegistration kUnsubscribe{
    {.name = "unsubscribe",
     .arity = -1,
     .flags = kSubscribeFlags,
     .keys = {},
     .group = "pubsub",
     .since = "2.0.0",
     .usage = "[channel [channel ...]]",
     .summary = "Stops listening to messages posted to channels.",
     .complexity = "O(N) where N is the number of channels to unsubscribe.",
     .server = Unsubscribe}};

}  // namespace
}  // namespace pleiad
