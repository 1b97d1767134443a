// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Publish/subscribe inside one process: who is subscribed to what, and how a message gets from the
// thread that publishes to the threads of its subscribers.
//
//   PubSub       what everybody may ask: for each channel, how many subscribers each thread has.
//                PUBLISH looks here, knows the number that it answers, and leaves one letter with
//                each thread that has any
//   Mailbox      letters for one thread, in the order in which they came
//   Desk         one thread's side: its mailbox, and which of its own clients are subscribed to
//                what. Nobody else looks at it
//   Subscriber   one client's subscriptions; they end with it
//
// Order: a letter is left under the lock of its channel's part of the registry, so that all
// subscribers of a channel see its messages in the same order, and each publisher's in the order in
// which it sent them. A client that subscribes notes how many letters its desk had got, and hears
// only what came later.
//
// Locks are leaves: callers may hold slot locks. No lock is held while a connection is written to.
// Cost of PUBLISH: two loads if nobody is subscribed to anything; else a hash look-up, a look at
// every pattern, a copy of the message, and a push for each thread with subscribers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/spin_lock.h"
#include "command/client_state.h"

namespace pleiad {

class PubSub;
class Subscriber;
struct TrackingState;

enum class ChannelKind : uint8_t { kChannel, kPattern, kShard };
inline constexpr size_t kChannelKinds = 3;

// A message, and the patterns its channel fits.
struct PublishedMessage {
  bool shard = false;
  std::string channel;
  std::string text;
  std::vector<std::shared_ptr<const std::string>> patterns;
};

// What a desk may be told.
struct MessageLetter {
  std::shared_ptr<const PublishedMessage> message;
};
// Shard channels of that slot are not served here any more.
struct SlotGoneLetter {
  SlotId slot;
};
// Client-side caching (command/tracking.h): what these clients keep of these keys is not good any
// more. No keys: of all keys, and all clients.
struct InvalidateLetter {
  std::shared_ptr<const std::vector<std::string>> keys;
  std::vector<uint64_t> clients;
  uint64_t by = 0;  // who changed them
  bool broadcast = false;
};
// The same, on its way from the client that tracks to the one that it redirects to ...
struct RedirectedLetter {
  std::shared_ptr<const std::vector<std::string>> keys;
  uint64_t to = 0;
  uint64_t from = 0;
  int from_thread = 0;
};
// ... which is not there any more.
struct RedirectBrokenLetter {
  uint64_t from = 0;
};
using Letter = std::variant<MessageLetter, SlotGoneLetter, InvalidateLetter, RedirectedLetter,
                            RedirectBrokenLetter>;

class Mailbox {
 public:
  // Any thread.
  void Push(Letter letter);
  // Letters are there. The first ones are told with the waker; what comes while some are there is
  // not.
  bool any() const { return any_.load(std::memory_order_acquire); }
  // How many were ever pushed.
  uint64_t pushed() const { return pushed_.load(std::memory_order_acquire); }
  // Takes all. *first becomes the number of the first of them; numbers begin at 1.
  std::vector<Letter> Take(uint64_t* first);
  // Called from any thread, with locks held: must only signal. Set before the threads start.
  void set_waker(std::function<void()> wake) { wake_ = std::move(wake); }

 private:
  SpinLock lock_;
  std::vector<Letter> letters_;
  std::atomic<uint64_t> pushed_{0};
  std::atomic<bool> any_{false};
  std::function<void()> wake_;
};

// Where a desk's pushes go.
class PushSink {
 public:
  virtual ~PushSink() = default;
  virtual void BeginPushes() = 0;
  // One or more whole messages for a client of this thread.
  virtual void Push(ClientState* client, std::string_view bytes) = 0;
  virtual void EndPushes() = 0;
};

// Threads: its own.
class Desk {
 public:
  Mailbox& mailbox() { return mailbox_; }
  // Hands out what is in the mailbox.
  void Deliver(PushSink* sink);
  // There are Subscribers. Own thread, or an exclusive section.
  bool has_clients() const { return !clients_.empty(); }

 private:
  friend class PubSub;
  friend class Subscriber;
  struct Place {
    Subscriber* subscriber;
    uint64_t since;  // letters up to that number came before it
  };
  using Names = std::unordered_map<std::string, std::vector<Place>>;

