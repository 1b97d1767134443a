// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_range.h"

namespace pleiad {
namespace {

// ZRANGESTORE dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]: how many items were
// stored. Nothing in the range: dst is deleted.
//
// > ZADD z 1 a 2 b 3 c
// (integer) 3
// > ZRANGESTORE d z 1 -1
// (integer) 2
// > ZRANGE d 0 -1 WITHSCORES
// 1) "b"
// 2) "2"
// 3) "c"
// 4) "3"
// > ZRANGESTORE d z +inf -inf BYSCORE REV LIMIT 0 1
// (integer) 1
// > ZRANGE d 0 -1
// 1) "c"
// > ZRANGESTORE z z [a [b BYLEX
// (integer) 2
// > ZRANGESTORE d nosuchkey 0 -1
// (integer) 0
// > EXISTS d
// (integer) 0
// > ZRANGESTORE d z 0 -1 WITHSCORES
// (error) ERR syntax error
// > SET text v
// OK
// > ZRANGESTORE text z 0 0
// (integer) 1
// > TYPE text
// zset
// > SET text v
// OK
// > ZRANGESTORE d text 0 0
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zrangestore(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ZsetRangeQuery query;
  if (!query.Parse(args, {.first = 3, .store = true}, out)) return;
  const auto source = ReadZset(ctx, ctx.key(1), out);
  if (!source.has_value()) return;
  MemoryStore store;
  Zset result(&store, ctx.engine().collections);
  source->Visit(query.Find(*source), false,
                [&](std::string_view member, double score) { result.Add(member, score); });
  StoreZset(ctx, ctx.key(0), &store, "zrangestore", out);
}

const CommandRegistration kZrangestore{
    {.name = "zrangestore",
     .arity = -5,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 2, 1},
     .group = "sorted-set",
     .since = "6.2.0",
     .usage = "dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]",
     .summary = "Stores a range of members from a sorted set in a key.",
     .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M the "
                   "number of elements stored into the destination key.",
     .write = Zrangestore}};

}  // namespace
}  // namespace pleiad
