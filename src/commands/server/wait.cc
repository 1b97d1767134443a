// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// WAIT and WAITAOF: the connection waits until what it wrote is where it wants it.
#include <algorithm>
#include <limits>

#include "command/command.h"
#include "runtime/ack_waiters.h"
#include "runtime/clock.h"
#include "runtime/connection.h"
#include "runtime/reactor.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

// Milliseconds; nullopt: the error has been written.
std::optional<int64_t> WaitTimeout(const Args& args, size_t i, MonoMs now, resp::Writer& out) {
  const auto timeout = IntArg(args, i, out, "ERR timeout is not an integer or out of range");
  if (!timeout.has_value()) return std::nullopt;
  if (*timeout < 0) {
    out.Error("ERR timeout is negative");
    return std::nullopt;
  }
  if (*timeout > std::numeric_limits<int64_t>::max() - now.value) {
    out.Error("ERR timeout is out of range");
    return std::nullopt;
  }
  return timeout;
}

// Replies, or lets the client wait. In a transaction it doesn't.
void WaitForAcks(ServerContext& ctx, const runtime::AckDemand& demand, int64_t timeout_ms,
                 resp::Writer& out) {
  runtime::AckWaiters& acks = ctx.server->acks();
  const auto [reply, met] = acks.Evaluate(demand);
  runtime::Connection* const connection = ctx.client.connection;
  if (met || connection == nullptr || ctx.group != nullptr || ctx.client.exclusive) {
    out.Raw(reply);
    return;
  }
  auto waiter = std::make_shared<Waiter>();
  waiter->kind = Waiter::Kind::kAcks;
  // Never before its time: this round's clock may be a little old, and its milliseconds are cut.
  const int64_t now = std::max(ctx.mono_now, runtime::MonoNow()).value;
  if (timeout_ms != 0)
    waiter->deadline_ms = timeout_ms < Pauses::kForEver - now ? now + timeout_ms + 1 : 0;
  waiter->at_deadline = [&acks, demand] { return acks.Evaluate(demand).first; };
  waiter->deliver = connection->reactor()->DeliveryTo(ctx.client.id);
  ctx.client.waiter = waiter;
  acks.Add(std::move(waiter), demand);
  ctx.server->replication().AskForAcks();
}

// WAIT numreplicas timeout: waits until so many replicas hold everything that this connection
// wrote, or for `timeout` milliseconds (0: for ever). Says how many do. The count is what the
// replicas themselves said; a write that fewer hold is not taken back. In a transaction it does not
// wait.
//
// > WAIT 0 0
// (integer) 0
// > WAIT x 0
// (error) ERR value is not an integer or out of range
// > WAIT 1 x
// (error) ERR timeout is not an integer or out of range
// > WAIT 1 -1
// (error) ERR timeout is negative
void Wait(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (ctx.engine.replica.load(std::memory_order_relaxed)) {
    out.Error(
        "ERR WAIT cannot be used with replica instances. Please also note that if a replica is "
        "configured to be writable (which is not the default) writes to replicas are just local "
        "and are not propagated.");
    return;
  }
  const auto replicas = IntArg(args, 1, out);
  if (!replicas.has_value()) return;
  const auto timeout = WaitTimeout(args, 2, ctx.mono_now, out);
  if (!timeout.has_value()) return;
  WaitForAcks(ctx, {.offset = ctx.client.write_offset, .replicas = *replicas}, *timeout, out);
}

// WAITAOF numlocal numreplicas timeout: as WAIT, but counts who has it on disk: this node
// (numlocal: 0 or 1) and its replicas. Two numbers: whether this node has, and how many replicas.
//
// > WAITAOF 0 0 0
// 1) (integer) 0
// 2) (integer) 0
// > WAITAOF 1 0 0
// (error) ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.
// > WAITAOF 2 0 0
// (error) ERR value is out of range, value must between 0 and 1
// > WAITAOF 0 -1 0
// (error) ERR value is out of range, must be positive
// > WAITAOF 0 0 -1
// (error) ERR timeout is negative
void Waitaof(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto local = IntArg(args, 1, out);
  if (!local.has_value()) return;
  if (*local < 0 || *local > 1) {
    out.Error("ERR value is out of range, value must between 0 and 1");
    return;
  }
  const auto replicas = IntArg(args, 2, out);
  if (!replicas.has_value()) return;
  if (*replicas < 0) {
    out.Error("ERR value is out of range, must be positive");
    return;
  }
  const auto timeout = WaitTimeout(args, 3, ctx.mono_now, out);
  if (!timeout.has_value()) return;
  if (ctx.engine.replica.load(std::memory_order_relaxed)) {
    out.Error(
        "ERR WAITAOF cannot be used with replica instances. Please also note that writes to "
        "replicas are just local and are not propagated.");
    return;
  }
  const runtime::AckDemand demand{
      .offset = ctx.client.write_offset, .replicas = *replicas, .local = *local, .disk = true};
  WaitForAcks(ctx, demand, *timeout, out);
}

const CommandRegistration kWait{
    {.name = "wait",
     .arity = 3,
     .flags = kCmdNoScript | kCmdBlocking,
     .keys = {},
     .group = "generic",
     .since = "3.0.0",
     .usage = "numreplicas timeout",
     .summary = "Waits until the connection's writes are held by so many replicas, or for a while.",
     .complexity = "O(N) where N is the number of replicas",
     .server = Wait}};
const CommandRegistration kWaitaof{
    {.name = "waitaof",
     .arity = 4,
     .flags = kCmdNoScript | kCmdBlocking,
     .keys = {},
     .group = "generic",
     .since = "7.2.0",
     .usage = "numlocal numreplicas timeout",
     .summary = "Waits until the connection's writes are on disk here and at so many replicas.",
     .complexity = "O(N) where N is the number of replicas",
     .server = Waitaof}};

}  // namespace
}  // namespace pleiad
