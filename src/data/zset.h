// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Sorted sets. Members are unique; items are in order of score, then of the member's bytes. Scores
// are never NaN.
//
//     packed   | count 2 | score 8 (a double as it is in memory) | length 1, 3 or 5 | member | ...
//              in order, up to zset_max_packed_entries items of zset_max_packed_value bytes
//     object   a ZsetTree for the order and a ZsetIndex for the members
//
// Every range, by rank, score or member, is a ZsetRange of ranks: find it (one or two descents),
// then visit, count or remove it. A set that became an object stays one.
//
// Threads: the holder of the slot's lock. Costs, for N items: packed, a pass over at most
// zset_max_packed_entries; object, as noted.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "data/collection_settings.h"
#include "data/value_store.h"
#include "data/zset_index.h"
#include "data/zset_tree.h"

namespace pleiad {

class ZsetObject : public Object {
 public:
  explicit ZsetObject(uint64_t seed) : index(seed), seed_(seed) {}
  size_t MemoryUsage() const override;
  std::unique_ptr<Object> Clone() const override;
  // REQUIRES: the member is not there.
  void Insert(std::string_view member, double score) {
    Insert(ZsetElement::Create(member, score), index.Hash(member));
  }
  void Insert(ZsetElement* e, uint64_t hash) {
    tree.Insert(e);
    index.Insert(e, hash);
  }

  ZsetTree tree;
  ZsetIndex index;

 private:
  const uint64_t seed_;
};

// The packed bytes, item by item.
class PackedZset {
 public:
  static constexpr size_t kHeader = 2;
  static constexpr size_t kCountMax = 65535;
  struct Item {
    double score;
    std::string_view member;
    size_t next;  // offset behind it
  };

  explicit PackedZset(std::string_view bytes) : bytes_(bytes) {}
  size_t count() const {
    if (bytes_.empty()) return 0;
    uint16_t n;
    std::memcpy(&n, bytes_.data(), sizeof(n));
    return n;
  }
  size_t Begin() const { return bytes_.empty() ? 0 : kHeader; }
  size_t End() const { return bytes_.size(); }
  // REQUIRES: Begin() <= at < End(), at an item.
  Item Get(size_t at) const {
    Item item;
    const char* p = bytes_.data() + at;
    std::memcpy(&item.score, p, sizeof(item.score));
    size_t size = static_cast<unsigned char>(p[8]);
    size_t head = 9;
    if (size >= 253) [[unlikely]]
      size = LongSize(p, &head);
    item.member = {p + head, size};
    item.next = at + head + size;
    return item;
  }

 private:
  static size_t LongSize(const char* p, size_t* head);
  std::string_view bytes_;
};

// Items number first to first + count - 1.
struct ZsetRange {
  size_t first = 0;
  size_t count = 0;
};

// A bound of a range by score or by member. Infinite scores are ordinary bounds.
struct ZsetScoreBound {
  double score = 0;
  bool exclusive = false;
};
struct ZsetMemberBound {
  enum class Kind : uint8_t { kMin, kMax, kMember };  // before all, behind all, a member
  Kind kind = Kind::kMin;
  bool exclusive = false;
  std::string_view member;
};

// To read.
class ZsetView {
 public:
  explicit ZsetView(const ValueView& value)
      : packed_(value.bytes), object_(static_cast<const ZsetObject*>(value.object)) {}

  size_t size() const { return object_ != nullptr ? object_->tree.size() : packed_.count(); }
  bool is_object() const { return object_ != nullptr; }

  std::optional<double> Score(std::string_view member) const;
  struct Ranked {
    size_t rank;
    double score;
  };
  std::optional<Ranked> Rank(std::string_view member) const;

  // What lies in [min, max], empty if min > max. O(log N).
  ZsetRange ByScore(const ZsetScoreBound& min, const ZsetScoreBound& max) const;
  // The same by members; meaningful where all scores are the same.
  ZsetRange ByMember(const ZsetMemberBound& min, const ZsetMemberBound& max) const;

