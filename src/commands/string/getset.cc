// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// GETSET key value: the old value; the new one has no expiry. In the journal: SET.
//
// > GETSET k first
// (nil)
// > EXPIRE k 100
// (integer) 1
// > GETSET k second
// "first"
// > TTL k
// (integer) -1
void GetSet(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const Key& key = ctx.key();
  const Entry* e = ctx.Find(key);
  if (!CheckString(e, out)) return;
  if (e == nullptr) {
    out.Null();
  } else {
    out.Bulk(e->str());
  }
  ctx.SetString(key, args[2], Entry::kNoExpiry, false, args.Take(2));
  ctx.Notify(kNotifyString, "set", key);
  ctx.Propagate({"SET", key.bytes, args[2]});
}

const CommandRegistration kGetSet{
    {.name = "getset",
     .arity = 3,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "1.0.0",
     .usage = "key value",
     .summary = "Sets the string value of a key and returns the one it had.",
     .complexity = "O(1)",
     .write = GetSet}};

}  // namespace
}  // namespace pleiad
