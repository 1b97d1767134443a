// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/stream_group.h"

#include "base/check.h"

namespace pleiad {
namespace {

// A node of a std::map beside its pair.
constexpr size_t kStreamMapNodeBytes = 32;

}  // namespace

StreamConsumer* StreamGroup::FindConsumer(std::string_view name) const {
  const auto found = consumers_.find(name);
  return found == consumers_.end() ? nullptr : found->second.get();
}

StreamConsumer* StreamGroup::CreateConsumer(std::string_view name, int64_t now_ms) {
  auto consumer = std::make_unique<StreamConsumer>();
  consumer->name = name;
  consumer->seen_ms = now_ms;
  const auto [place, fresh] = consumers_.emplace(std::string(name), std::move(consumer));
  CHECK(fresh);
  return place->second.get();
}

size_t StreamGroup::RemoveConsumer(StreamConsumer* consumer) {
  const size_t pending = consumer->pending.size();
  consumer->pending.ForEach([&](StreamId id, const auto&) { pending_.Erase(id); });
  consumers_.erase(consumers_.find(consumer->name));
  return pending;
}

void StreamGroup::SetPending(StreamId id, const StreamPending& what) {
  if (StreamPending* old = pending_.Find(id)) {
    if (old->consumer != what.consumer) {
      old->consumer->pending.Erase(id);
      what.consumer->pending.Insert(id, {});
    }
    *old = what;
    return;
  }
  pending_.Insert(id, what);
  what.consumer->pending.Insert(id, {});
}

bool StreamGroup::Acknowledge(StreamId id) {
  const auto at = pending_.LowerBound(id);
  if (at == pending_.End() || pending_.at(at).id != id) return false;
  CHECK(pending_.at(at).value.consumer->pending.Erase(id));
  pending_.EraseAt(at);
  return true;
}

std::unique_ptr<StreamGroup> StreamGroup::Clone() const {
  auto copy = std::make_unique<StreamGroup>();
  copy->last_id = last_id;
  copy->entries_read = entries_read;
  for (const auto& [name, consumer] : consumers_) {
    StreamConsumer* const c = copy->CreateConsumer(name, consumer->seen_ms);
    c->active_ms = consumer->active_ms;
  }
  pending_.ForEach([&](StreamId id, StreamPending what) {
    what.consumer = copy->FindConsumer(what.consumer->name);
    copy->SetPending(id, what);
  });
  return copy;
}

size_t StreamGroup::MemoryUsage() const {
  size_t bytes = sizeof(StreamGroup) + pending_.MemoryUsage();
  for (const auto& [name, consumer] : consumers_) {
    bytes += kStreamMapNodeBytes + sizeof(Consumers::value_type) + sizeof(StreamConsumer) +
             2 * name.capacity() + consumer->pending.MemoryUsage();
  }
  return bytes;
}

}  // namespace pleiad
