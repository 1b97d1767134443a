// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/list_object.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <new>

#include "base/check.h"
#include "base/memory.h"

namespace pleiad {
namespace {

constexpr size_t kNodeBytesMin = 4096;     // list-max-listpack-size -1
constexpr size_t kCountedBytesMax = 8192;  // of a node whose limit is a number of elements
constexpr int64_t kSizeClasses = 5;        // -1 .. -5
constexpr size_t kLargeNode = 2048;
constexpr size_t kNodeHeader = sizeof(ListNode);

// The length of an element forwards, or (`mirrored`) with its first byte last.
char* PutListLength(char* to, size_t size, bool mirrored) {
  if (size <= 252) {
    *to = static_cast<char>(size);
    return to + 1;
  }
  const size_t width = size <= 65535 ? 2 : 4;
  const auto mark = static_cast<char>(width == 2 ? 253 : 254);
  const auto four = static_cast<uint32_t>(size);  // little endian: the low bytes come first
  std::memcpy(mirrored ? to : to + 1, &four, width);
  (mirrored ? to[width] : to[0]) = mark;
  return to + 1 + width;
}

size_t CountEqual(const ListRun& run, std::string_view element) {
  size_t equal = 0;
  for (const char* at = run.begin; at < run.end;) equal += ListElementAt(at, &at) == element;
  return equal;
}

}  // namespace

char* PutListElement(char* to, std::string_view element) {
  const size_t size = element.size();
  to = PutListLength(to, size, false);
  if (size != 0) std::memcpy(to, element.data(), size);
  return PutListLength(to + size, size, true);
}

const char* ListRun::At(size_t index) const {
  if (index <= count / 2) {
    const char* at = begin;
    while (index-- > 0) ListElementAt(at, &at);
    return at;
  }
  const char* at = end;
  for (size_t back = count - index; back > 0; --back) ListElementBefore(at, &at);
  return at;
}

ListLimit ListLimit::From(const CollectionSettings& settings) {
  const int64_t size = settings.list_max_node_size;
  if (size >= 0) return {kCountedBytesMax, static_cast<size_t>(std::max<int64_t>(size, 1))};
  return {kNodeBytesMin << (std::min(-size, kSizeClasses) - 1), std::numeric_limits<size_t>::max()};
}

ListObject::ListObject(const ListRun& run, size_t room) {
  ListNode* node = NewNode(run.size() + room);
  if (run.count != 0) std::memcpy(node->data(), run.begin, run.size());
  node->end = static_cast<uint32_t>(run.size());
  node->count = static_cast<uint32_t>(run.count);
  LinkAfter(nullptr, node);
  count_ = run.count;
}

ListObject::~ListObject() {
  for (ListNode* node = head_; node != nullptr;) {
    ListNode* const next = node->next;
    std::free(node);
    node = next;
  }
}

size_t ListObject::MemoryUsage() const { return AllocationSize(this) + bytes_; }

std::unique_ptr<Object> ListObject::Clone() const {
  auto copy = std::make_unique<ListObject>();
  for (const ListNode* from = head_; from != nullptr; from = from->next) {
    ListNode* node = copy->NewNode(from->used());
    std::memcpy(node->data(), from->data() + from->begin, from->used());
    node->end = static_cast<uint32_t>(from->used());
    node->count = from->count;
    copy->LinkAfter(copy->tail_, node);
  }
  copy->count_ = count_;
  return copy;
}

bool ListObject::Within(const ListLimit& limit, size_t part) const {
  return nodes_ == 1 && head_->used() + kNodeHeader <= limit.bytes / part &&
         head_->count <= limit.count / part;
}

// --- Nodes ---------------------------------------------------------------------------------------

// A node with room for at least `capacity` bytes: all that the allocator gives.
ListNode* ListObject::NewNode(size_t capacity) {
  void* memory = std::malloc(kNodeHeader + capacity);
  CHECK_MSG(memory != nullptr, "out of memory");
  auto* node = new (memory) ListNode;
  node->prev = node->next = nullptr;
  node->count = node->begin = node->end = 0;
  const size_t given = AllocationSize(node);
  bytes_ += given;
  node->capacity = static_cast<uint32_t>(given - kNodeHeader);
  return node;
}

void ListObject::LinkAfter(ListNode* prev, ListNode* node) {
  node->prev = prev;
  node->next = prev == nullptr ? head_ : prev->next;
  (prev == nullptr ? head_ : prev->next) = node;
  (node->next == nullptr ? tail_ : node->next->prev) = node;
  ++nodes_;
}

void ListObject::FreeNode(ListNode* node) {
  (node->prev == nullptr ? head_ : node->prev->next) = node->next;
  (node->next == nullptr ? tail_ : node->next->prev) = node->prev;
  bytes_ -= node->capacity + kNodeHeader;
  --nodes_;
  std::free(node);
}

// The node in another allocation, its free room at one end.
ListNode* ListObject::Reallocate(ListNode* node, size_t capacity, ListEnd room_at) {
  ListNode* fresh = NewNode(capacity);
  const size_t used = node->used();
  fresh->begin = room_at == ListEnd::kHead ? fresh->capacity - static_cast<uint32_t>(used) : 0;
  fresh->end = fresh->begin + static_cast<uint32_t>(used);
  fresh->count = node->count;
  std::memcpy(fresh->data() + fresh->begin, node->data() + node->begin, used);
  LinkAfter(node, fresh);
  FreeNode(node);
  return fresh;
}

// Gives back what an eighth or more of the allocation has in free room: the node is about to be
// left alone.
ListNode* ListObject::Tighten(ListNode* node) {
  const size_t free = node->capacity - node->used();
  if (free * 8 <= node->capacity + kNodeHeader) return node;
  return Reallocate(node, node->used(), ListEnd::kTail);
}

bool ListObject::Fits(const ListNode* node, size_t need, const ListLimit& limit) {
  return node != nullptr && kNodeHeader + node->used() + need <= limit.bytes &&
         node->count + 1UL <= limit.count;
}

// Lets `need` bytes be free at that end. Growth is by a quarter, of a large node by an eighth,
// up to what a node may hold, so that a push does not copy the node each time.
ListNode* ListObject::MakeRoom(ListNode* node, ListEnd end, size_t need, const ListLimit& limit) {
  const size_t free = node->capacity - node->used();
  const size_t gap = end == ListEnd::kHead ? node->begin : node->capacity - node->end;
  if (gap >= need) return node;
  const size_t size = node->used() + need;
  const bool full = kNodeHeader + node->capacity >= limit.bytes;
  if (free < need || (free * 8 < node->used() && !full)) {
    const size_t wanted = size + size / (size < kLargeNode ? 4 : 8);
    const size_t most = std::max(limit.bytes - kNodeHeader, size);
    return Reallocate(node, std::min(wanted, most), end);
  }
  // The room is at the other end. A list of one node may be pushed at both: they share it then.
  const size_t here = nodes_ > 1 ? free : need + (free - need) / 2;
  const size_t begin = end == ListEnd::kHead ? here : free - here;
  std::memmove(node->data() + begin, node->data() + node->begin, node->used());
  node->end = static_cast<uint32_t>(begin + node->used());
  node->begin = static_cast<uint32_t>(begin);
  return node;
}

// One more element at an end of a node. Returns where the node is now.
ListNode* ListObject::Append(ListNode* node, ListEnd end, std::string_view element,
                             const ListLimit& limit) {
  const size_t need = ListElementSize(element.size());
  node = MakeRoom(node, end, need, limit);
  if (end == ListEnd::kHead) {
    node->begin -= static_cast<uint32_t>(need);
    PutListElement(node->data() + node->begin, element);
  } else {
    PutListElement(node->data() + node->end, element);
    node->end += static_cast<uint32_t>(need);
  }
  ++node->count;
  ++count_;
  return node;
}

// --- Ends ----------------------------------------------------------------------------------------

void ListObject::Push(ListEnd end, std::string_view element, const ListLimit& limit) {
  ListNode* node = end == ListEnd::kHead ? head_ : tail_;
  const size_t need = ListElementSize(element.size());
  if (!Fits(node, need, limit)) {
    if (node != nullptr) node = Tighten(node);
    // An eighth of a full node to begin with, more as it fills.
    const size_t first = std::min(limit.bytes / 8 - kNodeHeader,
                                  need * std::min<size_t>(limit.count, kCountedBytesMax));
    ListNode* fresh = NewNode(std::max(need, first));
    if (end == ListEnd::kHead) fresh->begin = fresh->end = fresh->capacity;
    LinkAfter(end == ListEnd::kHead ? nullptr : tail_, fresh);
    node = fresh;
  }
  Append(node, end, element, limit);
}

void ListObject::Drop(ListEnd end, size_t n) {
  CHECK(n <= count_);
  count_ -= n;
  while (n > 0) {
    ListNode* const node = end == ListEnd::kHead ? head_ : tail_;
    if (node->count <= n) {
      n -= node->count;
      FreeNode(node);
      continue;
    }
    const size_t index = end == ListEnd::kHead ? n : node->count - n;
    const auto at = static_cast<uint32_t>(node->run().At(index) - node->data());
    (end == ListEnd::kHead ? node->begin : node->end) = at;
    node->count -= static_cast<uint32_t>(n);
    return;
  }
}

// --- The middle ----------------------------------------------------------------------------------

ListObject::Place ListObject::Find(size_t index) const {
  CHECK(index < count_);
  ListNode* node;
  if (index < count_ / 2) {
    for (node = head_; index >= node->count; node = node->next) index -= node->count;
  } else {
    size_t back = count_ - 1 - index;
    for (node = tail_; back >= node->count; node = node->prev) back -= node->count;
    index = node->count - 1 - back;
  }
  return {node, index, const_cast<char*>(node->run().At(index))};
}

ListObject::Place ListObject::Find(std::string_view element) const {
  for (ListNode* node = head_; node != nullptr; node = node->next) {
    const ListRun run = node->run();
    const char* at = run.begin;
    for (size_t index = 0; index < run.count; ++index) {
      const char* next;
      if (ListElementAt(at, &next) == element) return {node, index, const_cast<char*>(at)};
      at = next;
    }
  }
  return {};
}

// Makes what is `old_size` bytes long at `at` `new_size` long; what the bytes are is undefined
// afterwards. They begin as far behind the node's begin as before.
ListNode* ListObject::Splice(ListNode* node, char* at, size_t old_size, size_t new_size,
                             const ListLimit& limit) {
  const size_t before = static_cast<size_t>(at - node->data()) - node->begin;
  const size_t behind = node->used() - before - old_size;
  if (new_size > old_size) {
    const size_t more = new_size - old_size;
    const size_t end_gap = node->capacity - node->end;
    if (end_gap < more && node->begin >= more) {
      char* const from = node->data() + node->begin;
      std::memmove(from - more, from, before);
      node->begin -= static_cast<uint32_t>(more);
      return node;
    }
    node = MakeRoom(node, ListEnd::kTail, more, limit);
  } else if (before < behind) {
    const size_t less = old_size - new_size;
    char* const from = node->data() + node->begin;
    std::memmove(from + less, from, before);
    node->begin += static_cast<uint32_t>(less);
    return node;
  }
  char* const from = node->data() + node->begin + before;
  std::memmove(from + new_size, from + old_size, behind);
  node->end = node->begin + static_cast<uint32_t>(before + new_size + behind);
  return node;
}

// Moves what is at and behind `place` into a node of its own, behind. REQUIRES: neither part is
// empty.
ListNode* ListObject::Split(ListNode* node, const Place& place) {
  const auto cut = static_cast<uint32_t>(place.at - node->data());
  const size_t size = node->end - cut;
  ListNode* right = NewNode(size);
  std::memcpy(right->data(), place.at, size);
  right->end = static_cast<uint32_t>(size);
  right->count = node->count - static_cast<uint32_t>(place.index);
  node->end = cut;
  node->count = static_cast<uint32_t>(place.index);
  LinkAfter(node, right);
  return right;
}

// The two as one node, if they fit into one. Returns the node that holds the left one's elements.
ListNode* ListObject::Merge(ListNode* left, ListNode* right, const ListLimit& limit) {
  if (left == nullptr || right == nullptr) return left;
  const size_t size = left->used() + right->used();
  if (kNodeHeader + size > limit.bytes || left->count + right->count > limit.count) return left;
  left = MakeRoom(left, ListEnd::kTail, right->used(), limit);
  std::memcpy(left->data() + left->end, right->data() + right->begin, right->used());
  left->end += static_cast<uint32_t>(right->used());
  left->count += right->count;
  FreeNode(right);
  return left;
}

void ListObject::InsertAlone(ListNode* prev, std::string_view element) {
  const size_t need = ListElementSize(element.size());
  ListNode* node = NewNode(need);
  PutListElement(node->data(), element);
  node->end = static_cast<uint32_t>(need);
  node->count = 1;
  LinkAfter(prev, node);
  ++count_;
}

void ListObject::Insert(Place place, bool after, std::string_view element, const ListLimit& limit) {
  const size_t need = ListElementSize(element.size());
  if (after) {
    const char* next;
    ListElementAt(place.at, &next);
    place.at = const_cast<char*>(next);
    ++place.index;
  }
  ListNode* const node = place.node;
  const bool at_begin = place.index == 0;
  const bool at_end = place.index == node->count;
  if (Fits(node, need, limit)) {
    const size_t before = static_cast<size_t>(place.at - node->data()) - node->begin;
    ListNode* const wide = Splice(node, place.at, 0, need, limit);
    PutListElement(wide->data() + wide->begin + before, element);
    ++wide->count;
    ++count_;
  } else if (at_begin && Fits(node->prev, need, limit)) {
    Append(node->prev, ListEnd::kTail, element, limit);
  } else if (at_end && Fits(node->next, need, limit)) {
    Append(node->next, ListEnd::kHead, element, limit);
  } else if (at_begin || at_end) {
    InsertAlone(at_begin ? node->prev : node, element);
  } else {
    ListNode* left = node;
    ListNode* right = Split(node, place);
    if (Fits(left, need, limit)) {
      left = Append(left, ListEnd::kTail, element, limit);
    } else if (Fits(right, need, limit)) {
      right = Append(right, ListEnd::kHead, element, limit);
    } else {
      InsertAlone(left, element);
    }
    Merge(right, right->next, limit);
    left = Tighten(left);
    Merge(left->prev, left, limit);
  }
}

void ListObject::Replace(Place place, std::string_view element, const ListLimit& limit) {
  ListNode* node = place.node;
  const size_t need = ListElementSize(element.size());
  const char* next;
  ListElementAt(place.at, &next);
  const auto old_size = static_cast<size_t>(next - place.at);
  const size_t before = static_cast<size_t>(place.at - node->data()) - node->begin;
  if (node->count == 1 || kNodeHeader + node->used() - old_size + need <= limit.bytes) {
    if (need != old_size) node = Splice(node, place.at, old_size, need, limit);
    PutListElement(node->data() + node->begin + before, element);
    if (node->count == 1) Tighten(node);
    return;
  }
  node = Splice(node, place.at, old_size, 0, limit);
  --node->count;
  --count_;
  place.node = node;
  place.at = node->data() + node->begin + before;
  Insert(place, false, element, limit);
}

// Removes up to `max` of the elements of a node that equal `element`, but for the first `skip` of
// them, in one pass. Returns how many.
size_t ListObject::RemoveIn(ListNode* node, size_t skip, size_t max, std::string_view element) {
  size_t removed = 0;
  const ListRun run = node->run();
  char* to = node->data() + node->begin;
  const char* kept = run.begin;  // what lies from here to `at` stays
  const char* at = run.begin;
  const auto keep = [&](const char* until) {
    const auto size = static_cast<size_t>(until - kept);
    if (to != kept) std::memmove(to, kept, size);
    to += size;
  };
  while (at < run.end && removed < max) {
    const char* next;
    if (ListElementAt(at, &next) == element) {
      if (skip > 0) {
        --skip;
      } else {
        keep(at);
        kept = next;
        ++removed;
      }
    }
    at = next;
  }
  keep(run.end);
  node->end = static_cast<uint32_t>(to - node->data());
  node->count -= static_cast<uint32_t>(removed);
  count_ -= removed;
  return removed;
}

size_t ListObject::Remove(ListEnd from, size_t max, std::string_view element,
                          const ListLimit& limit) {
  size_t removed = 0;
  for (ListNode* node = from == ListEnd::kHead ? head_ : tail_; node != nullptr && removed < max;) {
    const size_t left = max - removed;
    size_t skip = 0;
    if (from == ListEnd::kTail) {
      const size_t equal = CountEqual(node->run(), element);
      skip = equal - std::min(equal, left);
    }
    const size_t here = RemoveIn(node, skip, left, element);
    removed += here;
    ListNode* follow = from == ListEnd::kHead ? node->next : node->prev;
    if (node->count == 0) {
      FreeNode(node);
    } else if (here != 0) {
      // With the neighbour that has been looked at already, so that nothing is looked at twice.
      node = Tighten(node);
      if (from == ListEnd::kHead) {
        Merge(node->prev, node, limit);
      } else {
        Merge(node, node->next, limit);
      }
    }
    node = follow;
  }
  return removed;
}

}  // namespace pleiad
