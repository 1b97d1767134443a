// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// List: strings in an order, quick at both ends.
//
//   packed              up to kListPackedMax bytes:  count 2, little endian | elements, as in
//                       data/list_object.h
//   object, kListShort  one node: what is no more than list-max-listpack-size allows
//   object, form 0      several nodes, or one that is larger
//
// The first two are what clients know as "listpack", the last as "quicklist".
//
//   ListReader  to read; a value that is not there is an empty list
//   List        to change
//
// Cost: O(1) at the ends; by index, the nodes from the nearer end and half a node. Threads: whoever
// holds the lock of the slot.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "data/collection_settings.h"
#include "data/list_object.h"
#include "data/value_store.h"

namespace pleiad {

inline constexpr uint8_t kListShort = 1;
inline constexpr size_t kListPackedMax = 1024;

// Walks a list from an element towards an end. Any change of the list voids it.
class ListCursor {
 public:
  ListCursor() = default;

  // False: there is nothing more.
  bool Next(std::string_view* element) {
    if (at_ == edge_ && !NextNode()) return false;
    *element = forward_ ? ListElementAt(at_, &at_) : ListElementBefore(at_, &at_);
    return true;
  }

 private:
  friend class ListReader;
  ListCursor(const ListNode* node, const char* at, const char* edge, bool forward)
      : node_(node), at_(at), edge_(edge), forward_(forward) {}
  bool NextNode();

  const ListNode* node_ = nullptr;
  const char* at_ = nullptr;
  const char* edge_ = nullptr;  // where this node ends in the direction of the walk
  bool forward_ = true;
};

class ListReader {
 public:
  static constexpr size_t kHeader = 2;

  explicit ListReader(const ValueView& value)
      : object_(static_cast<const ListObject*>(value.object)) {
    if (object_ != nullptr || value.bytes.size() < kHeader) return;
    uint16_t count;
    std::memcpy(&count, value.bytes.data(), kHeader);
    run_ = {value.bytes.data() + kHeader, value.bytes.data() + value.bytes.size(), count};
  }

  size_t size() const { return object_ != nullptr ? object_->count() : run_.count; }
  bool empty() const { return size() == 0; }
  // REQUIRES: index < size().
  std::string_view At(size_t index) const;
  // Begins with element `index` (counted from the head in either direction); at the end, or behind
  // it, there is nothing.
  ListCursor From(size_t index, ListEnd towards) const;
  // f(element) for `count` elements from `first` on, towards the tail. REQUIRES: they are there.
  template <typename F>
  void ForEach(size_t first, size_t count, F f) const {
    ListCursor cursor = From(first, ListEnd::kTail);
    std::string_view element;
    while (count-- > 0 && cursor.Next(&element)) f(element);
  }
  template <typename F>
  void ForEach(F f) const {
    ForEach(0, size(), f);
  }

  // Packed elements; empty if there is an object.
  const ListRun& run() const { return run_; }
  const ListObject* object() const { return object_; }

 private:
  const ListObject* object_;
  ListRun run_;
};

// A range as LRANGE and LTRIM say it: from `start` to `stop`, both included, negative from the
// tail, cut to what is there.
struct ListRange {
  size_t first = 0;
  size_t count = 0;

  static ListRange Of(int64_t start, int64_t stop, size_t size);
};

class List {
 public:
  List(ValueStore* store, const CollectionSettings& settings)
      : store_(store), limit_(ListLimit::From(settings)) {}

  // Of the moment: to be made again after a change.
  ListReader reader() const { return ListReader(store_->view()); }
  size_t size() const { return reader().size(); }
  bool empty() const { return size() == 0; }

  // One after the other, so the last one is at the end afterwards. No string below may be a view of
  // this list.
  void Push(ListEnd end, std::span<const std::string_view> elements);
  void Push(ListEnd end, std::string_view element) { Push(end, {&element, 1}); }
  // REQUIRES: count <= size().
  void Drop(ListEnd end, size_t count);
  // Keeps the range alone.
  void Trim(const ListRange& range);
  // REQUIRES: index < size().
  void Set(size_t index, std::string_view element);
  // Before or after the first element that equals `pivot`. False: there is none.
  bool Insert(std::string_view pivot, bool after, std::string_view element);
  // Removes up to `max` elements that equal `element`, from that end on. Returns how many.
  size_t Remove(ListEnd from, size_t max, std::string_view element);

 private:
  ListObject* object() const { return static_cast<ListObject*>(store_->object()); }
  bool Packable(size_t bytes, size_t count) const {
    return bytes <= kListPackedMax && count <= limit_.count;
  }
  // Changes a part of the packed bytes. Offsets are of the packed bytes.
  void SplicePacked(size_t at, size_t old_size, size_t removed, ListEnd order,
                    std::span<const std::string_view> inserted);
  ListObject* Unpack(size_t room);
  void Grown();
  void Shrunk();

  ValueStore* store_;
  const ListLimit limit_;
};

}  // namespace pleiad
