// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A hash in a ValueStore.
//
//     form 0, packed                 field, value, field, value, ... (data/packed.h)
//     form kHashFormExpiry, packed   field, value, expiry (8 bytes, little endian, or none), ...
//     either form, object            a PackedTable of FieldElements, and when what expires
//
// It is packed while the thresholds of CollectionSettings allow, then an object for good. The form
// is kHashFormExpiry exactly while a field has an expiry, so that an entry's form alone says
// whether the sweep has to look at it.
//
// A field whose time is over is hidden by HashView and goes when Hash::RemoveExpired is called (or
// it is overwritten). Hash itself hides nothing. Threads: whoever holds the lock of the slot.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/prng.h"
#include "data/collection_settings.h"
#include "data/packed.h"
#include "data/packed_table.h"
#include "data/value_store.h"

namespace pleiad {

inline constexpr uint8_t kHashFormExpiry = 1;

// When the fields of a large hash expire: a heap of moments with the hash of the field. What is
// overtaken (the field is gone, or has another expiry) stays until its moment, or until the heap is
// twice as large as it need be.
class FieldExpiries {
 public:
  struct Moment {
    int64_t at_ms;
    uint64_t hash;
    bool operator>(const Moment& other) const { return at_ms > other.at_ms; }
  };
  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  const Moment& first() const { return heap_.front(); }
  void Add(int64_t at_ms, uint64_t hash);
  void RemoveFirst();
  void Clear() { heap_.clear(); }
  size_t MemoryUsage() const { return heap_.capacity() * sizeof(Moment); }

 private:
  std::vector<Moment> heap_;
};

class HashObject : public Object {
 public:
  explicit HashObject(uint64_t seed) : table(PackedTable::Keys::kField, seed), seed_(seed) {}
  size_t MemoryUsage() const override {
    return sizeof(*this) + table.MemoryUsage() + expiries.MemoryUsage();
  }
  std::unique_ptr<Object> Clone() const override;
  // Adds a moment; makes the heap anew if most of it is overtaken. REQUIRES: with_expiry counts it.
  void NoteExpiry(int64_t at_ms, uint64_t hash);

  PackedTable table;
  FieldExpiries expiries;
  size_t with_expiry = 0;  // fields that have one

 private:
  const uint64_t seed_;
};

class HashView {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  static constexpr int64_t kHideNothing = std::numeric_limits<int64_t>::min();

  // Fields that expire at `now_ms` or before are not seen.
  HashView(const ValueView& value, int64_t now_ms) : value_(value), now_ms_(now_ms) {}

  // Fields, with those of an object that are hidden.
  size_t size() const;
  bool with_expiry() const { return value_.form == kHashFormExpiry; }
  // No field expires before that; kNever: none expires at all.
  int64_t NextExpiry() const;
  bool AnyHidden() const { return with_expiry() && NextExpiry() <= now_ms_; }

  std::optional<FieldElement> Find(std::string_view field) const;
  // f(FieldElement) for each: in the order they came while packed, else in no order.
  template <typename F>
  void ForEach(F f) const {
    if (value_.object != nullptr) {
      table().ForEach([&](std::string_view element) { GiveElement(element, f); });
      return;
    }
    const PackedView packed(value_.bytes);
    for (size_t at = packed.Begin(); at < packed.End();) {
      const FieldElement e = TakePacked(packed, &at);
      if (Visible(e)) f(e);
    }
  }
  // A step of HSCAN: see PackedTable::Scan. What is packed comes in one step.
  template <typename F>
  uint64_t Scan(uint64_t cursor, size_t want, F f) const {
    if (value_.object != nullptr) {
      return table().Scan(cursor, want, [&](std::string_view element) { GiveElement(element, f); });
    }
    ForEach(f);
    return 0;
  }
  // Any field, all with the same probability; nullopt if there is none to see. Cost: O(n) while
  // something is hidden.
  std::optional<FieldElement> Random(Prng* prng) const;

 private:
  const HashObject& object() const { return *static_cast<const HashObject*>(value_.object); }
  const PackedTable& table() const { return object().table; }
  bool Visible(const FieldElement& e) const {
    return e.expiry_ms == FieldElement::kNoExpiry || e.expiry_ms > now_ms_;
  }
  template <typename F>
  void GiveElement(std::string_view element, F& f) const {
    const FieldElement e = FieldElement::Parse(element);
    if (Visible(e)) f(e);
  }
  FieldElement TakePacked(const PackedView& packed, size_t* at) const;

  ValueView value_;
  int64_t now_ms_;
};

class Hash {
 public:
  Hash(ValueStore* store, const CollectionSettings& settings)
      : store_(store), settings_(settings) {}

  // Sees everything, expired or not.
  HashView view() const { return {store_->view(), HashView::kHideNothing}; }
  size_t size() const { return view().size(); }
  // So many fields are about to be set: if they can't stay packed, they need not begin so.
  void Expect(size_t fields);
  // Sets value and expiry of a field; true if it was not there. No argument may be a view of the
  // store.
  bool Put(std::string_view field, std::string_view value,
           int64_t expiry_ms = FieldElement::kNoExpiry);
  // True if it was there.
  bool Remove(std::string_view field);
  // Sets, changes or (kNoExpiry) removes the expiry. False: there is no such field.
  bool SetExpiry(std::string_view field, int64_t expiry_ms);
  // Removes up to `limit` fields that expire at `now_ms` or before, and returns their names.
  std::vector<std::string> RemoveExpired(int64_t now_ms, size_t limit);

 private:
  HashObject* object() const { return static_cast<HashObject*>(store_->object()); }
  size_t Stride() const { return store_->form() == kHashFormExpiry ? 3 : 2; }
  bool PutObject(HashObject* o, std::string_view field, std::string_view value, int64_t expiry_ms);
  bool PutPacked(std::string_view field, std::string_view value, int64_t expiry_ms);
  void DropExpiryOf(HashObject* o, int64_t expiry_ms);
  void AddExpiryRoom();
  void DropExpiryRoom();
  void ToObject();

  ValueStore* const store_;
  const CollectionSettings& settings_;
};

}  // namespace pleiad
