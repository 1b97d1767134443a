// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/packed_table.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/check.h"
#include "base/hash.h"

namespace pleiad {
namespace {

constexpr size_t kPackedTableStep = 16;  // slots are added by so many: what one comparison sees
constexpr size_t kPackedTableFewElements = 12;  // a bucket, on average: below that buckets join
constexpr size_t kPackedTableFewBytes = 320;

void* PackedTableAllocate(size_t size) {
  void* p = std::malloc(size);
  CHECK_MSG(p != nullptr, "out of memory");
  return p;
}

// What the allocator sets aside for so many bytes: 16, 32, ... 128, then four steps a doubling.
size_t PackedTableClass(size_t size) {
  if (size <= 128) return (size + 15) & ~size_t{15};
  const size_t step = size_t{1} << (std::bit_width(size - 1) - 3);
  return (size + step - 1) & ~(step - 1);
}

uint64_t PackedTableReverse(uint64_t v) {
  v = ((v >> 1) & 0x5555555555555555ULL) | ((v & 0x5555555555555555ULL) << 1);
  v = ((v >> 2) & 0x3333333333333333ULL) | ((v & 0x3333333333333333ULL) << 2);
  v = ((v >> 4) & 0x0f0f0f0f0f0f0f0fULL) | ((v & 0x0f0f0f0f0f0f0f0fULL) << 4);
  return __builtin_bswap64(v);
}

}  // namespace

FieldElementParts::FieldElementParts(std::string_view field, std::string_view value,
                                     int64_t expiry_ms) {
  unsigned char first = static_cast<unsigned char>(field.size());
  size_t size = 1;
  if (field.size() > 125) {
    const auto length = static_cast<uint32_t>(field.size());
    first = field.size() <= 255 ? 126 : 127;
    std::memcpy(head + 1, &length, first == 126 ? 1 : 4);  // little endian
    size = first == 126 ? 2 : 5;
  }
  if (expiry_ms != FieldElement::kNoExpiry) {
    first |= 0x80;
    std::memcpy(head + size, &expiry_ms, 8);
    size += 8;
  }
  head[0] = static_cast<char>(first);
  parts = {std::string_view(head, size), field, value};
}

struct PackedTable::Stored {
  Stored(PackedTable* table, const Parts& given) {
    size_t full = 0;
    for (const std::string_view part : given) full += part.size();
    if (full <= kInlineMax) [[likely]] {
      parts = given;
      size = full;
      return;
    }
    external = table->NewExternal(given, full);
    std::memcpy(pointer, &external, sizeof(external));
    parts[0] = {pointer, sizeof(external)};
    size = sizeof(external);
  }
  void CopyTo(char* to) const {
    for (const std::string_view part : parts) {
      if (part.empty()) continue;
      std::memcpy(to, part.data(), part.size());
      to += part.size();
    }
  }

  Parts parts;
  size_t size = 0;
  External* external = nullptr;
  char pointer[sizeof(External*)];
};

PackedTable::PackedTable(Keys keys, uint64_t seed) : seed_(seed), keys_(keys) {}

PackedTable::~PackedTable() {
  for (size_t i = 0; i < buckets_; ++i) {
    Bucket* const b = At(i);
    if (b == nullptr) continue;
    uint32_t offset = 0;
    for (uint32_t k = 0; k < b->count; ++k) {
      if (b->tags()[k] & kExternal) std::free(ExternalAt(b->data() + offset));
      offset += b->lengths()[k];
    }
    std::free(b);
  }
  for (size_t i = 1; i * kSegment < buckets_; ++i) std::free(segments_[i]);
  if (first_ != &single_) std::free(first_);
  if (segments_ != &first_) std::free(segments_);
}

uint64_t PackedTable::Hash(std::string_view key) const { return HashBytes(key, seed_); }

// Reading 16 at a time goes over what was asked for, never over the bucket: slots come in 16s, and
// lengths stand behind tags.
uint32_t PackedTable::MatchTags(const Bucket& b, uint32_t from, unsigned char tag) {
  const unsigned char* const tags = b.tags() + from;
  uint32_t mask = 0;
#if defined(__SSE2__)
  const __m128i seven = _mm_set1_epi8(0x7f);
  const __m128i have =
      _mm_and_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(tags)), seven);
  mask = static_cast<uint32_t>(
      _mm_movemask_epi8(_mm_cmpeq_epi8(have, _mm_set1_epi8(static_cast<char>(tag)))));
