// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/list/list_value.h"

namespace pleiad {
namespace {

// LINDEX key index: the element there, counted from 0 at the head or from -1 at the tail.
//
// > RPUSH l a b c
// (integer) 3
// > LINDEX l 1
// "b"
// > LINDEX l -1
// "c"
// > LINDEX l 3
// (nil)
// > LINDEX l -4
// (nil)
// > LINDEX nosuchlist 0
// (nil)
// > LINDEX l x
// (error) ERR value is not an integer or out of range
void LIndex(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto list = ReadList(ctx, out);
  if (!list.has_value()) return;
  const auto asked = list->empty() ? std::optional<int64_t>(0) : IntArg(args, 2, out);
  if (!asked.has_value()) return;
  const int64_t index = ListIndex(*asked, list->size());
  if (index < 0) {
    out.Null();
  } else {
    out.Bulk(list->At(static_cast<size_t>(index)));
  }
}

const CommandRegistration kLIndex{
    {.name = "lindex",
     .arity = 3,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "list",
     .since = "1.0.0",
     .usage = "key index",
     .summary = "Returns an element from a list by its index.",
     .complexity = "O(N) where N is the number of nodes to pass on the way from the nearer end",
     .read = LIndex}};

}  // namespace
}  // namespace pleiad
