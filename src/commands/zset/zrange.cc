// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_range.h"

namespace pleiad {
namespace {

void WriteQuery(ReadContext& ctx, const Args& args, const ZsetRangeQuery::Form& form,
                resp::Writer& out) {
  ZsetRangeQuery query;
  if (!query.Parse(args, form, out)) return;
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (!zset.has_value()) return;
  WriteZsetRange(*zset, query.Find(*zset), query.reverse(),
                 ShapeWithScores(query.with_scores(), out), out);
}

// ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]
//
// > ZADD z 1 a 2 b 3 c 4 d
// (integer) 4
// > ZRANGE z 1 -2
// 1) "b"
// 2) "c"
// > ZRANGE z 0 0 REV WITHSCORES
// 1) "d"
// 2) "4"
// > ZRANGE z (1 3 BYSCORE
// 1) "b"
// 2) "c"
// > ZRANGE z +inf -inf BYSCORE REV LIMIT 1 2
// 1) "c"
// 2) "b"
// > ZRANGE z -inf +inf BYSCORE LIMIT -1 2
// (empty array)
// > ZRANGE z -inf +inf BYSCORE LIMIT 3 -1
// 1) "d"
// > ZRANGE z [b + BYLEX LIMIT 0 2
// 1) "b"
// 2) "c"
// > ZRANGE z 3 1
// (empty array)
// > ZRANGE z 0 -1 LIMIT 0 1
// (error) ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
// > ZRANGE z - + BYLEX WITHSCORES
// (error) ERR syntax error, WITHSCORES not supported in combination with BYLEX
// > ZRANGE z a b BYLEX
// (error) ERR min or max not valid string range item
// > ZRANGE z a b BYSCORE
// (error) ERR min or max is not a float
// > ZRANGE z a b
// (error) ERR value is not an integer or out of range
// > ZRANGE z 0 -1 LIMIT 0
// (error) ERR syntax error
// > SET text v
// OK
// > ZRANGE text 0 -1
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zrange(ReadContext& ctx, const Args& args, resp::Writer& out) {
  WriteQuery(ctx, args, {}, out);
}

// ZREVRANGE key start stop [WITHSCORES]
//
// > ZADD z 1 a 2 b 3 c
// (integer) 3
// > ZREVRANGE z 0 1 WITHSCORES
// 1) "c"
// 2) "3"
// 3) "b"
// 4) "2"
// > ZREVRANGE z 0 1 REV
// (error) ERR syntax error
void Zrevrange(ReadContext& ctx, const Args& args, resp::Writer& out) {
  WriteQuery(ctx, args, {2, ZsetRangeKind::kRank, ZsetDirection::kReverse, false}, out);
}

// ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]
//
// > ZADD z 1 a 2 b 3 c
// (integer) 3
// > ZRANGEBYSCORE z -inf (3 WITHSCORES
// 1) "a"
// 2) "1"
// 3) "b"
// 4) "2"
// > ZRANGEBYSCORE z 1 3 LIMIT 1 1
// 1) "b"
// > ZRANGEBYSCORE z 1 x
// (error) ERR min or max is not a float
void ZrangeByScore(ReadContext& ctx, const Args& args, resp::Writer& out) {
  WriteQuery(ctx, args, {2, ZsetRangeKind::kScore, ZsetDirection::kForward, false}, out);
}

// ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]
//
// > ZADD z 1 a 2 b 3 c
// (integer) 3
// > ZREVRANGEBYSCORE z 3 (1
// 1) "c"
// 2) "b"
// > ZREVRANGEBYSCORE z 1 3
// (empty array)
void ZrevrangeByScore(ReadContext& ctx, const Args& args, resp::Writer& out) {
  WriteQuery(ctx, args, {2, ZsetRangeKind::kScore, ZsetDirection::kReverse, false}, out);
}

// ZRANGEBYLEX key min max [LIMIT offset count]
//
// > ZADD z 0 a 0 b 0 c
// (integer) 3
// > ZRANGEBYLEX z [a (c
// 1) "a"
// 2) "b"
// > ZRANGEBYLEX z - + LIMIT 2 5
// 1) "c"
// > ZRANGEBYLEX z - c
// (error) ERR min or max not valid string range item
// > ZRANGEBYLEX z - + WITHSCORES
// (error) ERR syntax error, WITHSCORES not supported in combination with BYLEX
void ZrangeByLex(ReadContext& ctx, const Args& args, resp::Writer& out) {
  WriteQuery(ctx, args, {2, ZsetRangeKind::kMember, ZsetDirection::kForward, false}, out);
}

// ZREVRANGEBYLEX key max min [LIMIT offset count]
//
// > ZADD z 0 a 0 b 0 c
// (integer) 3
// > ZREVRANGEBYLEX z (c -
// 1) "b"
// 2) "a"
void ZrevrangeByLex(ReadContext& ctx, const Args& args, resp::Writer& out) {
  WriteQuery(ctx, args, {2, ZsetRangeKind::kMember, ZsetDirection::kReverse, false}, out);
}

constexpr std::string_view kZrangeCost =
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of "
    "elements returned.";

const CommandRegistration kZrange{
    {.name = "zrange",
     .arity = -4,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "1.2.0",
     .usage = "key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
     .summary = "Returns members in a sorted set within a range of indexes, scores or members.",
     .complexity = kZrangeCost,
     .read = Zrange}};
const CommandRegistration kZrevrange{
    {.name = "zrevrange",
     .arity = -4,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "1.2.0",
     .usage = "key start stop [WITHSCORES]",
     .summary = "Returns members in a sorted set within a range of indexes in reverse order.",
     .complexity = kZrangeCost,
     .read = Zrevrange}};
const CommandRegistration kZrangeByScore{
    {.name = "zrangebyscore",
     .arity = -4,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "1.0.5",
     .usage = "key min max [WITHSCORES] [LIMIT offset count]",
     .summary = "Returns members in a sorted set within a range of scores.",
     .complexity = kZrangeCost,
     .read = ZrangeByScore}};
const CommandRegistration kZrevrangeByScore{
    {.name = "zrevrangebyscore",
     .arity = -4,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "2.2.0",
     .usage = "key max min [WITHSCORES] [LIMIT offset count]",
     .summary = "Returns members in a sorted set within a range of scores in reverse order.",
     .complexity = kZrangeCost,
     .read = ZrevrangeByScore}};
const CommandRegistration kZrangeByLex{
    {.name = "zrangebylex",
     .arity = -4,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "2.8.9",
     .usage = "key min max [LIMIT offset count]",
     .summary = "Returns members in a sorted set within a lexicographical range.",
     .complexity = kZrangeCost,
     .read = ZrangeByLex}};
const CommandRegistration kZrevrangeByLex{
    {.name = "zrevrangebylex",
     .arity = -4,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "2.8.9",
     .usage = "key max min [LIMIT offset count]",
     .summary = "Returns members in a sorted set within a lexicographical range in reverse order.",
     .complexity = kZrangeCost,
     .read = ZrevrangeByLex}};

}  // namespace
}  // namespace pleiad
