// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// EXISTS key [key ...]: how many are there; a key named twice counts twice.
//
// > SET a 1
// OK
// > EXISTS a
// (integer) 1
// > EXISTS a a nosuchkey
// (integer) 2
void Exists(ReadContext& ctx, const Args&, resp::Writer& out) {
  int64_t found = 0;
  for (const Key& key : ctx.keys()) found += ctx.Peek(key) != nullptr;
  out.Integer(found);
}

const CommandRegistration kExists{{.name = "exists",
                                   .arity = -2,
                                   .flags = kCmdReadonly | kCmdFast,
                                   .keys = {1, -1, 1},
                                   .group = "generic",
                                   .since = "1.0.0",
                                   .usage = "key [key ...]",
                                   .summary = "Tells how many of the keys exist.",
                                   .complexity = "O(N) where N is the number of keys.",
                                   .read = Exists}};

}  // namespace
}  // namespace pleiad
