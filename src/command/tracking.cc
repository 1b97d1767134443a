// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/tracking.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/crc.h"
#include "resp/writer.h"

namespace pleiad {
namespace {

constexpr std::string_view kInvalidateChannel = "__redis__:invalidate";
constexpr size_t kTrimsPerRead = 100;

std::shared_ptr<const std::vector<std::string>> OneKey(std::string_view key) {
  return std::make_shared<const std::vector<std::string>>(1, std::string(key));
}

// False: there is no way to tell a client that speaks RESP2 and listens to no channel.
bool WriteInvalidation(const ClientState& client, bool redirected,
                       const std::vector<std::string>* keys, resp::OutBuffer* buffer) {
  resp::Writer out(buffer, client.protocol);
  if (client.protocol == 3) {
    out.Push(2);
    out.Bulk("invalidate");
  } else if (redirected && client.subscribed) {
    out.Push(3);
    out.Bulk("message");
    out.Bulk(kInvalidateChannel);
  } else {
    return false;
  }
  if (keys == nullptr) {
    out.Null();
    return true;
  }
  out.Array(keys->size());
  for (const std::string& key : *keys) out.Bulk(key);
  return true;
}

}  // namespace

TrackingState::TrackingState(Tracking* in, uint64_t client, int at)
    : table(in), id(client), thread(at) {
  table->clients_.fetch_add(1, std::memory_order_relaxed);
}

TrackingState::~TrackingState() { table->Leave(*this); }

// ---- keys

void Tracking::Remember(SlotId slot, std::string_view key, const TrackingState& client) {
  {
    Shard& shard = ShardOf(slot);
    const std::lock_guard<SpinLock> lock(shard.lock);
    const auto [found, fresh] = shard.keys.try_emplace(std::string(key));
    if (fresh) {
      ++shard.keys_of_slot[slot.value];
      keys_.fetch_add(1, std::memory_order_relaxed);
    }
    Readers& readers = found->second;
    const auto at = std::lower_bound(readers.begin(), readers.end(), client.id,
                                     [](const Reader& r, uint64_t id) { return r.id < id; });
    if (at != readers.end() && at->id == client.id) return;
    readers.insert(at, {client.id, client.thread});
    items_.fetch_add(1, std::memory_order_relaxed);
  }
  const size_t most = keys_max_.load(std::memory_order_relaxed);
  if (most != 0 && keys() > most) Trim(std::max(most, keys() - std::min(keys(), kTrimsPerRead)));
}

Tracking::Readers Tracking::Take(Shard* shard, SlotId slot, std::string_view key) {
  const auto found = shard->keys.find(std::string(key));
  if (found == shard->keys.end()) return {};
  Readers readers = std::move(found->second);
  shard->keys.erase(found);
  const auto count = shard->keys_of_slot.find(slot.value);
  if (--count->second == 0) shard->keys_of_slot.erase(count);
  keys_.fetch_sub(1, std::memory_order_relaxed);
  items_.fetch_sub(readers.size(), std::memory_order_relaxed);
  return readers;
}

// A letter for each desk. REQUIRES: `readers` are not empty.
void Tracking::Tell(const Readers& readers, const Keys& keys, uint64_t by, bool broadcast) {
  std::map<int, std::vector<uint64_t>> by_thread;
  for (const Reader& reader : readers) by_thread[reader.thread].push_back(reader.id);
  for (auto& [thread, ids] : by_thread)
    pubsub_->desk(thread).mailbox().Push(InvalidateLetter{keys, std::move(ids), by, broadcast});
}

bool Tracking::OnChange(SlotId slot, std::string_view key, const ClientState* by) {
  const bool broadcasting = prefixes() != 0;
  if (!key.empty() && broadcasting) NoteBroadcast(key, by);
  Shard& shard = ShardOf(slot);
  const std::lock_guard<SpinLock> lock(shard.lock);
  if (!key.empty()) {
    const Readers readers = Take(&shard, slot, key);
    if (!readers.empty()) Tell(readers, OneKey(key), by == nullptr ? 0 : by->id, false);
  }
  return broadcasting || shard.keys_of_slot.contains(slot.value);
}

void Tracking::DropSlot(SlotId slot) {
  Shard& shard = ShardOf(slot);
  const std::lock_guard<SpinLock> lock(shard.lock);
  if (!shard.keys_of_slot.contains(slot.value)) return;
  std::vector<std::string> leaving;
  for (const auto& [key, readers] : shard.keys) {
    if (KeySlot(key) == slot) leaving.push_back(key);
  }
  for (const std::string& key : leaving) Tell(Take(&shard, slot, key), OneKey(key), 0, false);
}

void Tracking::OnFlush() {
  for (Shard& shard : shards_) {
    const std::lock_guard<SpinLock> lock(shard.lock);
    shard.keys.clear();
    shard.keys_of_slot.clear();
  }
  keys_ = 0;
  items_ = 0;
  if (clients() == 0) return;
  for (int i = 0; i < pubsub_->threads(); ++i) {
    if (pubsub_->desk(i).has_clients())
      pubsub_->desk(i).mailbox().Push(InvalidateLetter{nullptr, {}, 0, false});
  }
}

void Tracking::Trim(size_t keys_max) {
  size_t idle = 0;
  while (keys_max != 0 && keys() > keys_max && idle < kShards) {
    Shard& shard = shards_[next_trim_.fetch_add(1, std::memory_order_relaxed) % kShards];
    const std::lock_guard<SpinLock> lock(shard.lock);
    if (shard.keys.empty()) {
      ++idle;
      continue;
    }
    idle = 0;
    const std::string key = shard.keys.begin()->first;
    const Readers readers = Take(&shard, KeySlot(key), key);
    if (!readers.empty()) Tell(readers, OneKey(key), 0, false);
  }
}

// ---- prefixes

bool Tracking::AddPrefix(TrackingState* state, std::string_view prefix) {
  if (!state->prefixes.emplace(prefix).second) return false;
  const std::unique_lock<std::shared_mutex> lock(prefixes_mutex_);
  Readers& readers = prefixes_[std::string(prefix)];
  readers.push_back({state->id, state->thread});
  const bool first = prefixes_.size() == 1 && readers.size() == 1;
  prefix_count_ = prefixes_.size();
  return first;
}

void Tracking::Leave(const TrackingState& state) {
  clients_.fetch_sub(1, std::memory_order_relaxed);
  if (state.prefixes.empty()) return;
  const std::unique_lock<std::shared_mutex> lock(prefixes_mutex_);
  for (const std::string& prefix : state.prefixes) {
    const auto found = prefixes_.find(prefix);
    std::erase_if(found->second, [&](const Reader& r) { return r.id == state.id; });
    if (found->second.empty()) prefixes_.erase(found);
  }
  prefix_count_ = prefixes_.size();
}

void Tracking::NoteBroadcast(std::string_view key, const ClientState* by) {
  std::vector<std::string> fitting;
  {
    const std::shared_lock<std::shared_mutex> lock(prefixes_mutex_);
    for (const auto& [prefix, readers] : prefixes_) {
      if (key.starts_with(prefix)) fitting.push_back(prefix);
    }
  }
  if (fitting.empty()) return;
  if (by == nullptr) {
    for (const std::string& prefix : fitting) TellPrefix(prefix, OneKey(key), 0);
    return;
  }
  const std::lock_guard<SpinLock> lock(pending_lock_);
  for (std::string& prefix : fitting) pending_[by->id][std::move(prefix)].emplace(key);
  pending_any_.store(true, std::memory_order_relaxed);
}

void Tracking::SendPending(uint64_t by) {
  std::map<std::string, std::set<std::string>> mine;
  {
    const std::lock_guard<SpinLock> lock(pending_lock_);
    const auto found = pending_.find(by);
    if (found == pending_.end()) return;
    mine = std::move(found->second);
    pending_.erase(found);
    pending_any_.store(!pending_.empty(), std::memory_order_relaxed);
  }
  for (const auto& [prefix, names] : mine) {
    TellPrefix(prefix, std::make_shared<const std::vector<std::string>>(names.begin(), names.end()),
               by);
  }
}

void Tracking::TellPrefix(const std::string& prefix, const Keys& keys, uint64_t by) {
  const std::shared_lock<std::shared_mutex> lock(prefixes_mutex_);
  const auto found = prefixes_.find(prefix);
  if (found != prefixes_.end()) Tell(found->second, keys, by, true);
}

// ---- the desks' side

void Desk::Open(const InvalidateLetter& letter, uint64_t, PushSink* sink) {
  const auto tell = [&](Subscriber* subscriber) {
    const TrackingState* state = subscriber->tracking.get();
    if (state == nullptr) return;
    const bool all = letter.keys == nullptr;
    // What it read before it began to broadcast is no concern of it any more.
    if (!all && state->broadcast != letter.broadcast) return;
    if (!all && state->no_loop && letter.by == state->id) return;
    if (state->redirect != 0) {
      owner_->desk(state->redirect_thread)
          .mailbox()
          .Push(RedirectedLetter{letter.keys, state->redirect, state->id, state->thread});
      return;
    }
    resp::OutBuffer buffer;
    if (WriteInvalidation(*subscriber->client(), false, letter.keys.get(), &buffer))
      sink->Push(subscriber->client(), buffer.view());
  };
  if (letter.keys == nullptr) {
    for (const auto& [id, subscriber] : clients_) tell(subscriber);
    return;
  }
  for (const uint64_t id : letter.clients) {
    const auto found = clients_.find(id);
    if (found != clients_.end()) tell(found->second);
  }
}

void Desk::Open(const RedirectedLetter& letter, uint64_t, PushSink* sink) {
  const auto found = clients_.find(letter.to);
  if (found == clients_.end() || found->second->client()->close_after_reply) {
    owner_->desk(letter.from_thread).mailbox().Push(RedirectBrokenLetter{letter.from});
    return;
  }
  ClientState* const client = found->second->client();
  resp::OutBuffer buffer;
  if (WriteInvalidation(*client, true, letter.keys.get(), &buffer))
    sink->Push(client, buffer.view());
}

void Desk::Open(const RedirectBrokenLetter& letter, uint64_t, PushSink* sink) {
  const auto found = clients_.find(letter.from);
  if (found == clients_.end() || found->second->tracking == nullptr) return;
  TrackingState& state = *found->second->tracking;
  state.broken = true;
  ClientState* const client = found->second->client();
  if (client->protocol != 3) return;
  resp::OutBuffer buffer;
  resp::Writer out(&buffer, 3);
  out.Push(2);
  out.Bulk("tracking-redir-broken");
  out.Integer(static_cast<int64_t>(state.redirect));
  sink->Push(client, buffer.view());
}

}  // namespace pleiad
