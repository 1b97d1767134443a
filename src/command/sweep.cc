// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Expiry by sweep and eviction by sample. Both delete through the same steps as a command would:
// pre-image, journal record, notification. A slot knows a lower bound of its next expiry, so the
// sweep skips slots where nothing is due.
#include <algorithm>
#include <utility>

#include "base/memory.h"
#include "base/prng.h"
#include "command/context.h"
#include "command/field_expiry.h"

namespace pleiad {
namespace {

// Takes out an entry that the caller found under the slot's lock, as the server's own act.
void TakeOut(Engine* engine, SlotId id, int db, SlotDb* slot_db, Entry* e, NotifyClass why,
             std::string_view event) {
  Slot& slot = engine->keyspace.RawSlot(id);
  const std::string_view key = e->key();
  const uint64_t hash = HashKey(key, engine->keyspace.hash_seed());
  engine->keyspace.BeforeChange(id, db, *slot_db, hash);
  const std::string_view args[] = {"DEL", key};
  engine->journal.Append(id, db, args);
  if (slot.watched & Slot::kWatched) engine->NoteChange(id, db, key);
  if (engine->observer != nullptr) {
    if (engine->notify_flags.load(std::memory_order_relaxed) & why) {
      engine->observer->OnEvent(why, event, db, key);
    }
  }
  engine->keyspace.DropExpiries(*slot_db, *e);
  slot_db->table.Remove(hash, key);
}

void DropEntry(Engine* engine, SlotId id, int db, SlotDb* slot_db, Entry* e, NotifyClass why,
               std::string_view event) {
  TakeOut(engine, id, db, slot_db, e, why, event);
  Entry::Free(e);
}

// Removes fields whose time is over from the hashes of those names.
size_t ExpireFields(Engine* engine, ThreadStats* stats, LockSet* locks, int db, UnixMs now,
                    const std::vector<std::string>& names, size_t budget, int64_t* next) {
  ClientState nobody;
  nobody.db = db;
  size_t removed = 0;
  for (const std::string& name : names) {
    const std::vector<Key> keys = {engine->keyspace.MakeKey(name)};
    WriteContext ctx(engine, stats, locks, &nobody, now);
    ctx.set_keys(&keys);
    removed += RemoveExpiredFields(ctx, keys[0], budget - std::min(budget, removed));
    const SlotDb* slot_db = engine->keyspace.Db(locks->slot(keys[0].slot), db, false);
    const Entry* e = slot_db->table.Find(keys[0].hash, name);
    if (e != nullptr && e->has_field_expiry())
      *next = std::min(*next, Keyspace::NextFieldExpiry(*e));
  }
  return removed;
}

// Deletes what is due in one slot and finds out when to come again.
size_t ExpireSlot(Engine* engine, ThreadStats* stats, SlotId id, UnixMs now, size_t budget) {
  LockSet locks(&engine->keyspace);
  locks.LockOne(id);
  Slot& slot = locks.slot(id);
  if (slot.next_expiry_ms > now.value || slot.hidden()) return 0;
  size_t deleted = 0;
  int64_t next = Slot::kNever;
  for (int db = 0; db < engine->keyspace.databases(); ++db) {
    SlotDb* slot_db = engine->keyspace.Db(slot, db, false);
    if (slot_db == nullptr) break;
    if (slot_db->with_expiry == 0 && slot_db->with_field_expiry == 0) continue;
    std::vector<Entry*> due;
    std::vector<std::string> hashes;
    slot_db->table.ForEach([&](Entry* e) {
      const int64_t fields_ms =
          e->has_field_expiry() ? Keyspace::NextFieldExpiry(*e) : Slot::kNever;
      if (e->has_expiry() && e->expiry_ms() <= now.value && due.size() + deleted < budget) {
        due.push_back(e);
        return;
      }
      if (fields_ms <= now.value) {
        hashes.emplace_back(e->key());
      } else {
        next = std::min(next, fields_ms);
      }
      if (e->has_expiry()) next = std::min(next, e->expiry_ms());
    });
    for (Entry* e : due) DropEntry(engine, id, db, slot_db, e, kNotifyExpired, "expired");
    deleted += due.size();
    deleted += ExpireFields(engine, stats, &locks, db, now, hashes,
                            budget - std::min(budget, deleted), &next);
  }
  slot.next_expiry_ms = next;
  return deleted;
}

struct Candidate {
  SlotId slot;
  int db = 0;
  uint64_t score = 0;  // the greatest goes
  std::string key;
  bool found = false;
};

bool IsVolatile(EvictionPolicy p) {
  return p == EvictionPolicy::kVolatileLru || p == EvictionPolicy::kVolatileLfu ||
         p == EvictionPolicy::kVolatileRandom || p == EvictionPolicy::kVolatileTtl;
}

uint64_t Score(const Engine& engine, EvictionPolicy policy, const Entry& e, UnixMs now) {
  switch (policy) {
    case EvictionPolicy::kAllKeysLru:
    case EvictionPolicy::kVolatileLru:
      return ((static_cast<uint32_t>(now.value / 1000) - e.access()) & 0xffffff) + 1;
    case EvictionPolicy::kAllKeysLfu:
    case EvictionPolicy::kVolatileLfu: {
      const auto decay =
          static_cast<uint32_t>(engine.lfu_decay_minutes.load(std::memory_order_relaxed));
      const uint32_t age = (static_cast<uint32_t>(now.value / 60000) - (e.access() >> 8)) & 0xffff;
      const uint32_t counter = e.access() & 0xff;
      const uint32_t lost = decay == 0 ? 0 : std::min(counter, age / decay);
      return 256 - (counter - lost);
    }
    case EvictionPolicy::kVolatileTtl:
      return ~static_cast<uint64_t>(e.expiry_ms());
    default:
      return 1;
  }
}

// Looks at entries of one slot and keeps the best candidate. Returns how many entries could have
// been taken.
int SampleSlot(Engine* engine, SlotId id, EvictionPolicy policy, UnixMs now, uint64_t random,
               int samples, Candidate* best) {
  LockSet locks(&engine->keyspace);
  locks.LockOne(id);
  Slot& slot = locks.slot(id);
  if (slot.hidden()) return 0;
  int seen = 0;
  for (int db = 0; db < engine->keyspace.databases(); ++db) {
    SlotDb* slot_db = engine->keyspace.Db(slot, db, false);
    if (slot_db == nullptr) break;
    if (slot_db->table.size() == 0) continue;
    if (IsVolatile(policy) && slot_db->with_expiry == 0) continue;
    const auto consider = [&](const Entry* e) {
      if (IsVolatile(policy) && !e->has_expiry()) return;
      ++seen;
      const uint64_t score = Score(*engine, policy, *e, now);
      if (score <= best->score && best->found) return;
      *best = {id, db, score, std::string(e->key()), true};
    };
    if (IsVolatile(policy)) {
      slot_db->table.ForEach(consider);  // few of many may be volatile: look at all of this slot
    } else {
      Prng prng(random);
      for (int i = 0; i < samples; ++i) consider(slot_db->table.Sample(prng.Next()));
    }
  }
  return seen;
}

constexpr int kDrawsPerSlot = 3;

bool EvictOne(Engine* engine, ThreadStats* stats, EvictionPolicy policy, UnixMs now, Prng* prng) {
  Candidate best;
  const int samples = engine->maxmemory_samples.load(std::memory_order_relaxed);
  int slots_seen = 0;
  uint64_t at = prng->Below(kSlotCount);
  // Draws from as many slots as maxmemory-samples says, three from each: with few keys a slot, one
  // slot's draws are often the same key.
  for (int tried = 0; tried < kSlotCount && slots_seen < samples; ++tried, ++at) {
    const SlotId id(static_cast<uint16_t>(at % kSlotCount));
    if (SampleSlot(engine, id, policy, now, prng->Next(), kDrawsPerSlot, &best) > 0) {
      ++slots_seen;
      at = prng->Below(kSlotCount);
    }
  }
  if (!best.found) return false;
  LockSet locks(&engine->keyspace);
  locks.LockOne(best.slot);
  SlotDb* slot_db = engine->keyspace.Db(locks.slot(best.slot), best.db, false);
  Entry* e = slot_db == nullptr
                 ? nullptr
                 : slot_db->table.Find(HashKey(best.key, engine->keyspace.hash_seed()), best.key);
  if (e == nullptr) return true;  // gone meanwhile: also good
  DropEntry(engine, best.slot, best.db, slot_db, e, kNotifyEvicted, "evicted");
  ThreadStats::Add(&stats->evicted, 1);
  return true;
}

}  // namespace

void DeleteSlotKeys(Engine* engine, SlotId id, Slot& slot) {
  for (int db = 0; db < engine->keyspace.databases(); ++db) {
    SlotDb* slot_db = engine->keyspace.Db(slot, db, false);
    if (slot_db == nullptr) break;
    std::vector<Entry*> all;
    all.reserve(slot_db->table.size());
    slot_db->table.ForEach([&](Entry* e) { all.push_back(e); });
    for (Entry* e : all) DropEntry(engine, id, db, slot_db, e, kNotifyGeneric, "del");
  }
}

bool TakeLeftovers(Engine* engine, SlotId id, Slot& slot, size_t most,
                   std::vector<Entry*>* garbage) {
  for (int db = 0; db < engine->keyspace.databases(); ++db) {
    SlotDb* slot_db = engine->keyspace.Db(slot, db, false);
    if (slot_db == nullptr) break;
    TableCursor cursor;
    while (slot_db->table.size() != 0 && !cursor.done) {
      std::vector<Entry*> found;
      slot_db->table.Scan(&cursor, most, &found);
      for (Entry* e : found) {
        if (garbage->size() >= most) return true;
        TakeOut(engine, id, db, slot_db, e, kNotifyGeneric, "del");
        garbage->push_back(e);
      }
      if (garbage->size() >= most) return true;
    }
  }
  return false;
}

uint64_t DetachDatabase(Engine* engine, int db, std::deque<Table>* garbage) {
  engine->whole_changes.fetch_add(1, std::memory_order_relaxed);
  Keyspace& keyspace = engine->keyspace;
  const int first = db < 0 ? 0 : db;
  const int last = db < 0 ? keyspace.databases() - 1 : db;
  if (engine->observer != nullptr) engine->observer->OnFlush();
  uint64_t keys = 0;
  for (int i = 0; i < kSlotCount; ++i) {
    const SlotId id(static_cast<uint16_t>(i));
    Slot& slot = keyspace.RawSlot(id);
    for (int number = first; number <= last; ++number) {
      SlotDb* slot_db = keyspace.Db(slot, number, false);
      if (slot_db == nullptr) break;
      if (slot_db->table.size() == 0) continue;
      keyspace.BeforeChangeAll(id, number, *slot_db);
      if (slot.watched & Slot::kWatched) engine->NoteChange(id, number, {});
      keys += slot_db->table.size();
      garbage->emplace_back().Swap(slot_db->table);
      while (slot_db->with_expiry != 0) keyspace.DropExpiry(*slot_db);
      while (slot_db->with_field_expiry != 0) keyspace.DropFieldExpiry(*slot_db);
    }
    if (db < 0) slot.next_expiry_ms = Slot::kNever;  // of one database: stays a lower bound
  }
  return keys;
}

void SwapDatabases(Engine* engine, int a, int b) {
  Keyspace& keyspace = engine->keyspace;
  engine->whole_changes.fetch_add(1, std::memory_order_relaxed);
  for (int i = 0; i < kSlotCount && a != b; ++i) {
    const SlotId id(static_cast<uint16_t>(i));
    Slot& slot = keyspace.RawSlot(id);
    // All databases but number 0 are made at once: without them only number 0 can hold keys.
    const bool keys = slot.db0.table.size() != 0 && (a == 0 || b == 0);
    if (slot.more == nullptr && !keys) continue;
    SlotDb* first = keyspace.Db(slot, a, true);
    SlotDb* second = keyspace.Db(slot, b, true);
    if (first->table.size() + second->table.size() == 0) continue;
    keyspace.BeforeChangeAll(id, a, *first);
    keyspace.BeforeChangeAll(id, b, *second);
    if (slot.watched & Slot::kWatched) {
      engine->NoteChange(id, a, {});
      engine->NoteChange(id, b, {});
      // What comes in changes for those who watched it while it was not there.
      first->table.ForEach([&](Entry* e) { engine->watches.OnChange(id, b, e->key()); });
      second->table.ForEach([&](Entry* e) { engine->watches.OnChange(id, a, e->key()); });
    }
    first->table.Swap(second->table);
    std::swap(first->with_expiry, second->with_expiry);
    std::swap(first->with_field_expiry, second->with_field_expiry);
  }
}

size_t ExpireSweep(Engine* engine, ThreadStats* stats, UnixMs now, int first, int stride,
                   int* cursor, size_t budget) {
  if (!engine->keyspace.any_expiry()) return 0;
  size_t deleted = 0;
  for (int i = first; i < kSlotCount && deleted < budget; i += stride) {
    if (*cursor >= kSlotCount || *cursor % stride != first) *cursor = first;
    const SlotId id(static_cast<uint16_t>(*cursor));
    deleted += ExpireSlot(engine, stats, id, now, budget - deleted);
    *cursor += stride;
  }
  ThreadStats::Add(&stats->expired, deleted);
  return deleted;
}

bool EvictToLimit(Engine* engine, ThreadStats* stats, UnixMs now, uint64_t random) {
  const uint64_t limit = engine->maxmemory.load(std::memory_order_relaxed);
  const EvictionPolicy policy = engine->policy.load(std::memory_order_relaxed);
  if (limit == 0 || UsedMemory() <= limit) return true;
  if (engine->pauses.level() != PauseLevel::kNone) return true;  // the journal stands still
  if (policy == EvictionPolicy::kNoEviction) return false;
  // Else every refused write would look at all slots.
  if (IsVolatile(policy) && !engine->keyspace.any_expiry()) return false;
  Prng prng(random);
  while (UsedMemory() > limit) {
    if (!EvictOne(engine, stats, policy, now, &prng)) return false;
  }
  return true;
}

}  // namespace pleiad
