// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/context.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace pleiad {
namespace {

constexpr uint32_t kLfuInitial = 5;

bool IsLfu(EvictionPolicy policy) {
  return policy == EvictionPolicy::kAllKeysLfu || policy == EvictionPolicy::kVolatileLfu;
}

uint32_t LruClock(UnixMs now) { return static_cast<uint32_t>(now.value / 1000) & 0xffffff; }
uint32_t LfuMinutes(UnixMs now) { return static_cast<uint32_t>(now.value / 60000) & 0xffff; }

// The counter after the decay that is due.
uint32_t Decayed(const Engine& engine, const Entry& e, UnixMs now) {
  const uint32_t bits = e.access();
  const uint32_t counter = bits & 0xff;
  const auto decay =
      static_cast<uint32_t>(engine.lfu_decay_minutes.load(std::memory_order_relaxed));
  if (decay == 0) return counter;
  const uint32_t passed = ((LfuMinutes(now) - (bits >> 8)) & 0xffff) / decay;
  return passed > counter ? 0 : counter - passed;
}

}  // namespace

bool Args::Is(size_t i, std::string_view word) const { return EqualsIgnoreCase(args_[i], word); }

HeapString* Args::Take(size_t i) const {
  if (owned_ == nullptr || i >= owned_->size()) return nullptr;
  return std::exchange((*owned_)[i], nullptr);
}

uint32_t FreshAccessBits(const Engine& engine, UnixMs now) {
  if (IsLfu(engine.policy.load(std::memory_order_relaxed)))
    return (LfuMinutes(now) << 8) | kLfuInitial;
  return LruClock(now);
}

int64_t ReadContext::IdleSeconds(const Entry& e) const {
  return (LruClock(now_) - e.access()) & 0xffffff;
}

int ReadContext::LfuCounter(const Entry& e) const {
  return static_cast<int>(Decayed(*engine_, e, now_));
}

bool ReadContext::lfu_policy() const {
  return IsLfu(engine_->policy.load(std::memory_order_relaxed));
}

void ReadContext::Touch(Entry* e) {
  if (!lfu_policy()) {
    const uint32_t clock = LruClock(now_);
    if (e->access() != clock) e->set_access(clock);
    return;
  }
  uint32_t counter = Decayed(*engine_, *e, now_);
  if (counter < 255) {
    // Logarithmic counter: the chance to count falls with the count. The cycle-free random comes
    // from the entry's address and the hit count, which is good enough for a sampling policy.
    const uint64_t factor =
        static_cast<uint64_t>(engine_->lfu_log_factor.load(std::memory_order_relaxed));
    const uint64_t base = counter > kLfuInitial ? counter - kLfuInitial : 0;
    const uint64_t draw =
        (stats_->hits.load(std::memory_order_relaxed) * 0x9e3779b97f4a7c15ULL) >> 32;
    if (draw % (base * factor + 1) == 0) ++counter;
  }
  e->set_access((LfuMinutes(now_) << 8) | counter);
}

// What expired on a master goes at once, with its DEL in the journal before anything the running
// command does.
void ReadContext::ExpireNow(const Key& key, int db, SlotDb* slot_db, Entry* e) {
  engine_->keyspace.BeforeChange(key.slot, db, *slot_db, key.hash);
  const std::string_view args[] = {"DEL", key.bytes};
  engine_->journal.Append(key.slot, db, args);
  Slot& slot = locks_->slot(key.slot);
  if (slot.watched & Slot::kWatched) engine_->NoteChange(key.slot, db, key.bytes);
  if ((engine_->notify_flags.load(std::memory_order_relaxed) & kNotifyExpired) &&
      engine_->observer != nullptr) {
    engine_->observer->OnEvent(kNotifyExpired, "expired", db, key.bytes);
  }
  engine_->keyspace.DropExpiries(*slot_db, *e);
  slot_db->table.Remove(key.hash, key.bytes);
  Entry::Free(e);
  ThreadStats::Add(&stats_->expired, 1);
}

Entry* ReadContext::FindMutable(const Key& key, int db, bool touch) {
  SlotDb* slot_db = engine_->keyspace.Db(locks_->slot(key.slot), db, false);
  Entry* e = slot_db == nullptr ? nullptr : slot_db->table.Find(key.hash, key.bytes);
  if (e != nullptr && e->has_expiry() && e->expiry_ms() <= now_.value && !client_->from_master)
      [[unlikely]] {
    // A replica only hides it: the master's DEL decides. A write that is past the check of a pause
    // must delete: it must find what its replicas find.
    const bool deletes =
        may_write_ ? !engine_->replica.load(std::memory_order_relaxed) : engine_->deletes_expired();
    if (deletes) ExpireNow(key, db, slot_db, e);
    e = nullptr;
  }
  if (!touch) return e;
  CountLookup(key, db, e != nullptr);
  if (e != nullptr && !client_->no_touch) Touch(e);
  return e;
}

