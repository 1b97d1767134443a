// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <unordered_set>
#include <vector>

#include "commands/zset/zset_args.h"

namespace pleiad {
namespace {

constexpr std::string_view kZrandRangeError = "ERR value is out of range";

void WriteAt(const ZsetView& view, size_t rank, ZsetShape shape, resp::Writer& out) {
  view.Visit({rank, 1}, false, [&](std::string_view member, double score) {
    WriteZsetItem(member, score, shape, out);
  });
}

// `count` different ranks below `size`, each set of them with the same chance. (Floyd's method.)
std::vector<size_t> DistinctRanks(ReadContext& ctx, size_t count, size_t size) {
  std::vector<size_t> ranks;
  std::unordered_set<size_t> taken;
  for (size_t top = size - count; top < size; ++top) {
    size_t rank = ctx.prng().Below(top + 1);
    if (!taken.insert(rank).second) {
      rank = top;
      taken.insert(rank);
    }
    ranks.push_back(rank);
  }
  return ranks;
}

void WriteSample(ReadContext& ctx, const ZsetView& view, int64_t count, ZsetShape shape,
                 resp::Writer& out) {
  const size_t size = view.size();
  if (size == 0 || count == 0) {
    out.Array(0);
    return;
  }
  if (count < 0) {
    const auto n = static_cast<size_t>(-count);
    WriteZsetHead(n, shape, out);
    for (size_t i = 0; i < n; ++i) WriteAt(view, ctx.prng().Below(size), shape, out);
    return;
  }
  const auto n = static_cast<size_t>(count);
  if (n >= size) {
    WriteZsetRange(view, {0, size}, false, shape, out);
    return;
  }
  WriteZsetHead(n, shape, out);
  for (const size_t rank : DistinctRanks(ctx, n, size)) WriteAt(view, rank, shape, out);
}

// ZRANDMEMBER key [count [WITHSCORES]]: random members: up to `count` different ones, or as many as
// -count, where a member may come again.
//
// > ZADD z 1 a
// (integer) 1
// > ZRANDMEMBER z
// "a"
// > ZRANDMEMBER z 5 WITHSCORES
// 1) "a"
// 2) "1"
// > ZRANDMEMBER z -2
// 1) "a"
// 2) "a"
// > ZRANDMEMBER z 0
// (empty array)
// > ZRANDMEMBER nosuchkey
// (nil)
// > ZRANDMEMBER nosuchkey 2
// (empty array)
// > ZRANDMEMBER z 1 SCORES
// (error) ERR syntax error
// > ZRANDMEMBER z many
// (error) ERR value is not an integer or out of range
// > ZRANDMEMBER z -9223372036854775807 WITHSCORES
// (error) ERR value is out of range
// > SET text v
// OK
// > ZRANDMEMBER text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zrandmember(ReadContext& ctx, const Args& args, resp::Writer& out) {
  std::optional<int64_t> count;
  if (args.size() > 2) {
    count = IntArg(args, 2, out);
    if (!count.has_value()) return;
    if (args.size() > 4 || (args.size() == 4 && !args.Is(3, "withscores"))) {
      out.Error(kSyntaxError);
      return;
    }
    constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    if (*count < -kMax || (args.size() == 4 && (*count < -kMax / 2 || *count > kMax / 2))) {
      out.Error(kZrandRangeError);
      return;
    }
  }
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (!zset.has_value()) return;
  if (count.has_value()) {
    WriteSample(ctx, *zset, *count, ShapeWithScores(args.size() == 4, out), out);
  } else if (zset->size() == 0) {
    out.Null();
  } else {
    WriteAt(*zset, ctx.prng().Below(zset->size()), ZsetShape::kMembers, out);
  }
}

const CommandRegistration kZrandmember{
    {.name = "zrandmember",
     .arity = -2,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "6.2.0",
     .usage = "key [count [WITHSCORES]]",
     .summary = "Returns one or more random members from a sorted set.",
     .complexity = "O(M*log(N)) where M is the number of members returned and N the number of "
                   "members.",
     .read = Zrandmember}};

}  // namespace
}  // namespace pleiad
