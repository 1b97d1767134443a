// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "commands/cluster/cluster_call.h"

namespace pleiad {
namespace {

// CLUSTER KEYSLOT key: the slot of a key, or of its hash tag.
//
// > CLUSTER KEYSLOT foo
// (error) ERR This instance has cluster support disabled
void ClusterKeySlot(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (HasCluster(ctx, out)) out.Integer(KeySlot(args[2]).value);
}

// The slot whose keys are asked for; writes the error and returns nullopt if it is none.
std::optional<SlotId> KeySlotArg(const Args& args, resp::Writer& out) {
  const auto n = IntArg(args, 2, out);
  if (!n.has_value()) return std::nullopt;
  const auto slot = SlotId::From(*n);
  if (!slot.has_value()) {
    out.Error(args.size() == 4 ? "ERR Invalid slot or number of keys" : "ERR Invalid slot");
  }
  return slot;
}

// CLUSTER COUNTKEYSINSLOT slot
void CountKeysInSlot(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  const auto slot = KeySlotArg(args, out);
  if (!slot.has_value()) return;
  LockSet locks(&ctx.engine.keyspace);
  locks.LockOne(*slot);
  out.Integer(locks.slot(*slot).hidden() ? 0 : locks.slot(*slot).db0.table.size());
}

// CLUSTER GETKEYSINSLOT slot count
void GetKeysInSlot(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  const auto slot = KeySlotArg(args, out);
  if (!slot.has_value()) return;
  const auto count = IntArg(args, 3, out);
  if (!count.has_value()) return;
  if (*count < 0) {
    out.Error("ERR Invalid slot or number of keys");
    return;
  }
  LockSet locks(&ctx.engine.keyspace);
  locks.LockOne(*slot);
  std::vector<Entry*> found;
  TableCursor cursor;
  const Table& table = locks.slot(*slot).db0.table;
  if (locks.slot(*slot).hidden()) cursor.done = true;
  while (!cursor.done && found.size() < static_cast<size_t>(*count)) {
    table.Scan(&cursor, static_cast<size_t>(*count), &found);
  }
  found.resize(std::min(found.size(), static_cast<size_t>(*count)));
  out.Array(found.size());
  for (const Entry* e : found) out.Bulk(e->key());
}

const CommandRegistration kKeySlot{{.name = "cluster|keyslot",
                                    .arity = 3,
                                    .flags = kCmdLoading | kCmdStale,
                                    .group = "cluster",
                                    .since = "3.0.0",
                                    .usage = "key",
                                    .summary = "Returns the hash slot for a key.",
                                    .complexity = "O(N) where N is the number of bytes in the key",
                                    .server = ClusterKeySlot}};

const CommandRegistration kCountKeys{{.name = "cluster|countkeysinslot",
                                      .arity = 3,
                                      .flags = kCmdLoading | kCmdStale,
                                      .group = "cluster",
                                      .since = "3.0.0",
                                      .usage = "slot",
                                      .summary = "Returns the number of keys in a hash slot.",
                                      .complexity = "O(1)",
                                      .server = CountKeysInSlot}};

const CommandRegistration kGetKeys{{.name = "cluster|getkeysinslot",
                                    .arity = 4,
                                    .flags = kCmdLoading | kCmdStale,
                                    .group = "cluster",
                                    .since = "3.0.0",
                                    .usage = "slot count",
                                    .summary = "Returns the key names in a hash slot.",
                                    .complexity = "O(N) where N is the number of requested keys",
                                    .server = GetKeysInSlot}};

}  // namespace
}  // namespace pleiad
