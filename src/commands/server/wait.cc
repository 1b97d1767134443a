// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <limits>

#include "command/command.h"
#include "runtime/connection.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

// WAIT numreplicas timeout: waits until so many replicas hold everything that was written so far, or
// for `timeout` milliseconds (0: for ever). Says how many do. The count is what the replicas
// themselves said; a write that fewer hold is not taken back.
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
  const auto replicas = IntArg(args, 1, out);
  if (!replicas.has_value()) return;
  const auto timeout = IntArg(args, 2, out, "ERR timeout is not an integer or out of range");
  if (!timeout.has_value()) return;
  if (*timeout < 0) {
    out.Error("ERR timeout is negative");
    return;
  }
  Engine& engine = ctx.engine;
  if (engine.replica.load(std::memory_order_relaxed)) {
    out.Error(
        "ERR WAIT cannot be used with replica instances. Writes to replicas are just local and are "
        "not propagated.");
    return;
  }
  runtime::ReplicationDriver& replication = ctx.server->replication();
  const Offset offset = engine.journal.end();
  const int64_t wanted = *replicas;
  const int acked = replication.CountAcked(offset);
  if (acked >= wanted || ctx.client.connection == nullptr) {
    out.Integer(acked);
    return;
  }
  constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  const bool for_ever = *timeout == 0 || *timeout > kNever - ctx.mono_now.value;
  const MonoMs deadline = for_ever ? MonoMs(kNever) : ctx.mono_now + *timeout;
  replication.AskForAcks();
  ctx.client.connection->WaitFor(
      [&engine, &replication, offset, wanted, deadline](MonoMs now, resp::Writer* reply) {
        if (engine.replica.load(std::memory_order_relaxed)) {
          reply->Error(
              "UNBLOCKED force unblock from blocking operation, instance state changed (master -> "
              "replica?)");
          return true;
        }
        const int holders = replication.CountAcked(offset);
        if (holders < wanted && now < deadline) return false;
        reply->Integer(holders);
        return true;
      },
      deadline);
}

const CommandRegistration kWait{
    {.name = "wait",
     .arity = 3,
     .flags = kCmdNoScript | kCmdBlocking,
     .keys = {},
     .group = "generic",
     .since = "3.0.0",
     .usage = "numreplicas timeout",
     .summary = "Waits until the writes so far are held by as many replicas, or for a while.",
     .complexity = "O(N) where N is the number of replicas",
     .server = Wait}};

}  // namespace
}  // namespace pleiad
