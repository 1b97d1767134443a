// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/list/list_value.h"

namespace pleiad {
namespace {

// LLEN key: how many elements the list has; 0 if there is none.
//
// > RPUSH l a b
// (integer) 2
// > LLEN l
// (integer) 2
// > LLEN nosuchlist
// (integer) 0
// > SET s x
// OK
// > LLEN s
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void LLen(ReadContext& ctx, const Args&, resp::Writer& out) {
  const auto list = ReadList(ctx, out);
  if (list.has_value()) out.Integer(static_cast<int64_t>(list->size()));
}

const CommandRegistration kLLen{{.name = "llen",
                                 .arity = 2,
                                 .flags = kCmdReadonly | kCmdFast,
                                 .keys = {1, 1, 1},
                                 .group = "list",
                                 .since = "1.0.0",
                                 .usage = "key",
                                 .summary = "Returns the length of a list.",
                                 .complexity = "O(1)",
                                 .read = LLen}};

}  // namespace
}  // namespace pleiad