#else
  for (uint32_t i = 0; i < 16; ++i) mask |= static_cast<uint32_t>((tags[i] & 0x7f) == tag) << i;
#endif
  const uint32_t left = b.count - from;
  return left >= 16 ? mask : mask & ((1U << left) - 1);
}

uint32_t PackedTable::OffsetOf(const Bucket& b, uint32_t index) {
  const unsigned char* const lengths = b.lengths();
  uint32_t sum = 0;
  uint32_t i = 0;
#if defined(__SSE2__)
  __m128i total = _mm_setzero_si128();
  const __m128i zero = _mm_setzero_si128();
  for (; i + 16 <= index; i += 16) {
    const auto* const at = reinterpret_cast<const __m128i*>(lengths + i);
    total = _mm_add_epi64(total, _mm_sad_epu8(_mm_loadu_si128(at), zero));
  }
  if (i < index) {
    const __m128i number = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m128i wanted = _mm_cmplt_epi8(number, _mm_set1_epi8(static_cast<char>(index - i)));
    const auto* const at = reinterpret_cast<const __m128i*>(lengths + i);
    total = _mm_add_epi64(total, _mm_sad_epu8(_mm_and_si128(_mm_loadu_si128(at), wanted), zero));
    i = index;
  }
  sum = static_cast<uint32_t>(_mm_cvtsi128_si32(total)) +
        static_cast<uint32_t>(_mm_cvtsi128_si32(_mm_srli_si128(total, 8)));
#endif
  for (; i < index; ++i) sum += lengths[i];
  return sum;
}

PackedTable::Place PackedTable::Find(uint64_t hash, std::string_view key) const {
  return FindHash(hash, [&](std::string_view element) { return KeyOf(element) == key; });
}

std::string_view PackedTable::Get(const Place& place) const {
  return Element(**place.bucket_, place.index_, place.offset_);
}

PackedTable::Bucket* PackedTable::NewBucket(size_t elements, size_t bytes) {
  const size_t slots = (elements + kPackedTableStep - 1) & ~(kPackedTableStep - 1);
  const size_t capacity = PackedTableClass(sizeof(Bucket) + 2 * slots + bytes);
  CHECK(capacity < (size_t{1} << 31));
  auto* b = new (PackedTableAllocate(capacity)) Bucket;
  b->count = 0;
  b->slots = static_cast<uint32_t>(slots);
  b->used = 0;
  b->capacity = static_cast<uint32_t>(capacity);
  bytes_ += capacity;
  return b;
}

void PackedTable::FreeBucket(Bucket* b) {
  if (b == nullptr) return;
  bytes_ -= b->capacity;
  std::free(b);
}

// Room in *bucket for so many elements and bytes in all.
void PackedTable::MakeRoom(Bucket** bucket, size_t elements, size_t bytes) {
  Bucket* const old = *bucket;
  if (old != nullptr && elements <= old->slots &&
      sizeof(Bucket) + size_t{2} * old->slots + bytes <= old->capacity) {
    return;
  }
  Bucket* const fresh = NewBucket(elements, bytes);
  if (old != nullptr) {
    std::memcpy(fresh->tags(), old->tags(), old->count);
    std::memcpy(fresh->lengths(), old->lengths(), old->count);
    std::memcpy(fresh->data(), old->data(), old->used);
    fresh->count = old->count;
    fresh->used = old->used;
    FreeBucket(old);
  }
  *bucket = fresh;
}

