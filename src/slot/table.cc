// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "slot/table.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "slot/hash.h"

namespace pleiad {
namespace {

// Bucket counts whose size in bytes is a size class of the allocator: nothing is lost to rounding.
constexpr std::array<int, 20> kSteps = {1,  2,  3,  4,  5,  6,  7,  8,  10, 12,
                                        14, 16, 20, 24, 28, 32, 40, 48, 56, 64};
constexpr unsigned kStickyOverflow = 255;
constexpr int kMergeBelow = 200;  // two buddies with fewer entries than this together become one

}  // namespace

// How many entries a segment of that many buckets holds before it grows. At 0.92 a hit reads 1.2
// buckets on average.
int Table::Capacity(int bucket_count) {
  const int words = bucket_count * kWords;
  return words - words / 12;
}

int Table::BucketsFor(int count) {
  for (const int step : kSteps) {
    if (Capacity(step) >= count) return step;
  }
  return kMaxBuckets;
}

unsigned Table::Overflow(const Bucket& b) {
  unsigned n = 0;
  for (int i = 0; i < kWords; ++i) n |= static_cast<unsigned>(b.word[i] >> 63) << i;
  return n;
}

void Table::SetOverflow(Bucket* b, unsigned n) {
  for (int i = 0; i < kWords; ++i) {
    b->word[i] = (b->word[i] & ~kOverflowBit) | (static_cast<uint64_t>((n >> i) & 1) << 63);
  }
}

uint64_t* Table::FindWord(uint64_t hash, std::string_view key) const {
  const Segment* s = SegmentFor(hash);
  if (s->bucket_count == 0) return nullptr;
  const uint32_t tag = Tag(hash);
  int b = Home(*s, tag);
  for (int probes = 0; probes < s->bucket_count; ++probes) {
    Bucket& bucket = s->buckets[b];
    uint64_t seen = 0;
    for (uint64_t& word : bucket.word) {
      seen |= word;
      if (WordTag(word) == tag) {
        const Entry* e = ToEntry(word);
        if (e != nullptr && e->key() == key) return &word;
      }
    }
    if (!(seen & kOverflowBit)) return nullptr;
    if (++b == s->bucket_count) b = 0;
  }
  return nullptr;
}

const char* Table::GuessEntry(uint64_t hash) const {
  const Bucket* buckets = __atomic_load_n(&first_.buckets, __ATOMIC_RELAXED);
  const uint32_t count = __atomic_load_n(&first_.bucket_count, __ATOMIC_RELAXED);
  // Empty, or so large that it has a directory.
  if (buckets == nullptr || count == 0) return nullptr;
  const uint32_t tag = Tag(hash);
  const Bucket& bucket = buckets[HomeOf(count, tag)];
  for (const uint64_t& place : bucket.word) {
    const uint64_t word = __atomic_load_n(&place, __ATOMIC_RELAXED);
    if (WordTag(word) == tag) return reinterpret_cast<const char*>(word & kPointerMask);
  }
  return nullptr;
}

void Table::PrefetchEntry(uint64_t hash) const {
  const char* e = GuessEntry(hash);
  if (e == nullptr) return;
  __builtin_prefetch(e, 1);
  __builtin_prefetch(e + 64, 1);
}

void Table::PrefetchValue(uint64_t hash) const {
  const char* e = GuessEntry(hash);
  const char* value = e == nullptr ? nullptr : Entry::GuessOutside(e);
  if (value == nullptr) return;
  __builtin_prefetch(value, 1);
  __builtin_prefetch(value + 64, 1);
}

// Puts a word (pointer and tag, overflow bit clear) where it belongs. REQUIRES: a free word
// somewhere.
void Table::Place(Segment* s, uint64_t word) {
  int b = Home(*s, WordTag(word));
  while (true) {
    Bucket& bucket = s->buckets[b];
    for (uint64_t& w : bucket.word) {
      if ((w & kPointerMask) == 0) {
        w = word | (w & kOverflowBit);
        ++s->count;
        return;
      }
    }
    const unsigned passed = Overflow(bucket);
    if (passed < kStickyOverflow) SetOverflow(&bucket, passed + 1);
    if (++b == s->bucket_count) b = 0;
  }
}

void Table::Resize(Segment* s, int bucket_count) {
  Bucket* old = s->buckets;
  const int old_count = s->bucket_count;
  s->bucket_count = static_cast<uint8_t>(bucket_count);
  s->count = 0;
  s->buckets = nullptr;
  if (bucket_count > 0) {
    const size_t bytes = sizeof(Bucket) * static_cast<size_t>(bucket_count);
    s->buckets = static_cast<Bucket*>(std::aligned_alloc(64, bytes));
    CHECK_MSG(s->buckets != nullptr, "out of memory");
    std::memset(static_cast<void*>(s->buckets), 0, bytes);
  }
  for (int b = 0; b < old_count; ++b) {
    for (const uint64_t w : old[b].word) {
      if ((w & kPointerMask) != 0) Place(s, w & ~kOverflowBit);
    }
  }
  std::free(old);
}

void Table::Insert(uint64_t hash, Entry* entry, uint64_t seed) {
  Segment* s = SegmentFor(hash);
  while (s->count + 1 > Capacity(s->bucket_count)) {
    const auto next = std::upper_bound(kSteps.begin(), kSteps.end(), int{s->bucket_count});
    if (next != kSteps.end()) {
      Resize(s, *next);
    } else if (s->depth < kPrefixBits) {
      Split(hash, seed);
      s = SegmentFor(hash);
    } else {
      CHECK_MSG(s->count < kMaxBuckets * kWords,
                "more than 512 keys share 35 bits of a keyed hash");
      break;
    }
  }
  Place(s, reinterpret_cast<uint64_t>(entry) | (static_cast<uint64_t>(Tag(hash)) << kTagShift));
  ++count_;
}

void Table::Replace(uint64_t hash, const Entry* old, Entry* fresh) {
  const Segment* s = SegmentFor(hash);
  int b = Home(*s, Tag(hash));
  for (int probes = 0; probes < s->bucket_count; ++probes) {
    for (uint64_t& w : s->buckets[b].word) {
      if (ToEntry(w) == old) {
        w = (w & ~kPointerMask) | reinterpret_cast<uint64_t>(fresh);
        return;
      }
    }
    if (++b == s->bucket_count) b = 0;
  }
  CHECK_MSG(false, "Replace of an entry that is not in the table");
}

Entry* Table::Remove(uint64_t hash, std::string_view key) {
  uint64_t* word = FindWord(hash, key);
  if (word == nullptr) return nullptr;
  Segment* s = SegmentFor(hash);
  Entry* e = ToEntry(*word);
  *word &= kOverflowBit;
  const int stands =
      static_cast<int>((reinterpret_cast<char*>(word) - reinterpret_cast<char*>(s->buckets)) /
                       static_cast<int64_t>(sizeof(Bucket)));
  for (int b = Home(*s, Tag(hash)); b != stands; b = b + 1 == s->bucket_count ? 0 : b + 1) {
    const unsigned passed = Overflow(s->buckets[b]);
    if (passed < kStickyOverflow) SetOverflow(&s->buckets[b], passed - 1);
  }
  --s->count;
  --count_;
  MaybeShrink(s, hash);
  return e;
}

// A segment shrinks when it would fit into half its buckets, to the step that leaves a third of
// room.
void Table::MaybeShrink(Segment* s, uint64_t hash) {
  if (s->count == 0 && directory_ == nullptr) {
    Resize(s, 0);
    return;
  }
  const int roomy = BucketsFor(s->count + s->count / 3 + 1);
  if (roomy * 2 <= s->bucket_count) Resize(s, roomy);
  if (directory_ != nullptr && s->count < kMergeBelow / 2) MaybeMerge(hash);
}

void Table::GrowDirectory() {
  const size_t old_size = directory_ == nullptr ? 1 : size_t{1} << depth_;
  auto** grown = static_cast<Segment**>(std::malloc(old_size * 2 * sizeof(Segment*)));
  CHECK_MSG(grown != nullptr, "out of memory");
  if (directory_ == nullptr) {
    grown[0] = grown[1] = new Segment(first_);
    first_ = Segment();
  } else {
    for (size_t i = 0; i < old_size; ++i) grown[2 * i] = grown[2 * i + 1] = directory_[i];
    std::free(directory_);
  }
  directory_ = grown;
  ++depth_;
}

// Halves the segment of `hash` by the next bit of the prefix. The one place where growth reads
// entries: at most 470.
void Table::Split(uint64_t hash, uint64_t seed) {
  if (SegmentFor(hash)->depth == depth_) GrowDirectory();
  Segment* s = SegmentFor(hash);
  auto* high = new Segment();
  const int bit = kPrefixBits - 1 - s->depth;
  high->depth = ++s->depth;
  high->version = s->version;
  Segment low = *s;
  low.buckets = nullptr;
  low.bucket_count = 0;
  low.count = 0;
  std::vector<uint64_t> halves[2];
  for (int b = 0; b < s->bucket_count; ++b) {
    for (const uint64_t w : s->buckets[b].word) {
      const Entry* e = ToEntry(w);
      if (e == nullptr) continue;
      halves[(Prefix(HashKey(e->key(), seed)) >> bit) & 1].push_back(w & ~kOverflowBit);
    }
  }
  std::free(s->buckets);
  *s = low;
  Segment* targets[2] = {s, high};
  for (int half = 0; half < 2; ++half) {
    Resize(targets[half], BucketsFor(static_cast<int>(halves[half].size()) + 1));
    for (const uint64_t w : halves[half]) Place(targets[half], w);
  }
  const size_t span = size_t{1} << (depth_ - s->depth);
  const size_t at = (static_cast<size_t>(Prefix(hash)) >> (kPrefixBits - depth_)) & ~(2 * span - 1);
  for (size_t i = 0; i < span; ++i) directory_[at + span + i] = high;
}

// Joins the segment of `hash` with its buddy when both are nearly empty; folds the directory away
// at the end.
void Table::MaybeMerge(uint64_t hash) {
  Segment* s = SegmentFor(hash);
  const size_t span = size_t{1} << (depth_ - s->depth);
  const size_t at = (static_cast<size_t>(Prefix(hash)) >> (kPrefixBits - depth_)) & ~(span - 1);
  Segment* buddy = directory_[at ^ span];
  if (buddy->depth != s->depth || s->count + buddy->count >= kMergeBelow) return;
  if (buddy->version != s->version) return;  // a snapshot has taken one of them only
  Bucket* moved = buddy->buckets;
  const int moved_count = buddy->bucket_count;
  Resize(s, BucketsFor(s->count + buddy->count + 1));
  for (int b = 0; b < moved_count; ++b) {
    for (const uint64_t w : moved[b].word) {
      if ((w & kPointerMask) != 0) Place(s, w & ~kOverflowBit);
    }
  }
  std::free(moved);
  for (size_t i = 0; i < span; ++i) directory_[(at ^ span) + i] = s;
  delete buddy;
  if (--s->depth == 0) {
    first_ = *s;
    delete s;
    std::free(directory_);
    directory_ = nullptr;
    depth_ = 0;
  }
}

std::vector<Table::Segment*> Table::Segments() const {
  std::vector<Segment*> out;
  if (directory_ == nullptr) {
    out.push_back(const_cast<Segment*>(&first_));
    return out;
  }
  for (size_t i = 0; i < size_t{1} << depth_; ++i) {
    if (out.empty() || out.back() != directory_[i]) out.push_back(directory_[i]);
  }
  return out;
}

void Table::Clear() {
  for (Segment* s : Segments()) {
    for (int b = 0; b < s->bucket_count; ++b) {
      for (const uint64_t w : s->buckets[b].word) {
        if (ToEntry(w) != nullptr) Entry::Free(ToEntry(w));
      }
    }
    std::free(s->buckets);
    if (directory_ != nullptr) delete s;
  }
  std::free(directory_);
  directory_ = nullptr;
  depth_ = 0;
  first_ = Segment();
  count_ = 0;
}

void Table::Swap(Table& other) {
  std::swap(first_, other.first_);
  std::swap(directory_, other.directory_);
  std::swap(count_, other.count_);
  std::swap(depth_, other.depth_);
}

void Table::Scan(TableCursor* cursor, size_t want, std::vector<Entry*>* out) const {
  const Segment* s = SegmentFor(static_cast<uint64_t>(cursor->prefix) << 29);
  // Tags are spread evenly, so a range of them holds a proportional number of entries.
  const uint64_t count = std::max<uint64_t>(s->count, 1);
  const uint64_t width =
      std::max<uint64_t>(1, (uint64_t{kTagMask} + 1) * std::max<size_t>(want, 1) / count);
  // A segment that merged since brought entries with tags before `tag` that nobody visited: begin
  // it anew.
  const uint64_t from = s->depth < cursor->depth ? 0 : cursor->tag;
  const uint64_t to = std::min<uint64_t>(from + width, uint64_t{kTagMask} + 1);
  for (int b = 0; b < s->bucket_count; ++b) {
    for (const uint64_t w : s->buckets[b].word) {
      if (ToEntry(w) != nullptr && WordTag(w) >= from && WordTag(w) < to)
        out->push_back(ToEntry(w));
    }
  }
  cursor->tag = static_cast<uint32_t>(to);
  cursor->depth = s->depth;
  if (to <= kTagMask) return;
  cursor->depth = 0;
  const uint32_t range = 1U << (kPrefixBits - s->depth);
  cursor->tag = 0;
  cursor->prefix = (cursor->prefix & ~(range - 1)) + range;
  if (cursor->prefix >= (1U << kPrefixBits)) *cursor = TableCursor{.done = true};
}

Entry* Table::Sample(uint64_t random) const {
  if (count_ == 0) return nullptr;
  size_t directory_at = directory_ == nullptr ? 0 : random & ((size_t{1} << depth_) - 1);
  const size_t directory_size = directory_ == nullptr ? 1 : size_t{1} << depth_;
  for (size_t tried = 0; tried < directory_size; ++tried) {
    const Segment* s = directory_ == nullptr ? &first_ : directory_[directory_at];
    directory_at = (directory_at + 1) % directory_size;
    if (s->count == 0) continue;
    const size_t words = static_cast<size_t>(s->bucket_count) * kWords;
    size_t at = (random >> 20) % words;
    for (size_t i = 0; i < words; ++i, at = at + 1 == words ? 0 : at + 1) {
      Entry* e = ToEntry(s->buckets[at / kWords].word[at % kWords]);
      if (e != nullptr) return e;
    }
  }
  return nullptr;
}

size_t Table::MemoryUsage() const {
  size_t bytes = directory_ == nullptr ? 0 : (size_t{1} << depth_) * sizeof(Segment*);
  for (const Segment* s : Segments()) {
    bytes += s->bucket_count * sizeof(Bucket) + (directory_ == nullptr ? 0 : sizeof(Segment));
  }
  return bytes;
}

}  // namespace pleiad
