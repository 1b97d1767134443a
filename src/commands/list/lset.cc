// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/list/list_value.h"

namespace pleiad {
namespace {

// LSET key index element: replaces the element there.
//
// > RPUSH l a b c
// (integer) 3
// > LSET l -1 z
// OK
// > LRANGE l 0 -1
// 1) "a"
// 2) "b"
// 3) "z"
// > LSET l 3 x
// (error) ERR index out of range
// > LSET nosuchlist 0 x
// (error) ERR no such key
// > LSET l x x
// (error) ERR value is not an integer or out of range
void LSet(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kList);
  if (!cell.Open(out)) return;
  if (!cell.exists()) {
    out.Error(kNoSuchKey);
    return;
  }
  const auto asked = IntArg(args, 2, out);
  if (!asked.has_value()) return;
  List list(&cell, ctx.engine().collections);
  const int64_t index = ListIndex(*asked, list.size());
  if (index < 0) {
    out.Error(kIndexOutOfRange);
    return;
  }
  list.Set(static_cast<size_t>(index), args[3]);
  cell.Changed();
  ctx.Notify(kNotifyList, "lset", ctx.key());
  out.Ok();
}

const CommandRegistration kLSet{
    {.name = "lset",
     .arity = 4,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 1, 1},
     .group = "list",
     .since = "1.0.0",
     .usage = "key index element",
     .summary = "Sets the value of an element in a list by its index.",
     .complexity = "O(N) where N is the number of nodes to pass on the way from the nearer end",
     .write = LSet}};

}  // namespace
}  // namespace pleiad
