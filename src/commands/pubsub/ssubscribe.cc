// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/pubsub/subscription.h"

namespace pleiad {
namespace {

// SSUBSCRIBE shardchannel [shardchannel ...]: like SUBSCRIBE, for channels that live in a slot, as
// keys do: the node that serves the slot, and its replicas, take subscriptions and SPUBLISH. All
// channels of a command are in one slot. When it moves away, its subscribers get "sunsubscribe".
//
// > SSUBSCRIBE {a}1 {a}2
// 1) "ssubscribe"
// 2) "{a}1"
// 3) (integer) 1
// 1) "ssubscribe"
// 2) "{a}2"
// 3) (integer) 2
// > RESET
// RESET
// > MULTI
// OK
// > SSUBSCRIBE a
// QUEUED
// > EXEC
// 1) (error) ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client
void SSubscribe(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (ctx.group != nullptr) {
    out.Error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
    return;
  }
  SubscribeAll(ctx, args, ChannelKind::kShard, "ssubscribe", out);
}

const CommandRegistration kSSubscribe{
    {.name = "ssubscribe",
     .arity = -2,
     .flags = kSubscribeFlags,
     .keys = {1, -1, 1},
     .group = "pubsub",
     .since = "7.0.0",
     .usage = "shardchannel [shardchannel ...]",
     .summary = "Listens for messages published to shard channels.",
     .complexity = "O(N) where N is the number of shard channels to subscribe to.",
     .server = SSubscribe}};

}  // namespace
}  // namespace pleiad
