// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>

#include "base/text.h"
#include "commands/generic/timeout_arg.h"
#include "commands/list/list_value.h"

namespace pleiad {
namespace {

// numkeys at args[at], then keys: what stands behind the keys is the handler's to judge.
bool ListNumkeysPositions(const Args& args, size_t at, std::vector<size_t>* positions) {
  const auto count = ParseInt64(args[at]);
  if (!count.has_value() || *count <= 0 || *count > static_cast<int64_t>(args.size() - at) - 2)
    return false;
  for (size_t i = 0; i < static_cast<size_t>(*count); ++i) positions->push_back(at + 1 + i);
  return true;
}

bool LMPopKeys(const Args& args, std::vector<size_t>* positions) {
  return ListNumkeysPositions(args, 1, positions);
}

bool BLMPopKeys(const Args& args, std::vector<size_t>* positions) {
  return ListNumkeysPositions(args, 2, positions);
}

// The count of COUNT, 1 without it. Nullopt: an error was written.
std::optional<int64_t> LMPopCount(const Args& args, size_t at, resp::Writer& out) {
  if (at == args.size()) return 1;
  if (at + 2 > args.size() || !args.Is(at, "count")) {
    out.Error(kSyntaxError);
    return std::nullopt;
  }
  const auto count = IntArg(args, at + 1, out, "ERR count should be greater than 0");
  if (!count.has_value()) return std::nullopt;
  if (*count <= 0) {
    out.Error("ERR count should be greater than 0");
    return std::nullopt;
  }
  if (at + 2 != args.size()) {
    out.Error(kSyntaxError);
    return std::nullopt;
  }
  return count;
}

struct LMPopRequest {
  ListEnd end;
  int64_t most;
};

// What stands from args[at], numkeys, on. Nullopt: an error was written.
std::optional<LMPopRequest> ParseLMPop(const WriteContext& ctx, const Args& args, size_t at,
                                       resp::Writer& out) {
  const auto numkeys = IntArg(args, at, out, "ERR numkeys should be greater than 0");
  if (!numkeys.has_value()) return std::nullopt;
  if (*numkeys <= 0) {
    out.Error("ERR numkeys should be greater than 0");
    return std::nullopt;
  }
  if (ctx.keys().empty()) {
    out.Error(kSyntaxError);
    return std::nullopt;
  }
  const size_t where = at + 1 + static_cast<size_t>(*numkeys);
  const auto end = ListEndArg(args, where, out);
  if (!end.has_value()) return std::nullopt;
  const auto most = LMPopCount(args, where + 1, out);
  if (!most.has_value()) return std::nullopt;
  return LMPopRequest{*end, *most};
}

// False: there is nothing.
bool LMPopFirst(WriteContext& ctx, const LMPopRequest& request, resp::Writer& out) {
  for (const Key& key : ctx.keys()) {
    ValueCell cell(&ctx, key, ValueType::kList);
    if (!cell.Open(out)) return true;
    if (!cell.exists()) continue;
    const size_t count =
        std::min(static_cast<size_t>(request.most), ListReader(cell.view()).size());
    out.Array(2);
    out.Bulk(key.bytes);
    out.Array(count);
    PopListElements(ctx, &cell, key, request.end, count, out);
    const std::string number = std::to_string(count);
    ctx.Propagate({request.end == ListEnd::kHead ? "LPOP" : "RPOP", key.bytes, number});
    return true;
  }
  return false;
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
// > LMPOP 1 a LEFT COUNT x y
// (error) ERR count should be greater than 0
// > LMPOP 5 a LEFT
// (error) ERR syntax error
void LMPop(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto request = ParseLMPop(ctx, args, 1, out);
  if (request.has_value() && !LMPopFirst(ctx, *request, out)) out.NullArray();
}

// BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]: LMPOP that waits for an element,
// `timeout` seconds at most, 0 for ever. In the journal: LPOP or RPOP with a count.
//
// > RPUSH b 1 2 3
// (integer) 3
// > BLMPOP 1 2 a b LEFT COUNT 2
// 1) "b"
// 2) 1) "1"
//    2) "2"
// > BLMPOP 0 1 b RIGHT COUNT 9
// 1) "b"
// 2) 1) "3"
// > BLMPOP 0.01 1 b RIGHT
// (nil)
// > BLMPOP -1 1 b RIGHT
// (error) ERR timeout is negative
// > BLMPOP 1 x b RIGHT
// (error) ERR numkeys should be greater than 0
// > BLMPOP 1 2 b RIGHT
// (error) ERR syntax error
// > BLMPOP -1 1 b RIGHT COUNT 0
// (error) ERR count should be greater than 0
// > BLMPOP 1 1 b RIGHT COUNT
// (error) ERR syntax error
void BLMPop(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto request = ParseLMPop(ctx, args, 2, out);
  if (!request.has_value()) return;
  const auto timeout = TimeoutArg(args, 1, out);
  if (!timeout.has_value() || LMPopFirst(ctx, *request, out)) return;
  if (ctx.may_block()) {
    ctx.Block({.timeout_ms = *timeout});
  } else {
    out.NullArray();
  }
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
const CommandRegistration kBLMPop{
    {.name = "blmpop",
     .arity = -5,
     .flags = kCmdWrite | kCmdBlocking | kCmdMovableKeys,
     .keys = {},
     .group = "list",
     .since = "7.0.0",
     .usage = "timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
     .summary =
         "Pops multiple elements from a list. Blocks until an element is available otherwise. "
         "Deletes the list if the last element was popped.",
     .complexity = "O(N+M) where N is the number of provided keys and M is the number of elements "
                   "returned.",
     .write = BLMPop,
     .get_keys = BLMPopKeys}};

}  // namespace
}  // namespace pleiad