void ReadContext::CountLookup(const Key& key, int db, bool hit) {
  if (hit) [[likely]] {
    ThreadStats::Add(&stats_->hits, 1);
    return;
  }
  ThreadStats::Add(&stats_->misses, 1);
  if ((engine_->notify_flags.load(std::memory_order_relaxed) & kNotifyKeyMiss) &&
      engine_->observer != nullptr) {
    engine_->observer->OnEvent(kNotifyKeyMiss, "keymiss", db, key.bytes);
  }
}

const Entry* ReadContext::Peek(const Key& key) {
  const Entry* e = FindMutable(key, db_, false);
  CountLookup(key, db_, e != nullptr);
  return e;
}

const Entry* ReadContext::FindAndTouch(const Key& key) {
  Entry* e = FindMutable(key, db_, false);
  CountLookup(key, db_, e != nullptr);
  if (e != nullptr) Touch(e);
  return e;
}

void ReadContext::Watch(const Key& key) {
  const bool exists = FindMutable(key, db_, false) != nullptr;
  if (!client_->watches) client_->watches = std::make_shared<ClientWatches>(&engine_->watches);
  locks_->slot(key.slot).watched |= Slot::kWatched;
  client_->watches->Add(db_, key.bytes, key.slot, exists);
}

SlotDb* WriteContext::DbOf(const Key& key, int db, bool create) {
  return engine_->keyspace.Db(SlotOf(key), ResolveDb(db), create);
}

Entry* WriteContext::FindForWrite(const Key& key) {
  Entry* e = FindMutable(key, db_, false);
  if (e == nullptr) return nullptr;
  engine_->keyspace.BeforeChange(key.slot, db_, *DbOf(key, db_, false), key.hash);
  Touch(e);
  return e;
}

void WriteContext::ReplaceMoved(const Key& key, const Entry* old, Entry* fresh) {
  if (old == fresh) return;
  DbOf(key, db_, false)->table.Replace(key.hash, old, fresh);
}

void WriteContext::CountFieldExpiry(const Key& key, bool has) {
  SlotDb* slot_db = DbOf(key, db_, false);
  if (has) {
    engine_->keyspace.NoteFieldExpiry(SlotOf(key), *slot_db, Slot::kNever);
  } else {
    engine_->keyspace.DropFieldExpiry(*slot_db);
  }
}

void WriteContext::FieldExpires(const Key& key, int64_t at_ms) {
  Slot& slot = SlotOf(key);
  slot.next_expiry_ms = std::min(slot.next_expiry_ms, at_ms);
}

void WriteContext::Unlink(SlotDb* slot_db, Entry* e) {
  engine_->keyspace.DropExpiries(*slot_db, *e);
}

void WriteContext::Link(const Key& key, SlotDb* slot_db, Entry* e) {
  engine_->keyspace.NoteExpiries(SlotOf(key), *slot_db, *e);
}

void WriteContext::SetString(const Key& key, std::string_view value, int64_t expiry_ms,
                             bool keep_expiry, HeapString* owned) {
  SlotDb* slot_db = DbOf(key, db_, true);
  engine_->keyspace.BeforeChange(key.slot, db_, *slot_db, key.hash);
  Entry* old = slot_db->table.Find(key.hash, key.bytes);
  if (old != nullptr && old->has_expiry() && old->expiry_ms() <= now_.value &&
      !client_->from_master) [[unlikely]] {
    // Its time is over: KEEPTTL must not inherit it, and listeners hear that it expired.
    keep_expiry = false;
    if (!engine_->replica.load(std::memory_order_relaxed)) {
      ExpireNow(key, db_, slot_db, old);
      old = nullptr;
    }
  }
  // Overwriting in place is most of a cache's writes: no allocation, no change of the table.
  if (old != nullptr && owned == nullptr && old->type() == ValueType::kString && !old->modified()) {
    if (keep_expiry) expiry_ms = old->expiry_ms();
    if (old->has_expiry() == (expiry_ms != Entry::kNoExpiry) && old->TryAssign(value)) {
      if (expiry_ms != Entry::kNoExpiry) {
        old->set_expiry_in_place(expiry_ms);
        SlotOf(key).next_expiry_ms = std::min(SlotOf(key).next_expiry_ms, expiry_ms);
      }
      Touch(old);
      Changed(key);
      return;
    }
  }
  if (old != nullptr && keep_expiry) expiry_ms = old->expiry_ms();
  Entry* fresh = owned != nullptr ? Entry::CreateHeapString(key.bytes, owned, expiry_ms)
                                  : Entry::CreateString(key.bytes, value, expiry_ms);
  fresh->set_access(FreshAccessBits(*engine_, now_));
  if (old == nullptr) {
    slot_db->table.Insert(key.hash, fresh, engine_->keyspace.hash_seed());
    Notify(kNotifyNew, "new", key);
  } else {
    // Whoever reads a group of the stream that lay here learns that it is gone.
    if (old->type() == ValueType::kStream) MarkReady(key);
    Unlink(slot_db, old);
    slot_db->table.Replace(key.hash, old, fresh);
    Entry::Free(old);
  }
  Link(key, slot_db, fresh);
  Changed(key);
}

