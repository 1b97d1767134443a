// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// STRLEN key: bytes; 0 if the key is absent.
//
// > SET k hello
// OK
// > STRLEN k
// (integer) 5
// > STRLEN absent
// (integer) 0
void StrLen(ReadContext& ctx, const Args&, resp::Writer& out) {
  const Entry* e = ctx.Find(ctx.key());
  if (!CheckString(e, out)) return;
  out.Integer(e == nullptr ? 0 : static_cast<int64_t>(e->str().size()));
}

const CommandRegistration kStrLen{
    {.name = "strlen",
     .arity = 2,
     .flags = kCmdReadonly | kCmdFast,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "2.2.0",
     .usage = "key",
     .summary = "Returns the length of the string value of a key in bytes.",
     .complexity = "O(1)",
     .read = StrLen}};

}  // namespace
}  // namespace pleiad
