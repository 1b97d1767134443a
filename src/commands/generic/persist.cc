// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// PERSIST key: 1 if it had an expiry, which it has no more.
//
// > SET k v EX 100
// OK
// > PERSIST k
// (integer) 1
// > TTL k
// (integer) -1
// > PERSIST k
// (integer) 0
// > PERSIST nosuchkey
// (integer) 0
void Persist(WriteContext& ctx, const Args&, resp::Writer& out) {
  const Key& key = ctx.key();
  const Entry* e = ctx.Find(key, false);
  if (e == nullptr || !e->has_expiry()) {
    out.Integer(0);
    return;
  }
  ctx.SetExpiry(key, Entry::kNoExpiry);
  ctx.Notify(kNotifyGeneric, "persist", key);
  out.Integer(1);
}

const CommandRegistration kPersist{{.name = "persist",
                                    .arity = 2,
                                    .flags = kCmdWrite | kCmdFast,
                                    .keys = {1, 1, 1},
                                    .group = "generic",
                                    .since = "2.2.0",
                                    .usage = "key",
                                    .summary = "Removes the expiry of a key.",
                                    .complexity = "O(1)",
                                    .write = Persist}};

}  // namespace
}  // namespace pleiad
