// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "slot/keyspace.h"

#include <algorithm>
#include <mutex>

#include "base/check.h"
#include "data/hash.h"

namespace pleiad {
namespace {

constexpr size_t kWalkAtOnce = 1000;  // entries under one hold of a slot's lock: some 200 us

}  // namespace

Keyspace::Keyspace(int databases, uint64_t hash_seed)
    : databases_(databases), seed_(hash_seed), slots_(new Slot[kSlotCount]) {
  CHECK(databases >= 1);
}

Keyspace::~Keyspace() {
  for (int i = 0; i < kSlotCount; ++i) delete[] slots_[static_cast<size_t>(i)].more;
}

SlotDb* Keyspace::Db(Slot& slot, int db, bool create) {
  if (db == 0) return &slot.db0;
  if (slot.more == nullptr) {
    if (!create) return nullptr;
    slot.more = new SlotDb[static_cast<size_t>(databases_ - 1)];
  }
  return &slot.more[db - 1];
}

int64_t Keyspace::NextFieldExpiry(const Entry& e) {
  static_assert(kHashFormExpiry == 1, "Entry::has_field_expiry");
  return HashView(e.value(), HashView::kHideNothing).NextExpiry();
}

void Keyspace::EnterSlow(int thread) {
  std::atomic<uint32_t>& inside = threads_[static_cast<size_t>(thread)].inside;
  while (true) {
    inside.store(0, std::memory_order_seq_cst);
    inside.notify_all();
    uint32_t wanted = 0;
    while ((wanted = exclusive_wanted_.load(std::memory_order_seq_cst)) != 0) {
      exclusive_wanted_.wait(wanted);
    }
    inside.store(1, std::memory_order_seq_cst);
    if (exclusive_wanted_.load(std::memory_order_seq_cst) == 0) return;
  }
}

void Keyspace::LeaveSlow(int thread) { threads_[static_cast<size_t>(thread)].inside.notify_all(); }

void Keyspace::EnterExclusive() NO_THREAD_SAFETY_ANALYSIS {
  exclusive_wanted_.fetch_add(1, std::memory_order_seq_cst);
  exclusive_lock_.lock();
  for (ThreadFlag& flag : threads_) {
    while (flag.inside.load(std::memory_order_seq_cst) != 0) flag.inside.wait(1);
  }
}

void Keyspace::LeaveExclusive() NO_THREAD_SAFETY_ANALYSIS {
  exclusive_lock_.unlock();
  exclusive_wanted_.fetch_sub(1, std::memory_order_seq_cst);
  exclusive_wanted_.notify_all();
}

void Keyspace::GiveSegment(SlotId id, int db, Table::Segment* segment) {
  if (segment->version >= version_) return;
  for (const ActiveSnapshot& snapshot : snapshots_) {
    if (snapshot.sink == nullptr || snapshot.version <= segment->version) continue;
    for (int b = 0; b < segment->bucket_count; ++b) {
      for (const uint64_t word : segment->buckets[b].word) {
        const Entry* e = Table::ToEntry(word);
        if (e != nullptr) snapshot.sink->Take(id, db, *e);
      }
    }
  }
  segment->version = version_;
}

void Keyspace::BeforeChangeAll(SlotId id, int db, SlotDb& slot_db) {
  if (active_snapshots_.load(std::memory_order_relaxed) == 0) return;
  for (Table::Segment* segment : slot_db.table.Segments()) GiveSegment(id, db, segment);
}

void Keyspace::BeginSnapshot(SnapshotSink* sink) {
  for (ActiveSnapshot& snapshot : snapshots_) {
    if (snapshot.sink != nullptr) continue;
    snapshot = {++version_, sink};
    active_snapshots_.fetch_add(1);
    return;
  }
  CHECK_MSG(false, "more than 16 snapshots at once");
}

bool Keyspace::WalkSlot(SlotId id, WalkPlace* place) {
  LockSet locks(this);
  locks.LockOne(id);
  Slot& slot = locks.slot(id);
  size_t given = 0;
  while (place->db < databases_) {
    SlotDb* slot_db = Db(slot, place->db, false);
    if (slot_db == nullptr) return false;
    if (given >= kWalkAtOnce) return true;
    uint32_t next = 0;
    Table::Segment* segment = slot_db->table.SegmentAt(place->prefix, &next);
    if (segment->version < version_) given += segment->count;
    GiveSegment(id, place->db, segment);
    place->prefix = next;
    if (next == Table::kPrefixes) *place = {place->db + 1, 0};
  }
  return false;
}

void Keyspace::EndSnapshot(SnapshotSink* sink) {
  for (ActiveSnapshot& snapshot : snapshots_) {
    if (snapshot.sink != sink) continue;
    snapshot.sink = nullptr;
    active_snapshots_.fetch_sub(1);
    return;
  }
}

Keyspace::Counts Keyspace::Count(int db) {
  Counts counts;
  for (int i = 0; i < kSlotCount; ++i) {
    const SlotId id(static_cast<uint16_t>(i));
    LockSet locks(this);
    locks.LockOne(id);
    const SlotDb* slot_db = Db(locks.slot(id), db, false);
    if (slot_db == nullptr || locks.slot(id).hidden()) continue;
    counts.keys += slot_db->table.size();
    counts.with_expiry += slot_db->with_expiry;
  }
  return counts;
}

void LockSet::LockAll(std::vector<SlotId> ids) NO_THREAD_SAFETY_ANALYSIS {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  many_ = std::move(ids);
  for (const SlotId id : many_) keyspace_->RawSlot(id).lock.lock();
  held_ = static_cast<uint32_t>(many_.size());
}

void LockSet::Extend(std::vector<SlotId> more) {
  if (held_ != 0 && many_.empty()) more.push_back(one_);
  more.insert(more.end(), many_.begin(), many_.end());
  Release();
  LockAll(std::move(more));
}

void LockSet::Release() NO_THREAD_SAFETY_ANALYSIS {
  if (held_ == 0) return;
  if (many_.empty()) {
    keyspace_->RawSlot(one_).lock.unlock();
  } else {
    for (const SlotId id : many_) keyspace_->RawSlot(id).lock.unlock();
    many_.clear();
  }
  held_ = 0;
}

}  // namespace pleiad
