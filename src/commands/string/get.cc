// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// GET key
//
// > SET greeting hello
// OK
// > GET greeting
// "hello"
// > GET absent
// (nil)
// > GET
// (error) ERR wrong number of arguments for 'get' command
void Get(ReadContext& ctx, const Args&, resp::Writer& out) {
  const Entry* e = ctx.Find(ctx.key());
  if (!CheckString(e, out)) return;
  if (e == nullptr) {
    out.Null();
  } else {
    out.Bulk(e->str());
  }
}

const CommandRegistration kGet{{.name = "get",
                                .arity = 2,
                                .flags = kCmdReadonly | kCmdFast,
                                .keys = {1, 1, 1},
                                .group = "string",
                                .since = "1.0.0",
                                .usage = "key",
                                .summary = "Returns the string value of a key.",
                                .complexity = "O(1)",
                                .read = Get}};

}  // namespace
}  // namespace pleiad
