// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "commands/list/list_value.h"

namespace pleiad {
namespace {

void PopList(WriteContext& ctx, const Args& args, resp::Writer& out, ListEnd end) {
  if (args.size() > 3) {
    out.Error(WrongArity(*CommandTable::Get().Find(args[0])));
    return;
  }
  const bool counted = args.size() == 3;
  int64_t wanted = 1;
  if (counted) {
    const auto count = IntArg(args, 2, out, "ERR value is out of range, must be positive");
    if (!count.has_value()) return;
    if (*count < 0) {
      out.Error("ERR value is out of range, must be positive");
      return;
    }
    wanted = *count;
  }
  ValueCell cell(&ctx, ctx.key(), ValueType::kList);
  if (!cell.Open(out)) return;
  if (!cell.exists()) {
    counted ? out.NullArray() : out.Null();
    return;
  }
  List list(&cell, ctx.engine().collections);
  const size_t count = std::min(static_cast<size_t>(wanted), list.size());
  if (counted) out.Array(count);
  if (count == 0) return;
  const ListReader reader = list.reader();
  for (size_t i = 0; i < count; ++i) out.Bulk(ListAtEnd(reader, end, i));
  list.Drop(end, count);
  cell.Changed();
  ctx.Notify(kNotifyList, ListPopEvent(end), ctx.key());
  cell.DeleteIf(list.empty());
}

// LPOP key [count], RPOP key [count]: takes elements off the head or the tail. With a count the
// reply is an array, without it one element.
//
// > RPUSH l a b c d e
// (integer) 5
// > LPOP l
// "a"
// > RPOP l 2
// 1) "e"
// 2) "d"
// > LPOP l 0
// (empty array)
// > LPOP l 99
// 1) "b"
// 2) "c"
// > EXISTS l
// (integer) 0
// > LPOP l
// (nil)
// > RPOP l 1
// (nil)
// > LPOP l -1
// (error) ERR value is out of range, must be positive
// > LPOP l x
// (error) ERR value is out of range, must be positive
// > LPOP l 1 2
// (error) ERR wrong number of arguments for 'lpop' command
// > SET s x
// OK
// > RPOP s
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void LPop(WriteContext& ctx, const Args& args, resp::Writer& out) {
  PopList(ctx, args, out, ListEnd::kHead);
}

void RPop(WriteContext& ctx, const Args& args, resp::Writer& out) {
  PopList(ctx, args, out, ListEnd::kTail);
}

const CommandRegistration kLPop{
    {.name = "lpop",
     .arity = -2,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "list",
     .since = "1.0.0",
     .usage = "key [count]",
     .summary = "Returns the first elements in a list after removing it. Deletes the list if the "
                "last element was popped.",
     .complexity = "O(N) where N is the number of elements returned",
     .write = LPop}};
const CommandRegistration kRPop{
    {.name = "rpop",
     .arity = -2,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "list",
     .since = "1.0.0",
     .usage = "key [count]",
     .summary = "Returns and removes the last elements of a list. Deletes the list if the last "
                "element was popped.",
     .complexity = "O(N) where N is the number of elements returned",
     .write = RPop}};

}  // namespace
}  // namespace pleiad
