// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ListObject: a list too long for its entry, as a chain of nodes. What commands use is List and
// ListReader (data/list.h); this is what lies below.
//
// Elements lie one behind the other, each with its length on both sides, so that a run of them can
// be walked from either end:
//
//     length | bytes | length backwards
//     length:  1 byte (0..252) | 253, 2 bytes | 254, 4 bytes      little endian
//     backwards: the same with its first byte last
//
// A node is one allocation: 32 bytes of header and a run of elements with room before and behind
// it, so that a push at either end of the list is a copy of the element alone. A node that is not
// at an end has next to no room: 80 elements of 100 bytes fill an allocation of 8192.
//
// Threads: whoever holds the lock of the slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "data/collection_settings.h"
#include "data/object.h"

namespace pleiad {

enum class ListEnd : uint8_t { kHead, kTail };

inline size_t ListHeadSize(size_t size) { return size <= 252 ? 1 : size <= 65535 ? 3 : 5; }
// Bytes that an element of `size` bytes takes.
inline size_t ListElementSize(size_t size) { return size + 2 * ListHeadSize(size); }
// Writes an element and returns where it ends.
char* PutListElement(char* to, std::string_view element);

// The element that begins at `at`, and where the next one begins.
inline std::string_view ListElementAt(const char* at, const char** next) {
  const auto first = static_cast<unsigned char>(*at);
  size_t size = first;
  size_t head = 1;
  if (first == 253) [[unlikely]] {
    uint16_t two;
    std::memcpy(&two, at + 1, 2);
    size = two;
    head = 3;
  } else if (first == 254) [[unlikely]] {
    uint32_t four;
    std::memcpy(&four, at + 1, 4);
    size = four;
    head = 5;
  }
  *next = at + size + 2 * head;
  return {at + head, size};
}

// The element that ends at `end`, and where it begins.
inline std::string_view ListElementBefore(const char* end, const char** begin) {
  const auto last = static_cast<unsigned char>(end[-1]);
  size_t size = last;
  size_t head = 1;
  if (last == 253) [[unlikely]] {
    uint16_t two;
    std::memcpy(&two, end - 3, 2);
    size = two;
    head = 3;
  } else if (last == 254) [[unlikely]] {
    uint32_t four;
    std::memcpy(&four, end - 5, 4);
    size = four;
    head = 5;
  }
  *begin = end - size - 2 * head;
  return {end - head - size, size};
}

// A run of elements.
struct ListRun {
  const char* begin = nullptr;
  const char* end = nullptr;
  size_t count = 0;

  // Where element `index` begins; `end` for index == count. Walks from the nearer end.
  const char* At(size_t index) const;
  size_t size() const { return static_cast<size_t>(end - begin); }
};

// How much a node may hold: the directive list-max-listpack-size.
struct ListLimit {
  size_t bytes;  // of the allocation
  size_t count;

  static ListLimit From(const CollectionSettings& settings);
};

struct ListNode {
  ListNode* prev;
  ListNode* next;
  uint32_t count;
  uint32_t begin;  // offsets into data()
  uint32_t end;
  uint32_t capacity;

  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  size_t used() const { return end - begin; }
  ListRun run() const { return {data() + begin, data() + end, count}; }
};
static_assert(sizeof(ListNode) == 32);

class ListObject : public Object {
 public:
  ListObject() = default;
  // A list of one node with these elements, and room for `room` bytes more.
  ListObject(const ListRun& run, size_t room);
  ~ListObject() override;

  size_t MemoryUsage() const override;
  std::unique_ptr<Object> Clone() const override;

  size_t count() const { return count_; }
  size_t nodes() const { return nodes_; }
  const ListNode* head() const { return head_; }
  const ListNode* tail() const { return tail_; }
  // One node, which holds no more than 1/`part` of what a node may.
  bool Within(const ListLimit& limit, size_t part = 1) const;

  // Where an element is, or (index == count of the node) the end of a node.
  struct Place {
    ListNode* node = nullptr;
    size_t index = 0;
    char* at = nullptr;
  };
  // REQUIRES: index < count(). Cost: the nodes from the nearer end, then half a node.
  Place Find(size_t index) const;
  // The first element that equals `element`; node null if there is none.
  Place Find(std::string_view element) const;

  void Push(ListEnd end, std::string_view element, const ListLimit& limit);
  // Drops `n` elements at an end. REQUIRES: n <= count().
  void Drop(ListEnd end, size_t n);
  // A new element before the one at `place`, or after it.
  void Insert(Place place, bool after, std::string_view element, const ListLimit& limit);
  void Replace(Place place, std::string_view element, const ListLimit& limit);
  // Removes up to `max` elements that equal `element`, from that end on. Returns how many.
  size_t Remove(ListEnd from, size_t max, std::string_view element, const ListLimit& limit);

 private:
  ListNode* NewNode(size_t capacity);
  void FreeNode(ListNode* node);  // and unlinks it
  void LinkAfter(ListNode* prev, ListNode* node);
  ListNode* Reallocate(ListNode* node, size_t capacity, ListEnd room_at);
  ListNode* Tighten(ListNode* node);
  ListNode* MakeRoom(ListNode* node, ListEnd end, size_t need, const ListLimit& limit);
  ListNode* Append(ListNode* node, ListEnd end, std::string_view element, const ListLimit& limit);
  ListNode* Splice(ListNode* node, char* at, size_t old_size, size_t new_size,
                   const ListLimit& limit);
  ListNode* Split(ListNode* node, const Place& place);
  void InsertAlone(ListNode* prev, std::string_view element);
  ListNode* Merge(ListNode* left, ListNode* right, const ListLimit& limit);
  size_t RemoveIn(ListNode* node, size_t skip, size_t max, std::string_view element);
  static bool Fits(const ListNode* node, size_t need, const ListLimit& limit);

  ListNode* head_ = nullptr;
  ListNode* tail_ = nullptr;
  size_t count_ = 0;
  size_t nodes_ = 0;
  size_t bytes_ = 0;  // of all nodes, as allocated
};

}  // namespace pleiad