// Gives memory back once a bucket needs two classes less than it has.
void PackedTable::ShrinkToFit(Bucket** bucket) {
  Bucket* const old = *bucket;
  if (old->count == 0) {
    FreeBucket(old);
    *bucket = nullptr;
    return;
  }
  const size_t slots = (old->count + kPackedTableStep - 1) & ~(kPackedTableStep - 1);
  const size_t need = sizeof(Bucket) + 2 * slots + old->used;
  if (need + need / 2 > old->capacity) return;
  *bucket = nullptr;
  MakeRoom(bucket, old->count, old->used);
  Bucket* const fresh = *bucket;
  std::memcpy(fresh->tags(), old->tags(), old->count);
  std::memcpy(fresh->lengths(), old->lengths(), old->count);
  std::memcpy(fresh->data(), old->data(), old->used);
  fresh->count = old->count;
  fresh->used = old->used;
  FreeBucket(old);
}

void PackedTable::Append(Bucket* b, unsigned char tag, std::string_view bytes) {
  b->tags()[b->count] = tag;
  b->lengths()[b->count] = static_cast<unsigned char>(bytes.size());
  if (!bytes.empty()) std::memcpy(b->data() + b->used, bytes.data(), bytes.size());
  b->used += static_cast<uint32_t>(bytes.size());
  ++b->count;
}

PackedTable::External* PackedTable::NewExternal(const Parts& parts, size_t size) {
  auto* e = new (PackedTableAllocate(sizeof(External) + size)) External;
  e->size = size;
  char* to = e->data();
  for (const std::string_view part : parts) {
    if (part.empty()) continue;
    std::memcpy(to, part.data(), part.size());
    to += part.size();
  }
  bytes_ += PackedTableClass(sizeof(External) + size);
  return e;
}

void PackedTable::FreeExternal(External* e) {
  bytes_ -= PackedTableClass(sizeof(External) + e->size);
  std::free(e);
}

void PackedTable::Insert(uint64_t hash, const Parts& parts) {
  if (size_ + 1 > buckets_ * kTargetElements || used_ > buckets_ * kTargetBytes) AddBucket();
  const Stored stored(this, parts);
  Bucket*& bucket = At(IndexOf(hash));
  MakeRoom(&bucket, CountOf(bucket) + size_t{1},
           (bucket == nullptr ? 0 : bucket->used) + stored.size);
  Bucket* const b = bucket;
  b->tags()[b->count] =
      static_cast<unsigned char>(TagOf(hash) | (stored.external != nullptr ? kExternal : 0));
  b->lengths()[b->count] = static_cast<unsigned char>(stored.size);
  stored.CopyTo(b->data() + b->used);
  b->used += static_cast<uint32_t>(stored.size);
  ++b->count;
  largest_ = std::max(largest_, b->count);
  used_ += stored.size;
  ++size_;
}

void PackedTable::Replace(const Place& place, const Parts& parts) {
  const Stored stored(this, parts);
  const uint32_t index = place.index_;
  const size_t old_size = (*place.bucket_)->lengths()[index];
  if (stored.size > old_size) {
    MakeRoom(place.bucket_, (*place.bucket_)->count,
             (*place.bucket_)->used + stored.size - old_size);
  }
  Bucket* const b = *place.bucket_;
  char* const at = b->data() + place.offset_;
  if (b->tags()[index] & kExternal) FreeExternal(ExternalAt(at));
  b->tags()[index] = static_cast<unsigned char>((b->tags()[index] & ~kExternal) |
                                                (stored.external != nullptr ? kExternal : 0));
  if (stored.size != old_size) {
    std::memmove(at + stored.size, at + old_size, b->used - place.offset_ - old_size);
    b->lengths()[index] = static_cast<unsigned char>(stored.size);
    b->used = static_cast<uint32_t>(b->used + stored.size - old_size);
    used_ = used_ + stored.size - old_size;
  }
  stored.CopyTo(at);
  if (stored.size < old_size) ShrinkToFit(place.bucket_);
  if (used_ > buckets_ * kTargetBytes) AddBucket();
}

