// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// MGET key [key ...]: what is absent or holds no string is nil.
//
// > MSET a 1 b 2
// OK
// > MGET a nosuchkey b
// 1) "1"
// 2) (nil)
// 3) "2"
// > MGET
// (error) ERR wrong number of arguments for 'mget' command
void MGet(ReadContext& ctx, const Args&, resp::Writer& out) {
  out.Array(ctx.keys().size());
  for (const Key& key : ctx.keys()) {
    const Entry* e = ctx.Find(key);
    if (e == nullptr || e->type() != ValueType::kString) {
      out.Null();
    } else {
      out.Bulk(e->str());
    }
  }
}

const CommandRegistration kMGet{{.name = "mget",
                                 .arity = -2,
                                 .flags = kCmdReadonly | kCmdFast,
                                 .keys = {1, -1, 1},
                                 .group = "string",
                                 .since = "1.0.0",
                                 .usage = "key [key ...]",
                                 .summary = "Returns the string values of one or more keys.",
                                 .complexity = "O(N) where N is the number of keys.",
                                 .read = MGet}};

}  // namespace
}  // namespace pleiad
