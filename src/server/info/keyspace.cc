// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "base/prng.h"
#include "server/info/section.h"

namespace pleiad::info {
namespace {

constexpr uint64_t kSamplesMax = 1000;  // per database, for the mean time to live

struct DbFigures {
  uint64_t keys = 0;
  uint64_t expires = 0;
  uint64_t sampled = 0;
  int64_t ttl_sum = 0;  // of the sampled ones, ms
};

void Look(const SlotDb& db, UnixMs now, Prng* prng, DbFigures* figures) {
  figures->keys += db.table.size();
  figures->expires += db.with_expiry;
  if (db.with_expiry == 0 || figures->sampled >= kSamplesMax) return;
  const Entry* e = db.table.Sample(prng->Next());
  if (e == nullptr || !e->has_expiry()) return;
  ++figures->sampled;
  figures->ttl_sum += std::max<int64_t>(0, e->expiry_ms() - now.value);
}

}  // namespace

// One pass over the slots for all databases. The mean time to live is that of a sample: one key a
// slot.
void KeyspaceSection(const Input& in, Lines* out) {
  Keyspace& keyspace = in.ctx.engine.keyspace;
  std::vector<DbFigures> figures(static_cast<size_t>(keyspace.databases()));
  Prng prng(static_cast<uint64_t>(in.ctx.now.value));
  for (int i = 0; i < kSlotCount; ++i) {
    const SlotId id(static_cast<uint16_t>(i));
    LockSet locks(&keyspace);
    locks.LockOne(id);
    if (locks.slot(id).hidden()) continue;
    for (int db = 0; db < keyspace.databases(); ++db) {
      const SlotDb* slot_db = keyspace.Db(locks.slot(id), db, false);
      if (slot_db == nullptr) break;  // databases 1.. are made together
      Look(*slot_db, in.ctx.now, &prng, &figures[static_cast<size_t>(db)]);
    }
  }
  for (size_t db = 0; db < figures.size(); ++db) {
    const DbFigures& f = figures[db];
    if (f.keys == 0) continue;
    const int64_t mean = f.sampled == 0 ? 0 : f.ttl_sum / static_cast<int64_t>(f.sampled);
    out->AddRaw(fmt::format("db{}:keys={},expires={},avg_ttl={}\r\n", db, f.keys, f.expires, mean));
  }
}

}  // namespace pleiad::info
