// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/pubsub/subscription.h"

namespace pleiad {
namespace {

// PUNSUBSCRIBE [pattern [pattern ...]]: from these patterns, or from all.
//
// > PSUBSCRIBE a* b*
// 1) "psubscribe"
// 2) "a*"
// ...
// > PUNSUBSCRIBE c*
// 1) "punsubscribe"
// 2) "c*"
// 3) (integer) 2
// > PUNSUBSCRIBE
// 1) "punsubscribe"
// 2) "a*"
// 3) (integer) 1
// 1) "punsubscribe"
// 2) "b*"
// 3) (integer) 0
// > PUNSUBSCRIBE
// 1) "punsubscribe"
// 2) (nil)
// 3) (integer) 0
void PUnsubscribe(ServerContext& ctx, const Args& args, resp::Writer& out) {
  UnsubscribeAll(ctx, args, ChannelKind::kPattern, "punsubscribe", out);
}

const CommandRegistration kPUnsubscribe{
    {.name = "punsubscribe",
     .arity = -1,
     .flags = kSubscribeFlags,
     .keys = {},
     .group = "pubsub",
     .since = "2.0.0",
     .usage = "[pattern [pattern ...]]",
     .summary =
         "Stops listening to messages published to channels that match one or more patterns.",
     .complexity = "O(N) where N is the number of patterns to unsubscribe.",
     .server = PUnsubscribe}};

}  // namespace
}  // namespace pleiad