  // f(member, score) for each item of the range, from its end if `reverse`. The views are good
  // until the set changes. O(log N + count).
  template <typename F>
  void Visit(const ZsetRange& range, bool reverse, F f) const {
    if (range.count == 0) return;
    if (object_ != nullptr) {
      auto c = object_->tree.At(reverse ? range.first + range.count - 1 : range.first);
      for (size_t i = 0; i < range.count; ++i) {
        f(c.element().member(), c.element().score);
        if (i + 1 == range.count) break;
        reverse ? c.Prev() : c.Next();
      }
      return;
    }
    size_t at = Offset(range.first);
    if (reverse) {
      VisitReverse(at, range.count, f);
      return;
    }
    for (size_t i = 0; i < range.count; ++i) {
      const PackedZset::Item item = packed_.Get(at);
      at = item.next;
      f(item.member, item.score);
    }
  }
  template <typename F>
  void ForEach(F f) const {
    Visit({0, size()}, false, f);
  }

  // f(member, score) for some items, from the cursor 0 on; returns the next cursor, 0 at the end.
  // What stays is given at least once. A packed set is given whole.
  template <typename F>
  uint64_t Scan(uint64_t cursor, size_t count, F f) const {
    if (object_ == nullptr) {
      ForEach(f);
      return 0;
    }
    size_t seen = 0;
    do {
      cursor = object_->index.Scan(cursor, [&](const ZsetElement& e) {
        ++seen;
        f(e.member(), e.score);
      });
    } while (cursor != 0 && seen < count);
    return cursor;
  }

 private:
  // Offset of item `index`. REQUIRES: packed, and it exists or is one behind the last.
  size_t Offset(size_t index) const {
    size_t at = packed_.Begin();
    while (index-- > 0) at = packed_.Get(at).next;
    return at;
  }
  template <typename F>
  void VisitReverse(size_t at, size_t count, F f) const {
    std::array<uint32_t, 256> few;
    std::vector<uint32_t> many(count > few.size() ? count : 0);
    uint32_t* const offsets = many.empty() ? few.data() : many.data();
    for (size_t i = 0; i < count; ++i) {
      offsets[i] = static_cast<uint32_t>(at);
      at = packed_.Get(at).next;
    }
    for (size_t i = count; i-- > 0;) {
      const PackedZset::Item item = packed_.Get(offsets[i]);
      f(item.member, item.score);
    }
  }

  PackedZset packed_;
  const ZsetObject* object_;
};

// To change.
class Zset {
 public:
  enum AddFlag : unsigned {
    kAddIncrement = 1,  // the score is added to the old one (0 if there is none)
    kAddOnlyNew = 2,    // never touch a member that is there
    kAddOnlyExisting = 4,
    kAddIfGreater = 8,  // an update only if the score becomes greater; new members are added
    kAddIfLess = 16,
  };
  struct Added {
    bool added = false;
    bool updated = false;  // the score of a member that was there is another one
    bool skipped = false;  // a flag forbade it
    bool nan = false;      // the sum is not a number; nothing changed
    double score = 0;      // afterwards; where `skipped`, not meaningful
  };

  Zset(ValueStore* store, const CollectionSettings& settings)
      : store_(store), settings_(settings) {}

  ZsetView view() const { return ZsetView(store_->view()); }
  size_t size() const { return view().size(); }
  bool empty() const { return size() == 0; }

  // O(log N). REQUIRES: `score` is not NaN; `member` is no view of this set.
  Added Add(std::string_view member, double score, unsigned flags = 0);
  // True if it was there. O(log N).
  bool Remove(std::string_view member);
  // REQUIRES: the range exists. O(log N + count).
  void RemoveRange(const ZsetRange& range);
  // Makes it an object now if `items` items are expected and too many to be packed.
  void Expect(size_t items);

 private:
  Added AddPacked(std::string_view member, double score, unsigned flags);
  Added AddToObject(std::string_view member, double score, unsigned flags);
  void InsertPacked(size_t at, std::string_view member, double score);
  void MovePacked(size_t at, size_t size, double score);
  void ErasePacked(size_t at, size_t end, size_t items);
  ZsetObject* object() const { return static_cast<ZsetObject*>(store_->object()); }
  ZsetObject* ToObject();

  ValueStore* const store_;
  const CollectionSettings& settings_;
};

// True if `bytes` are a well-formed packed sorted set; for bytes from outside.
bool PackedZsetIsValid(std::string_view bytes);

}  // namespace pleiad