void PackedTable::Erase(const Place& place) {
  Bucket* const b = *place.bucket_;
  const uint32_t index = place.index_;
  const uint32_t size = b->lengths()[index];
  char* const at = b->data() + place.offset_;
  if (b->tags()[index] & kExternal) FreeExternal(ExternalAt(at));
  const size_t behind = b->count - index - 1;
  std::memmove(b->tags() + index, b->tags() + index + 1, behind);
  std::memmove(b->lengths() + index, b->lengths() + index + 1, behind);
  std::memmove(at, at + size, b->used - place.offset_ - size);
  b->used -= size;
  --b->count;
  used_ -= size;
  --size_;
  ShrinkToFit(place.bucket_);
  if (buckets_ > 1 && size_ < buckets_ * kPackedTableFewElements &&
      used_ < buckets_ * kPackedTableFewBytes) {
    RemoveBucket();
  }
}

void PackedTable::SetBuckets(size_t buckets) {
  buckets_ = buckets;
  mask_ = (size_t{1} << std::bit_width(buckets)) - 1;
}

// A place for bucket number buckets_.
void PackedTable::GrowDirectory() {
  const size_t i = buckets_;
  if (i < kSegment) {
    if (i < first_size_) return;
    const size_t places = size_t{2} * first_size_;
    auto** const fresh = static_cast<Bucket**>(PackedTableAllocate(places * sizeof(Bucket*)));
    std::memcpy(fresh, first_, first_size_ * sizeof(Bucket*));
    if (first_ != &single_) std::free(first_);
    bytes_ += (places - (first_ == &single_ ? 0 : first_size_)) * sizeof(Bucket*);
    first_ = fresh;
    first_size_ = static_cast<uint16_t>(places);
    return;
  }
  if (i % kSegment != 0) return;
  const size_t segment = i / kSegment;
  if (segment == segments_size_) {
    const size_t places = size_t{2} * segments_size_;
    auto*** const fresh = static_cast<Bucket***>(PackedTableAllocate(places * sizeof(Bucket**)));
    std::memcpy(fresh, segments_, segments_size_ * sizeof(Bucket**));
    if (segments_ != &first_) std::free(segments_);
    bytes_ += (places - (segments_ == &first_ ? 0 : segments_size_)) * sizeof(Bucket**);
    segments_ = fresh;
    segments_size_ = static_cast<uint32_t>(places);
  }
  segments_[0] = first_;
  segments_[segment] = static_cast<Bucket**>(PackedTableAllocate(kSegment * sizeof(Bucket*)));
  bytes_ += kSegment * sizeof(Bucket*);
}

// After bucket number buckets_ went.
void PackedTable::ShrinkDirectory() {
  if (buckets_ >= kSegment) {
    if (buckets_ % kSegment != 0) return;
    std::free(segments_[buckets_ / kSegment]);
    bytes_ -= kSegment * sizeof(Bucket*);
    return;
  }
  if (segments_ != &first_) {
    std::free(segments_);
    bytes_ -= segments_size_ * sizeof(Bucket**);
    segments_ = &first_;
    segments_size_ = 1;
  }
  if (buckets_ == 1) {
    single_ = first_[0];
    std::free(first_);
    bytes_ -= first_size_ * sizeof(Bucket*);
    first_ = &single_;
    first_size_ = 1;
  } else if (buckets_ * 4 <= first_size_) {
    const size_t places = first_size_ / 2U;
    auto** const fresh = static_cast<Bucket**>(PackedTableAllocate(places * sizeof(Bucket*)));
    std::memcpy(fresh, first_, buckets_ * sizeof(Bucket*));
    std::free(first_);
    bytes_ -= places * sizeof(Bucket*);
    first_ = fresh;
    first_size_ = static_cast<uint16_t>(places);
  }
}

