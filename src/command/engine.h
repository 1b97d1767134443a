// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Engine: the data side of a server: the slots, the journal, the hooks through which changes are
// made known, and the figures. One per server. The runtime owns it; handlers reach it through their
// context only.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "command/function_libraries.h"
#include "command/moving_keys.h"
#include "command/pause.h"
#include "command/pubsub.h"
#include "command/slot_stats.h"
#include "command/tracking.h"
#include "command/transaction.h"
#include "command/waiters.h"
#include "data/collection_settings.h"
#include "journal/journal.h"
#include "resp/writer.h"
#include "slot/keyspace.h"

namespace pleiad {

struct ClientState;

// Classes of keyspace notifications: the letters of `notify-keyspace-events`.
enum NotifyClass : uint32_t {
  kNotifyKeyspace = 1 << 0,  // K
  kNotifyKeyevent = 1 << 1,  // E
  kNotifyGeneric = 1 << 2,   // g
  kNotifyString = 1 << 3,    // $
  kNotifyList = 1 << 4,      // l
  kNotifySet = 1 << 5,       // s
  kNotifyHash = 1 << 6,      // h
  kNotifyZset = 1 << 7,      // z
  kNotifyExpired = 1 << 8,   // x
  kNotifyEvicted = 1 << 9,   // e
  kNotifyStream = 1 << 10,   // t
  kNotifyKeyMiss = 1 << 11,  // m
  kNotifyModule = 1 << 12,   // d
  kNotifyNew = 1 << 13,      // n
};

// Who wants to hear of changes (publish/subscribe, WATCH, client tracking). Called with the slot
// locked: must be quick and must not touch the keyspace.
class ChangeObserver {
 public:
  virtual ~ChangeObserver() = default;
  // A keyspace event of a class that is switched on.
  virtual void OnEvent(NotifyClass event_class, std::string_view event, int db,
                       std::string_view key) = 0;
  // Any change of a key in a slot whose kWatched flag is set. An empty key: the whole database.
  // `by` is the client that did it; null: the server itself. False: it wants to hear no more of
  // this slot.
  virtual bool OnChange(SlotId slot, int db, std::string_view key, const ClientState* by) = 0;
  // A database or all of them were emptied. In an exclusive section.
  virtual void OnFlush() {}
};

// Decides about keyed commands whose slot is not plainly ours. Called with the slot locked.
struct RouteQuery {
  SlotId slot;
  SlotState state = SlotState::kMine;
  bool write = false;
  bool asking = false;
  bool fenced = false;  // whatever the view says: by now others may own the slot
  bool readonly_client = false;
  bool pubsub_shard = false;
  size_t keys = 0;
  size_t keys_missing = 0;
};
class Router {
 public:
  virtual ~Router() = default;
  // True: run it here. False: the error (MOVED, ASK, TRYAGAIN, CLUSTERDOWN) has been written.
  virtual bool Route(const RouteQuery& query, resp::Writer* out) = 0;
};

enum class EvictionPolicy : uint8_t {
  kNoEviction,
  kAllKeysLru,
  kAllKeysLfu,
  kAllKeysRandom,
  kVolatileLru,
  kVolatileLfu,
  kVolatileRandom,
  kVolatileTtl,
};

// Why writes are refused: what should keep them does not work.
enum class PersistenceError : uint8_t { kNone, kRdb, kAof };

// Figures of one thread, summed for INFO. Written by the thread alone; relaxed atomics so that
// others may read.
struct alignas(64) ThreadStats {
  using Counter = std::atomic<uint64_t>;
  static void Add(Counter* c, uint64_t n) {
    c->store(c->load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  Counter commands{0};
  Counter hits{0};
  Counter misses{0};
  Counter expired{0};
  Counter evicted{0};
  Counter dirty{0};
  Counter bytes_in{0};
  Counter bytes_out{0};
  Counter errors{0};
  Counter reads_processed{0};
  Counter writes_processed{0};
};

struct Engine {
  Engine(int databases, uint64_t hash_seed) : keyspace(databases, hash_seed) {
    collections.hash_seed = hash_seed;
  }

  // A key changed in a slot whose kWatched flag is set; an empty key: the whole database. With the
  // slot locked.
  void NoteChange(SlotId slot, int db, std::string_view key, const ClientState* by = nullptr) {
    const bool watched = watches.OnChange(slot, db, key);
    const bool observed = observer != nullptr && observer->OnChange(slot, db, key, by);
    if (!watched && !observed) {
      keyspace.RawSlot(slot).watched &= static_cast<uint8_t>(~Slot::kWatched);
    }
  }

  // What has expired is deleted, and said so in the journal. Otherwise it is only not seen.
  bool deletes_expired() const {
    return !replica.load(std::memory_order_relaxed) && pauses.level() == PauseLevel::kNone;
  }

  CollectionSettings collections;
  Keyspace keyspace;
  Journal journal;

  // Settings of the data side; changed by CONFIG SET, read with relaxed loads.
  std::atomic<uint32_t> notify_flags{0};
  std::atomic<uint64_t> maxmemory{0};
  std::atomic<EvictionPolicy> policy{EvictionPolicy::kNoEviction};
  std::atomic<int> maxmemory_samples{5};
  std::atomic<int> lfu_log_factor{10};
  std::atomic<int> lfu_decay_minutes{1};
  std::atomic<bool> active_expire{true};
  std::atomic<uint64_t> query_bytes_max{1ULL << 30};  // client-query-buffer-limit
  std::atomic<bool> pause_cron{false};                // DEBUG PAUSE-CRON
  std::atomic<bool> skip_checksum{false};             // DEBUG SET-SKIP-CHECKSUM-VALIDATION
  std::atomic<uint64_t> bulk_bytes_max{512
                                       << 20};  // proto-max-bulk-len: a string may not grow beyond
  std::atomic<bool> rdb_compression{true};      // of DUMP payloads, as of dumps
  // Commands beyond these go to the dispatcher's slow hook: time, bytes of the request, of the
  // reply.
  std::atomic<uint64_t> slowlog_cycles{~0ULL};
  std::atomic<uint64_t> large_request_bytes{~0ULL};
  std::atomic<uint64_t> large_reply_bytes{~0ULL};

  // State of the node.
  std::atomic<bool> cluster{false};       // cluster-enabled
  std::atomic<bool> cluster_down{false};  // keyed commands go through the router
  std::atomic<bool> replica{false};       // follows a master: never expires or evicts on its own
  std::atomic<bool> replica_read_only{true};
  std::atomic<bool> loading{false};  // a full sync is being loaded
  std::atomic<bool> master_link_down{
      false};  // replica without link and replica-serve-stale-data no
  std::atomic<bool> require_auth{false};
  std::atomic<int> monitors{0};              // clients that said MONITOR
  std::atomic<int> min_replicas_missing{0};  // min-replicas-to-write not met
  // FLUSHALL, FLUSHDB, SWAPDB so far: what they do is in no slot's records. Counted in their
  // exclusive section.
  std::atomic<uint64_t> whole_changes{0};
  std::atomic<PersistenceError> persistence_error{PersistenceError::kNone};

  // Set before the threads start.
  Router* router = nullptr;  // null: standalone
  ChangeObserver* observer = nullptr;
  std::function<std::string()> master_address;  // "host:port" of whom this node follows
  // Called before a command runs while `monitors` is not 0, on the thread that runs it.
  std::function<void(const ClientState&, std::span<const std::string_view> args)> on_monitored;
  WatchTable watches;
  WaiterTable waiters;
  MovingKeys moving;
  FunctionLibraries functions;
  PubSub pubsub{Keyspace::kMaxThreads};
  Tracking tracking{&pubsub};
  Pauses pauses;
  SlotStats slot_stats;
  std::array<ThreadStats, Keyspace::kMaxThreads> stats;
};

}  // namespace pleiad
