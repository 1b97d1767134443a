// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// TOUCH key [key ...]: how many are there; to the eviction policy they were just used.
//
// > MSET a 1 b 2
// OK
// > TOUCH a b nosuchkey
// (integer) 2
void TouchKeys(ReadContext& ctx, const Args&, resp::Writer& out) {
  int64_t found = 0;
  for (const Key& key : ctx.keys()) found += ctx.FindAndTouch(key) != nullptr;
  out.Integer(found);
}

const CommandRegistration kTouch{
    {.name = "touch",
     .arity = -2,
     .flags = kCmdReadonly | kCmdFast,
     .keys = {1, -1, 1},
     .group = "generic",
     .since = "3.2.1",
     .usage = "key [key ...]",
     .summary = "Tells how many of the keys exist, and makes them the most recently used ones.",
     .complexity = "O(N) where N is the number of keys.",
     .read = TouchKeys}};

}  // namespace
}  // namespace pleiad
