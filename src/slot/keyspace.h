// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Keyspace: the 16384 slots. A Slot is the room in which a key lives: its tables (one per numbered
// database), its expiry summary, its ownership state and its lock. A Slot& comes only from a
// LockSet (or inside an exclusive section).
//
// Lock order: exclusive section, slots ascending, journal, leaf locks.
//
// Snapshots without fork. A cut (in an exclusive section) takes the next version number and
// registers a sink. Every table segment remembers the newest version it was given out for. The
// walker gives each segment to the sinks that lack it, under the slot lock; a writer that is about
// to change a segment that the walker has not reached does the same first. So each sink sees
// exactly the entries of its cut, each once, in no order; a segment is at most 470 entries, which
// bounds the writer's delay.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/crc.h"
#include "base/ids.h"
#include "base/spin_lock.h"
#include "slot/hash.h"
#include "slot/table.h"

namespace pleiad {

// Where a slot stands, as the cluster says. Standalone: all kMine. kHeld: it changes hands at this
// moment, and who asks for its keys waits (runtime/migration_driver.h).
enum class SlotState : uint8_t { kMine, kMigrating, kImporting, kNotMine, kHeld };

// Whether the keys in a slot are anybody's. Those of the last two are hidden from clients, never
// expire and are not evicted here.
enum class SlotPhase : uint8_t {
  kOrdinary,
  kIncoming,  // a migration fills it; not served before it is claimed
  kLeftover,  // it went to another node, or a migration into it failed: its keys wait to be freed
};

// A key as looked up: its bytes, hash and slot.
struct Key {
  std::string_view bytes;
  uint64_t hash = 0;
  SlotId slot;
};

// Receives the entries of a snapshot. Called with the entry's slot locked, from the walker and from
// writers: must be thread-safe, quick, and must not touch the keyspace.
class SnapshotSink {
 public:
  virtual ~SnapshotSink() = default;
  virtual void Take(SlotId slot, int db, const Entry& entry) = 0;
};

struct SlotDb {
  Table table;
  uint32_t with_expiry = 0;        // entries that have one
  uint32_t with_field_expiry = 0;  // hashes some of whose fields have one
};

struct alignas(64) Slot {
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  static constexpr uint8_t kWatched = 1;  // somebody (WATCH, tracking) wants to hear of changes
  static constexpr uint8_t kWaiters = 2;  // clients wait for a key of this slot to be ready
  static constexpr uint8_t kMoving = 4;   // MIGRATE is moving a key of this slot

  SpinLock lock;
  SlotState state = SlotState::kMine;
  uint8_t watched = 0;  // bits of the three above
  SlotPhase phase = SlotPhase::kOrdinary;
  bool hidden() const { return phase != SlotPhase::kOrdinary; }
  SlotDb db0;
  int64_t next_expiry_ms = kNever;  // no entry or field of this slot expires before that
  SlotDb* more = nullptr;           // databases 1.. : array, made when first used
};
static_assert(sizeof(Slot) == 64);

class Keyspace {
 public:
  Keyspace(int databases, uint64_t hash_seed);
  ~Keyspace();
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  int databases() const { return databases_; }
  uint64_t hash_seed() const { return seed_; }

  Key MakeKey(std::string_view bytes) const {
    return {bytes, HashKey(bytes, seed_), KeySlot(bytes)};
  }

  // Raw access: for prefetching, and for LockSet. Everyone else holds the slot's lock.
  Slot& RawSlot(SlotId id) { return slots_[id.value]; }

  // REQUIRES: the slot's lock. The database is made if `create`; otherwise null if it was never
  // used.
  SlotDb* Db(Slot& slot, int db, bool create);

  // Exclusive section: no other thread is inside a command. Read side: one flag per thread, set for
  // a batch of commands. `thread` is the caller's number, 0 <= thread < kMaxThreads. A thread that
  // is inside must leave before it enters exclusively.
  static constexpr int kMaxThreads = 256;
  void Enter(int thread) {
    threads_[static_cast<size_t>(thread)].inside.store(1, std::memory_order_seq_cst);
    if (exclusive_wanted_.load(std::memory_order_seq_cst) != 0) [[unlikely]]
      EnterSlow(thread);
  }
  void Leave(int thread) {
    threads_[static_cast<size_t>(thread)].inside.store(0, std::memory_order_release);
    if (exclusive_wanted_.load(std::memory_order_relaxed) != 0) [[unlikely]]
      LeaveSlow(thread);
  }
  void EnterExclusive();
  void LeaveExclusive();

  // REQUIRES: the slot's lock; called before any change to the entry or the table around `hash`.
  void BeforeChange(SlotId id, int db, SlotDb& slot_db, uint64_t hash) {
    if (active_snapshots_.load(std::memory_order_relaxed) == 0) [[likely]]
      return;
    GiveSegment(id, db, slot_db.table.SegmentFor(hash));
  }
  // The same for a whole database of a slot (FLUSHDB, SWAPDB).
  void BeforeChangeAll(SlotId id, int db, SlotDb& slot_db);

