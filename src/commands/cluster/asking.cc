// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/cluster/cluster_call.h"

namespace pleiad {
namespace {

// ASKING: the next command may touch a slot that is being imported.
//
// > ASKING
// (error) ERR This instance has cluster support disabled
void Asking(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  ctx.client.asking = true;
  out.Ok();
}

// READONLY: reads of this replica's slots are welcome, even if a little old. Without cluster mode
// it is for clients that can be redirected (CLIENT CAPA).
void ReadOnly(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (!ctx.client.redirectable && !HasCluster(ctx, out)) return;
  ctx.client.readonly = true;
  out.Ok();
}

// READWRITE: the opposite.
void ReadWrite(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (!ctx.client.redirectable && !HasCluster(ctx, out)) return;
  ctx.client.readonly = false;
  out.Ok();
}

const CommandRegistration kAsking{
    {.name = "asking",
     .arity = 1,
     .flags = kCmdLoading | kCmdFast,
     .group = "cluster",
     .since = "3.0.0",
     .usage = "",
     .summary = "Signals that a cluster client is following an -ASK redirect.",
     .complexity = "O(1)",
     .server = Asking}};

const CommandRegistration kReadOnly{
    {.name = "readonly",
     .arity = 1,
     .flags = kCmdFast | kCmdLoading | kCmdStale,
     .group = "cluster",
     .since = "3.0.0",
     .usage = "",
     .summary = "Enables read-only queries for a connection to a Redis Cluster replica node.",
     .complexity = "O(1)",
     .server = ReadOnly}};

const CommandRegistration kReadWrite{
    {.name = "readwrite",
     .arity = 1,
     .flags = kCmdFast | kCmdLoading | kCmdStale,
     .group = "cluster",
     .since = "3.0.0",
     .usage = "",
     .summary = "Enables read-write queries for a connection to a Redis Cluster replica node.",
     .complexity = "O(1)",
     .server = ReadWrite}};

}  // namespace
}  // namespace pleiad
