// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_args.h"

namespace pleiad {
namespace {

// ZREM key member [member ...]: how many there were. Without members the key goes, too.
//
// > ZADD z 1 a 2 b 3 c
// (integer) 3
// > ZREM z a nobody c
// (integer) 2
// > ZREM z b b
// (integer) 1
// > EXISTS z
// (integer) 0
// > ZREM z a
// (integer) 0
// > SET text v
// OK
// > ZREM text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zrem(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kZset);
  if (!cell.Open(out)) return;
  Zset zset(&cell, ctx.engine().collections);
  int64_t removed = 0;
  for (size_t i = 2; i < args.size() && cell.exists() && !zset.empty(); ++i) {
    removed += zset.Remove(args[i]);
  }
  if (removed > 0) {
    cell.Changed();
    ctx.Notify(kNotifyZset, "zrem", ctx.key());
    cell.DeleteIf(zset.empty());
  }
  out.Integer(removed);
}

const CommandRegistration kZrem{
    {.name = "zrem",
     .arity = -3,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "1.2.0",
     .usage = "key member [member ...]",
     .summary = "Removes one or more members from a sorted set. The key is deleted if none are "
                "left.",
     .complexity = "O(M*log(N)) with N being the number of elements in the sorted set and M the "
                   "number of elements to be removed.",
     .write = Zrem}};

}  // namespace
}  // namespace pleiad
