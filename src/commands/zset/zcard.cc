// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_args.h"

namespace pleiad {
namespace {

// ZCARD key: how many members there are.
//
// > ZADD z 1 a 2 b
// (integer) 2
// > ZCARD z
// (integer) 2
// > ZCARD nosuchkey
// (integer) 0
// > SET text v
// OK
// > ZCARD text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zcard(ReadContext& ctx, const Args&, resp::Writer& out) {
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (zset.has_value()) out.Integer(static_cast<int64_t>(zset->size()));
}

const CommandRegistration kZcard{{.name = "zcard",
                                  .arity = 2,
                                  .flags = kCmdReadonly | kCmdFast,
                                  .keys = {1, 1, 1},
                                  .group = "sorted-set",
                                  .since = "1.2.0",
                                  .usage = "key",
                                  .summary = "Returns the number of members in a sorted set.",
                                  .complexity = "O(1)",
                                  .read = Zcard}};

}  // namespace
}  // namespace pleiad
