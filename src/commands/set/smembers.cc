// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/set/set_operation.h"

namespace pleiad {
namespace {

// SMEMBERS key: all members, in no order.
//
// > SADD k 10 9 8
// (integer) 3
// > SMEMBERS k
// 1) "8"
// 2) "9"
// 3) "10"
// > SMEMBERS nosuchkey
// (empty array)
// > HELLO 3
// ...
// > SMEMBERS nosuchkey
// (empty set)
// > SET text v
// OK
// > SMEMBERS text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Smembers(ReadContext& ctx, const Args&, resp::Writer& out) {
  const auto set = ReadSet(ctx, ctx.key(), out);
  if (set.has_value()) WriteMembers(*set, out);
}

const CommandRegistration kSmembers{{.name = "smembers",
                                     .arity = 2,
                                     .flags = kCmdReadonly,
                                     .keys = {1, 1, 1},
                                     .group = "set",
                                     .since = "1.0.0",
                                     .usage = "key",
                                     .summary = "Returns all members of a set.",
                                     .complexity = "O(N) where N is the set cardinality",
                                     .read = Smembers}};

}  // namespace
}  // namespace pleiad
