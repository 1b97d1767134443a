// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// PUBSUB: who is subscribed to what, at this node.
#include <algorithm>

#include "base/text.h"
#include "command/command.h"
#include "commands/server/help.h"

namespace pleiad {
namespace {

// A subcommand that there is not.
//
// > PUBSUB BOGUS
// (error) ERR unknown subcommand 'BOGUS'. Try PUBSUB HELP.
void PubsubContainer(ServerContext&, const Args& args, resp::Writer& out) {
  WriteUnknownSubcommand(args, out);
}

void WriteChannels(ServerContext& ctx, const Args& args, bool shard, resp::Writer& out) {
  if (args.size() > 3) {
    WriteUnknownSubcommand(args, out);
    return;
  }
  std::vector<std::string> names = ctx.engine.pubsub.Channels(shard);
  if (args.size() == 3)
    std::erase_if(names, [&](const std::string& name) { return !GlobMatch(args[2], name); });
  std::sort(names.begin(), names.end());
  out.Array(names.size());
  for (const std::string& name : names) out.Bulk(name);
}

void WriteCounts(ServerContext& ctx, const Args& args, bool shard, resp::Writer& out) {
  out.Array((args.size() - 2) * 2);
  for (size_t i = 2; i < args.size(); ++i) {
    out.Bulk(args[i]);
    out.Integer(static_cast<int64_t>(ctx.engine.pubsub.Subscribers(args[i], shard)));
  }
}

// PUBSUB CHANNELS [pattern]: channels that somebody is subscribed to, other than by a pattern.
//
// > HELLO 3
// 1# "server" => "redis"
// ...
// > SUBSCRIBE news sport
// 1) "subscribe"
// 2) "news"
// ...
// > PUBSUB CHANNELS
// 1) "news"
// 2) "sport"
// > PUBSUB CHANNELS n*
// 1) "news"
void PubsubChannels(ServerContext& ctx, const Args& args, resp::Writer& out) {
  WriteChannels(ctx, args, false, out);
}

// PUBSUB NUMSUB [channel [channel ...]]: how many are subscribed to each, other than by a pattern.
//
// > HELLO 3
// 1# "server" => "redis"
// ...
// > SUBSCRIBE news
// 1) "subscribe"
// 2) "news"
// 3) (integer) 1
// > PUBSUB NUMSUB news sport
// 1) "news"
// 2) (integer) 1
// 3) "sport"
// 4) (integer) 0
// > PUBSUB NUMSUB
// (empty array)
void PubsubNumsub(ServerContext& ctx, const Args& args, resp::Writer& out) {
  WriteCounts(ctx, args, false, out);
}

// PUBSUB NUMPAT: how many different patterns there are.
//
// > HELLO 3
// 1# "server" => "redis"
// ...
// > PSUBSCRIBE a* b*
// 1) "psubscribe"
// 2) "a*"
// ...
// > PUBSUB NUMPAT
// (integer) 2
void PubsubNumpat(ServerContext& ctx, const Args&, resp::Writer& out) {
  out.Integer(static_cast<int64_t>(ctx.engine.pubsub.count(ChannelKind::kPattern)));
}

// PUBSUB SHARDCHANNELS [pattern]
//
// > HELLO 3
// 1# "server" => "redis"
// ...
// > SSUBSCRIBE news
// 1) "ssubscribe"
// 2) "news"
// 3) (integer) 1
// > PUBSUB SHARDCHANNELS
// 1) "news"
// > PUBSUB CHANNELS
// (empty array)
void PubsubShardchannels(ServerContext& ctx, const Args& args, resp::Writer& out) {
  WriteChannels(ctx, args, true, out);
}

// PUBSUB SHARDNUMSUB [shardchannel [shardchannel ...]]
//
// > HELLO 3
// 1# "server" => "redis"
// ...
// > SSUBSCRIBE news
// 1) "ssubscribe"
// 2) "news"
// 3) (integer) 1
// > PUBSUB SHARDNUMSUB news sport
// 1) "news"
// 2) (integer) 1
// 3) "sport"
// 4) (integer) 0
void PubsubShardnumsub(ServerContext& ctx, const Args& args, resp::Writer& out) {
  WriteCounts(ctx, args, true, out);
}

// PUBSUB HELP
//
// > PUBSUB HELP
//  1) PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
// ...
void PubsubHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp("pubsub",
            {"CHANNELS [<pattern>]",
             "    Return the channels with subscribers that fit <pattern> (default: '*').",
             "NUMPAT", "    Return how many different patterns clients are subscribed to.",
             "NUMSUB [<channel> ...]",
             "    Return how many are subscribed to each channel, patterns left aside.",
             "SHARDCHANNELS [<pattern>]",
             "    Return the shard channels with subscribers that fit <pattern> (default: '*').",
             "SHARDNUMSUB [<shardchannel> ...]",
             "    Return how many are subscribed to each shard channel."},
            out);
}

constexpr uint32_t kAskFlags = kCmdPubsub | kCmdLoading | kCmdStale;

const CommandRegistration kPubsubContainer{{.name = "pubsub",
                                            .arity = -2,
                                            .keys = {},
                                            .group = "pubsub",
                                            .since = "2.8.0",
                                            .usage = "subcommand",
                                            .summary = "A container for Pub/Sub commands.",
                                            .complexity = "Depends on subcommand.",
                                            .server = PubsubContainer}};
const CommandRegistration kPubsubChannels{
    {.name = "pubsub|channels",
     .arity = -2,
     .flags = kAskFlags,
     .keys = {},
     .group = "pubsub",
     .since = "2.8.0",
     .usage = "[pattern]",
     .summary = "Returns the active channels.",
     .complexity = "O(N) where N is the number of active channels, and assuming constant time "
                   "pattern matching (relatively short channels and patterns)",
     .server = PubsubChannels}};
const CommandRegistration kPubsubNumsub{
    {.name = "pubsub|numsub",
     .arity = -2,
     .flags = kAskFlags,
     .keys = {},
     .group = "pubsub",
     .since = "2.8.0",
     .usage = "[channel [channel ...]]",
     .summary = "Returns a count of subscribers to channels.",
     .complexity = "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
     .server = PubsubNumsub}};
const CommandRegistration kPubsubNumpat{
    {.name = "pubsub|numpat",
     .arity = 2,
     .flags = kAskFlags,
     .keys = {},
     .group = "pubsub",
     .since = "2.8.0",
     .usage = "",
     .summary = "Returns a count of unique pattern subscriptions.",
     .complexity = "O(1)",
     .server = PubsubNumpat}};
const CommandRegistration kPubsubShardchannels{
    {.name = "pubsub|shardchannels",
     .arity = -2,
     .flags = kAskFlags,
     .keys = {},
     .group = "pubsub",
     .since = "7.0.0",
     .usage = "[pattern]",
     .summary = "Returns the active shard channels.",
     .complexity = "O(N) where N is the number of active shard channels, and assuming constant "
                   "time pattern matching (relatively short shard channels).",
     .server = PubsubShardchannels}};
const CommandRegistration kPubsubShardnumsub{
    {.name = "pubsub|shardnumsub",
     .arity = -2,
     .flags = kAskFlags,
     .keys = {},
     .group = "pubsub",
     .since = "7.0.0",
     .usage = "[shardchannel [shardchannel ...]]",
     .summary = "Returns the count of subscribers of shard channels.",
     .complexity = "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard "
                   "channels",
     .server = PubsubShardnumsub}};
const CommandRegistration kPubsubHelp{
    {.name = "pubsub|help",
     .arity = 2,
     .flags = kCmdLoading | kCmdStale,
     .keys = {},
     .group = "pubsub",
     .since = "6.2.0",
     .usage = "",
     .summary = "Returns helpful text about the different subcommands.",
     .complexity = "O(1)",
     .server = PubsubHelp}};

}  // namespace
}  // namespace pleiad
