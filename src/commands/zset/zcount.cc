// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_args.h"

namespace pleiad {
namespace {

// ZCOUNT key min max: how many members have a score in the range.
//
// > ZADD z 1 a 2 b 3 c
// (integer) 3
// > ZCOUNT z -inf +inf
// (integer) 3
// > ZCOUNT z (1 3
// (integer) 2
// > ZCOUNT z 3 1
// (integer) 0
// > ZCOUNT z (1 (1
// (integer) 0
// > ZCOUNT nosuchkey 1 2
// (integer) 0
// > ZCOUNT z low high
// (error) ERR min or max is not a float
// > ZCOUNT nosuchkey ( ""
// (integer) 0
// > ZCOUNT z 1 nan
// (error) ERR min or max is not a float
// > SET text v
// OK
// > ZCOUNT text 1 2
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zcount(ReadContext& ctx, const Args& args, resp::Writer& out) {
  ZsetScoreLimits limits;
  if (!ParseScoreLimits(args[2], args[3], &limits, out)) return;
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (!zset.has_value()) return;
  out.Integer(static_cast<int64_t>(zset->ByScore(limits.min, limits.max).count));
}

// ZLEXCOUNT key min max: how many members are in the range; meant for sets where all scores are the
// same.
//
// > ZADD z 0 a 0 b 0 c
// (integer) 3
// > ZLEXCOUNT z - +
// (integer) 3
// > ZLEXCOUNT z (a [c
// (integer) 2
// > ZLEXCOUNT z + -
// (integer) 0
// > ZLEXCOUNT z a c
// (error) ERR min or max not valid string range item
void Zlexcount(ReadContext& ctx, const Args& args, resp::Writer& out) {
  ZsetMemberLimits limits;
  if (!ParseMemberLimits(args[2], args[3], &limits, out)) return;
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (!zset.has_value()) return;
  out.Integer(static_cast<int64_t>(zset->ByMember(limits.min, limits.max).count));
}

const CommandRegistration kZcount{
    {.name = "zcount",
     .arity = 4,
     .flags = kCmdReadonly | kCmdFast,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "2.0.0",
     .usage = "key min max",
     .summary = "Returns the number of members of a sorted set with scores within a range.",
     .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
     .read = Zcount}};
const CommandRegistration kZlexcount{
    {.name = "zlexcount",
     .arity = 4,
     .flags = kCmdReadonly | kCmdFast,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "2.8.9",
     .usage = "key min max",
     .summary = "Returns the number of members of a sorted set within a lexicographical range.",
     .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
     .read = Zlexcount}};

}  // namespace
}  // namespace pleiad
