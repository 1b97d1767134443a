// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"
#include "commands/generic/type_name.h"

namespace pleiad {
namespace {

// TYPE key
//
// > SET k v
// OK
// > TYPE k
// string
// > TYPE nosuchkey
// none
void Type(ReadContext& ctx, const Args&, resp::Writer& out) {
  const Entry* e = ctx.Peek(ctx.key());
  out.Simple(e == nullptr ? "none" : TypeName(e->type()));
}

const CommandRegistration kType{{.name = "type",
                                 .arity = 2,
                                 .flags = kCmdReadonly | kCmdFast,
                                 .keys = {1, 1, 1},
                                 .group = "generic",
                                 .since = "1.0.0",
                                 .usage = "key",
                                 .summary = "Tells the type of the value of a key.",
                                 .complexity = "O(1)",
                                 .read = Type}};

}  // namespace
}  // namespace pleiad
