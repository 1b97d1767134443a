// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_combine.h"
#include "commands/zset/zset_pop.h"

namespace pleiad {
namespace {

void CombineToReply(ReadContext& ctx, const Args& args, ZsetOperation operation,
                    resp::Writer& out) {
  ZsetCombination combination;
  if (!combination.ParseInputs(ctx, args, 1, 0, out)) return;
  if (!combination.ParseOptions(args, 1, operation, false, out)) return;
  MemoryStore result;
  combination.Run(operation, ctx.engine().collections, &result);
  const ZsetView view(result.view());
  WriteZsetRange(view, {0, view.size()}, false, ShapeWithScores(combination.with_scores, out), out);
}

void CombineToKey(WriteContext& ctx, const Args& args, ZsetOperation operation,
                  std::string_view event, resp::Writer& out) {
  ZsetCombination combination;
  if (!combination.ParseInputs(ctx, args, 2, 1, out)) return;
  if (!combination.ParseOptions(args, 2, operation, true, out)) return;
  MemoryStore result;
  combination.Run(operation, ctx.engine().collections, &result);
  StoreZset(ctx, ctx.key(0), &result, event, out);
}

// ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX]
// [WITHSCORES]: what is in any of the sorted sets or sets; members of sets have score 1.
//
// > ZADD a 1 x 2 y
// (integer) 2
// > ZADD b 10 y 20 z
// (integer) 2
// > ZUNION 2 a b WITHSCORES
// 1) "x"
// 2) "1"
// 3) "y"
// 4) "12"
// 5) "z"
// 6) "20"
// > ZUNION 3 a b nosuchkey WEIGHTS 2 1 1 AGGREGATE MAX WITHSCORES
// 1) "x"
// 2) "2"
// 3) "y"
// 4) "10"
// 5) "z"
// 6) "20"
// > ZUNION 2 a b WEIGHTS 1 much
// (error) ERR weight value is not a float
// > ZUNION 2 a b AGGREGATE AVERAGE
// (error) ERR syntax error
// > ZUNION 2 a b WEIGHTS 1
// (error) ERR syntax error
// > ZUNION 0 a
// (error) ERR at least 1 input key is needed for 'zunion' command
// > ZUNION 2 a
// (error) ERR syntax error
// > ZUNION many a
// (error) ERR value is not an integer or out of range
// > SET text v
// OK
// > ZUNION 2 a text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zunion(ReadContext& ctx, const Args& args, resp::Writer& out) {
  CombineToReply(ctx, args, ZsetOperation::kUnion, out);
}

// ZINTER numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX]
// [WITHSCORES]: what is in all of them.
//
// > ZADD a 1 x 2 y inf w
// (integer) 3
// > ZADD b 10 y 20 z -inf w
// (integer) 3
// > ZINTER 2 a b WITHSCORES
// 1) "w"
// 2) "0"
// 3) "y"
// 4) "12"
// > ZINTER 2 a b AGGREGATE MIN WITHSCORES
// 1) "w"
// 2) "-inf"
// 3) "y"
// 4) "2"
// > SADD s y z
// (integer) 2
// > ZINTER 2 b s WEIGHTS 1 100 WITHSCORES
// 1) "y"
// 2) "110"
// 3) "z"
// 4) "120"
// > ZINTER 2 a nosuchkey
// (empty array)
void Zinter(ReadContext& ctx, const Args& args, resp::Writer& out) {
  CombineToReply(ctx, args, ZsetOperation::kIntersection, out);
}

// ZDIFF numkeys key [key ...] [WITHSCORES]: what is in the first and in none of the others.
//
// > ZADD a 1 x 2 y
// (integer) 2
// > ZADD b 10 y 20 z
// (integer) 2
// > ZDIFF 2 a b WITHSCORES
// 1) "x"
// 2) "1"
// > ZDIFF 2 nosuchkey a
// (empty array)
// > ZDIFF 2 a b AGGREGATE MIN
// (error) ERR syntax error
void Zdiff(ReadContext& ctx, const Args& args, resp::Writer& out) {
  CombineToReply(ctx, args, ZsetOperation::kDifference, out);
}

// ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]]
// [AGGREGATE SUM | MIN | MAX]: how many were stored.
//
// > ZADD a 1 x 2 y
// (integer) 2
// > SADD s y 5
// (integer) 2
// > ZUNIONSTORE d 2 a s
// (integer) 3
// > ZRANGE d 0 -1 WITHSCORES
// 1) "5"
// 2) "1"
// 3) "x"
// 4) "1"
// 5) "y"
// 6) "3"
// > ZUNIONSTORE d 1 nosuchkey
// (integer) 0
// > EXISTS d
// (integer) 0
// > ZUNIONSTORE d 1 a WITHSCORES
// (error) ERR syntax error
// > ZUNIONSTORE d 0 a
// (error) ERR at least 1 input key is needed for 'zunionstore' command
void Zunionstore(WriteContext& ctx, const Args& args, resp::Writer& out) {
  CombineToKey(ctx, args, ZsetOperation::kUnion, "zunionstore", out);
}

// ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]]
// [AGGREGATE SUM | MIN | MAX]: how many were stored.
//
// > ZADD a 1 x 2 y
// (integer) 2
// > ZADD b 10 y 20 z
// (integer) 2
// > ZINTERSTORE a 2 a b
// (integer) 1
// > ZRANGE a 0 -1 WITHSCORES
// 1) "y"
// 2) "12"
void Zinterstore(WriteContext& ctx, const Args& args, resp::Writer& out) {
  CombineToKey(ctx, args, ZsetOperation::kIntersection, "zinterstore", out);
}

// ZDIFFSTORE destination numkeys key [key ...]: how many were stored.
//
// > ZADD a 1 x 2 y
// (integer) 2
// > ZADD b 10 y 20 z
// (integer) 2
// > ZDIFFSTORE d 2 a b
// (integer) 1
// > ZDIFFSTORE d 2 a a
// (integer) 0
// > EXISTS d
// (integer) 0
void Zdiffstore(WriteContext& ctx, const Args& args, resp::Writer& out) {
  CombineToKey(ctx, args, ZsetOperation::kDifference, "zdiffstore", out);
}

bool CombineKeys(const Args& args, std::vector<size_t>* positions) {
  return ZsetNumkeysPositions(args, 1, 0, positions);
}
bool CombineStoreKeys(const Args& args, std::vector<size_t>* positions) {
  positions->push_back(1);
  return ZsetNumkeysPositions(args, 2, 0, positions);
}

const CommandRegistration kZunion{
    {.name = "zunion",
     .arity = -3,
     .flags = kCmdReadonly,
     .group = "sorted-set",
     .since = "6.2.0",
     .usage = "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] "
              "[WITHSCORES]",
     .summary = "Returns the union of multiple sorted sets.",
     .complexity = "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, "
                   "and M being the number of elements in the resulting sorted set.",
     .read = Zunion,
     .get_keys = CombineKeys}};
const CommandRegistration kZinter{
    {.name = "zinter",
     .arity = -3,
     .flags = kCmdReadonly,
     .group = "sorted-set",
     .since = "6.2.0",
     .usage = "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] "
              "[WITHSCORES]",
     .summary = "Returns the intersect of multiple sorted sets.",
     .complexity = "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K "
                   "being the number of input sorted sets and M being the number of elements in "
                   "the resulting sorted set.",
     .read = Zinter,
     .get_keys = CombineKeys}};
const CommandRegistration kZdiff{
    {.name = "zdiff",
     .arity = -3,
     .flags = kCmdReadonly,
     .group = "sorted-set",
     .since = "6.2.0",
     .usage = "numkeys key [key ...] [WITHSCORES]",
     .summary = "Returns the difference between multiple sorted sets.",
     .complexity = "O(L*K + M*log(M)) where L is the size of the first set, K the number of sets "
                   "and M the size of the result.",
     .read = Zdiff,
     .get_keys = CombineKeys}};
const CommandRegistration kZunionstore{
    {.name = "zunionstore",
     .arity = -4,
     .flags = kCmdWrite | kCmdDenyOom,
     .group = "sorted-set",
     .since = "2.0.0",
     .usage = "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] "
              "[AGGREGATE <SUM | MIN | MAX>]",
     .summary = "Stores the union of multiple sorted sets in a key.",
     .complexity = "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, "
                   "and M being the number of elements in the resulting sorted set.",
     .write = Zunionstore,
     .get_keys = CombineStoreKeys}};
const CommandRegistration kZinterstore{
    {.name = "zinterstore",
     .arity = -4,
     .flags = kCmdWrite | kCmdDenyOom,
     .group = "sorted-set",
     .since = "2.0.0",
     .usage = "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] "
              "[AGGREGATE <SUM | MIN | MAX>]",
     .summary = "Stores the intersect of multiple sorted sets in a key.",
     .complexity = "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K "
                   "being the number of input sorted sets and M being the number of elements in "
                   "the resulting sorted set.",
     .write = Zinterstore,
     .get_keys = CombineStoreKeys}};
const CommandRegistration kZdiffstore{
    {.name = "zdiffstore",
     .arity = -4,
     .flags = kCmdWrite | kCmdDenyOom,
     .group = "sorted-set",
     .since = "6.2.0",
     .usage = "destination numkeys key [key ...]",
     .summary = "Stores the difference of multiple sorted sets in a key.",
     .complexity = "O(L*K + M*log(M)) where L is the size of the first set, K the number of sets "
                   "and M the size of the result.",
     .write = Zdiffstore,
     .get_keys = CombineStoreKeys}};

}  // namespace
}  // namespace pleiad
