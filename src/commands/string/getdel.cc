// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// GETDEL key: the value, and the key is gone. In the journal: DEL.
//
// > SET k v
// OK
// > GETDEL k
// "v"
// > GETDEL k
// (nil)
void GetDel(WriteContext& ctx, const Args&, resp::Writer& out) {
  const Entry* e = ctx.Find(ctx.key());
  if (!CheckString(e, out)) return;
  if (e == nullptr) {
    out.Null();
    return;
  }
  out.Bulk(e->str());
  ctx.Delete(ctx.key());
  ctx.Notify(kNotifyGeneric, "del", ctx.key());
  ctx.Propagate({"DEL", ctx.key().bytes});
}

const CommandRegistration kGetDel{
    {.name = "getdel",
     .arity = 2,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "6.2.0",
     .usage = "key",
     .summary = "Returns the string value of a key after deleting the key.",
     .complexity = "O(1)",
     .write = GetDel}};

}  // namespace
}  // namespace pleiad
