// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/pubsub.h"

#include <algorithm>
#include <functional>
#include <mutex>

#include "base/check.h"
#include "base/crc.h"
#include "base/text.h"
#include "resp/writer.h"

namespace pleiad {
namespace {

// "message" and its like in the client's protocol.
void WriteMessage(const PublishedMessage& message, const std::string* pattern, resp::Writer* out) {
  out->Push(pattern == nullptr ? 3 : 4);
  if (pattern != nullptr) {
    out->Bulk("pmessage");
    out->Bulk(*pattern);
  } else {
    out->Bulk(message.shard ? "smessage" : "message");
  }
  out->Bulk(message.channel);
  out->Bulk(message.text);
}

}  // namespace

// ---- Mailbox

void Mailbox::Push(Letter letter) {
  bool first = false;
  {
    const std::lock_guard<SpinLock> lock(lock_);
    first = letters_.empty();
    letters_.push_back(std::move(letter));
    pushed_.fetch_add(1, std::memory_order_release);
    any_.store(true, std::memory_order_release);
  }
  if (first && wake_) wake_();
}

std::vector<Letter> Mailbox::Take(uint64_t* first) {
  std::vector<Letter> letters;
  const std::lock_guard<SpinLock> lock(lock_);
  letters.swap(letters_);
  *first = pushed_.load(std::memory_order_relaxed) - letters.size() + 1;
  any_.store(false, std::memory_order_release);
  return letters;
}

// ---- Desk

Desk::Names& Desk::Table(ChannelKind kind, std::string_view name) {
  if (kind == ChannelKind::kChannel) return channels_;
  if (kind == ChannelKind::kPattern) return patterns_;
  return shard_channels_[KeySlot(name).value];
}

void Desk::Add(ChannelKind kind, const std::string& name, Place place) {
  Table(kind, name)[name].push_back(place);
}

void Desk::Remove(ChannelKind kind, const std::string& name, const Subscriber* subscriber) {
  Names& names = Table(kind, name);
  const auto found = names.find(name);
  CHECK(found != names.end());
  std::vector<Place>& places = found->second;
  const auto at = std::find_if(places.begin(), places.end(),
                               [&](const Place& p) { return p.subscriber == subscriber; });
  CHECK(at != places.end());
  *at = places.back();
  places.pop_back();
  if (!places.empty()) return;
  names.erase(found);
  if (kind == ChannelKind::kShard && names.empty()) shard_channels_.erase(KeySlot(name).value);
}

void Desk::Deliver(PushSink* sink) {
  if (!mailbox_.any()) return;
  sink->BeginPushes();
  while (mailbox_.any()) {
    uint64_t number = 0;
    const std::vector<Letter> letters = mailbox_.Take(&number);
    for (const Letter& letter : letters) {
      std::visit([&](const auto& l) { Open(l, number, sink); }, letter);
      ++number;
    }
  }
  sink->EndPushes();
}

void Desk::HandOut(const Names& names, const std::string& name, const PublishedMessage& message,
                   const std::string* pattern, uint64_t number, PushSink* sink) {
  const auto found = names.find(name);
  if (found == names.end()) return;  // they left meanwhile
  std::array<resp::OutBuffer, 2> bytes;
  for (const Place& place : found->second) {
    if (place.since >= number) continue;
    ClientState* const client = place.subscriber->client();
    resp::OutBuffer& buffer = bytes[client->protocol == 3 ? 1 : 0];
    if (buffer.empty()) {
      resp::Writer out(&buffer, client->protocol);
      WriteMessage(message, pattern, &out);
    }
    sink->Push(client, buffer.view());
  }
}

void Desk::Open(const MessageLetter& letter, uint64_t number, PushSink* sink) {
  const PublishedMessage& message = *letter.message;
  if (message.shard) {
    const auto names = shard_channels_.find(KeySlot(message.channel).value);
    if (names == shard_channels_.end()) return;
    HandOut(names->second, message.channel, message, nullptr, number, sink);
    return;
  }
  HandOut(channels_, message.channel, message, nullptr, number, sink);
  for (const auto& pattern : message.patterns)
    HandOut(patterns_, *pattern, message, pattern.get(), number, sink);
}

void Desk::Open(const SlotGoneLetter& letter, uint64_t number, PushSink* sink) {
  const auto found = shard_channels_.find(letter.slot.value);
  if (found == shard_channels_.end()) return;
  std::vector<std::pair<Subscriber*, std::string>> leaving;
  for (const auto& [name, places] : found->second) {
    for (const Place& place : places) {
      if (place.since < number) leaving.emplace_back(place.subscriber, name);
    }
  }
  for (const auto& [subscriber, name] : leaving) {
    subscriber->Unsubscribe(ChannelKind::kShard, name);
    resp::OutBuffer buffer;
    resp::Writer out(&buffer, subscriber->client()->protocol);
    out.Push(3);
    out.Bulk("sunsubscribe");
    out.Bulk(name);
    out.Integer(static_cast<int64_t>(subscriber->CountFor(ChannelKind::kShard)));
    sink->Push(subscriber->client(), buffer.view());
  }
}

// ---- PubSub

PubSub::PubSub(int threads)
    : desks_(std::make_unique<Desk[]>(static_cast<size_t>(threads))), threads_(threads) {
  for (int i = 0; i < threads; ++i) desk(i).owner_ = this;
}

PubSub::Shard& PubSub::ShardOf(std::string_view channel, bool shard) {
  if (shard) return shard_channels_[KeySlot(channel).value % kShards];
  return channels_[std::hash<std::string_view>()(channel) % kShards];
}

uint64_t PubSub::Add(ChannelKind kind, const std::string& name, int thread) {
  const auto add = [&](Counts* counts) {
    if (counts->empty()) counts_[static_cast<size_t>(kind)].fetch_add(1, std::memory_order_seq_cst);
    const auto at = std::find_if(counts->begin(), counts->end(),
                                 [&](const ThreadCount& c) { return c.thread == thread; });
    if (at == counts->end()) {
      counts->push_back({thread, 1});
    } else {
      ++at->subscribers;
    }
    return desk(thread).mailbox().pushed();
  };
  if (kind == ChannelKind::kPattern) {
    const std::unique_lock<std::shared_mutex> lock(patterns_mutex_);
    Pattern& pattern = patterns_[name];
    if (pattern.text == nullptr) pattern.text = std::make_shared<const std::string>(name);
    return add(&pattern.counts);
  }
  Shard& shard = ShardOf(name, kind == ChannelKind::kShard);
  const std::lock_guard<SpinLock> lock(shard.lock);
  return add(&shard.names[name]);
}

void PubSub::Remove(ChannelKind kind, const std::string& name, int thread) {
  // True: that was the last one.
  const auto remove = [&](Counts* counts) {
    const auto at = std::find_if(counts->begin(), counts->end(),
                                 [&](const ThreadCount& c) { return c.thread == thread; });
    CHECK(at != counts->end());
    if (--at->subscribers == 0) counts->erase(at);
    if (!counts->empty()) return false;
    counts_[static_cast<size_t>(kind)].fetch_sub(1, std::memory_order_relaxed);
    return true;
  };
  if (kind == ChannelKind::kPattern) {
    const std::unique_lock<std::shared_mutex> lock(patterns_mutex_);
    const auto found = patterns_.find(name);
    CHECK(found != patterns_.end());
    if (remove(&found->second.counts)) patterns_.erase(found);
    return;
  }
  Shard& shard = ShardOf(name, kind == ChannelKind::kShard);
  const std::lock_guard<SpinLock> lock(shard.lock);
  const auto found = shard.names.find(name);
  CHECK(found != shard.names.end());
  if (remove(&found->second)) shard.names.erase(found);
}

size_t PubSub::Publish(std::string_view channel, std::string_view text, bool shard) {
  const bool patterns = !shard && count(ChannelKind::kPattern) != 0;
  if (!patterns && count(shard ? ChannelKind::kShard : ChannelKind::kChannel) == 0) return 0;
  PublishedMessage message{shard, std::string(channel), {}, {}};
  std::vector<bool> wanted(static_cast<size_t>(threads_));
  size_t receivers = 0;
  const auto count_in = [&](const Counts& counts) {
    for (const ThreadCount& c : counts) {
      receivers += c.subscribers;
      wanted[static_cast<size_t>(c.thread)] = true;
    }
  };
  Shard& part = ShardOf(channel, shard);
  const std::lock_guard<SpinLock> lock(part.lock);
  const auto found = part.names.find(message.channel);
  if (found != part.names.end()) count_in(found->second);
  std::shared_lock<std::shared_mutex> patterns_lock(patterns_mutex_, std::defer_lock);
  if (patterns) {
    patterns_lock.lock();
    for (const auto& [glob, pattern] : patterns_) {
      if (!GlobMatch(glob, channel)) continue;
      count_in(pattern.counts);
      message.patterns.push_back(pattern.text);
    }
  }
  if (receivers == 0) return 0;
  message.text = text;
  const auto shared = std::make_shared<const PublishedMessage>(std::move(message));
  for (int i = 0; i < threads_; ++i) {
    if (wanted[static_cast<size_t>(i)]) desk(i).mailbox().Push(MessageLetter{shared});
  }
  return receivers;
}

void PubSub::DropSlot(SlotId slot) {
  if (count(ChannelKind::kShard) == 0) return;
  std::vector<bool> wanted(static_cast<size_t>(threads_));
  Shard& part = shard_channels_[slot.value % kShards];
  const std::lock_guard<SpinLock> lock(part.lock);
  for (const auto& [name, counts] : part.names) {
    if (KeySlot(name) != slot) continue;
    for (const ThreadCount& c : counts) wanted[static_cast<size_t>(c.thread)] = true;
  }
  for (int i = 0; i < threads_; ++i) {
    if (wanted[static_cast<size_t>(i)]) desk(i).mailbox().Push(SlotGoneLetter{slot});
  }
}

std::vector<SlotId> PubSub::SlotsInUse() {
  std::set<uint16_t> slots;
  for (Shard& part : shard_channels_) {
    const std::lock_guard<SpinLock> lock(part.lock);
    for (const auto& [name, counts] : part.names) slots.insert(KeySlot(name).value);
  }
  std::vector<SlotId> result;
  for (const uint16_t slot : slots) result.emplace_back(slot);
  return result;
}

std::vector<std::string> PubSub::Channels(bool shard) {
  std::vector<std::string> names;
  for (Shard& part : shard ? shard_channels_ : channels_) {
    const std::lock_guard<SpinLock> lock(part.lock);
    for (const auto& [name, counts] : part.names) names.push_back(name);
  }
  return names;
}

size_t PubSub::Subscribers(std::string_view channel, bool shard) {
  Shard& part = ShardOf(channel, shard);
  const std::lock_guard<SpinLock> lock(part.lock);
  const auto found = part.names.find(std::string(channel));
  size_t sum = 0;
  if (found == part.names.end()) return 0;
  for (const ThreadCount& c : found->second) sum += c.subscribers;
  return sum;
}

// ---- Subscriber

Subscriber::Subscriber(PubSub* pubsub, int thread, ClientState* client)
    : pubsub_(pubsub), thread_(thread), client_(client) {
  pubsub_->desk(thread_).clients_[client->id] = this;
}

Subscriber::~Subscriber() {
  UnsubscribeAll();
  pubsub_->desk(thread_).clients_.erase(client_->id);
}

Subscriber& Subscriber::Of(PubSub* pubsub, int thread, ClientState* client) {
  if (client->subscriber == nullptr)
    client->subscriber = std::make_shared<Subscriber>(pubsub, thread, client);
  return *client->subscriber;
}

bool Subscriber::Subscribe(ChannelKind kind, std::string_view name) {
  const auto [at, fresh] = names_[static_cast<size_t>(kind)].emplace(name);
  if (!fresh) return false;
  const uint64_t since = pubsub_->Add(kind, *at, thread_);
  pubsub_->desk(thread_).Add(kind, *at, {this, since});
  NoteCount();
  return true;
}

bool Subscriber::Unsubscribe(ChannelKind kind, std::string_view name) {
  auto& names = names_[static_cast<size_t>(kind)];
  const auto found = names.find(name);
  if (found == names.end()) return false;
  pubsub_->desk(thread_).Remove(kind, *found, this);
  pubsub_->Remove(kind, *found, thread_);
  names.erase(found);
  NoteCount();
  return true;
}

void Subscriber::UnsubscribeAll() {
  for (const ChannelKind kind :
       {ChannelKind::kChannel, ChannelKind::kPattern, ChannelKind::kShard}) {
    while (!names(kind).empty()) Unsubscribe(kind, std::string(*names(kind).begin()));
  }
}

size_t Subscriber::CountFor(ChannelKind kind) const {
  if (kind == ChannelKind::kShard) return names(kind).size();
  return names(ChannelKind::kChannel).size() + names(ChannelKind::kPattern).size();
}

void Subscriber::NoteCount() {
  const bool any = CountFor(ChannelKind::kChannel) + CountFor(ChannelKind::kShard) != 0;
  if (any == client_->subscribed) return;
  client_->subscribed = any;
  pubsub_->clients_.fetch_add(any ? 1 : -1, std::memory_order_relaxed);
}

}  // namespace pleiad
