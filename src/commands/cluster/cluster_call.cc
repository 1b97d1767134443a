// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/cluster/cluster_call.h"

#include "command/outside.h"

namespace pleiad {

bool HasCluster(ServerContext& ctx, resp::Writer& out) {
  if (ctx.server->cluster() != nullptr) return true;
  out.Error(kNoCluster);
  return false;
}

void RunAdmin(ServerContext& ctx, cluster::AdminCommand command, resp::Writer& out,
              std::optional<SlotId> slot) {
  Keyspace& keyspace = ctx.engine.keyspace;
  uint64_t keys_in_slot = 0;
  uint64_t keys_total = 0;
  for (int db = 0; db < keyspace.databases(); ++db) keys_total += keyspace.Count(db).keys;
  if (slot.has_value()) {
    LockSet locks(&keyspace);
    locks.LockOne(*slot);
    keys_in_slot = locks.slot(*slot).db0.table.size();
  }
  cluster::AdminReply reply;
  OutsideKeyspace(ctx, [&] {
    reply = ctx.server->cluster()->Execute(std::move(command), keys_total, keys_in_slot);
  });
  if (reply.is_error) {
    out.Error(reply.text);
  } else {
    out.Simple(reply.text);
  }
}

void ReadCluster(ServerContext& ctx, const std::function<void(const cluster::ClusterState&)>& f) {
  OutsideKeyspace(ctx, [&] { ctx.server->cluster()->Read(f); });
}

std::optional<SlotId> SlotArg(const Args& args, size_t i, resp::Writer& out) {
  const auto n = ParseInt64(args[i]);
  const auto slot = n.has_value() ? SlotId::From(*n) : std::nullopt;
  if (!slot.has_value()) out.Error("ERR Invalid or out of range slot");
  return slot;
}

}  // namespace pleiad
