// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the list commands have in common.
#pragma once

#include "command/command.h"
#include "command/value_cell.h"
#include "data/list.h"

namespace pleiad {

// The list under the command's key number `key`, to read; an absent key is an empty list. Nullopt:
// it holds another type, and WRONGTYPE was written.
inline std::optional<ListReader> ReadList(ReadContext& ctx, resp::Writer& out, size_t key = 0) {
  const Entry* e = ctx.Find(ctx.key(key));
  if (!CheckType(e, ValueType::kList, out)) return std::nullopt;
  return ListReader(e == nullptr ? ValueView() : e->value());
}

// LEFT or RIGHT. Nullopt: neither, and a syntax error was written.
inline std::optional<ListEnd> ListEndArg(const Args& args, size_t i, resp::Writer& out) {
  if (args.Is(i, "left")) return ListEnd::kHead;
  if (args.Is(i, "right")) return ListEnd::kTail;
  out.Error(kSyntaxError);
  return std::nullopt;
}

inline std::string_view ListPopEvent(ListEnd end) {
  return end == ListEnd::kHead ? "lpop" : "rpop";
}
inline std::string_view ListPushEvent(ListEnd end) {
  return end == ListEnd::kHead ? "lpush" : "rpush";
}

// Element number `i` from that end on.
inline std::string_view ListAtEnd(const ListReader& list, ListEnd end, size_t i = 0) {
  return list.At(end == ListEnd::kHead ? i : list.size() - 1 - i);
}

// Where a negative index counts from the tail. Negative: outside.
inline int64_t ListIndex(int64_t index, size_t size) {
  const auto n = static_cast<int64_t>(size);
  if (index < 0) index += n;
  return index < n ? index : -1;
}

}  // namespace pleiad
