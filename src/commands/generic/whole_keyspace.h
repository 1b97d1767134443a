// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What commands share that have no key but act on whole databases: FLUSHALL, SWAPDB, KEYS, SCAN,
// RANDOMKEY.
#pragma once

#include <optional>
#include <string_view>

#include "command/command.h"

namespace pleiad {

// False (and the error written, or the client put off) if this node may not be written to now. The
// dispatcher asks the same for commands with keys.
inline bool MayWrite(ServerContext& ctx, resp::Writer& out) {
  Engine& engine = ctx.engine;
  if (ctx.client.from_master) return true;
  if (engine.replica.load(std::memory_order_relaxed) &&
      engine.replica_read_only.load(std::memory_order_relaxed)) {
    out.Error("READONLY You can't write against a read only replica.");
    return false;
  }
  if (engine.min_replicas_missing.load(std::memory_order_relaxed) != 0) {
    out.Error("NOREPLICAS Not enough good replicas to write.");
    return false;
  }
  const PersistenceError error = engine.persistence_error.load(std::memory_order_relaxed);
  if (error != PersistenceError::kNone) {
    out.Error(PersistenceErrorText(error));
    return false;
  }
  // A pause that began on the way here.
  const Pauses::View pause = engine.pauses.Look(ctx.mono_now);
  if (pause.level != PauseLevel::kNone && ctx.group == nullptr &&
      ctx.client.connection != nullptr) {
    Postpone(&ctx.client, pause.end_ms);
    return false;
  }
  return true;
}

// Runs f in an exclusive section, unless this node stopped being writable on the way there.
template <typename F>
void ExclusiveWrite(ServerContext& ctx, resp::Writer& out, F f) {
  ctx.Exclusive([&] {
    if (MayWrite(ctx, out)) f();
  });
}

// A cluster of the ordinary kind: there is database 0 and no other.
inline bool OneDatabaseCluster(const Engine& engine) {
  return engine.cluster.load(std::memory_order_relaxed) && engine.keyspace.databases() == 1;
}

// What clients shall not see any more, whether or not it was deleted yet.
inline bool Expired(const Entry& e, UnixMs now) {
  return e.has_expiry() && e.expiry_ms() <= now.value;
}

// The slot that all keys fit into that match the glob `pattern`: it has a hash tag before anything
// special, or is no pattern at all. nullopt: any slot.
std::optional<SlotId> SlotOfPattern(std::string_view pattern);

}  // namespace pleiad
