// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <vector>

#include "commands/zset/zset_args.h"

namespace pleiad {
namespace {

struct ZaddOptions {
  unsigned flags = 0;  // of Zset
  bool changed = false;
  size_t first = 2;  // the first score
};

ZaddOptions ParseZadd(const Args& args) {
  ZaddOptions options;
  size_t i = 2;
  for (; i < args.size(); ++i) {
    if (args.Is(i, "nx")) {
      options.flags |= Zset::kAddOnlyNew;
    } else if (args.Is(i, "xx")) {
      options.flags |= Zset::kAddOnlyExisting;
    } else if (args.Is(i, "ch")) {
      options.changed = true;
    } else if (args.Is(i, "incr")) {
      options.flags |= Zset::kAddIncrement;
    } else if (args.Is(i, "gt")) {
      options.flags |= Zset::kAddIfGreater;
    } else if (args.Is(i, "lt")) {
      options.flags |= Zset::kAddIfLess;
    } else {
      break;
    }
  }
  options.first = i;
  return options;
}

// What is wrong with the options; empty: nothing.
std::string_view ZaddComplaint(const ZaddOptions& options, size_t args) {
  const auto has = [&](unsigned flags) { return (options.flags & flags) == flags; };
  const size_t values = args - options.first;
  if (values == 0 || values % 2 != 0) return kSyntaxError;
  if (has(Zset::kAddOnlyNew | Zset::kAddOnlyExisting))
    return "ERR XX and NX options at the same time are not compatible";
  if (has(Zset::kAddIfGreater | Zset::kAddOnlyNew) || has(Zset::kAddIfLess | Zset::kAddOnlyNew) ||
      has(Zset::kAddIfGreater | Zset::kAddIfLess)) {
    return "ERR GT, LT, and/or NX options at the same time are not compatible";
  }
  if (has(Zset::kAddIncrement) && values > 2)
    return "ERR INCR option supports a single increment-element pair";
  return {};
}

void AddMembers(WriteContext& ctx, const Args& args, const ZaddOptions& options,
                resp::Writer& out) {
  const size_t pairs = (args.size() - options.first) / 2;
  std::array<double, 8> few;
  std::vector<double> many(pairs > few.size() ? pairs : 0);
  double* const scores = many.empty() ? few.data() : many.data();
  for (size_t i = 0; i < pairs; ++i) {
    const auto score = ParseScore(args[options.first + 2 * i]);
    if (!score.has_value()) {
      out.Error(kNotFloat);
      return;
    }
    scores[i] = *score;
  }
  ValueCell cell(&ctx, ctx.key(), ValueType::kZset);
  if (!cell.Open(out)) return;
  Zset zset(&cell, ctx.engine().collections);
  int64_t added = 0;
  int64_t updated = 0;
  Zset::Added last;
  for (size_t i = 0; i < pairs; ++i) {
    last = zset.Add(args[options.first + 2 * i + 1], scores[i], options.flags);
    added += last.added;
    updated += last.updated;
  }
  const bool increment = (options.flags & Zset::kAddIncrement) != 0;
  if (added + updated > 0) {
    cell.Changed();
    ctx.Notify(kNotifyZset, increment ? "zincr" : "zadd", ctx.key());
  }
  if (last.nan) {
    out.Error(kScoreNanError);
  } else if (!increment) {
    out.Integer(options.changed ? added + updated : added);
  } else if (last.skipped) {
    out.Null();
  } else {
    out.Double(last.score);
  }
}

// ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]: how many members are
// new; with CH, how many are new or have another score now. With INCR: the new score, or null if
// an option forbade it.
//
// > ZADD z 1 a 2.5 b
// (integer) 2
// > ZADD z 3 a 4 c
// (integer) 1
// > ZADD z CH 3 a 5 c
// (integer) 1
// > ZADD z NX 9 a 1 d
// (integer) 1
// > ZADD z XX CH 7 a 1 nobody
// (integer) 1
// > ZADD z GT CH 1 a 8 b
// (integer) 1
// > ZADD z LT CH 1 a 9 b
// (integer) 1
// > ZADD z INCR 1.5 a
// "2.5"
// > ZADD z NX INCR 1 a
// (nil)
// > ZADD z XX INCR 1 nobody
// (nil)
// > ZRANGE z 0 -1 WITHSCORES
// 1) "d"
// 2) "1"
// 3) "a"
// 4) "2.5"
// 5) "c"
// 6) "5"
// 7) "b"
// 8) "8"
// > ZADD z inf e -inf f
// (integer) 2
// > ZADD z INCR -inf e
// (error) ERR resulting score is not a number (NaN)
// > ZADD z XX NX 1 a
// (error) ERR XX and NX options at the same time are not compatible
// > ZADD z GT LT 1 a
// (error) ERR GT, LT, and/or NX options at the same time are not compatible
// > ZADD z INCR 1 a 2 b
// (error) ERR INCR option supports a single increment-element pair
// > ZADD z 1 a 2
// (error) ERR syntax error
// > ZADD z 1 a much b
// (error) ERR value is not a valid float
// > ZADD z nan a
// (error) ERR value is not a valid float
// > ZADD new XX 1 a
// (integer) 0
// > EXISTS new
// (integer) 0
// > SET text v
// OK
// > ZADD text 1 a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zadd(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const ZaddOptions options = ParseZadd(args);
  const std::string_view complaint = ZaddComplaint(options, args.size());
  if (!complaint.empty()) {
    out.Error(complaint);
    return;
  }
  AddMembers(ctx, args, options, out);
}

// ZINCRBY key increment member: the new score. A member that is not there had 0.
//
// > ZINCRBY z 2 a
// "2"
// > ZINCRBY z -0.5 a
// "1.5"
// > ZINCRBY z much a
// (error) ERR value is not a valid float
// > ZINCRBY z inf a
// "inf"
// > ZINCRBY z -inf a
// (error) ERR resulting score is not a number (NaN)
// > ZINCRBY z NX a
// (error) ERR syntax error
void Zincrby(WriteContext& ctx, const Args& args, resp::Writer& out) {
  for (const std::string_view word : {"nx", "xx", "gt", "lt", "ch", "incr"}) {
    if (!args.Is(2, word)) continue;  // an option of ZADD in the place of the increment
    out.Error(kSyntaxError);
    return;
  }
  AddMembers(ctx, args, {.flags = Zset::kAddIncrement, .first = 2}, out);
}

const CommandRegistration kZadd{
    {.name = "zadd",
     .arity = -4,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "1.2.0",
     .usage = "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]",
     .summary = "Adds one or more members to a sorted set, or updates their scores. The key is "
                "created if it doesn't exist.",
     .complexity = "O(log(N)) for each item added, where N is the number of elements in the "
                   "sorted set.",
     .write = Zadd}};
const CommandRegistration kZincrby{
    {.name = "zincrby",
     .arity = 4,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "1.2.0",
     .usage = "key increment member",
     .summary = "Increments the score of a member in a sorted set.",
     .complexity = "O(log(N)) where N is the number of elements in the sorted set.",
     .write = Zincrby}};

}  // namespace
}  // namespace pleiad
