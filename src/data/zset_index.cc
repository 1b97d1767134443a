// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/zset_index.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "base/check.h"

namespace pleiad {
namespace {

constexpr size_t kZsetBucketHead = 4;
constexpr uint32_t kZsetBucketMax = 65000;
constexpr uint64_t kZsetLanes = 0x0001000100010001ULL;
constexpr uint64_t kZsetHighBits = 0x8000800080008000ULL;

// The allocator's class for that many bytes: there are four to a doubling.
size_t RoundToClass(size_t bytes) {
  const size_t step = std::max<size_t>(16, std::bit_ceil(bytes) / 8);
  return (bytes + step - 1) / step * step;
}

// What fits into the class that `count` elements need. Each takes 8 bytes; 4 more are the head, and
// 4 let the last pointer be read as a whole word.
uint32_t CapacityFor(uint32_t count) {
  return static_cast<uint32_t>((RoundToClass(8 + 8 * size_t{count}) - 8) / 8);
}

}  // namespace

ZsetElement* ZsetIndex::Bucket::Get(uint32_t i) const {
  uint64_t word;
  std::memcpy(&word, const_cast<Bucket*>(this)->Pointer(i), sizeof(word));
  return reinterpret_cast<ZsetElement*>(word & 0xffff'ffff'ffffULL);
}

void ZsetIndex::Bucket::Set(uint32_t i, uint16_t tag, const ZsetElement* e) {
  tags()[i] = tag;
  const auto word = reinterpret_cast<uint64_t>(e);
  std::memcpy(Pointer(i), &word, 6);
}

ZsetIndex::~ZsetIndex() {
  for (uint64_t i = 0; i < buckets(); ++i) std::free(*Slot(i));
  for (Bucket** chunk : chunks_) std::free(chunk);
}

uint64_t ZsetIndex::Hash(std::string_view member) const {
  return XXH3_64bits_withSeed(member.data(), member.size(), seed_);
}

uint32_t ZsetIndex::Reverse(uint32_t bits) {
  bits = ((bits >> 1) & 0x55555555U) | ((bits & 0x55555555U) << 1);
  bits = ((bits >> 2) & 0x33333333U) | ((bits & 0x33333333U) << 2);
  bits = ((bits >> 4) & 0x0f0f0f0fU) | ((bits & 0x0f0f0f0fU) << 4);
  return __builtin_bswap32(bits);
}

ZsetElement* ZsetIndex::Find(std::string_view member, uint64_t hash) const {
  if (size_ == 0) return nullptr;
  const Bucket* b = *Slot(Locate(hash).bucket);
  if (b == nullptr) return nullptr;
  const uint16_t tag = Tag(hash);
  const uint64_t wanted = kZsetLanes * tag;
  const uint16_t* const tags = b->tags();
  const uint32_t count = b->count;
  for (uint32_t i = 0; i < count; i += 4) {
    // May read into the pointers, which are there: a bucket has 8 bytes an element.
    uint64_t word;
    std::memcpy(&word, tags + i, sizeof(word));
    word ^= wanted;
    uint64_t zero = (word - kZsetLanes) & ~word & kZsetHighBits;
    for (; zero != 0; zero &= zero - 1) {
      const uint32_t k = i + static_cast<uint32_t>(std::countr_zero(zero)) / 16;
      if (k >= count || tags[k] != tag) continue;
      ZsetElement* const e = b->Get(k);
      if (e->member() == member) return e;
    }
  }
  return nullptr;
}

ZsetIndex::Bucket* ZsetIndex::NewBucket(uint32_t capacity) {
  CHECK_MSG(capacity <= kZsetBucketMax, "a bucket of a sorted set overflows");
  auto* b = static_cast<Bucket*>(std::malloc(kZsetBucketHead + 8 * size_t{capacity} + 4));
  CHECK_MSG(b != nullptr, "out of memory");
  b->count = 0;
  b->capacity = static_cast<uint16_t>(capacity);
  return b;
}

void ZsetIndex::Resize(Bucket** slot, uint32_t capacity) {
  Bucket* const old = *slot;
  if (capacity == 0) {
    std::free(old);
    *slot = nullptr;
    return;
  }
  Bucket* const fresh = NewBucket(capacity);
  if (old != nullptr) {
    fresh->count = old->count;
    std::memcpy(fresh->tags(), old->tags(), 2 * size_t{old->count});
    std::memcpy(fresh->Pointer(0), old->Pointer(0), 6 * size_t{old->count});
    std::free(old);
  }
  *slot = fresh;
}

void ZsetIndex::Append(Bucket** slot, uint16_t tag, const ZsetElement* e) {
  if (*slot == nullptr || (*slot)->count == (*slot)->capacity) {
    Resize(slot, CapacityFor(*slot == nullptr ? 1 : (*slot)->count + 1U));
  }
  Bucket* const b = *slot;
  b->Set(b->count++, tag, e);
}

void ZsetIndex::Erase(Bucket** slot, uint32_t i) {
  Bucket* const b = *slot;
  const uint32_t last = --b->count;
  if (i != last) b->Set(i, b->tags()[last], b->Get(last));
  // A class of room is kept, so that an insertion after a removal does not allocate.
  if (last == 0 || CapacityFor(last + 8) < b->capacity)
    Resize(slot, last == 0 ? 0 : CapacityFor(last));
}

uint32_t ZsetIndex::Position(const Bucket& b, const ZsetElement* e, uint16_t tag) {
  uint32_t i = 0;
  while (i < b.count && (b.tags()[i] != tag || b.Get(i) != e)) ++i;
  CHECK(i < b.count);
  return i;
}

// Makes the directory large enough. The first chunk grows as small sets need, the others are whole.
void ZsetIndex::SetDirectory(uint64_t buckets) {
  while (buckets > room_) {
    const uint64_t at = room_ / kChunk;
    const uint64_t old = room_ % kChunk;
    const uint64_t fresh =
        room_ >= kChunk ? kChunk : std::max<uint64_t>(4, room_ + (room_ + 1) / 4);
    const uint64_t slots = std::min(fresh, kChunk);
    if (at == chunks_.size()) chunks_.push_back(nullptr);
    auto** chunk = static_cast<Bucket**>(std::realloc(chunks_[at], slots * sizeof(Bucket*)));
    CHECK_MSG(chunk != nullptr, "out of memory");
    std::fill(chunk + old, chunk + slots, nullptr);
    chunks_[at] = chunk;
    room_ = at * kChunk + slots;
  }
}

void ZsetIndex::Insert(ZsetElement* e, uint64_t hash) {
  if (size_ == 0) SetDirectory(1);
  ++size_;
  Append(Slot(Locate(hash).bucket), Tag(hash), e);
  if (size_ > buckets() * kLoad) Split();
}

void ZsetIndex::Split() {
  SetDirectory(buckets() + 1);
  const uint64_t high = uint64_t{1} << level_;
  Bucket** const from = Slot(split_);
  Bucket** const to = Slot(split_ + high);
  if (++split_ == high) {
    ++level_;
    split_ = 0;
  }
  Bucket* const b = *from;
  if (b == nullptr) return;
  for (uint32_t i = 0; i < b->count; ++i) __builtin_prefetch(b->Get(i));
  uint32_t kept = 0;
  for (uint32_t i = 0; i < b->count; ++i) {
    ZsetElement* const e = b->Get(i);
    const uint16_t tag = b->tags()[i];
    if (Hash(e->member()) & high) {
      Append(to, tag, e);
    } else {
      b->Set(kept++, tag, e);
    }
  }
  b->count = static_cast<uint16_t>(kept);
  const uint32_t capacity = kept == 0 ? 0 : CapacityFor(kept);
  if (capacity != b->capacity) Resize(from, capacity);
}

void ZsetIndex::Remove(const ZsetElement* e, uint64_t hash) {
  Bucket** const slot = Slot(Locate(hash).bucket);
  Erase(slot, Position(**slot, e, Tag(hash)));
  const uint64_t before = buckets();
  --size_;
  if (size_ == 0) {
    // All buckets are empty now, so they are null.
    level_ = 0;
    split_ = 0;
  } else if (before > 1 && size_ < before * (kLoad / 2)) {
    Join();
  }
}

// The last bucket goes back to the one it was split from. The directory keeps its room, but gives
// whole chunks back.
void ZsetIndex::Join() {
  if (split_ == 0) {
    --level_;
    split_ = uint64_t{1} << level_;
  }
  --split_;
  Bucket** const to = Slot(split_);
  Bucket** const from = Slot(split_ + (uint64_t{1} << level_));
  const Bucket* b = *from;
  for (uint32_t i = 0; b != nullptr && i < b->count; ++i) Append(to, b->tags()[i], b->Get(i));
  std::free(*from);
  *from = nullptr;
  while (chunks_.size() > 1 && buckets() + kChunk <= (chunks_.size() - 1) * kChunk) {
    std::free(chunks_.back());
    chunks_.pop_back();
    room_ = chunks_.size() * kChunk;
  }
}

uint64_t ZsetIndex::Bytes() const {
  // Counting every bucket would be O(buckets); a sample says how large they are.
  uint64_t bytes = room_ * sizeof(Bucket*) + chunks_.capacity() * sizeof(Bucket**);
  const uint64_t n = buckets();
  const uint64_t sample = std::min<uint64_t>(n, 64);
  uint64_t sampled = 0;
  for (uint64_t i = 0; i < sample; ++i) {
    const Bucket* b = *Slot(i * n / sample);
    if (b != nullptr) sampled += 8 + 8 * uint64_t{b->capacity};
  }
  return bytes + (sample == 0 ? 0 : sampled * n / sample);
}

}  // namespace pleiad
