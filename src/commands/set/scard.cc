// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/set/set_operation.h"

namespace pleiad {
namespace {

// SCARD key: the number of members.
//
// > SADD k a b
// (integer) 2
// > SCARD k
// (integer) 2
// > SCARD nosuchkey
// (integer) 0
// > SET text v
// OK
// > SCARD text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Scard(ReadContext& ctx, const Args&, resp::Writer& out) {
  const auto set = ReadSet(ctx, ctx.key(), out);
  if (set.has_value()) out.Integer(static_cast<int64_t>(set->size()));
}

const CommandRegistration kScard{{.name = "scard",
                                  .arity = 2,
                                  .flags = kCmdReadonly | kCmdFast,
                                  .keys = {1, 1, 1},
                                  .group = "set",
                                  .since = "1.0.0",
                                  .usage = "key",
                                  .summary = "Returns the number of members in a set.",
                                  .complexity = "O(1)",
                                  .read = Scard}};

}  // namespace
}  // namespace pleiad
