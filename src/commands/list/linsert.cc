// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/list/list_value.h"

namespace pleiad {
namespace {

// LINSERT key BEFORE|AFTER pivot element: the length afterwards, -1 if there is no such pivot, 0 if
// there is no list.
//
// > RPUSH l a c
// (integer) 2
// > LINSERT l BEFORE c b
// (integer) 3
// > LINSERT l after c d
// (integer) 4
// > LRANGE l 0 -1
// 1) "a"
// 2) "b"
// 3) "c"
// 4) "d"
// > LINSERT l BEFORE z y
// (integer) -1
// > LINSERT nosuchlist BEFORE a b
// (integer) 0
// > LINSERT l NEAR a b
// (error) ERR syntax error
void LInsert(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const bool after = args.Is(2, "after");
  if (!after && !args.Is(2, "before")) {
    out.Error(kSyntaxError);
    return;
  }
  ValueCell cell(&ctx, ctx.key(), ValueType::kList);
  if (!cell.Open(out)) return;
  if (!cell.exists()) {
    out.Integer(0);
    return;
  }
  List list(&cell, ctx.engine().collections);
  if (!list.Insert(args[3], after, args[4])) {
    out.Integer(-1);
    return;
  }
  cell.Changed();
  ctx.Notify(kNotifyList, "linsert", ctx.key());
  out.Integer(static_cast<int64_t>(list.size()));
}

const CommandRegistration kLInsert{
    {.name = "linsert",
     .arity = 5,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 1, 1},
     .group = "list",
     .since = "2.2.0",
     .usage = "key <BEFORE | AFTER> pivot element",
     .summary = "Inserts an element before or after another element in a list.",
     .complexity = "O(N) where N is the number of elements to traverse before seeing the pivot",
     .write = LInsert}};

}  // namespace
}  // namespace pleiad
