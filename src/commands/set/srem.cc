// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/value_cell.h"
#include "data/set.h"

namespace pleiad {
namespace {

// SREM key member [member ...]: how many were there. A set that becomes empty is deleted.
//
// > SADD k a b c 1
// (integer) 4
// > SREM k a x c
// (integer) 2
// > SMEMBERS k
// 1) "b"
// 2) "1"
// > SREM k b 1
// (integer) 2
// > EXISTS k
// (integer) 0
// > SREM k b
// (integer) 0
// > SET text v
// OK
// > SREM text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Srem(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kSet);
  if (!cell.Open(out)) return;
  int64_t removed = 0;
  if (cell.exists()) {
    Set set(&cell, ctx.engine().collections);
    for (size_t i = 2; i < args.size(); ++i) removed += set.Remove(args[i]) ? 1 : 0;
    if (removed != 0) {
      cell.Changed();
      ctx.Notify(kNotifySet, "srem", ctx.key());
      cell.DeleteIf(set.size() == 0);
    }
  }
  out.Integer(removed);
}

const CommandRegistration kSrem{
    {.name = "srem",
     .arity = -3,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "set",
     .since = "1.0.0",
     .usage = "key member [member ...]",
     .summary = "Removes members from a set. Deletes the set if the last member was removed.",
     .complexity = "O(N) where N is the number of members to be removed",
     .write = Srem}};

}  // namespace
}  // namespace pleiad
