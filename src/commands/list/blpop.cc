// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/generic/timeout_arg.h"
#include "commands/list/list_value.h"

namespace pleiad {
namespace {

void WaitAndPopList(WriteContext& ctx, const Args& args, resp::Writer& out, ListEnd end) {
  const auto timeout = TimeoutArg(args, args.size() - 1, out);
  if (!timeout.has_value()) return;
  for (const Key& key : ctx.keys()) {
    ValueCell cell(&ctx, key, ValueType::kList);
    if (!cell.Open(out)) return;
    if (!cell.exists()) continue;
    out.Array(2);
    out.Bulk(key.bytes);
    PopListElements(ctx, &cell, key, end, 1, out);
    ctx.Propagate({end == ListEnd::kHead ? "LPOP" : "RPOP", key.bytes});
    return;
  }
  if (ctx.may_block()) {
    ctx.Block({.timeout_ms = *timeout});
  } else {
    out.NullArray();
  }
}

// BLPOP key [key ...] timeout, BRPOP: takes an element off the first of the lists that has one. If
// there is none it waits for one, `timeout` seconds at most, 0 for ever; in a transaction it does
// not wait. In the journal: LPOP or RPOP.
//
// > RPUSH b 1 2 3
// (integer) 3
// > BLPOP a b 1
// 1) "b"
// 2) "1"
// > BRPOP b a 0
// 1) "b"
// 2) "3"
// > BRPOP b 0.5
// 1) "b"
// 2) "2"
// > EXISTS b
// (integer) 0
// > BLPOP a b 0.01
// (nil)
// > BLPOP a -1
// (error) ERR timeout is negative
// > BLPOP a soon
// (error) ERR timeout is not a float or out of range
// > BRPOP a 1e300
// (error) ERR timeout is out of range
// > SET s x
// OK
// > BLPOP a s 1
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void BLPop(WriteContext& ctx, const Args& args, resp::Writer& out) {
  WaitAndPopList(ctx, args, out, ListEnd::kHead);
}

void BRPop(WriteContext& ctx, const Args& args, resp::Writer& out) {
  WaitAndPopList(ctx, args, out, ListEnd::kTail);
}

const CommandRegistration kBLPop{
    {.name = "blpop",
     .arity = -3,
     .flags = kCmdWrite | kCmdBlocking,
     .keys = {1, -2, 1},
     .group = "list",
     .since = "2.0.0",
     .usage = "key [key ...] timeout",
     .summary = "Removes and returns the first element in a list. Blocks until an element is "
                "available otherwise. Deletes the list if the last element was popped.",
     .complexity = "O(N) where N is the number of provided keys.",
     .write = BLPop}};
const CommandRegistration kBRPop{
    {.name = "brpop",
     .arity = -3,
     .flags = kCmdWrite | kCmdBlocking,
     .keys = {1, -2, 1},
     .group = "list",
     .since = "2.0.0",
     .usage = "key [key ...] timeout",
     .summary = "Removes and returns the last element in a list. Blocks until an element is "
                "available otherwise. Deletes the list if the last element was popped.",
     .complexity = "O(N) where N is the number of provided keys.",
     .write = BRPop}};

}  // namespace
}  // namespace pleiad
