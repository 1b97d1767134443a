// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A set in a ValueStore.
//
//     form kSetFormInts, packed   | width 1 (2, 4, 8) | numbers, ascending, little endian |
//     form 0, packed              members (data/packed.h)
//     form 0, object              a PackedTable
//
// It begins as numbers or packed members and moves down that list when a threshold of
// CollectionSettings is crossed, as in Redis 7.2; it never moves up again.
//
// Cost: Add, Remove and Contains are O(log n) with a move of bytes for numbers, O(n) for packed
// members (128 by default), O(1) for a table. Threads: whoever holds the lock of the slot.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/prng.h"
#include "data/collection_settings.h"
#include "data/packed.h"
#include "data/packed_table.h"
#include "data/value_store.h"

namespace pleiad {

inline constexpr uint8_t kSetFormInts = 1;

class SetObject : public Object {
 public:
  explicit SetObject(uint64_t seed) : table(PackedTable::Keys::kWhole, seed), seed_(seed) {}
  size_t MemoryUsage() const override { return sizeof(*this) + table.MemoryUsage(); }
  std::unique_ptr<Object> Clone() const override;

  PackedTable table;

 private:
  const uint64_t seed_;
};

// A sorted run of numbers, as in form kSetFormInts.
class IntRun {
 public:
  explicit IntRun(std::string_view bytes) : bytes_(bytes) {}
  size_t width() const { return bytes_.empty() ? 2 : static_cast<unsigned char>(bytes_[0]); }
  size_t count() const { return bytes_.empty() ? 0 : (bytes_.size() - 1) / width(); }
  int64_t Get(size_t i) const;
  // Where `number` is, or would be.
  size_t LowerBound(int64_t number) const;
  bool Contains(int64_t number) const {
    const size_t i = LowerBound(number);
    return i < count() && Get(i) == number;
  }

 private:
  std::string_view bytes_;
};

// Decimal text of a number, without an allocation.
class IntText {
 public:
  explicit IntText(int64_t number);
  std::string_view view() const { return {text_, size_}; }

 private:
  char text_[24];
  size_t size_;
};

class SetView {
 public:
  explicit SetView(const ValueView& value) : value_(value) {}

  size_t size() const;
  bool Contains(std::string_view member) const;
  bool ints() const { return value_.form == kSetFormInts; }
  // f(member) for each: ascending for numbers, else in no order. The view is valid during the call
  // alone.
  template <typename F>
  void ForEach(F f) const {
    if (value_.object != nullptr) {
      table().ForEach(f);
    } else if (ints()) {
      const IntRun run(value_.bytes);
      for (size_t i = 0; i < run.count(); ++i) f(IntText(run.Get(i)).view());
    } else {
      PackedView(value_.bytes).ForEach(f);
    }
  }
  // A step of SSCAN: see PackedTable::Scan. What is packed comes in one step.
  template <typename F>
  uint64_t Scan(uint64_t cursor, size_t want, F f) const {
    if (value_.object != nullptr) return table().Scan(cursor, want, f);
    ForEach(f);
    return 0;
  }
  // Any member, all with the same probability. REQUIRES: not empty.
  std::string Random(Prng* prng) const;

 private:
  const PackedTable& table() const { return static_cast<const SetObject*>(value_.object)->table; }
  ValueView value_;
};

class Set {
 public:
  Set(ValueStore* store, const CollectionSettings& settings) : store_(store), settings_(settings) {}

  SetView view() const { return SetView(store_->view()); }
  size_t size() const { return view().size(); }
  // So many members are about to come: if they can't stay packed, it need not begin so.
  void Expect(size_t members);
  // True if it was not there. `member` must not be a view of the store.
  bool Add(std::string_view member);
  // True if it was there.
  bool Remove(std::string_view member);

 private:
  PackedTable* table() const {
    Object* const o = store_->object();
    return o == nullptr ? nullptr : &static_cast<SetObject*>(o)->table;
  }
  bool AddInt(int64_t number);
  bool AddToPacked(std::string_view member);
  bool FitsPacked(size_t count, std::string_view member) const;
  void ToTable();
  void IntsToPacked();

  ValueStore* const store_;
  const CollectionSettings& settings_;
};

}  // namespace pleiad
