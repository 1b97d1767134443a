// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"
#include "command/transaction.h"
#include "runtime/connection.h"
#include "runtime/reactor.h"

namespace pleiad {
namespace {

// RESET: the connection is as if it had just been opened.
//
// > SELECT 3
// OK
// > CLIENT SETNAME me
// OK
// > RESET
// RESET
// > CLIENT GETNAME
// (nil)
// > CLIENT INFO
// id=1 ... db=0 ... resp=2 ...
void Reset(ServerContext& ctx, const Args&, resp::Writer& out) {
  ClientState& client = ctx.client;
  client.db = 0;
  client.protocol = 2;
  client.asking = false;
  client.readonly = false;
  client.no_evict = false;
  if (client.monitor) client.connection->reactor()->SetMonitor(client.connection, false);
  client.no_touch = false;
  client.reply_mode = ClientState::ReplyMode::kOn;
  client.name.clear();
  client.tracking = false;
  client.redirectable = false;
  if (client.subscriber) {
    client.subscriber->UnsubscribeAll();
    client.subscriber->tracking.reset();
  }
  client.transaction.reset();
  if (client.watches) client.watches->Clear();
  client.authenticated = !ctx.engine.require_auth.load(std::memory_order_relaxed);
  out.Simple("RESET");
}

const CommandRegistration kReset{
    {.name = "reset",
     .arity = 1,
     .flags = kCmdNoScript | kCmdLoading | kCmdStale | kCmdFast | kCmdNoAuth | kCmdAllowBusy,
     .keys = {},
     .group = "connection",
     .since = "6.2.0",
     .usage = "",
     .summary = "Resets the connection.",
     .complexity = "O(1)",
     .server = Reset}};

}  // namespace
}  // namespace pleiad
