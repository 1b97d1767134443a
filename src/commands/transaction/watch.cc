// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"
#include "command/transaction.h"

namespace pleiad {
namespace {

// WATCH key [key ...], UNWATCH: EXEC answers null and runs nothing if one of the keys changed since
// WATCH, came to be, went, or expired. EXEC, DISCARD and UNWATCH forget the watches.
//
// > SET a 1
// OK
// > WATCH a b
// OK
// > SET b 1
// OK
// > MULTI
// OK
// > SET a 2
// QUEUED
// > EXEC
// (nil)
// > GET a
// "1"
// > WATCH a
// OK
// > MULTI
// OK
// > SET a 2
// QUEUED
// > EXEC
// 1) OK
// > WATCH a
// OK
// > SET a 3
// OK
// > UNWATCH
// OK
// > MULTI
// OK
// > GET a
// QUEUED
// > EXEC
// 1) "3"
// > WATCH nosuchkey
// OK
// > FLUSHALL
// OK
// > MULTI
// OK
// > PING
// QUEUED
// > EXEC
// 1) PONG
// > WATCH b
// OK
// > SELECT 1
// OK
// > SET b v
// OK
// > SWAPDB 0 1
// OK
// > SELECT 0
// OK
// > MULTI
// OK
// > EXEC
// (nil)
void WatchKeys(ReadContext& ctx, const Args&, resp::Writer& out) {
  for (const Key& key : ctx.keys()) ctx.Watch(key);
  out.Ok();
}

void Unwatch(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (ctx.client.watches) ctx.client.watches->Clear();
  out.Ok();
}

const CommandRegistration kWatchCommand{
    {.name = "watch",
     .arity = -2,
     .flags = kCmdReadonly | kCmdNoScript | kCmdLoading | kCmdStale | kCmdFast | kCmdAllowBusy |
              kCmdNoMulti,
     .keys = {1, -1, 1},
     .group = "transactions",
     .since = "2.2.0",
     .usage = "key [key ...]",
     .summary = "Monitors changes to keys to determine the execution of a transaction.",
     .complexity = "O(1) for every key.",
     .read = WatchKeys}};
const CommandRegistration kUnwatchCommand{
    {.name = "unwatch",
     .arity = 1,
     .flags = kCmdNoScript | kCmdLoading | kCmdStale | kCmdFast | kCmdAllowBusy,
     .keys = {},
     .group = "transactions",
     .since = "2.2.0",
     .usage = "",
     .summary = "Forgets about watched keys of a transaction.",
     .complexity = "O(1)",
     .server = Unwatch}};

}  // namespace
}  // namespace pleiad
