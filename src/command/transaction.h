// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What MULTI and WATCH remember. A transaction is a client's own; watches are known to everyone who
// changes keys (WatchTable).
//
// EXEC takes the locks of all slots that its commands and the client's watches name, in ascending
// order, checks under them what each command would have been checked for, and runs one command
// after the other (Dispatcher::Exec). Its effects are one group in the journal.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/spin_lock.h"

namespace pleiad {

struct CommandSpec;

struct QueuedCommand {
  const CommandSpec* spec;
  std::vector<std::string> args;
};

struct Transaction {
  bool failed = false;  // a command could not be queued: EXEC refuses
  uint64_t bytes = 0;   // of what is queued
  std::vector<QueuedCommand> commands;
};

// One key of one client. `dirty` is set by whoever changes the key, under the key's slot lock.
struct Watch {
  int db;
  std::string key;
  SlotId slot;
  bool existed;  // when WATCH came
  std::atomic<bool> dirty{false};
};

// Who watches what. Threads: any, with the slot's lock held; the shards' locks are leaves. Cost:
// nothing where no key of the slot is watched (Slot::kWatched).
class WatchTable {
 public:
  void Add(const std::shared_ptr<Watch>& watch);
  void Remove(const std::shared_ptr<Watch>& watch);
  // The key changed. An empty key: all of that database's keys in the slot are about to go. False:
  // nobody watches a key of the slot (any more), so its flag may be cleared.
  bool OnChange(SlotId slot, int db, std::string_view key);

 private:
  static constexpr size_t kShards = 64;
  struct Shard {
    SpinLock lock;
    std::unordered_multimap<uint32_t, std::shared_ptr<Watch>> watches;  // by slot
  };
  Shard& ShardOf(SlotId slot) { return shards_[slot.value % kShards]; }
  std::array<Shard, kShards> shards_;
};

// A client's watches; forgotten with it.
class ClientWatches {
 public:
  explicit ClientWatches(WatchTable* table) : table_(table) {}
  ~ClientWatches() { Clear(); }
  ClientWatches(const ClientWatches&) = delete;
  ClientWatches& operator=(const ClientWatches&) = delete;

  // REQUIRES: the slot's lock. A key that is watched already is left as it is.
  void Add(int db, std::string_view key, SlotId slot, bool existed);
  void Clear();
  const std::vector<std::shared_ptr<Watch>>& all() const { return watches_; }

 private:
  WatchTable* const table_;
  std::vector<std::shared_ptr<Watch>> watches_;
};

}  // namespace pleiad