void WriteContext::Put(const Key& key, Entry* entry, int db) {
  SlotDb* slot_db = DbOf(key, db, true);
  engine_->keyspace.BeforeChange(key.slot, ResolveDb(db), *slot_db, key.hash);
  if (Entry* old = slot_db->table.Find(key.hash, key.bytes)) {
    Unlink(slot_db, old);
    slot_db->table.Replace(key.hash, old, entry);
    Entry::Free(old);
  } else {
    slot_db->table.Insert(key.hash, entry, engine_->keyspace.hash_seed());
    Notify(kNotifyNew, "new", key, db);
  }
  Link(key, slot_db, entry);
  Changed(key, db);
  MarkReady(key, db);
}

void WriteContext::PutValue(const Key& key, ValueType type, MemoryStore* value, int64_t expiry_ms) {
  Entry* entry = Entry::CreateValue(key.bytes, type, value, expiry_ms);
  entry->set_access(FreshAccessBits(*engine_, now_));
  Put(key, entry);
}

void WriteContext::MarkReady(const Key& key, int db) {
  if ((SlotOf(key).watched & Slot::kWaiters) == 0) [[likely]]
    return;
  ready_.push_back({ResolveDb(db), std::string(key.bytes)});
}

Entry* WriteContext::Extract(const Key& key, int db) {
  if (FindMutable(key, ResolveDb(db), false) == nullptr) return nullptr;
  SlotDb* slot_db = DbOf(key, db, false);
  engine_->keyspace.BeforeChange(key.slot, ResolveDb(db), *slot_db, key.hash);
  Entry* e = slot_db->table.Remove(key.hash, key.bytes);
  Unlink(slot_db, e);
  MarkReady(key, db);  // whoever reads a stream's group learns that it is gone
  Changed(key, db);
  return e;
}

bool WriteContext::Delete(const Key& key, int db) {
  Entry* e = Extract(key, db);
  if (e == nullptr) return false;
  Entry::Free(e);
  return true;
}

void WriteContext::SetExpiry(const Key& key, int64_t expiry_ms) {
  SlotDb* slot_db = DbOf(key, db_, false);
  engine_->keyspace.BeforeChange(key.slot, db_, *slot_db, key.hash);
  Entry* e = slot_db->table.Find(key.hash, key.bytes);
  CHECK(e != nullptr);
  Unlink(slot_db, e);
  const Entry* old = e;
  Entry* fresh = Entry::WithExpiry(e, expiry_ms);
  if (fresh != old) slot_db->table.Replace(key.hash, old, fresh);
  Link(key, slot_db, fresh);
  Changed(key);
}

void WriteContext::Changed(const Key& key, int db) {
  ++dirty_;
  if (SlotOf(key).watched & Slot::kWatched) [[unlikely]] {
    engine_->NoteChange(key.slot, ResolveDb(db), key.bytes, client_);
  }
}

void WriteContext::Notify(NotifyClass event_class, std::string_view event, const Key& key, int db) {
  if (!(engine_->notify_flags.load(std::memory_order_relaxed) & event_class)) [[likely]]
    return;
  if (engine_->observer != nullptr)
    engine_->observer->OnEvent(event_class, event, ResolveDb(db), key.bytes);
}

void WriteContext::Propagate(std::span<const std::string_view> args) {
  propagated_ = true;
  if (client_->from_master || !engine_->journal.active()) return;
  const SlotId slot = keys_ == nullptr || keys_->empty() ? SlotId(0) : key(0).slot;
  if (group_ != nullptr) {
    group_->Add(slot, db_, args);
  } else {
    engine_->journal.Append(slot, db_, args);
  }
}

}  // namespace pleiad
