// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"
#include "command/transaction.h"

namespace pleiad {
namespace {

// MULTI, EXEC, DISCARD: commands behind MULTI are kept and run by EXEC as one, with nobody between
// them, or thrown away by DISCARD. A command that can't be kept makes EXEC refuse. A command that
// fails when it runs does not stop the others. In a cluster all keys must be in one slot.
//
// > MULTI
// OK
// > SET a 1
// QUEUED
// > INCR a
// QUEUED
// > LPUSH a x
// QUEUED
// > PING
// QUEUED
// > EXEC
// 1) OK
// 2) (integer) 2
// 3) (error) WRONGTYPE Operation against a key holding the wrong kind of value
// 4) PONG
// > MULTI
// OK
// > FLUSHALL
// QUEUED
// > DBSIZE
// QUEUED
// > EXEC
// 1) OK
// 2) (integer) 0
// > MULTI
// OK
// > GET
// (error) ERR wrong number of arguments for 'get' command
// > XGROUP FOO k
// (error) ERR unknown subcommand 'FOO'. Try XGROUP HELP.
// > SET a 1
// QUEUED
// > EXEC
// (error) EXECABORT Transaction discarded because of previous errors.
// > MULTI
// OK
// > MULTI
// (error) ERR MULTI calls can not be nested
// > WATCH a
// (error) ERR WATCH inside MULTI is not allowed
// > SET a 1
// QUEUED
// > DISCARD
// OK
// > GET a
// (nil)
// > MULTI
// OK
// > EXEC
// (empty array)
// > EXEC
// (error) ERR EXEC without MULTI
// > DISCARD
// (error) ERR DISCARD without MULTI
void Multi(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (ctx.client.transaction) {
    out.Error("ERR MULTI calls can not be nested");
    return;
  }
  ctx.client.transaction = std::make_shared<Transaction>();
  out.Ok();
}

// Inside a transaction the dispatcher runs EXEC itself.
void ExecWithoutMulti(ServerContext&, const Args&, resp::Writer& out) {
  out.Error("ERR EXEC without MULTI");
}

void Discard(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (!ctx.client.transaction) {
    out.Error("ERR DISCARD without MULTI");
    return;
  }
  ctx.client.transaction.reset();
  if (ctx.client.watches) ctx.client.watches->Clear();
  out.Ok();
}

constexpr uint32_t kMultiFlags =
    kCmdNoScript | kCmdLoading | kCmdStale | kCmdFast | kCmdAllowBusy | kCmdNoMulti;

const CommandRegistration kMultiCommand{{.name = "multi",
                                         .arity = 1,
                                         .flags = kMultiFlags,
                                         .keys = {},
                                         .group = "transactions",
                                         .since = "1.2.0",
                                         .usage = "",
                                         .summary = "Starts a transaction.",
                                         .complexity = "O(1)",
                                         .server = Multi}};
const CommandRegistration kExecCommand{
    {.name = "exec",
     .arity = 1,
     .flags = kCmdNoScript | kCmdLoading | kCmdStale | kCmdSkipSlowlog,
     .keys = {},
     .group = "transactions",
     .since = "1.2.0",
     .usage = "",
     .summary = "Executes all commands in a transaction.",
     .complexity = "Depends on commands in the transaction",
     .server = ExecWithoutMulti}};
const CommandRegistration kDiscardCommand{
    {.name = "discard",
     .arity = 1,
     .flags = kCmdNoScript | kCmdLoading | kCmdStale | kCmdFast | kCmdAllowBusy,
     .keys = {},
     .group = "transactions",
     .since = "2.0.0",
     .usage = "",
     .summary = "Discards a transaction.",
     .complexity = "O(N), when N is the number of queued commands",
     .server = Discard}};

}  // namespace
}  // namespace pleiad
