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

// The element at that end. REQUIRES: the list is not empty.
inline std::string_view ListAtEnd(const ListReader& list, ListEnd end) {
  return list.At(end == ListEnd::kHead ? 0 : list.size() - 1);
}
// Walks away from that end.
inline ListCursor ListFromEnd(const ListReader& list, ListEnd end) {
  return end == ListEnd::kHead ? list.From(0, ListEnd::kTail)
                               : list.From(list.size() - 1, ListEnd::kHead);
}

// Takes `count` elements off an end and writes them (no head), with events and the deletion of what
// became empty. REQUIRES: the cell is open and holds at least `count`, which is not 0.
inline void PopListElements(WriteContext& ctx, ValueCell* cell, const Key& key, ListEnd end,
                            size_t count, resp::Writer& out) {
  List list(cell, ctx.engine().collections);
  const ListReader reader = list.reader();
  const bool all = count == reader.size();
  ListCursor cursor = ListFromEnd(reader, end);
  std::string_view element;
  for (size_t i = 0; i < count && cursor.Next(&element); ++i) out.Bulk(element);
  if (!all) list.Drop(end, count);
  cell->Changed();
  ctx.Notify(kNotifyList, ListPopEvent(end), key);
  cell->DeleteIf(all);
}

// Where a negative index counts from the tail. Negative: outside.
inline int64_t ListIndex(int64_t index, size_t size) {
  const auto n = static_cast<int64_t>(size);
  if (index < 0) index += n;
  return index < n ? index : -1;
}

}  // namespace pleiad