  // REQUIRES: exclusive section. The sink sees the state of now; until EndSnapshot it is called.
  void BeginSnapshot(SnapshotSink* sink);
  // Gives what is left of slot `id` to all sinks, some 1000 entries at a time. Takes the slot's
  // lock. The walker calls it for each slot, with a fresh place, until it returns false.
  struct WalkPlace {
    int db = 0;
    uint32_t prefix = 0;
  };
  bool WalkSlot(SlotId id, WalkPlace* place);
  // REQUIRES: exclusive section, or all slots walked.
  void EndSnapshot(SnapshotSink* sink);

  // Bookkeeping of expiries. REQUIRES: the slot's lock.
  void NoteExpiry(Slot& slot, SlotDb& db, int64_t at_ms) {
    if (db.with_expiry++ == 0) slots_with_expiry_.fetch_add(1, std::memory_order_relaxed);
    if (at_ms < slot.next_expiry_ms) slot.next_expiry_ms = at_ms;
  }
  void DropExpiry(SlotDb& db) {
    if (--db.with_expiry == 0) slots_with_expiry_.fetch_sub(1, std::memory_order_relaxed);
  }
  // The same for hashes with fields that expire.
  void NoteFieldExpiry(Slot& slot, SlotDb& db, int64_t at_ms) {
    if (db.with_field_expiry++ == 0) slots_with_expiry_.fetch_add(1, std::memory_order_relaxed);
    if (at_ms < slot.next_expiry_ms) slot.next_expiry_ms = at_ms;
  }
  void DropFieldExpiry(SlotDb& db) {
    if (--db.with_field_expiry == 0) slots_with_expiry_.fetch_sub(1, std::memory_order_relaxed);
  }
  // Both kinds, for an entry that came into a table or leaves it.
  void NoteExpiries(Slot& slot, SlotDb& db, const Entry& e) {
    if (e.has_expiry()) NoteExpiry(slot, db, e.expiry_ms());
    if (e.has_field_expiry()) [[unlikely]]
      NoteFieldExpiry(slot, db, NextFieldExpiry(e));
  }
  void DropExpiries(SlotDb& db, const Entry& e) {
    if (e.has_expiry()) DropExpiry(db);
    if (e.has_field_expiry()) [[unlikely]]
      DropFieldExpiry(db);
  }
  // No field expires before that.
  static int64_t NextFieldExpiry(const Entry& e);
  bool any_expiry() const { return slots_with_expiry_.load(std::memory_order_relaxed) != 0; }

  // Keys and keys with an expiry in a database, without hidden slots. Cost: 16384 locks (about
  // 200 us).
  struct Counts {
    uint64_t keys = 0;
    uint64_t with_expiry = 0;
  };
  Counts Count(int db);

 private:
  struct alignas(64) ThreadFlag {
    std::atomic<uint32_t> inside{0};
  };
  struct ActiveSnapshot {
    uint32_t version;
    SnapshotSink* sink;
  };
  void EnterSlow(int thread);
  void LeaveSlow(int thread);
  void GiveSegment(SlotId id, int db, Table::Segment* segment);

  const int databases_;
  const uint64_t seed_;
  std::unique_ptr<Slot[]> slots_;
  std::array<ThreadFlag, kMaxThreads> threads_;
  std::atomic<uint32_t> exclusive_wanted_{0};
  SpinLock exclusive_lock_;
  std::atomic<int64_t> slots_with_expiry_{0};  // databases of slots, for either kind
  std::atomic<uint32_t> active_snapshots_{0};
  std::array<ActiveSnapshot, 16> snapshots_{};  // changed in exclusive sections only
  uint32_t version_ = 0;
};

// Holds the locks of a set of slots, taken in ascending order. The only way to a Slot& outside
// exclusive sections.
class LockSet {
 public:
  explicit LockSet(Keyspace* keyspace) : keyspace_(keyspace) {}
  ~LockSet() { Release(); }
  LockSet(const LockSet&) = delete;
  LockSet& operator=(const LockSet&) = delete;

  void LockOne(SlotId id) NO_THREAD_SAFETY_ANALYSIS {
    keyspace_->RawSlot(id).lock.lock();
    one_ = id;
    held_ = 1;
  }
  void LockAll(std::vector<SlotId> ids);
  // Holds `more`, too. Releases what it has meanwhile: REQUIRES that nothing found under the locks
  // is used afterwards.
  void Extend(std::vector<SlotId> more);
  void Release();
  // REQUIRES: id is one of the locked slots.
  Slot& slot(SlotId id) { return keyspace_->RawSlot(id); }

 private:
  Keyspace* keyspace_;
  SlotId one_;
  uint32_t held_ = 0;
  std::vector<SlotId> many_;
};

}  // namespace pleiad
