// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_combine.h"
#include "commands/zset/zset_pop.h"

namespace pleiad {
namespace {

constexpr std::string_view kZintercardLimitError = "ERR LIMIT can't be negative";

// ZINTERCARD numkeys key [key ...] [LIMIT limit]: how many members are in all of the sorted sets;
// it counts no further than the limit, if that is not 0.
//
// > ZADD a 1 x 2 y 3 z
// (integer) 3
// > ZADD b 10 y 20 z
// (integer) 2
// > ZINTERCARD 2 a b
// (integer) 2
// > ZINTERCARD 2 a b LIMIT 1
// (integer) 1
// > ZINTERCARD 2 a b LIMIT 0
// (integer) 2
// > ZINTERCARD 2 a nosuchkey
// (integer) 0
// > ZINTERCARD 0 a
// (error) ERR at least 1 input key is needed for 'zintercard' command
// > ZINTERCARD 3 a b
// (error) ERR syntax error
// > ZINTERCARD 2 a b LIMIT -1
// (error) ERR LIMIT can't be negative
// > ZINTERCARD 2 a b LIMIT
// (error) ERR syntax error
// > SET text v
// OK
// > ZINTERCARD 2 a text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zintercard(ReadContext& ctx, const Args& args, resp::Writer& out) {
  ZsetCombination combination;
  if (!combination.ParseInputs(ctx, args, 1, 0, out)) return;
  uint64_t limit = 0;
  for (size_t i = 2 + combination.inputs.size(); i < args.size(); i += 2) {
    if (!args.Is(i, "limit") || i + 1 == args.size()) {
      out.Error(kSyntaxError);
      return;
    }
    const auto number = IntArg(args, i + 1, out, kZintercardLimitError);
    if (!number.has_value()) return;
    if (*number < 0) {
      out.Error(kZintercardLimitError);
      return;
    }
    limit = static_cast<uint64_t>(*number);
  }
  uint64_t count = 0;
  combination.Intersect([&](std::string_view, double) { return ++count != limit; });
  out.Integer(static_cast<int64_t>(count));
}

bool ZintercardKeys(const Args& args, std::vector<size_t>* positions) {
  return ZsetNumkeysPositions(args, 1, 0, positions);
}

const CommandRegistration kZintercard{
    {.name = "zintercard",
     .arity = -3,
     .flags = kCmdReadonly,
     .group = "sorted-set",
     .since = "7.0.0",
     .usage = "numkeys key [key ...] [LIMIT limit]",
     .summary = "Returns the number of members of the intersect of multiple sorted sets.",
     .complexity = "O(N*K) worst case with N being the smallest input sorted set, K being the "
                   "number of input sorted sets.",
     .read = Zintercard,
     .get_keys = ZintercardKeys}};

}  // namespace
}  // namespace pleiad
