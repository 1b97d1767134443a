// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "commands/generic/timeout_arg.h"
#include "commands/list/list_value.h"

namespace pleiad {
namespace {

// Moves an element and replies with it. False: there is none, and nothing was written.
bool MoveElement(WriteContext& ctx, resp::Writer& out, ListEnd from, ListEnd to) {
  ValueCell source(&ctx, ctx.key(0), ValueType::kList);
  if (!source.Open(out)) return true;
  if (!source.exists()) return false;
  const bool same = ctx.key(0).bytes == ctx.key(1).bytes;
  ValueCell other(&ctx, ctx.key(1), ValueType::kList);
  if (!same && !other.Open(out)) return true;
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
  return true;
}

void MoveOrNull(WriteContext& ctx, resp::Writer& out, ListEnd from, ListEnd to) {
  if (!MoveElement(ctx, out, from, to)) out.Null();
}

void MoveOrWait(WriteContext& ctx, resp::Writer& out, ListEnd from, ListEnd to,
                int64_t timeout_ms) {
  if (MoveElement(ctx, out, from, to)) return;
  if (ctx.may_block()) {
    ctx.Block({.timeout_ms = timeout_ms});
  } else {
    out.Null();
  }
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
  if (to.has_value()) MoveOrNull(ctx, out, *from, *to);
}

void RPopLPush(WriteContext& ctx, const Args&, resp::Writer& out) {
  MoveOrNull(ctx, out, ListEnd::kTail, ListEnd::kHead);
}

// BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout: LMOVE that waits for an element,
// `timeout` seconds at most, 0 for ever. BRPOPLPUSH source destination timeout is BLMOVE ... RIGHT
// LEFT. In the journal: LMOVE or RPOPLPUSH.
//
// > RPUSH a 1 2
// (integer) 2
// > BLMOVE a b LEFT RIGHT 1
// "1"
// > BRPOPLPUSH a b 0
// "2"
// > LRANGE b 0 -1
// 1) "2"
// 2) "1"
// > BLMOVE a b LEFT RIGHT 0.01
// (nil)
// > BRPOPLPUSH a b 0.01
// (nil)
// > BLMOVE a b LEFT UP 1
// (error) ERR syntax error
// > BLMOVE a b LEFT RIGHT -1
// (error) ERR timeout is negative
// > BRPOPLPUSH a b soon
// (error) ERR timeout is not a float or out of range
void BLMove(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto from = ListEndArg(args, 3, out);
  if (!from.has_value()) return;
  const auto to = ListEndArg(args, 4, out);
  if (!to.has_value()) return;
  const auto timeout = TimeoutArg(args, 5, out);
  if (!timeout.has_value()) return;
  MoveOrWait(ctx, out, *from, *to, *timeout);
  if (ctx.changed()) ctx.Propagate({"LMOVE", args[1], args[2], args[3], args[4]});
}

void BRPopLPush(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto timeout = TimeoutArg(args, 3, out);
  if (!timeout.has_value()) return;
  MoveOrWait(ctx, out, ListEnd::kTail, ListEnd::kHead, *timeout);
  if (ctx.changed()) ctx.Propagate({"RPOPLPUSH", args[1], args[2]});
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
const CommandRegistration kBLMove{
    {.name = "blmove",
     .arity = 6,
     .flags = kCmdWrite | kCmdDenyOom | kCmdBlocking,
     .keys = {1, 2, 1},
     .group = "list",
     .since = "6.2.0",
     .usage = "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout",
     .summary = "Pops an element from a list, pushes it to another list and returns it. Blocks "
                "until an element is available otherwise. Deletes the list if the last element was "
                "moved.",
     .complexity = "O(1)",
     .write = BLMove}};
const CommandRegistration kBRPopLPush{
    {.name = "brpoplpush",
     .arity = 4,
     .flags = kCmdWrite | kCmdDenyOom | kCmdBlocking,
     .keys = {1, 2, 1},
     .group = "list",
     .since = "2.2.0",
     .usage = "source destination timeout",
     .summary = "Pops an element from a list, pushes it to another list and returns it. Block "
                "until an element is available otherwise. Deletes the list if the last element was "
                "popped.",
     .complexity = "O(1)",
     .write = BRPopLPush}};

}  // namespace
}  // namespace pleiad
