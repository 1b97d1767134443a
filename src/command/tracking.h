// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Client-side caching (CLIENT TRACKING): who has read which keys, and who hears when they change.
//
// A read of a client that tracks puts its id beside the key, under the key's slot lock, and marks
// the slot (Slot::kWatched). A writer of a marked slot looks the key up, under the same lock, takes
// it out, and leaves letters with the desks of its clients (command/pubsub.h). So no change goes
// unheard, and where nobody tracks, a read costs a look at a flag and a write nothing more than it
// does for WATCH. Clients that went away are noticed when their id is used.
//
// Broadcasting clients are in a table of prefixes instead; while there is one, all slots are
// marked. What a command changes under a prefix is one message, made when the batch that it came
// with has run.
//
// Keys are known by name alone, whatever their database, as in Redis.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/spin_lock.h"
#include "command/client_state.h"
#include "command/pubsub.h"

namespace pleiad {

class Tracking;

// How one client tracks. Threads: its own, or an exclusive section.
struct TrackingState {
  TrackingState(Tracking* in, uint64_t client, int at);
  ~TrackingState();
  TrackingState(const TrackingState&) = delete;
  TrackingState& operator=(const TrackingState&) = delete;

  Tracking* const table;
  const uint64_t id;
  const int thread;
  bool broadcast = false;
  bool opt_in = false;
  bool opt_out = false;
  bool no_loop = false;
  bool caching = false;  // CLIENT CACHING was said for the next command
  bool broken = false;   // whom it redirects to has gone
  uint64_t redirect = 0;
  int redirect_thread = 0;
  std::set<std::string, std::less<>> prefixes;  // change with Tracking::AddPrefix
};

class Tracking {
 public:
  explicit Tracking(PubSub* pubsub) : pubsub_(pubsub) {}
  Tracking(const Tracking&) = delete;
  Tracking& operator=(const Tracking&) = delete;

  // The client has read the key. REQUIRES: the slot's lock; the caller marks the slot.
  void Remember(SlotId slot, std::string_view key, const TrackingState& client);
  // The key changed. False: nobody tracks a key of the slot (any more). REQUIRES: the slot's lock.
  bool OnChange(SlotId slot, std::string_view key, const ClientState* by);
  // The slot went to another node: of its changes nothing will be heard here. REQUIRES: the slot's
  // lock.
  void DropSlot(SlotId slot);
  // All keys are gone. REQUIRES: an exclusive section.
  void OnFlush();
  // Forgets keys, whose clients are told as if they had changed, until there are no more than
  // `keys_max` (0: any number).
  void Trim(size_t keys_max);
  void set_keys_max(size_t keys_max) { keys_max_.store(keys_max, std::memory_order_relaxed); }

  // The state needs all changes of keys with that prefix. True: it is the first of all, and all
  // slots must be marked now.
  bool AddPrefix(TrackingState* state, std::string_view prefix);
  // Sends what the client's commands changed under prefixes. Cost: a load if there are none.
  void SendBroadcasts(uint64_t by) {
    if (pending_any_.load(std::memory_order_relaxed)) [[unlikely]]
      SendPending(by);
  }

  int64_t clients() const { return clients_.load(std::memory_order_relaxed); }
  size_t keys() const { return keys_.load(std::memory_order_relaxed); }
  size_t items() const { return items_.load(std::memory_order_relaxed); }  // clients of all keys
  size_t prefixes() const { return prefix_count_.load(std::memory_order_relaxed); }

 private:
  friend struct TrackingState;
  static constexpr size_t kShards = 64;
  struct Reader {
    uint64_t id;
    int thread;
  };
  using Readers = std::vector<Reader>;  // by id
  struct Shard {
    SpinLock lock;
    std::unordered_map<std::string, Readers> keys;
    std::unordered_map<uint16_t, size_t> keys_of_slot;
  };
  using Keys = std::shared_ptr<const std::vector<std::string>>;

  Shard& ShardOf(SlotId slot) { return shards_[slot.value % kShards]; }
  // REQUIRES: the shard's lock. What the key's readers were.
  Readers Take(Shard* shard, SlotId slot, std::string_view key);
  void Tell(const Readers& readers, const Keys& keys, uint64_t by, bool broadcast);
  void NoteBroadcast(std::string_view key, const ClientState* by);
  void SendPending(uint64_t by);
  void TellPrefix(const std::string& prefix, const Keys& keys, uint64_t by);
  void Leave(const TrackingState& state);

  PubSub* const pubsub_;
  std::array<Shard, kShards> shards_;
  std::atomic<size_t> keys_max_{0};
  std::atomic<size_t> next_trim_{0};
  std::shared_mutex prefixes_mutex_;
  std::map<std::string, Readers, std::less<>> prefixes_;
  SpinLock pending_lock_;
  std::map<uint64_t, std::map<std::string, std::set<std::string>>> pending_;  // by client, prefix
  std::atomic<bool> pending_any_{false};
  std::atomic<int64_t> clients_{0};
  std::atomic<size_t> keys_{0};
  std::atomic<size_t> items_{0};
  std::atomic<size_t> prefix_count_{0};
};

}  // namespace pleiad
