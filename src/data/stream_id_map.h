// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// StreamIdMap: values by stream id, in order. What a stream is indexed with (a node per some
// hundred entries) and what its pending lists are.
//
// A list of chunks, each a sorted array of up to 64 slots that grows by doubling. Both uses append
// at the end and take away at the front, which costs O(1); in the middle a change costs a search
// and a move within a chunk (and of the list of chunks, where one appears or goes). An id with a
// value of n bytes costs 16 + n bytes and the slack of its chunk.
//
// Cursors are positions: any change of the map voids them. V is plain data.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/check.h"
#include "data/stream_id.h"

namespace pleiad {

template <typename V>
class StreamIdMap {
 public:
  struct Slot {
    StreamId id;
    [[no_unique_address]] V value;
  };
  static_assert(std::is_trivially_copyable_v<Slot>);
  struct Cursor {
    size_t chunk = 0;
    uint32_t at = 0;
    bool operator==(const Cursor&) const = default;
  };

  StreamIdMap() = default;
  ~StreamIdMap() { Clear(); }
  StreamIdMap(const StreamIdMap&) = delete;
  StreamIdMap& operator=(const StreamIdMap&) = delete;
  StreamIdMap(StreamIdMap&& other) noexcept { *this = std::move(other); }
  StreamIdMap& operator=(StreamIdMap&& other) noexcept {
    std::swap(chunks_, other.chunks_);
    std::swap(head_, other.head_);
    std::swap(size_, other.size_);
    return *this;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void Clear() {
    for (size_t i = head_; i < chunks_.size(); ++i) std::free(chunks_[i].slots);
    chunks_.clear();
    head_ = 0;
    size_ = 0;
  }

  Cursor Begin() const { return {head_, 0}; }
  Cursor End() const { return {chunks_.size(), 0}; }
  // REQUIRES: !empty().
  Cursor Last() const { return {chunks_.size() - 1, chunks_.back().size - 1}; }
  const Slot& at(Cursor c) const { return chunks_[c.chunk].slots[c.at]; }
  Slot& at(Cursor c) { return chunks_[c.chunk].slots[c.at]; }
  Cursor Next(Cursor c) const {
    return c.at + 1 < chunks_[c.chunk].size ? Cursor{c.chunk, c.at + 1} : Cursor{c.chunk + 1, 0};
  }
  // End() in front of the first.
  Cursor Previous(Cursor c) const {
    if (c.chunk < chunks_.size() && c.at > 0) return {c.chunk, c.at - 1};
    if (c.chunk == head_) return End();
    return {c.chunk - 1, chunks_[c.chunk - 1].size - 1};
  }

  // The first slot at or behind `id`; End() if there is none.
  Cursor LowerBound(StreamId id) const {
    if (empty()) return End();
    const size_t chunk = ChunkOf(id);
    const uint32_t at = SlotIn(chunks_[chunk], id);
    return at < chunks_[chunk].size ? Cursor{chunk, at} : Cursor{chunk + 1, 0};
  }
  // The last slot at or before `id`; End() if there is none.
  Cursor Floor(StreamId id) const {
    const Cursor c = LowerBound(id);
    if (c != End() && at(c).id == id) return c;
    return Previous(c);
  }
  const V* Find(StreamId id) const {
    const Cursor c = LowerBound(id);
    return c != End() && at(c).id == id ? &at(c).value : nullptr;
  }
  V* Find(StreamId id) { return const_cast<V*>(std::as_const(*this).Find(id)); }

  // False: the id is there already, and its value stays.
  bool Insert(StreamId id, V value) {
    if (empty()) {
      head_ = 0;
      chunks_.assign(1, {});
    }
    size_t chunk = ChunkOf(id);
    uint32_t at = SlotIn(chunks_[chunk], id);
    if (at < chunks_[chunk].size && chunks_[chunk].slots[at].id == id) return false;
    if (chunks_[chunk].size == kChunkMax) {
      if (chunk + 1 == chunks_.size() && at == kChunkMax) {
        chunks_.push_back({});
        ++chunk;
        at = 0;
      } else {
        Split(chunk);
        if (at > chunks_[chunk].size) {
          at -= chunks_[chunk].size;
          ++chunk;
        }
      }
    }
    Chunk& c = chunks_[chunk];
    if (c.size == c.capacity) SetCapacity(&c, c.capacity == 0 ? 1 : c.capacity * 2);
    Slot* const slot = c.slots + at;
    std::memmove(static_cast<void*>(slot + 1), slot, (c.size - at) * sizeof(Slot));
    *slot = {id, value};
    ++c.size;
    ++size_;
    return true;
  }
  bool Erase(StreamId id) {
    const Cursor c = LowerBound(id);
    if (c == End() || at(c).id != id) return false;
    EraseAt(c);
    return true;
  }
  void EraseAt(Cursor cursor) {
    Chunk& c = chunks_[cursor.chunk];
    --size_;
    --c.size;
    Slot* const slot = c.slots + cursor.at;
    std::memmove(static_cast<void*>(slot), slot + 1, (c.size - cursor.at) * sizeof(Slot));
    if (c.size == 0) {
      RemoveChunk(cursor.chunk);
    } else if (c.size <= kChunkMax / 4) {
      Compact(cursor.chunk);
    }
  }
  // f(id, value) for each, in order.
  template <typename F>
  void ForEach(F f) const {
    for (Cursor c = Begin(); c != End(); c = Next(c)) f(at(c).id, at(c).value);
  }
  size_t MemoryUsage() const {
    size_t bytes = chunks_.capacity() * sizeof(Chunk);
    for (size_t i = head_; i < chunks_.size(); ++i) bytes += chunks_[i].capacity * sizeof(Slot);
    return bytes;
  }

 private:
  static constexpr uint32_t kChunkMax = 64;
  struct Chunk {
    Slot* slots = nullptr;
    uint32_t size = 0;
    uint32_t capacity = 0;
  };

  // The last chunk that begins at or before `id`, else the first. REQUIRES: there is one.
  size_t ChunkOf(StreamId id) const {
    const size_t last = chunks_.size() - 1;
    if (chunks_[last].size == 0 || chunks_[last].slots[0].id <= id) return last;
    size_t low = head_;
    size_t high = last;
    while (high - low > 1) {
      const size_t middle = low + (high - low) / 2;
      (chunks_[middle].slots[0].id <= id ? low : high) = middle;
    }
    return low;
  }
  static uint32_t SlotIn(const Chunk& c, StreamId id) {
    if (c.size != 0 && c.slots[c.size - 1].id < id) return c.size;
    const Slot* const found =
        std::lower_bound(c.slots, c.slots + c.size, id,
                         [](const Slot& s, StreamId wanted) { return s.id < wanted; });
    return static_cast<uint32_t>(found - c.slots);
  }
  static void SetCapacity(Chunk* c, uint32_t capacity) {
    c->slots =
        static_cast<Slot*>(std::realloc(static_cast<void*>(c->slots), capacity * sizeof(Slot)));
    CHECK(c->slots != nullptr);
    c->capacity = capacity;
  }
  void Split(size_t chunk) {
    chunks_.insert(chunks_.begin() + static_cast<ptrdiff_t>(chunk) + 1, Chunk{});
    Chunk& left = chunks_[chunk];
    Chunk& right = chunks_[chunk + 1];
    constexpr uint32_t kHalf = kChunkMax / 2;
    SetCapacity(&right, kChunkMax);
    std::memcpy(static_cast<void*>(right.slots), left.slots + kHalf, kHalf * sizeof(Slot));
    left.size = right.size = kHalf;
  }
  void RemoveChunk(size_t chunk) {
    std::free(chunks_[chunk].slots);
    if (chunk != head_) {
      chunks_.erase(chunks_.begin() + static_cast<ptrdiff_t>(chunk));
      return;
    }
    chunks_[head_++] = {};
    if (head_ * 2 < chunks_.size()) return;
    chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
  // A chunk that lost much joins its neighbour or gives memory back.
  void Compact(size_t chunk) {
    Chunk& c = chunks_[chunk];
    if (chunk + 1 < chunks_.size() && c.size + chunks_[chunk + 1].size <= kChunkMax / 2) {
      Chunk& next = chunks_[chunk + 1];
      SetCapacity(&c, std::max(c.capacity, c.size + next.size));
      std::memcpy(static_cast<void*>(c.slots + c.size), next.slots, next.size * sizeof(Slot));
      c.size += next.size;
      next.size = 0;
      RemoveChunk(chunk + 1);
    } else if (c.size * 4 <= c.capacity) {
      SetCapacity(&c, c.size * 2);
    }
  }

  std::vector<Chunk> chunks_;
  size_t head_ = 0;  // chunks before it are gone
  size_t size_ = 0;
};

}  // namespace pleiad
