// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

// HSETNX key field value: sets a field that is not there; 1 if it did.
//
// > HSETNX k a 1
// (integer) 1
// > HSETNX k a 2
// (integer) 0
// > HGET k a
// "1"
// > SET text v
// OK
// > HSETNX text a 1
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hsetnx(WriteContext& ctx, const Args& args, resp::Writer& out) {
  HashEdit edit(&ctx);
  if (!edit.Open(out)) return;
  edit.DropIfOver(args[2]);
  if (edit.Find(args[2]).has_value()) {
    out.Integer(0);
    return;
  }
  edit.Put(args[2], args[3]);
  edit.Finish("hset");
  edit.PropagateTyped(args);
  out.Integer(1);
}

const CommandRegistration kHsetnx{
    {.name = "hsetnx",
     .arity = 4,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "2.0.0",
     .usage = "key field value",
     .summary = "Sets the value of a field in a hash only if the field doesn't exist.",
     .complexity = "O(1)",
     .write = Hsetnx}};

}  // namespace
}  // namespace pleiad
