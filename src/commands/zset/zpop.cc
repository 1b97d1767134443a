// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_pop.h"

namespace pleiad {
namespace {

constexpr std::string_view kZpopCountError = "ERR value is out of range, must be positive";

void ZpopFrom(WriteContext& ctx, const Args& args, ZsetEnd end, resp::Writer& out) {
  if (args.size() > 3) {
    out.Error(kSyntaxError);
    return;
  }
  const bool counted = args.size() == 3;
  int64_t wanted = 1;
  if (counted) {
    const auto count = IntArg(args, 2, out, kZpopCountError);
    if (!count.has_value()) return;
    if (*count < 0) {
      out.Error(kZpopCountError);
      return;
    }
    wanted = *count;
  }
  ValueCell cell(&ctx, ctx.key(), ValueType::kZset);
  if (!cell.Open(out)) return;
  if (!cell.exists() || wanted == 0) {
    out.Array(0);
    return;
  }
  const ZsetShape shape = ShapeWithScores(true, out);
  // Without a count the reply is flat in RESP3, too.
  const size_t count = PopCount(cell, wanted);
  if (counted) {
    WriteZsetHead(count, shape, out);
  } else {
    out.Array(2);
  }
  PopZset(ctx, ctx.key(), &cell, end, count, counted ? shape : ZsetShape::kFlat, out);
}

// ZPOPMIN key [count]: takes the members with the lowest scores out.
//
// > ZADD z 1 a 2 b 3 c 4 d
// (integer) 4
// > ZPOPMIN z
// 1) "a"
// 2) "1"
// > ZPOPMIN z 2
// 1) "b"
// 2) "2"
// 3) "c"
// 4) "3"
// > ZPOPMIN z 0
// (empty array)
// > ZPOPMIN z 9
// 1) "d"
// 2) "4"
// > EXISTS z
// (integer) 0
// > ZPOPMIN z
// (empty array)
// > ZPOPMIN z -1
// (error) ERR value is out of range, must be positive
// > ZPOPMIN z some
// (error) ERR value is out of range, must be positive
// > ZPOPMIN z 1 2
// (error) ERR syntax error
// > SET text v
// OK
// > ZPOPMIN text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zpopmin(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ZpopFrom(ctx, args, ZsetEnd::kMin, out);
}

// ZPOPMAX key [count]: takes the members with the highest scores out.
//
// > ZADD z 1 a 2 b 3 c
// (integer) 3
// > ZPOPMAX z 2
// 1) "c"
// 2) "3"
// 3) "b"
// 4) "2"
// > ZPOPMAX z
// 1) "a"
// 2) "1"
void Zpopmax(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ZpopFrom(ctx, args, ZsetEnd::kMax, out);
}

// Pops from the first key that holds anything, or waits.
void BzpopFrom(WriteContext& ctx, const Args& args, ZsetEnd end, resp::Writer& out) {
  const auto timeout = ZsetTimeout(args[args.size() - 1], out);
  if (!timeout.has_value()) return;
  for (const Key& key : ctx.keys()) {
    ValueCell cell(&ctx, key, ValueType::kZset);
    if (!cell.Open(out)) return;
    if (!cell.exists()) continue;
    out.Array(3);
    out.Bulk(key.bytes);
    PopZset(ctx, key, &cell, end, 1, ZsetShape::kFlat, out);
    ctx.Propagate({end == ZsetEnd::kMin ? "ZPOPMIN" : "ZPOPMAX", key.bytes});
    return;
  }
  if (ctx.may_block()) {
    ctx.Block({.timeout_ms = *timeout});
  } else {
    out.NullArray();
  }
}

// BZPOPMIN key [key ...] timeout: pops from the first of the keys that holds anything; waits up to
// `timeout` seconds (0: for ever) until one does.
//
// > ZADD z 1 a 2 b
// (integer) 2
// > BZPOPMIN nosuchkey z 0
// 1) "z"
// 2) "a"
// 3) "1"
// > BZPOPMIN z later
// (error) ERR timeout is not a float or out of range
// > BZPOPMIN z -1
// (error) ERR timeout is negative
// > BZPOPMIN z inf
// (error) ERR timeout is out of range
// > SET text v
// OK
// > BZPOPMIN text z 0
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Bzpopmin(WriteContext& ctx, const Args& args, resp::Writer& out) {
  BzpopFrom(ctx, args, ZsetEnd::kMin, out);
}

// BZPOPMAX key [key ...] timeout: the same from the other end.
//
// > ZADD z 1 a 2 b
// (integer) 2
// > BZPOPMAX z 0.5
// 1) "z"
// 2) "b"
// 3) "2"
void Bzpopmax(WriteContext& ctx, const Args& args, resp::Writer& out) {
  BzpopFrom(ctx, args, ZsetEnd::kMax, out);
}

constexpr std::string_view kZpopCost =
    "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of "
    "elements popped.";
constexpr std::string_view kBzpopCost =
    "O(log(N)) with N being the number of elements in the sorted set.";

const CommandRegistration kZpopmin{
    {.name = "zpopmin",
     .arity = -2,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "5.0.0",
     .usage = "key [count]",
     .summary = "Returns the lowest-scoring members of a sorted set after removing them. The key "
                "is deleted if the last one was popped.",
     .complexity = kZpopCost,
     .write = Zpopmin}};
const CommandRegistration kZpopmax{
    {.name = "zpopmax",
     .arity = -2,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "5.0.0",
     .usage = "key [count]",
     .summary = "Returns the highest-scoring members of a sorted set after removing them. The key "
                "is deleted if the last one was popped.",
     .complexity = kZpopCost,
     .write = Zpopmax}};
const CommandRegistration kBzpopmin{
    {.name = "bzpopmin",
     .arity = -3,
     .flags = kCmdWrite | kCmdFast | kCmdBlocking,
     .keys = {1, -2, 1},
     .group = "sorted-set",
     .since = "5.0.0",
     .usage = "key [key ...] timeout",
     .summary = "Removes and returns the member with the lowest score from one or more sorted "
                "sets. Blocks until a member is available otherwise.",
     .complexity = kBzpopCost,
     .write = Bzpopmin}};
const CommandRegistration kBzpopmax{
    {.name = "bzpopmax",
     .arity = -3,
     .flags = kCmdWrite | kCmdFast | kCmdBlocking,
     .keys = {1, -2, 1},
     .group = "sorted-set",
     .since = "5.0.0",
     .usage = "key [key ...] timeout",
     .summary = "Removes and returns the member with the highest score from one or more sorted "
                "sets. Blocks until a member is available otherwise.",
     .complexity = kBzpopCost,
     .write = Bzpopmax}};

}  // namespace
}  // namespace pleiad
