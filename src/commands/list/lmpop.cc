// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>

#include "base/text.h"
#include "commands/list/list_value.h"

namespace pleiad {
namespace {

// LMPOP numkeys key ...: what stands behind the keys is the handler's to judge.
bool LMPopKeys(const Args& args, std::vector<size_t>* positions) {
  const auto count = ParseInt64(args[1]);
  if (!count.has_value() || *count <= 0 || *count > static_cast<int64_t>(args.size()) - 3)
    return false;
  for (size_t i = 0; i < static_cast<size_t>(*count); ++i) positions->push_back(2 + i);
  return true;
}

// The count of COUNT, 1 without it. Nullopt: an error was written.
std::optional<int64_t> LMPopCount(const Args& args, size_t at, resp::Writer& out) {
  if (at == args.size()) return 1;
  if (at + 2 != args.size() || !args.Is(at, "count")) {
    out.Error(kSyntaxError);
    return std::nullopt;
  }
  const auto count = IntArg(args, at + 1, out, "ERR count should be greater than 0");
  if (count.has_value() && *count <= 0) {
    out.Error("ERR count should be greater than 0");
    return std::nullopt;
  }
  return count;
}

void PopMany(WriteContext& ctx, ValueCell* cell, const Key& key, ListEnd end, int64_t most,
             resp::Writer& out) {
  List list(cell, ctx.engine().collections);
  const size_t count = std::min(static_cast<size_t>(most), list.size());
  const ListReader reader = list.reader();
  out.Array(2);
  out.Bulk(key.bytes);
  out.Array(count);
  for (size_t i = 0; i < count; ++i) out.Bulk(ListAtEnd(reader, end, i));
  list.Drop(end, count);
  cell->Changed();
  ctx.Notify(kNotifyList, ListPopEvent(end), key);
  cell->DeleteIf(list.empty());
  const std::string number = std::to_string(count);
  ctx.Propagate({end == ListEnd::kHead ? "LPOP" : "RPOP", key.bytes, number});
}

// LMPOP numkeys key [key ...] LEFT|RIGHT [COUNT count]: takes elements off the first of the lists
// that has any.
//
// > RPUSH b 1 2 3
// (integer) 3
// > LMPOP 2 a b LEFT
// 1) "b"
// 2) 1) "1"
// > LMPOP 2 a b RIGHT COUNT 9
// 1) "b"
// 2) 1) "3"
//    2) "2"
// > EXISTS b
// (integer) 0
// > LMPOP 2 a b RIGHT
// (nil)
// > LMPOP 0 a LEFT
// (error) ERR numkeys should be greater than 0
// > LMPOP 1 a UP
// (error) ERR syntax error
// > LMPOP 1 a LEFT COUNT 0
// (error) ERR count should be greater than 0
// > LMPOP 5 a LEFT
// (error) ERR syntax error
void LMPop(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto numkeys = IntArg(args, 1, out, "ERR numkeys should be greater than 0");
  if (!numkeys.has_value()) return;
  if (*numkeys <= 0) {
    out.Error("ERR numkeys should be greater than 0");
    return;
  }
  if (ctx.keys().empty()) {
    out.Error(kSyntaxError);
    return;
  }
  const size_t where = 2 + static_cast<size_t>(*numkeys);
  const auto end = ListEndArg(args, where, out);
  if (!end.has_value()) return;
  const auto most = LMPopCount(args, where + 1, out);
  if (!most.has_value()) return;
  for (const Key& key : ctx.keys()) {
    ValueCell cell(&ctx, key, ValueType::kList);
    if (!cell.Open(out)) return;
    if (!cell.exists()) continue;
    PopMany(ctx, &cell, key, *end, *most, out);
    return;
  }
  out.NullArray();
}

const CommandRegistration kLMPop{
    {.name = "lmpop",
     .arity = -4,
     .flags = kCmdWrite | kCmdMovableKeys,
     .keys = {},
     .group = "list",
     .since = "7.0.0",
     .usage = "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
     .summary =
         "Returns multiple elements from a list after removing them. Deletes the list if the "
         "last element was popped.",
     .complexity = "O(N+M) where N is the number of provided keys and M is the number of elements "
                   "returned.",
     .write = LMPop,
     .get_keys = LMPopKeys}};

}  // namespace
}  // namespace pleiad
