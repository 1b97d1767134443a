// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/list/list_value.h"

namespace pleiad {
namespace {

// LRANGE key start stop: the elements from start to stop, both included; negative ones count from
// the tail.
//
// > RPUSH l a b c
// (integer) 3
// > LRANGE l 0 -1
// 1) "a"
// 2) "b"
// 3) "c"
// > LRANGE l -2 99
// 1) "b"
// 2) "c"
// > LRANGE l 2 1
// (empty array)
// > LRANGE nosuchlist 0 -1
// (empty array)
// > LRANGE l 0 x
// (error) ERR value is not an integer or out of range
void LRange(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto start = IntArg(args, 2, out);
  if (!start.has_value()) return;
  const auto stop = IntArg(args, 3, out);
  if (!stop.has_value()) return;
  const auto list = ReadList(ctx, out);
  if (!list.has_value()) return;
  const ListRange range = ListRange::Of(*start, *stop, list->size());
  out.Array(range.count);
  list->ForEach(range.first, range.count, [&](std::string_view element) { out.Bulk(element); });
}

const CommandRegistration kLRange{
    {.name = "lrange",
     .arity = 4,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "list",
     .since = "1.0.0",
     .usage = "key start stop",
     .summary = "Returns a range of elements from a list.",
     .complexity = "O(S+N) where S is the distance of start from the nearer end, and N the number "
                   "of elements in the range",
     .read = LRange}};

}  // namespace
}  // namespace pleiad
