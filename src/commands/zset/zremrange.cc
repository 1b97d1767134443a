// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_args.h"

namespace pleiad {
namespace {

// Removes what `range_of` says and replies how many that were.
template <typename F>
void RemoveZsetRange(WriteContext& ctx, std::string_view event, F range_of, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kZset);
  if (!cell.Open(out)) return;
  Zset zset(&cell, ctx.engine().collections);
  const ZsetRange range = range_of(zset.view());
  if (range.count > 0) {
    zset.RemoveRange(range);
    cell.Changed();
    ctx.Notify(kNotifyZset, event, ctx.key());
    cell.DeleteIf(zset.empty());
  }
  out.Integer(static_cast<int64_t>(range.count));
}

// ZREMRANGEBYRANK key start stop: how many were removed. Negative ranks count from the end.
//
// > ZADD z 1 a 2 b 3 c 4 d
// (integer) 4
// > ZREMRANGEBYRANK z 1 2
// (integer) 2
// > ZRANGE z 0 -1
// 1) "a"
// 2) "d"
// > ZREMRANGEBYRANK z 5 9
// (integer) 0
// > ZREMRANGEBYRANK z -9 -1
// (integer) 2
// > EXISTS z
// (integer) 0
// > ZREMRANGEBYRANK z first last
// (error) ERR value is not an integer or out of range
void ZremrangeByRank(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto start = IntArg(args, 2, out);
  if (!start.has_value()) return;
  const auto stop = IntArg(args, 3, out);
  if (!stop.has_value()) return;
  RemoveZsetRange(
      ctx, "zremrangebyrank",
      [&](const ZsetView& view) { return RankRange(*start, *stop, view.size()); }, out);
}

// ZREMRANGEBYSCORE key min max
//
// > ZADD z 1 a 2 b 3 c 4 d
// (integer) 4
// > ZREMRANGEBYSCORE z (1 3
// (integer) 2
// > ZREMRANGEBYSCORE z -inf +inf
// (integer) 2
// > ZREMRANGEBYSCORE z low 3
// (error) ERR min or max is not a float
void ZremrangeByScore(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ZsetScoreLimits limits;
  if (!ParseScoreLimits(args[2], args[3], &limits, out)) return;
  RemoveZsetRange(
      ctx, "zremrangebyscore",
      [&](const ZsetView& view) { return view.ByScore(limits.min, limits.max); }, out);
}

// ZREMRANGEBYLEX key min max
//
// > ZADD z 0 a 0 b 0 c 0 d
// (integer) 4
// > ZREMRANGEBYLEX z (a [c
// (integer) 2
// > ZREMRANGEBYLEX z - +
// (integer) 2
// > ZREMRANGEBYLEX z a c
// (error) ERR min or max not valid string range item
// > SET text v
// OK
// > ZREMRANGEBYLEX text - +
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void ZremrangeByLex(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ZsetMemberLimits limits;
  if (!ParseMemberLimits(args[2], args[3], &limits, out)) return;
  RemoveZsetRange(
      ctx, "zremrangebylex",
      [&](const ZsetView& view) { return view.ByMember(limits.min, limits.max); }, out);
}

constexpr std::string_view kZremrangeCost =
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of "
    "elements removed by the operation.";

const CommandRegistration kZremrangeByRank{
    {.name = "zremrangebyrank",
     .arity = 4,
     .flags = kCmdWrite,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "2.0.0",
     .usage = "key start stop",
     .summary = "Removes members in a sorted set within a range of ranks.",
     .complexity = kZremrangeCost,
     .write = ZremrangeByRank}};
const CommandRegistration kZremrangeByScore{
    {.name = "zremrangebyscore",
     .arity = 4,
     .flags = kCmdWrite,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "1.2.0",
     .usage = "key min max",
     .summary = "Removes members in a sorted set within a range of scores.",
     .complexity = kZremrangeCost,
     .write = ZremrangeByScore}};
const CommandRegistration kZremrangeByLex{
    {.name = "zremrangebylex",
     .arity = 4,
     .flags = kCmdWrite,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "2.8.9",
     .usage = "key min max",
     .summary = "Removes members in a sorted set within a lexicographical range.",
     .complexity = kZremrangeCost,
     .write = ZremrangeByLex}};

}  // namespace
}  // namespace pleiad
