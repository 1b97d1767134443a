// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <optional>
#include <string>

#include "base/prng.h"
#include "commands/generic/whole_keyspace.h"
#include "runtime/random.h"

namespace pleiad {
namespace {

constexpr int kTries = 16;

// Calls f(id, slot database) for each slot with keys, its lock held, until f returns false.
template <typename F>
void ForEachSlotDb(ServerContext& ctx, F f) {
  for (int i = 0; i < kSlotCount; ++i) {
    const SlotId id(static_cast<uint16_t>(i));
    LockSet locks(&ctx.engine.keyspace);
    locks.LockOne(id);
    const SlotDb* db = ctx.engine.keyspace.Db(locks.slot(id), ctx.client.db, false);
    if (db == nullptr || db->table.size() == 0 || locks.slot(id).hidden()) continue;
    if (!f(id, *db)) return;
  }
}

// A slot, each with the chance of its share of the keys; nullopt if there are no keys.
std::optional<SlotId> DrawSlot(ServerContext& ctx, Prng* prng) {
  std::optional<SlotId> drawn;
  uint64_t keys = 0;
  ForEachSlotDb(ctx, [&](SlotId id, const SlotDb& db) {
    keys += db.table.size();
    if (prng->Below(keys) < db.table.size()) drawn = id;
    return true;
  });
  return drawn;
}

// A key of that slot; false if it is expired, or the slot was emptied meanwhile.
bool DrawKey(ServerContext& ctx, SlotId id, uint64_t random, std::string* key) {
  LockSet locks(&ctx.engine.keyspace);
  locks.LockOne(id);
  const SlotDb* db = ctx.engine.keyspace.Db(locks.slot(id), ctx.client.db, false);
  const Entry* e = db == nullptr ? nullptr : db->table.Sample(random);
  if (e == nullptr || Expired(*e, ctx.now)) return false;
  *key = e->key();
  return true;
}

// The first key that has not expired: when nearly all have.
bool FirstKey(ServerContext& ctx, std::string* key) {
  bool found = false;
  ForEachSlotDb(ctx, [&](SlotId, const SlotDb& db) {
    db.table.ForEach([&](const Entry* e) {
      if (found || Expired(*e, ctx.now)) return;
      *key = e->key();
      found = true;
    });
    return !found;
  });
  return found;
}

// RANDOMKEY: some key of the selected database.
//
// > RANDOMKEY
// (nil)
// > SET k v
// OK
// > RANDOMKEY
// "k"
void RandomKey(ServerContext& ctx, const Args&, resp::Writer& out) {
  Prng prng(runtime::SystemSeed());
  std::string key;
  bool found = false;
  for (int i = 0; i < kTries && !found; ++i) {
    const auto id = DrawSlot(ctx, &prng);
    if (!id.has_value()) break;
    found = DrawKey(ctx, *id, prng.Next(), &key);
  }
  if (found || FirstKey(ctx, &key)) {
    out.Bulk(key);
  } else {
    out.Null();
  }
}

const CommandRegistration kRandomKey{
    {.name = "randomkey",
     .arity = 1,
     .flags = kCmdReadonly,
     .group = "generic",
     .since = "1.0.0",
     .usage = "",
     .summary = "Returns a random key name from the database.",
     .complexity = "O(1): the 16384 slots are asked how many keys they have.",
     .server = RandomKey}};

}  // namespace
}  // namespace pleiad
