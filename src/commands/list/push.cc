// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <vector>

#include "commands/list/list_value.h"

namespace pleiad {
namespace {

void PushList(WriteContext& ctx, const Args& args, resp::Writer& out, ListEnd end, bool create) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kList);
  if (!cell.Open(out)) return;
  if (!create && !cell.exists()) {
    out.Integer(0);
    return;
  }
  List list(&cell, ctx.engine().collections);
  list.Push(end, args.all().subspan(2));
  cell.Changed();
  ctx.Notify(kNotifyList, ListPushEvent(end), ctx.key());
  out.Integer(static_cast<int64_t>(list.size()));
}

// LPUSH key element [element ...], RPUSH, LPUSHX, RPUSHX: puts elements at the head or the tail,
// one after the other; the X forms only if the list is there. The reply is the length.
//
// > LPUSH l a b
// (integer) 2
// > RPUSH l c
// (integer) 3
// > LRANGE l 0 -1
// 1) "b"
// 2) "a"
// 3) "c"
// > LPUSHX nosuchlist x
// (integer) 0
// > RPUSHX l d e
// (integer) 5
// > EXISTS nosuchlist
// (integer) 0
// > SET s x
// OK
// > LPUSH s a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
// > LPUSH l
// (error) ERR wrong number of arguments for 'lpush' command
void LPush(WriteContext& ctx, const Args& args, resp::Writer& out) {
  PushList(ctx, args, out, ListEnd::kHead, true);
}

void RPush(WriteContext& ctx, const Args& args, resp::Writer& out) {
  PushList(ctx, args, out, ListEnd::kTail, true);
}

void LPushX(WriteContext& ctx, const Args& args, resp::Writer& out) {
  PushList(ctx, args, out, ListEnd::kHead, false);
}

void RPushX(WriteContext& ctx, const Args& args, resp::Writer& out) {
  PushList(ctx, args, out, ListEnd::kTail, false);
}

constexpr uint32_t kPushFlags = kCmdWrite | kCmdDenyOom | kCmdFast;
constexpr std::string_view kPushCost =
    "O(1) for each element added, so O(N) to add N elements when the command is called with "
    "multiple "
    "arguments.";

const CommandRegistration kLPush{
    {.name = "lpush",
     .arity = -3,
     .flags = kPushFlags,
     .keys = {1, 1, 1},
     .group = "list",
     .since = "1.0.0",
     .usage = "key element [element ...]",
     .summary = "Prepends one or more elements to a list. Creates the key if it doesn't exist.",
     .complexity = kPushCost,
     .write = LPush}};
const CommandRegistration kRPush{
    {.name = "rpush",
     .arity = -3,
     .flags = kPushFlags,
     .keys = {1, 1, 1},
     .group = "list",
     .since = "1.0.0",
     .usage = "key element [element ...]",
     .summary = "Appends one or more elements to a list. Creates the key if it doesn't exist.",
     .complexity = kPushCost,
     .write = RPush}};
const CommandRegistration kLPushX{
    {.name = "lpushx",
     .arity = -3,
     .flags = kPushFlags,
     .keys = {1, 1, 1},
     .group = "list",
     .since = "2.2.0",
     .usage = "key element [element ...]",
     .summary = "Prepends one or more elements to a list only when the list exists.",
     .complexity = kPushCost,
     .write = LPushX}};
const CommandRegistration kRPushX{
    {.name = "rpushx",
     .arity = -3,
     .flags = kPushFlags,
     .keys = {1, 1, 1},
     .group = "list",
     .since = "2.2.0",
     .usage = "key element [element ...]",
     .summary = "Appends an element to a list only when the list exists.",
     .complexity = kPushCost,
     .write = RPushX}};

}  // namespace
}  // namespace pleiad
