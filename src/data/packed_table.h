// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// PackedTable: the elements of a large set or hash, found by a key.
//
// Intuition. An element of its own allocation would cost more in pointers and rounding than the 17
// bytes it often is. So the elements of a bucket (20 to 80, about 1 KB) lie one behind the other in
// one allocation, behind two arrays of a byte each: a *tag* (7 bits of the hash) and a length. A
// lookup compares 16 tags at once, adds up the lengths in front of a match (again 16 at once), and
// compares one element. An element above kInlineMax bytes lies in an allocation of its own; then
// the eighth bit of its tag is set and a pointer stands in its place.
//
// Growth is linear hashing: one more bucket means that one old bucket is parted by one more bit of
// the hash. So a change costs at most one parting or joining of a bucket (about 1 us), at any size,
// and there is no rehash to wait for.
//
// A cursor of Scan is a place in the order of bit-reversed hashes. A bucket is a range of it, and
// parting and joining buckets parts and joins ranges; so an element that is there all the time is
// returned at least once, whatever happens between the calls.
//
// Memory: 2 bytes an element, about 10 % of rounding, 24 bytes a bucket. Threads: whoever holds the
// lock of the slot.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/prng.h"

namespace pleiad {

// A field with its value and, if it has one, the moment when it expires, as one element:
//
//     | head 1 | field length 0, 1 or 4 | expiry 0 or 8 | field | value |
//
// The head is the length of the field up to 125; 126 or 127: it follows in 1 or 4 bytes. Its top
// bit: there is an expiry.
struct FieldElement {
  static constexpr int64_t kNoExpiry = -1;
  static constexpr size_t kHeadMax = 13;

  std::string_view field;
  std::string_view value;
  int64_t expiry_ms = kNoExpiry;

  static FieldElement Parse(std::string_view element) {
    const auto head = static_cast<unsigned char>(element[0]);
    size_t at = 1;
    size_t size = head & 0x7f;
    if (size == 126) [[unlikely]] {
      size = static_cast<unsigned char>(element[at++]);
    } else if (size == 127) [[unlikely]] {
      uint32_t four;
      std::memcpy(&four, element.data() + at, 4);
      size = four;
      at += 4;
    }
    FieldElement e;
    if (head & 0x80) {
      std::memcpy(&e.expiry_ms, element.data() + at, 8);
      at += 8;
    }
    e.field = element.substr(at, size);
    e.value = element.substr(at + size);
    return e;
  }
};

// The other way round: `parts` are views of `head` and of what it was made of.
struct FieldElementParts {
  FieldElementParts(std::string_view field, std::string_view value, int64_t expiry_ms);
  FieldElementParts(const FieldElementParts&) = delete;
  FieldElementParts& operator=(const FieldElementParts&) = delete;

  char head[FieldElement::kHeadMax];
  std::array<std::string_view, 3> parts;
};

class PackedTable {
 public:
  static constexpr size_t kInlineMax = 240;

  enum class Keys : uint8_t {
    kWhole,  // an element is its own key
    kField,  // elements are FieldElements, the key is the field
  };
  // What an element is made of, one behind the other.
  using Parts = std::array<std::string_view, 3>;

 private:
  struct Bucket;

 public:
  // Where an element is; valid until the next change.
  class Place {
   public:
    explicit operator bool() const { return bucket_ != nullptr; }

   private:
    friend class PackedTable;
    Bucket** bucket_ = nullptr;
    uint32_t index_ = 0;   // among the bucket's elements
    uint32_t offset_ = 0;  // in its bytes
  };

  PackedTable(Keys keys, uint64_t seed);
  ~PackedTable();
  PackedTable(const PackedTable&) = delete;
  PackedTable& operator=(const PackedTable&) = delete;

  size_t size() const { return size_; }
  // Bytes set aside for everything but the object itself.
  size_t MemoryUsage() const { return bytes_; }
  uint64_t Hash(std::string_view key) const;

  Place Find(std::string_view key) const { return Find(Hash(key), key); }
  Place Find(uint64_t hash, std::string_view key) const;
  // Some element with that hash for which `accept` is true.
  template <typename F>
  Place FindHash(uint64_t hash, F accept) const;
  std::string_view Get(const Place& place) const;
  // The same, to overwrite it without changing its size or key.
  char* Mutable(const Place& place) { return const_cast<char*>(Get(place).data()); }

  // REQUIRES: the key, which has that hash, is not in the table; no part is a view of the table.
  void Insert(uint64_t hash, const Parts& parts);
  // Another element with the same key in its place. No part may be a view of the table.
  void Replace(const Place& place, const Parts& parts);
  void Erase(const Place& place);
  bool Erase(std::string_view key) {
    const Place place = Find(key);
    if (place) Erase(place);
    return static_cast<bool>(place);
  }

  // f(element) for each, in no order.
  template <typename F>
  void ForEach(F f) const {
    for (size_t i = 0; i < buckets_; ++i) ForEachIn(At(i), f);
  }
  // Gives f(element) at least `want` elements from `cursor` on, or all that are left, and returns
  // where to go on: 0 at the end.
  template <typename F>
  uint64_t Scan(uint64_t cursor, size_t want, F f) const {
    size_t seen = 0;
    do {
      const Bucket* b = BucketAtCursor(&cursor);
      ForEachIn(b, f);
      seen += CountOf(b);
    } while (cursor != 0 && seen < want);
    return cursor;
  }
  // Any element, all with the same probability. REQUIRES: not empty.
  Place Random(Prng* prng) const;

