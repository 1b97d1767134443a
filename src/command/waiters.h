// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Clients that wait: for a key (BLPOP and its like), for acknowledgements (WAIT), for the end of a
// pause. What is remembered of them, and who waits for which key.
//
// A waiter for keys is its command, to be run again. Its states:
//
//     kWaiting   in the table; anybody may take it
//     kServing   a thread runs its command; what it gave is not delivered yet
//     kDone      answered, timed out, unblocked or gone; nobody may touch it any more
//
//     kWaiting -> kServing   a thread that made a key ready (Dispatcher::ServeReady)
//     kServing -> kWaiting   there was nothing for it after all
//     kServing -> kDone      it got its reply
//     kWaiting -> kDone      its reactor (deadline, CLIENT UNBLOCK), a change of role or owner
//     any      -> kDone      its connection closed
//
// Registration happens under the locks of the keys' slots, together with the look that found
// nothing, and sets Slot::kWaiters; a writer looks at that flag under the same lock. So no wake-up
// is lost. A thread that finds a waiter being served leaves `again` behind, and whoever serves it
// looks once more.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/spin_lock.h"
#include "command/client_state.h"

namespace pleiad {

struct Waiter {
  enum State : int { kWaiting, kServing, kDone };
  enum class Kind : uint8_t {
    kKeys,
    kAcks,   // no keys; runtime::AckWaiters answers it
    kPause,  // no keys, no reply: its command is still to come (command/pause.h)
  };

  struct WaitedKey {
    SlotId slot;
    std::string key;
  };
  Kind kind = Kind::kKeys;
  std::atomic<int> state{kWaiting};
  std::atomic<bool> again{false};
  std::atomic<bool> listed{false};  // in the table
  ClientState client;               // what its command is run for; without a connection
  std::vector<std::string> args;
  std::vector<WaitedKey> keys;
  int db = 0;
  bool null_array = true;
  bool writes = false;
  // A write to a key that MIGRATE is moving: it will have a reply of any kind as soon as that is
  // over, and nobody else may end it.
  bool held = false;
  // Its slot is about to change hands (SlotState::kHeld), and it waits for the outcome, not for a
  // key. Nobody serves it: an empty reply lets its reactor run it again.
  bool rerun = false;
  int64_t deadline_ms = 0;  // mono; 0: for ever
  // The reply at the deadline, if it is not a null. Any thread inside the keyspace.
  std::function<std::string()> at_deadline;
  // Hands the reply to the client's reactor; an empty one: run the command again. Any thread.
  std::function<void(std::string reply)> deliver;

  // True if the caller may answer it now, and nobody else will.
  bool Finish() {
    int expected = kWaiting;
    return state.compare_exchange_strong(expected, kDone);
  }
};

// Threads: any. Locks: a shard's is a leaf.
class WaiterTable {
 public:
  // REQUIRES: the locks of its keys' slots.
  void Add(const std::shared_ptr<Waiter>& waiter);
  // Once is enough, twice does no harm.
  void Remove(const std::shared_ptr<Waiter>& waiter);
  // Those that wait for the key, the first come first.
  std::vector<std::shared_ptr<Waiter>> For(SlotId slot, int db, std::string_view key);
  // All of them, of all slots or of one.
  std::vector<std::shared_ptr<Waiter>> All();
  std::vector<std::shared_ptr<Waiter>> All(SlotId slot);
  // True if somebody waits for a key of that slot. Cost: one look-up.
  bool Any(SlotId slot);
  // Keys that became ready while a pause held everything still. Who leaves them looks at the pause
  // once more afterwards, and takes them back if it is over.
  struct ReadyKey {
    int db;
    std::string key;
  };
  void LeaveOver(std::deque<ReadyKey>* ready);
  // The keys of a database (negative: of any) may have something, or are gone: FLUSHALL, SWAPDB.
  void LeaveAllOver(int db);
  std::deque<ReadyKey> TakeLeftOver();
  bool any_left_over() const { return any_left_over_.load(std::memory_order_seq_cst); }
  int64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kShards = 64;
  struct Shard {
    SpinLock lock;
    std::unordered_map<std::string, std::deque<std::shared_ptr<Waiter>>> queues;
    std::unordered_map<uint16_t, size_t> places;  // in the queues, by slot
  };
  static std::string Name(int db, std::string_view key);
  Shard& ShardOf(SlotId slot) { return shards_[slot.value % kShards]; }
  std::array<Shard, kShards> shards_;
  std::atomic<int64_t> count_{0};
  SpinLock left_over_lock_;
  std::deque<ReadyKey> left_over_;
  std::atomic<bool> any_left_over_{false};
};

}  // namespace pleiad
