// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/list/list_value.h"

namespace pleiad {
namespace {

// LTRIM key start stop: keeps the elements from start to stop alone; none left: the key is gone.
//
// > RPUSH l a b c d
// (integer) 4
// > LTRIM l 1 -2
// OK
// > LRANGE l 0 -1
// 1) "b"
// 2) "c"
// > LTRIM l 5 9
// OK
// > EXISTS l
// (integer) 0
// > LTRIM nosuchlist 0 1
// OK
// > LTRIM l 0 x
// (error) ERR value is not an integer or out of range
void LTrim(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto start = IntArg(args, 2, out);
  if (!start.has_value()) return;
  const auto stop = IntArg(args, 3, out);
  if (!stop.has_value()) return;
  ValueCell cell(&ctx, ctx.key(), ValueType::kList);
  if (!cell.Open(out)) return;
  if (cell.exists()) {
    List list(&cell, ctx.engine().collections);
    list.Trim(ListRange::Of(*start, *stop, list.size()));
    cell.Changed();
    ctx.Notify(kNotifyList, "ltrim", ctx.key());
    cell.DeleteIf(list.empty());
  }
  out.Ok();
}

const CommandRegistration kLTrim{
    {.name = "ltrim",
     .arity = 4,
     .flags = kCmdWrite,
     .keys = {1, 1, 1},
     .group = "list",
     .since = "1.0.0",
     .usage = "key start stop",
     .summary = "Removes elements from both ends a list. Deletes the list if all elements were "
                "trimmed.",
     .complexity = "O(N) where N is the number of elements to be removed by the operation.",
     .write = LTrim}};

}  // namespace
}  // namespace pleiad
