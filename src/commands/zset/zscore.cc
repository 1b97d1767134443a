// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_args.h"

namespace pleiad {
namespace {

void WriteScore(const ZsetView& zset, std::string_view member, resp::Writer& out) {
  const auto score = zset.Score(member);
  score.has_value() ? out.Double(*score) : out.Null();
}

// ZSCORE key member: the score, or null.
//
// > ZADD z 1.5 a inf b -0 c 3.1 d 1e300 e 0.00001 f
// (integer) 6
// > ZSCORE z a
// "1.5"
// > ZSCORE z b
// "inf"
// > ZSCORE z c
// "-0"
// > ZSCORE z d
// "3.1"
// > ZSCORE z e
// "1e+300"
// > ZSCORE z f
// "0.00001"
// > ZSCORE z nobody
// (nil)
// > ZSCORE nosuchkey a
// (nil)
// > SET text v
// OK
// > ZSCORE text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zscore(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (zset.has_value()) WriteScore(*zset, args[2], out);
}

// ZMSCORE key member [member ...]: a score or null for each.
//
// > ZADD z 1 a 2 b
// (integer) 2
// > ZMSCORE z a nobody b
// 1) "1"
// 2) (nil)
// 3) "2"
// > ZMSCORE nosuchkey a
// 1) (nil)
// > SET text v
// OK
// > ZMSCORE text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zmscore(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (!zset.has_value()) return;
  out.Array(args.size() - 2);
  for (size_t i = 2; i < args.size(); ++i) WriteScore(*zset, args[i], out);
}

const CommandRegistration kZscore{{.name = "zscore",
                                   .arity = 3,
                                   .flags = kCmdReadonly | kCmdFast,
                                   .keys = {1, 1, 1},
                                   .group = "sorted-set",
                                   .since = "1.2.0",
                                   .usage = "key member",
                                   .summary = "Returns the score of a member in a sorted set.",
                                   .complexity = "O(1)",
                                   .read = Zscore}};
const CommandRegistration kZmscore{
    {.name = "zmscore",
     .arity = -3,
     .flags = kCmdReadonly | kCmdFast,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "6.2.0",
     .usage = "key member [member ...]",
     .summary = "Returns the scores of one or more members in a sorted set.",
     .complexity = "O(N) where N is the number of members being requested.",
     .read = Zmscore}};

}  // namespace
}  // namespace pleiad
