// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "commands/zset/zset_pop.h"

namespace pleiad {
namespace {

constexpr std::string_view kZmpopNumkeysError = "ERR numkeys should be greater than 0";
constexpr std::string_view kZmpopCountError = "ERR count should be greater than 0";

struct ZmpopQuery {
  ZsetEnd end = ZsetEnd::kMin;
  int64_t count = 1;
};

// args[at] is numkeys.
bool ParseZmpop(const Args& args, size_t at, ZmpopQuery* query, resp::Writer& out) {
  const auto numkeys = IntArg(args, at, out, kZmpopNumkeysError);
  if (!numkeys.has_value()) return false;
  if (*numkeys <= 0) {
    out.Error(kZmpopNumkeysError);
    return false;
  }
  if (static_cast<uint64_t>(*numkeys) >= args.size() - at - 1) {
    out.Error(kSyntaxError);
    return false;
  }
  size_t i = at + 1 + static_cast<size_t>(*numkeys);
  if (!args.Is(i, "min") && !args.Is(i, "max")) {
    out.Error(kSyntaxError);
    return false;
  }
  query->end = args.Is(i, "min") ? ZsetEnd::kMin : ZsetEnd::kMax;
  bool counted = false;
  for (++i; i < args.size(); i += 2) {
    if (counted || !args.Is(i, "count") || i + 1 == args.size()) {
      out.Error(kSyntaxError);
      return false;
    }
    counted = true;
    const auto count = IntArg(args, i + 1, out, kZmpopCountError);
    if (!count.has_value()) return false;
    if (*count <= 0) {
      out.Error(kZmpopCountError);
      return false;
    }
    query->count = *count;
  }
  return true;
}

// True if something was popped or an error written.
bool PopFirst(WriteContext& ctx, const ZmpopQuery& query, resp::Writer& out) {
  for (const Key& key : ctx.keys()) {
    ValueCell cell(&ctx, key, ValueType::kZset);
    if (!cell.Open(out)) return true;
    if (!cell.exists()) continue;
    const size_t count = PopCount(cell, query.count);
    out.Array(2);
    out.Bulk(key.bytes);
    out.Array(count);
    PopZset(ctx, key, &cell, query.end, count, ZsetShape::kPairs, out);
    const std::string number = std::to_string(count);
    ctx.Propagate({query.end == ZsetEnd::kMin ? "ZPOPMIN" : "ZPOPMAX", key.bytes, number});
    return true;
  }
  return false;
}

// ZMPOP numkeys key [key ...] MIN | MAX [COUNT count]: pops from the first of the keys that holds
// anything: its name and the items.
//
// > ZADD z 1 a 2 b 3 c
// (integer) 3
// > ZMPOP 2 nosuchkey z MIN
// 1) "z"
// 2) 1) 1) "a"
//       2) "1"
// > ZMPOP 1 z MAX COUNT 9
// 1) "z"
// 2) 1) 1) "c"
//       2) "3"
//    2) 1) "b"
//       2) "2"
// > ZMPOP 1 z MAX
// (nil)
// > ZMPOP 0 z MIN
// (error) ERR numkeys should be greater than 0
// > ZMPOP many z MIN
// (error) ERR numkeys should be greater than 0
// > ZMPOP 2 z MIN
// (error) ERR syntax error
// > ZMPOP 1 z MIDDLE
// (error) ERR syntax error
// > ZMPOP 1 z MIN COUNT 0
// (error) ERR count should be greater than 0
// > ZMPOP 1 z MIN COUNT 1 COUNT 2
// (error) ERR syntax error
// > SET text v
// OK
// > ZMPOP 1 text MIN
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zmpop(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ZmpopQuery query;
  if (!ParseZmpop(args, 1, &query, out)) return;
  if (!PopFirst(ctx, query, out)) out.NullArray();
}

// BZMPOP timeout numkeys key [key ...] MIN | MAX [COUNT count]: the same, and waits.
//
// > ZADD z 1 a 2 b
// (integer) 2
// > BZMPOP 0 1 z MAX COUNT 1
// 1) "z"
// 2) 1) 1) "b"
//       2) "2"
// > BZMPOP -1 1 z MAX
// (error) ERR timeout is negative
// > BZMPOP -1 0 z MAX
// (error) ERR numkeys should be greater than 0
void Bzmpop(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ZmpopQuery query;
  if (!ParseZmpop(args, 2, &query, out)) return;
  const auto timeout = ZsetTimeout(args[1], out);
  if (!timeout.has_value()) return;
  if (PopFirst(ctx, query, out)) return;
  if (ctx.may_block()) {
    ctx.Block({.timeout_ms = *timeout});
  } else {
    out.NullArray();
  }
}

bool ZmpopKeys(const Args& args, std::vector<size_t>* positions) {
  return ZsetNumkeysPositions(args, 1, 1, positions);
}
bool BzmpopKeys(const Args& args, std::vector<size_t>* positions) {
  return ZsetNumkeysPositions(args, 2, 1, positions);
}

const CommandRegistration kZmpop{
    {.name = "zmpop",
     .arity = -4,
     .flags = kCmdWrite,
     .group = "sorted-set",
     .since = "7.0.0",
     .usage = "numkeys key [key ...] <MIN | MAX> [COUNT count]",
     .summary = "Returns the highest- or lowest-scoring members from one or more sorted sets after "
                "removing them.",
     .complexity = "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number "
                   "of elements in the sorted set, and M being the number of elements popped.",
     .write = Zmpop,
     .get_keys = ZmpopKeys}};
const CommandRegistration kBzmpop{
    {.name = "bzmpop",
     .arity = -5,
     .flags = kCmdWrite | kCmdBlocking,
     .group = "sorted-set",
     .since = "7.0.0",
     .usage = "timeout numkeys key [key ...] <MIN | MAX> [COUNT count]",
     .summary = "Removes and returns members by score from one or more sorted sets. Blocks until a "
                "member is available otherwise.",
     .complexity = "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number "
                   "of elements in the sorted set, and M being the number of elements popped.",
     .write = Bzmpop,
     .get_keys = BzmpopKeys}};

}  // namespace
}  // namespace pleiad
