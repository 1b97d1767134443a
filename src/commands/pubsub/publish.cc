// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"
#include "runtime/cluster_driver.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

void PublishTo(ServerContext& ctx, const Args& args, bool shard, resp::Writer& out) {
  const size_t receivers = ctx.engine.pubsub.Publish(args[1], args[2], shard);
  out.Integer(static_cast<int64_t>(receivers));
  if (ctx.server == nullptr) return;
  if (runtime::ClusterDriver* cluster = ctx.server->cluster(); cluster != nullptr) {
    cluster->Post(cluster::PublishRequest{std::string(args[1]), std::string(args[2]), shard});
  } else if (ctx.server->replication().has_replicas()) {
    ctx.Propagate({args[0], args[1], args[2]});
  }
}

// PUBLISH channel message: to all who are subscribed to the channel or to a pattern that it fits.
// The reply counts those of this node. In a cluster all nodes deliver it, otherwise the replicas do
// too.
//
// > PUBLISH news hello
// (integer) 0
// > PSUBSCRIBE *
// 1) "psubscribe"
// 2) "*"
// 3) (integer) 1
// > PUBLISH news hello
// (error) ERR Can't execute 'publish': only ...
void Publish(ServerContext& ctx, const Args& args, resp::Writer& out) {
  PublishTo(ctx, args, false, out);
}

// SPUBLISH shardchannel message: to all who are subscribed to the shard channel, at the nodes that
// have its slot. The reply counts those of this node.
//
// > SPUBLISH news hello
// (integer) 0
// > HELLO 3
// 1# "server" => "redis"
// ...
// > SSUBSCRIBE news
// 1) "ssubscribe"
// 2) "news"
// 3) (integer) 1
// > PSUBSCRIBE *
// 1) "psubscribe"
// 2) "*"
// 3) (integer) 1
// > SPUBLISH news hello
// (integer) 1
// 1) "smessage"
// 2) "news"
// 3) "hello"
void SPublish(ServerContext& ctx, const Args& args, resp::Writer& out) {
  PublishTo(ctx, args, true, out);
}

constexpr uint32_t kPublishFlags = kCmdPubsub | kCmdLoading | kCmdStale | kCmdFast;

const CommandRegistration kPublish{
    {.name = "publish",
     .arity = 3,
     .flags = kPublishFlags,
     .keys = {},
     .group = "pubsub",
     .since = "2.0.0",
     .usage = "channel message",
     .summary = "Posts a message to a channel.",
     .complexity =
         "O(N+M) where N is the number of clients subscribed to the receiving channel and "
         "M is the total number of subscribed patterns (by any client).",
     .server = Publish}};
const CommandRegistration kSPublish{
    {.name = "spublish",
     .arity = 3,
     .flags = kPublishFlags,
     .keys = {1, 1, 1},
     .group = "pubsub",
     .since = "7.0.0",
     .usage = "shardchannel message",
     .summary = "Posts a message to a shard channel.",
     .complexity =
         "O(N) where N is the number of clients subscribed to the receiving shard channel.",
     .server = SPublish}};

}  // namespace
}  // namespace pleiad