void PackedTable::AddBucket() {
  GrowDirectory();
  const size_t bit = (mask_ >> 1) + 1;  // the power of two that buckets_ has reached
  Bucket*& low = At(buckets_ - bit);
  Bucket*& high = At(buckets_);
  high = nullptr;
  Bucket* const old = low;
  SetBuckets(buckets_ + 1);
  if (old == nullptr) return;
  std::vector<bool> goes(old->count);
  size_t count = 0;
  size_t bytes = 0;
  uint32_t offset = 0;
  for (uint32_t i = 0; i < old->count; ++i) {
    if (Hash(KeyOf(Element(*old, i, offset))) & bit) {
      goes[i] = true;
      ++count;
      bytes += old->lengths()[i];
    }
    offset += old->lengths()[i];
  }
  if (count == 0) return;
  high = NewBucket(count, bytes);
  low = count == old->count ? nullptr : NewBucket(old->count - count, old->used - bytes);
  offset = 0;
  for (uint32_t i = 0; i < old->count; ++i) {
    const uint32_t size = old->lengths()[i];
    Append(goes[i] ? high : low, old->tags()[i], {old->data() + offset, size});
    offset += size;
  }
  FreeBucket(old);
}

void PackedTable::RemoveBucket() {
  SetBuckets(buckets_ - 1);
  Bucket* const high = At(buckets_);
  Bucket*& low = At(buckets_ - ((mask_ >> 1) + 1));
  if (low == nullptr) {
    low = high;
  } else if (high != nullptr) {
    MakeRoom(&low, low->count + size_t{high->count}, low->used + size_t{high->used});
    std::memcpy(low->tags() + low->count, high->tags(), high->count);
    std::memcpy(low->lengths() + low->count, high->lengths(), high->count);
    std::memcpy(low->data() + low->used, high->data(), high->used);
    low->count += high->count;
    low->used += high->used;
    FreeBucket(high);
  }
  largest_ = std::max(largest_, CountOf(low));
  ShrinkDirectory();
}

const PackedTable::Bucket* PackedTable::BucketAtCursor(uint64_t* cursor) const {
  const uint64_t position = *cursor << (64 - kCursorBits);
  const size_t index = IndexOf(PackedTableReverse(position));
  const size_t half = (mask_ >> 1) + 1;  // 2^k
  const bool parted = index >= half || index < buckets_ - half;
  const int bits = static_cast<int>(std::bit_width(half)) - (parted ? 0 : 1);
  const Bucket* const b = At(index);
  if (bits == 0) {
    *cursor = 0;
    return b;
  }
  const uint64_t next = ((position >> (64 - bits)) + 1) << (64 - bits);
  *cursor = next >> (64 - kCursorBits);
  return b;
}

// A bucket is drawn in proportion to its elements by drawing again as often as it falls short of
// the largest.
PackedTable::Place PackedTable::Random(Prng* prng) const {
  CHECK(size_ != 0);
  const uint32_t bound = buckets_ == 1 ? CountOf(At(0)) : largest_;
  while (true) {
    Bucket*& bucket = At(prng->Below(buckets_));
    const uint64_t index = prng->Below(bound);
    if (index >= CountOf(bucket)) continue;
    Place place;
    place.bucket_ = &bucket;
    place.index_ = static_cast<uint32_t>(index);
    place.offset_ = OffsetOf(*bucket, place.index_);
    return place;
  }
}

void PackedTable::CopyFrom(const PackedTable& other) {
  CHECK(size_ == 0 && seed_ == other.seed_ && keys_ == other.keys_);
  while (buckets_ < other.buckets_) AddBucket();
  for (size_t i = 0; i < buckets_; ++i) {
    const Bucket* const b = other.At(i);
    if (b == nullptr) continue;
    Bucket* const copy = At(i) = NewBucket(b->count, b->used);
    uint32_t offset = 0;
    for (uint32_t k = 0; k < b->count; ++k) {
      const size_t size = b->lengths()[k];
      if (b->tags()[k] & kExternal) {
        External* const e = ExternalAt(b->data() + offset);
        const External* const fresh = NewExternal({std::string_view(e->data(), e->size)}, e->size);
        Append(copy, b->tags()[k], {reinterpret_cast<const char*>(&fresh), sizeof(fresh)});
      } else {
        Append(copy, b->tags()[k], {b->data() + offset, size});
      }
      offset += b->lengths()[k];
    }
  }
  size_ = other.size_;
  used_ = other.used_;
  largest_ = other.largest_;
}

}  // namespace pleiad