  Names& Table(ChannelKind kind, std::string_view name);
  void Add(ChannelKind kind, const std::string& name, Place place);
  void Remove(ChannelKind kind, const std::string& name, const Subscriber* subscriber);
  void Open(const MessageLetter& letter, uint64_t number, PushSink* sink);
  void Open(const SlotGoneLetter& letter, uint64_t number, PushSink* sink);
  void Open(const InvalidateLetter& letter, uint64_t number, PushSink* sink);
  void Open(const RedirectedLetter& letter, uint64_t number, PushSink* sink);
  void Open(const RedirectBrokenLetter& letter, uint64_t number, PushSink* sink);
  void HandOut(const Names& names, const std::string& name, const PublishedMessage& message,
               const std::string* pattern, uint64_t number, PushSink* sink);

  PubSub* owner_ = nullptr;
  Mailbox mailbox_;
  std::unordered_map<uint64_t, Subscriber*> clients_;  // by id
  Names channels_;
  Names patterns_;
  std::map<uint16_t, Names> shard_channels_;  // by slot
};

class PubSub {
 public:
  // `threads`: how many desks.
  explicit PubSub(int threads);
  PubSub(const PubSub&) = delete;
  PubSub& operator=(const PubSub&) = delete;

  int threads() const { return threads_; }
  Desk& desk(int thread) { return desks_[static_cast<size_t>(thread)]; }

  // How many subscribers get it. Shard messages are a world of their own, without patterns.
  size_t Publish(std::string_view channel, std::string_view text, bool shard);

  // The slot's shard channels lose their subscribers, who are told. REQUIRES: the slot's lock, and
  // that no command finds the slot served here any more.
  void DropSlot(SlotId slot);
  // Slots with shard channels.
  std::vector<SlotId> SlotsInUse();

  // Names with subscribers; of channels, or of shard channels.
  std::vector<std::string> Channels(bool shard);
  size_t Subscribers(std::string_view channel, bool shard);
  // How many names of that kind have subscribers.
  size_t count(ChannelKind kind) const {
    return counts_[static_cast<size_t>(kind)].load(std::memory_order_relaxed);
  }
  // How many clients are subscribed to anything.
  int64_t clients() const { return clients_.load(std::memory_order_relaxed); }

 private:
  friend class Subscriber;
  static constexpr size_t kShards = 64;
  struct ThreadCount {
    int thread;
    size_t subscribers;
  };
  using Counts = std::vector<ThreadCount>;
  struct Shard {
    SpinLock lock;
    std::unordered_map<std::string, Counts> names;
  };
  struct Pattern {
    std::shared_ptr<const std::string> text;
    Counts counts;
  };

  Shard& ShardOf(std::string_view channel, bool shard);
  // A subscriber of `thread` more or less. Add: how many letters its desk had got.
  uint64_t Add(ChannelKind kind, const std::string& name, int thread);
  void Remove(ChannelKind kind, const std::string& name, int thread);

  std::unique_ptr<Desk[]> desks_;
  const int threads_;
  std::array<Shard, kShards> channels_;
  std::array<Shard, kShards> shard_channels_;  // by slot
  std::shared_mutex patterns_mutex_;
  std::map<std::string, Pattern, std::less<>> patterns_;
  std::array<std::atomic<size_t>, kChannelKinds> counts_{};
  std::atomic<int64_t> clients_{0};
};

// Threads: its client's, or an exclusive section.
class Subscriber {
 public:
  Subscriber(PubSub* pubsub, int thread, ClientState* client);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  // The client's, made if it has none.
  static Subscriber& Of(PubSub* pubsub, int thread, ClientState* client);

  // False: it was (not) subscribed already.
  bool Subscribe(ChannelKind kind, std::string_view name);
  bool Unsubscribe(ChannelKind kind, std::string_view name);
  void UnsubscribeAll();
  // Sorted.
  const std::set<std::string, std::less<>>& names(ChannelKind kind) const {
    return names_[static_cast<size_t>(kind)];
  }
  // The number that a reply to (un)subscribing tells: shard channels are counted by themselves.
  size_t CountFor(ChannelKind kind) const;
  ClientState* client() const { return client_; }

  std::shared_ptr<TrackingState> tracking;  // null: CLIENT TRACKING is off

 private:
  friend class Desk;
  void NoteCount();

  PubSub* const pubsub_;
  const int thread_;
  ClientState* const client_;
  std::array<std::set<std::string, std::less<>>, kChannelKinds> names_;
};

}  // namespace pleiad
