// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <limits>

#include "commands/list/list_value.h"

namespace pleiad {
namespace {

// LREM key count element: removes up to count elements that equal it, from the head; a negative
// count from the tail, 0 all of them. The reply is how many.
//
// > RPUSH l a b a c a
// (integer) 5
// > LREM l 1 a
// (integer) 1
// > LREM l -1 a
// (integer) 1
// > LRANGE l 0 -1
// 1) "b"
// 2) "a"
// 3) "c"
// > LREM l 0 z
// (integer) 0
// > LREM nosuchlist 0 a
// (integer) 0
// > LREM l x a
// (error) ERR value is not an integer or out of range
void LRem(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto asked = IntArg(args, 2, out);
  if (!asked.has_value()) return;
  ValueCell cell(&ctx, ctx.key(), ValueType::kList);
  if (!cell.Open(out)) return;
  if (!cell.exists()) {
    out.Integer(0);
    return;
  }
  List list(&cell, ctx.engine().collections);
  const auto bits = static_cast<uint64_t>(*asked);
  const uint64_t most = *asked == 0  ? std::numeric_limits<uint64_t>::max()
                        : *asked > 0 ? bits
                                     : 0 - bits;
  const size_t removed = list.Remove(*asked < 0 ? ListEnd::kTail : ListEnd::kHead, most, args[3]);
  if (removed != 0) {
    cell.Changed();
    ctx.Notify(kNotifyList, "lrem", ctx.key());
    cell.DeleteIf(list.empty());
  }
  out.Integer(static_cast<int64_t>(removed));
}

const CommandRegistration kLRem{
    {.name = "lrem",
     .arity = 4,
     .flags = kCmdWrite,
     .keys = {1, 1, 1},
     .group = "list",
     .since = "1.0.0",
     .usage = "key count element",
     .summary = "Removes elements from a list. Deletes the list if the last element was removed.",
     .complexity = "O(N) where N is the length of the list",
     .write = LRem}};

}  // namespace
}  // namespace pleiad
