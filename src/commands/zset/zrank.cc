// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_args.h"

namespace pleiad {
namespace {

void WriteRank(ReadContext& ctx, const Args& args, bool reverse, resp::Writer& out) {
  if (args.size() > 4) {
    out.Error(WrongArity(*CommandTable::Get().Find(args[0])));
    return;
  }
  const bool with_score = args.size() == 4;
  if (with_score && !args.Is(3, "withscore")) {
    out.Error(kSyntaxError);
    return;
  }
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (!zset.has_value()) return;
  const auto ranked = zset->Rank(args[2]);
  if (!ranked.has_value()) {
    with_score ? out.NullArray() : out.Null();
    return;
  }
  if (with_score) out.Array(2);
  out.Integer(static_cast<int64_t>(reverse ? zset->size() - 1 - ranked->rank : ranked->rank));
  if (with_score) out.Double(ranked->score);
}

// ZRANK key member [WITHSCORE]: the place of the member from the lowest score, from 0.
//
// > ZADD z 1 a 2 b 3 c
// (integer) 3
// > ZRANK z c
// (integer) 2
// > ZRANK z c WITHSCORE
// 1) (integer) 2
// 2) "3"
// > ZRANK z nobody
// (nil)
// > ZRANK z nobody WITHSCORE
// (nil)
// > ZRANK z a WITHSCORES
// (error) ERR syntax error
// > ZRANK z a WITHSCORE now
// (error) ERR wrong number of arguments for 'zrank' command
// > SET text v
// OK
// > ZRANK text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zrank(ReadContext& ctx, const Args& args, resp::Writer& out) {
  WriteRank(ctx, args, false, out);
}

// ZREVRANK key member [WITHSCORE]: from the highest score.
//
// > ZADD z 1 a 2 b 3 c
// (integer) 3
// > ZREVRANK z c
// (integer) 0
// > ZREVRANK z a WITHSCORE
// 1) (integer) 2
// 2) "1"
// > ZREVRANK nosuchkey a
// (nil)
void Zrevrank(ReadContext& ctx, const Args& args, resp::Writer& out) {
  WriteRank(ctx, args, true, out);
}

const CommandRegistration kZrank{
    {.name = "zrank",
     .arity = -3,
     .flags = kCmdReadonly | kCmdFast,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "2.0.0",
     .usage = "key member [WITHSCORE]",
     .summary = "Returns the index of a member in a sorted set ordered by ascending scores.",
     .complexity = "O(log(N))",
     .read = Zrank}};
const CommandRegistration kZrevrank{
    {.name = "zrevrank",
     .arity = -3,
     .flags = kCmdReadonly | kCmdFast,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "2.0.0",
     .usage = "key member [WITHSCORE]",
     .summary = "Returns the index of a member in a sorted set ordered by descending scores.",
     .complexity = "O(log(N))",
     .read = Zrevrank}};

}  // namespace
}  // namespace pleiad
