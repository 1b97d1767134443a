// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/pubsub/subscription.h"

namespace pleiad {
namespace {

// SUNSUBSCRIBE [shardchannel [shardchannel ...]]: from these shard channels, or from all.
//
// > SSUBSCRIBE a
// 1) "ssubscribe"
// 2) "a"
// 3) (integer) 1
// > SUBSCRIBE a
// 1) "subscribe"
// 2) "a"
// 3) (integer) 1
// > SUNSUBSCRIBE
// 1) "sunsubscribe"
// 2) "a"
// 3) (integer) 0
// > SUNSUBSCRIBE
// 1) "sunsubscribe"
// 2) (nil)
// 3) (integer) 0
void SUnsubscribe(ServerContext& ctx, const Args& args, resp::Writer& out) {
  UnsubscribeAll(ctx, args, ChannelKind::kShard, "sunsubscribe", out);
}

const CommandRegistration kSUnsubscribe{
    {.name = "sunsubscribe",
     .arity = -1,
     .flags = kSubscribeFlags,
     .keys = {1, -1, 1},
     .group = "pubsub",
     .since = "7.0.0",
     .usage = "[shardchannel [shardchannel ...]]",
     .summary = "Stops listening to messages posted to shard channels.",
     .complexity = "O(N) where N is the number of shard channels to unsubscribe.",
     .server = SUnsubscribe}};

}  // namespace
}  // namespace pleiad