  // REQUIRES: this table is empty, and has the other's keys and seed.
  void CopyFrom(const PackedTable& other);

 private:
  static constexpr size_t kSegment = 512;        // buckets a segment of the directory
  static constexpr size_t kTargetElements = 40;  // a bucket, on average
  static constexpr size_t kTargetBytes = 1024;
  static constexpr unsigned char kExternal = 0x80;
  static constexpr int kCursorBits = 48;

  // | header | tags | lengths | elements |, `slots` of each of the first two.
  struct Bucket {
    uint32_t count;
    uint32_t slots;
    uint32_t used;      // bytes of elements
    uint32_t capacity;  // bytes of the allocation
    unsigned char* tags() { return reinterpret_cast<unsigned char*>(this + 1); }
    const unsigned char* tags() const { return reinterpret_cast<const unsigned char*>(this + 1); }
    unsigned char* lengths() { return tags() + slots; }
    const unsigned char* lengths() const { return tags() + slots; }
    char* data() { return reinterpret_cast<char*>(tags() + size_t{2} * slots); }
    const char* data() const { return reinterpret_cast<const char*>(tags() + size_t{2} * slots); }
  };
  struct External {
    uint64_t size;
    char* data() { return reinterpret_cast<char*>(this + 1); }
  };
  // Parts as they stand in the bucket: themselves, or a pointer to a copy elsewhere.
  struct Stored;

  static unsigned char TagOf(uint64_t hash) { return static_cast<unsigned char>(hash >> 57); }
  static uint32_t CountOf(const Bucket* b) { return b == nullptr ? 0 : b->count; }
  static uint32_t OffsetOf(const Bucket& b, uint32_t index);
  static External* ExternalAt(const char* at) {
    External* e;
    std::memcpy(&e, at, sizeof(e));
    return e;
  }
  static std::string_view Element(const Bucket& b, uint32_t index, uint32_t offset) {
    const char* const at = b.data() + offset;
    if (b.tags()[index] & kExternal) [[unlikely]] {
      External* e = ExternalAt(at);
      return {e->data(), e->size};
    }
    return {at, b.lengths()[index]};
  }
  template <typename F>
  static void ForEachIn(const Bucket* b, F& f) {
    if (b == nullptr) return;
    const unsigned char* const lengths = b->lengths();
    uint32_t offset = 0;
    for (uint32_t i = 0; i < b->count; ++i) {
      f(Element(*b, i, offset));
      offset += lengths[i];
    }
  }
  // Bit k: the tag at `from` + k equals `tag`, whatever its top bit; k < 16.
  static uint32_t MatchTags(const Bucket& b, uint32_t from, unsigned char tag);

  std::string_view KeyOf(std::string_view element) const {
    return keys_ == Keys::kWhole ? element : FieldElement::Parse(element).field;
  }
  Bucket*& At(size_t i) const { return segments_[i / kSegment][i % kSegment]; }
  size_t IndexOf(uint64_t hash) const {
    const size_t i = static_cast<size_t>(hash) & mask_;
    return i < buckets_ ? i : i & (mask_ >> 1);
  }
  const Bucket* BucketAtCursor(uint64_t* cursor) const;

  Bucket* NewBucket(size_t elements, size_t bytes);
  void FreeBucket(Bucket* b);
  void MakeRoom(Bucket** bucket, size_t elements, size_t bytes);
  void ShrinkToFit(Bucket** bucket);
  static void Append(Bucket* b, unsigned char tag, std::string_view bytes);
  External* NewExternal(const Parts& parts, size_t size);
  void FreeExternal(External* e);

  void AddBucket();     // parts the bucket whose turn it is
  void RemoveBucket();  // joins the last one with the one it was parted from
  void SetBuckets(size_t buckets);
  void GrowDirectory();
  void ShrinkDirectory();

  Bucket* single_ = nullptr;      // the directory while there is one bucket
  Bucket** first_ = &single_;     // its first segment, of `first_size_` places
  Bucket*** segments_ = &first_;  // `segments_size_` places
  size_t size_ = 0;
  size_t used_ = 0;  // bytes of all elements in their buckets
  size_t bytes_ = 0;
  size_t buckets_ = 1;
  size_t mask_ = 1;  // 2^(k+1) - 1 where 2^k <= buckets_ < 2^(k+1)
  const uint64_t seed_;
  uint32_t largest_ = 0;  // no bucket has more elements
  uint32_t segments_size_ = 1;
  uint16_t first_size_ = 1;
  const Keys keys_;
};

template <typename F>
PackedTable::Place PackedTable::FindHash(uint64_t hash, F accept) const {
  Bucket*& bucket = At(IndexOf(hash));
  Place place;
  if (bucket == nullptr) return place;
  const Bucket& b = *bucket;
  // Tags and lengths are 200 bytes at most, as a rule: their lines come together.
  const char* const lines = reinterpret_cast<const char*>(bucket);
  __builtin_prefetch(lines + 64);
  __builtin_prefetch(lines + 128);
  for (uint32_t from = 0; from < b.count; from += 16) {
    for (uint32_t match = MatchTags(b, from, TagOf(hash)); match != 0; match &= match - 1) {
      const uint32_t index = from + static_cast<uint32_t>(__builtin_ctz(match));
      const uint32_t offset = OffsetOf(b, index);
      if (!accept(Element(b, index, offset))) continue;
      place.bucket_ = &bucket;
      place.index_ = index;
      place.offset_ = offset;
      return place;
    }
  }
  return place;
}

}  // namespace pleiad
