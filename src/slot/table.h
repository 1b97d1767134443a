// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Table: the keys of one slot in one database.
//
// Intuition. A bucket is one cache line of eight words; a word is a pointer to an entry with 15
// bits of the key's hash above it, so that one line answers "is it here?" without touching an
// entry. Buckets form a *segment* of 1 to 64; a key's home is (15 hash bits x buckets) / 2^15, and
// a full bucket overflows into the next one. Because those 15 bits are in the word, a segment grows
// and shrinks (in steps of one allocator size class, at most 25 %) without reading an entry: at
// most 512 words move, about 2 us. A full segment of 64 splits in two by further hash bits
// (extendible hashing), so the work per command stays bounded at any size.
//
// A bucket that overflowed counts the entries that went past it, in the top bits of its words; a
// lookup that finds the count zero stops. The counter falls when such an entry is deleted, so churn
// leaves no tombstones.
//
// Memory: 8 bytes a word at a fill of 0.75 to 0.92: about 10 bytes a key. Threads: the holder of
// the slot's lock. Cost: Find is one line for the bucket and one or two for the entry.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "slot/entry.h"

namespace pleiad {

// A cursor of SCAN inside a table: the next hash prefix and tag to visit. Ordered; stable when the
// table grows or shrinks.
struct TableCursor {
  uint32_t prefix = 0;  // 20 bits
  uint32_t tag = 0;     // 15 bits
  uint32_t depth = 0;   // of the segment where `tag` was reached, 0 where tag is: tells that
                        // segments merged since. 5 bits
  bool done = false;
};

class Table {
 public:
  static constexpr int kWords = 8;        // per bucket
  static constexpr int kMaxBuckets = 64;  // per segment
  static constexpr int kPrefixBits = 20;  // of SCAN's cursor and the directory
  static constexpr uint64_t kPointerMask = 0x0000fffffffffff0ULL;

  struct alignas(64) Bucket {
    uint64_t word[kWords];
  };
  struct Segment {
    Bucket* buckets = nullptr;
    uint16_t count = 0;
    uint8_t bucket_count = 0;
    uint8_t depth = 0;
    uint32_t version = 0;  // snapshot version: see snapshot hooks in slot/keyspace.h
  };

  static Entry* ToEntry(uint64_t word) { return reinterpret_cast<Entry*>(word & kPointerMask); }

  Table() = default;
  ~Table() { Clear(); }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  uint32_t size() const { return count_; }
  // Hints: fetch the lines a Find of `hash` will need, first the bucket, then (when that had time
  // to arrive) the first entry whose tag fits. They may be called without the slot's lock: what
  // they read may be stale or half changed, and is used for nothing but a prefetch, which can't
  // fault. A freed bucket array may still be read: the allocator never unmaps (jemalloc's
  // opt.retain), and a sanitizer build, which has another allocator, doesn't call them.
  void PrefetchBucket(uint64_t hash) const {
    const Segment& s = first_;
    const Bucket* buckets = __atomic_load_n(&s.buckets, __ATOMIC_RELAXED);
    const int home = HomeOf(__atomic_load_n(&s.bucket_count, __ATOMIC_RELAXED), Tag(hash));
    __builtin_prefetch(buckets + home, 1);
  }
  void PrefetchEntry(uint64_t hash) const;
  // And then what the entry points at, if its value lies elsewhere.
  void PrefetchValue(uint64_t hash) const;

  // nullptr if absent. The returned place is valid until the next Insert or Erase.
  Entry* Find(uint64_t hash, std::string_view key) const {
    uint64_t* place = FindWord(hash, key);
    return place == nullptr ? nullptr : ToEntry(*place);
  }
  // REQUIRES: the key is absent. Takes the entry over. `seed` as in HashKey (a split rehashes).
  void Insert(uint64_t hash, Entry* entry, uint64_t seed);
  // Puts `fresh` where `old` was (the entry moved). REQUIRES: old is in the table.
  void Replace(uint64_t hash, const Entry* old, Entry* fresh);
  // Takes the entry out and returns it to the caller; nullptr if absent.
  Entry* Remove(uint64_t hash, std::string_view key);
  // Frees all entries.
  void Clear();
  // Exchanges the contents.
  void Swap(Table& other);

