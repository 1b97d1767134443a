// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "commands/list/list_value.h"

namespace pleiad {
namespace {

void MoveElement(WriteContext& ctx, resp::Writer& out, ListEnd from, ListEnd to) {
  ValueCell source(&ctx, ctx.key(0), ValueType::kList);
  if (!source.Open(out)) return;
  if (!source.exists()) {
    out.Null();
    return;
  }
  const bool same = ctx.key(0).bytes == ctx.key(1).bytes;
  ValueCell other(&ctx, ctx.key(1), ValueType::kList);
  if (!same && !other.Open(out)) return;
  ValueCell& target = same ? source : other;
  List list(&source, ctx.engine().collections);
  const std::string element(ListAtEnd(list.reader(), from));
  list.Drop(from, 1);
  List(&target, ctx.engine().collections).Push(to, element);
  target.Changed();
  ctx.Notify(kNotifyList, ListPushEvent(to), ctx.key(1));
  ctx.Notify(kNotifyList, ListPopEvent(from), ctx.key(0));
  if (!same) {
    source.Changed();
    source.DeleteIf(list.empty());
  }
  out.Bulk(element);
}

// LMOVE source destination LEFT|RIGHT LEFT|RIGHT: takes an element off one list and puts it on
// another (or the same: a rotation). RPOPLPUSH source destination is LMOVE ... RIGHT LEFT.
//
// > RPUSH a 1 2 3
// (integer) 3
// > LMOVE a b LEFT RIGHT
// "1"
// > LMOVE a a RIGHT LEFT
// "3"
// > RPOPLPUSH a b
// "2"
// > LRANGE b 0 -1
// 1) "2"
// 2) "1"
// > LMOVE a b left left
// "3"
// > EXISTS a
// (integer) 0
// > LMOVE a b LEFT RIGHT
// (nil)
// > RPOPLPUSH a b
// (nil)
// > LMOVE b a UP DOWN
// (error) ERR syntax error
// > SET s x
// OK
// > LMOVE b s LEFT LEFT
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void LMove(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto from = ListEndArg(args, 3, out);
  if (!from.has_value()) return;
  const auto to = ListEndArg(args, 4, out);
  if (to.has_value()) MoveElement(ctx, out, *from, *to);
}

void RPopLPush(WriteContext& ctx, const Args&, resp::Writer& out) {
  MoveElement(ctx, out, ListEnd::kTail, ListEnd::kHead);
}

const CommandRegistration kLMove{
    {.name = "lmove",
     .arity = 5,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 2, 1},
     .group = "list",
     .since = "6.2.0",
     .usage = "source destination <LEFT | RIGHT> <LEFT | RIGHT>",
     .summary = "Returns an element after popping it from one list and pushing it to another. "
                "Deletes the list if the last element was moved.",
     .complexity = "O(1)",
     .write = LMove}};
const CommandRegistration kRPopLPush{
    {.name = "rpoplpush",
     .arity = 3,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 2, 1},
     .group = "list",
     .since = "1.2.0",
     .usage = "source destination",
     .summary = "Returns the last element of a list after removing and pushing it to another list. "
                "Deletes the list if the last element was popped.",
     .complexity = "O(1)",
     .write = RPopLPush}};

}  // namespace
}  // namespace pleiad
