// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ZsetIndex: finds the elements of a large sorted set by member. Linear hashing: there are as many
// buckets as the size asks for (48 elements each), and one bucket is split or joined at a time, so
// no insertion pays for a rehash of all.
//
//     directory   chunks of 512 bucket pointers
//     bucket      count 2 | capacity 2 | tags, 2 each | element pointers, 6 each | 4
//
// A bucket is a plain array, scanned by its tags (16 bits of the hash, four at a time); it grows by
// an allocator class, which keeps it 90 % full. So an element costs 9 to 10 bytes here and a lookup
// touches a directory line, two or three neighbouring lines of the bucket and the element.
//
// Owns no elements. Threads: one at a time.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "data/zset_tree.h"

namespace pleiad {

class ZsetIndex {
 public:
  explicit ZsetIndex(uint64_t seed) : seed_(seed) {}
  ~ZsetIndex();
  ZsetIndex(const ZsetIndex&) = delete;
  ZsetIndex& operator=(const ZsetIndex&) = delete;

  uint64_t size() const { return size_; }
  uint64_t Hash(std::string_view member) const;

  // Null: not there.
  ZsetElement* Find(std::string_view member, uint64_t hash) const;
  // REQUIRES: no element of that member is there.
  void Insert(ZsetElement* e, uint64_t hash);
  // REQUIRES: it is there.
  void Remove(const ZsetElement* e, uint64_t hash);

  // Gives f the elements of the bucket at `cursor` (0: the first) and returns the cursor of the
  // next one, 0 behind the last. Cursors are places in the order of reversed hashes: what is there from
  // the first call to the last is given at least once, whatever is split or joined between.
  template <typename F>
  uint64_t Scan(uint64_t cursor, F f) const {
    if (size_ == 0) return 0;
    const Place place = Locate(Reverse(static_cast<uint32_t>(cursor)));
    const Bucket* b = *Slot(place.bucket);
    for (uint32_t i = 0; b != nullptr && i < b->count; ++i) f(*b->Get(i));
    const uint64_t step = uint64_t{1} << (kCursorBits - place.bits);
    const uint64_t next = (cursor & ~(step - 1)) + step;
    return next >> kCursorBits != 0 ? 0 : next;
  }

  // Bytes set aside for directory and buckets.
  uint64_t Bytes() const;

 private:
  struct Bucket {
    uint16_t count;
    uint16_t capacity;
    // tags, then pointers
    uint16_t* tags() { return reinterpret_cast<uint16_t*>(this + 1); }
    const uint16_t* tags() const { return reinterpret_cast<const uint16_t*>(this + 1); }
    char* Pointer(uint32_t i) { return reinterpret_cast<char*>(tags() + capacity) + 6 * i; }
    ZsetElement* Get(uint32_t i) const;
    void Set(uint32_t i, uint16_t tag, const ZsetElement* e);
  };
  struct Place {
    uint64_t bucket;
    uint32_t bits;  // how many bits of the hash tell it from the others
  };
  static constexpr uint32_t kCursorBits = 32;
  static constexpr uint64_t kChunk = 512;
  static constexpr uint64_t kLoad = 48;

  static uint32_t Reverse(uint32_t bits);
  static uint16_t Tag(uint64_t hash) { return static_cast<uint16_t>(hash >> 48); }
  Place Locate(uint64_t hash) const {
    const uint64_t mask = (uint64_t{1} << level_) - 1;
    const uint64_t low = hash & mask;
    if (low >= split_) return {low, level_};
    return {hash & (2 * mask + 1), level_ + 1};
  }
  uint64_t buckets() const { return size_ == 0 ? 0 : (uint64_t{1} << level_) + split_; }
  Bucket** Slot(uint64_t bucket) const { return &chunks_[bucket / kChunk][bucket % kChunk]; }
  static Bucket* NewBucket(uint32_t capacity);
  static void Append(Bucket** slot, uint16_t tag, const ZsetElement* e);
  static void Erase(Bucket** slot, uint32_t i);
  static void Resize(Bucket** slot, uint32_t capacity);
  static uint32_t Position(const Bucket& b, const ZsetElement* e, uint16_t tag);
  void SetDirectory(uint64_t buckets);
  void Split();
  void Join();

  const uint64_t seed_;
  uint64_t size_ = 0;
  uint64_t split_ = 0;  // the next bucket to split
  uint32_t level_ = 0;
  uint64_t room_ = 0;  // slots of the directory
  std::vector<Bucket**> chunks_;
};

}  // namespace pleiad