  // Visits about `want` entries from the cursor on, in cursor order; an entry that is there all the
  // time is seen at least once. `out` gets the entries. Cost: at most one segment (512 words) a
  // call.
  void Scan(TableCursor* cursor, size_t want, std::vector<Entry*>* out) const;

  // All entries, segment by segment: f(Segment&, span of entries).
  template <typename F>
  void ForEach(F f) const {
    for (const Segment* s : Segments()) {
      for (int b = 0; b < s->bucket_count; ++b) {
        for (const uint64_t w : s->buckets[b].word) {
          if (ToEntry(w) != nullptr) f(ToEntry(w));
        }
      }
    }
  }
  std::vector<Segment*> Segments() const;
  Segment* SegmentFor(uint64_t hash) const {
    if (directory_ == nullptr) return const_cast<Segment*>(&first_);
    return directory_[Prefix(hash) >> (kPrefixBits - depth_)];
  }
  // The segment of the hashes with this prefix; `*next` is the first prefix behind it, kPrefixes at
  // the end. Splits and merges keep the order, so a walk by prefix may go on after changes.
  static constexpr uint32_t kPrefixes = 1U << kPrefixBits;
  Segment* SegmentAt(uint32_t prefix, uint32_t* next) const {
    *next = kPrefixes;
    if (directory_ == nullptr) return const_cast<Segment*>(&first_);
    Segment* const s = directory_[prefix >> (kPrefixBits - depth_)];
    const int shift = kPrefixBits - s->depth;
    *next = ((prefix >> shift) + 1) << shift;
    return s;
  }
  // Some entry near a random place; nullptr only if the table is empty.
  Entry* Sample(uint64_t random) const;
  // Bytes of the table itself.
  size_t MemoryUsage() const;

 private:
  static constexpr uint64_t kOverflowBit = 1ULL << 63;
  static constexpr int kTagShift = 48;
  static constexpr uint32_t kTagMask = 0x7fff;

  static uint32_t Tag(uint64_t hash) { return static_cast<uint32_t>(hash >> 49); }
  static uint32_t Prefix(uint64_t hash) {
    return static_cast<uint32_t>((hash >> 29) & ((1U << kPrefixBits) - 1));
  }
  static uint32_t WordTag(uint64_t word) {
    return static_cast<uint32_t>(word >> kTagShift) & kTagMask;
  }
  // Without a lock, for prefetches: where the entry may be; nullptr: no idea.
  const char* GuessEntry(uint64_t hash) const;
  static int HomeOf(uint32_t bucket_count, uint32_t tag) {
    return static_cast<int>((tag * bucket_count) >> 15);
  }
  static int Home(const Segment& s, uint32_t tag) { return HomeOf(s.bucket_count, tag); }
  uint64_t* FindWord(uint64_t hash, std::string_view key) const;
  static void Place(Segment* s, uint64_t word);
  static void Resize(Segment* s, int bucket_count);
  static int Capacity(int bucket_count);
  static int BucketsFor(int count);
  static unsigned Overflow(const Bucket& b);
  static void SetOverflow(Bucket* b, unsigned n);
  void Split(uint64_t hash, uint64_t seed);
  void GrowDirectory();
  void MaybeShrink(Segment* s, uint64_t hash);
  void MaybeMerge(uint64_t hash);

  Segment first_;  // the only segment while directory_ is null
  Segment** directory_ =
      nullptr;  // 2^depth_ pointers; a segment of smaller depth stands in several places
  uint32_t count_ = 0;
  uint8_t depth_ = 0;
};
static_assert(sizeof(Table) == 32);

}  // namespace pleiad
