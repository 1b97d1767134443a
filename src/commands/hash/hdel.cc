// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

// HDEL key field [field ...]: how many were there. A hash that becomes empty is deleted.
//
// > HSET k a 1 b 2 c 3
// (integer) 3
// > HDEL k a x b
// (integer) 2
// > HDEL k c
// (integer) 1
// > EXISTS k
// (integer) 0
// > HDEL k c
// (integer) 0
// > SET text v
// OK
// > HDEL text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hdel(WriteContext& ctx, const Args& args, resp::Writer& out) {
  HashEdit edit(&ctx);
  if (!edit.Open(out)) return;
  int64_t removed = 0;
  for (size_t i = 2; i < args.size() && edit.exists(); ++i) {
    edit.DropIfOver(args[i]);
    removed += edit.Remove(args[i]) ? 1 : 0;
  }
  if (removed != 0) {
    edit.Finish("hdel");
    edit.PropagateTyped(args);
  }
  out.Integer(removed);
}

const CommandRegistration kHdel{
    {.name = "hdel",
     .arity = -3,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "2.0.0",
     .usage = "key field [field ...]",
     .summary = "Deletes fields of a hash. Deletes the hash if no fields remain.",
     .complexity = "O(N) where N is the number of fields to be removed",
     .write = Hdel}};

}  // namespace
}  // namespace pleiad
