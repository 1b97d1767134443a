// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// SETNX key value: 1 if the key was set, 0 if it was there already. SET with NX does the same and
// more.
//
// > SETNX lock me
// (integer) 1
// > SETNX lock you
// (integer) 0
// > GET lock
// "me"
void SetNx(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const Key& key = ctx.key();
  if (ctx.Find(key, false) != nullptr) {
    out.Integer(0);
    return;
  }
  ctx.SetString(key, args[2], Entry::kNoExpiry, false, args.Take(2));
  ctx.Notify(kNotifyString, "set", key);
  out.Integer(1);
}

const CommandRegistration kSetNx{
    {.name = "setnx",
     .arity = 3,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "1.0.0",
     .usage = "key value",
     .summary = "Sets the string value of a key, unless the key exists.",
     .complexity = "O(1)",
     .write = SetNx}};

}  // namespace
}  // namespace pleiad
