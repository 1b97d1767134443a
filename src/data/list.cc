// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/list.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"

namespace pleiad {
namespace {

constexpr size_t kHeader = ListReader::kHeader;

void PutCount(char* packed, size_t count) {
  const auto n = static_cast<uint16_t>(count);
  std::memcpy(packed, &n, kHeader);
}

}  // namespace

bool ListCursor::NextNode() {
  if (node_ == nullptr) return false;
  node_ = forward_ ? node_->next : node_->prev;
  if (node_ == nullptr) return false;
  const ListRun run = node_->run();
  at_ = forward_ ? run.begin : run.end;
  edge_ = forward_ ? run.end : run.begin;
  return true;
}

std::string_view ListReader::At(size_t index) const {
  const char* next;
  if (object_ != nullptr) return ListElementAt(object_->Find(index).at, &next);
  CHECK(index < run_.count);
  return ListElementAt(run_.At(index), &next);
}

ListCursor ListReader::From(size_t index, ListEnd towards) const {
  if (index >= size()) return {};
  const bool forward = towards == ListEnd::kTail;
  const ListNode* node = nullptr;
  ListRun run = run_;
  const char* at;
  if (object_ != nullptr) {
    const ListObject::Place place = object_->Find(index);
    node = place.node;
    run = node->run();
    at = place.at;
  } else {
    at = run.At(index);
  }
  if (!forward) ListElementAt(at, &at);  // backwards, a place is named by where it ends
  return {node, at, forward ? run.end : run.begin, forward};
}

ListRange ListRange::Of(int64_t start, int64_t stop, size_t size) {
  const auto n = static_cast<int64_t>(size);
  if (start < 0) start = std::max<int64_t>(start + n, 0);
  if (stop < 0) stop += n;
  stop = std::min(stop, n - 1);
  if (start > stop || start >= n) return {};
  return {static_cast<size_t>(start), static_cast<size_t>(stop - start + 1)};
}

void List::SplicePacked(size_t at, size_t old_size, size_t removed, ListEnd order,
                        std::span<const std::string_view> inserted) {
  const std::string_view old = store_->bytes();
  size_t size = old.size();
  const size_t count = reader().size() - removed + inserted.size();
  char* packed = const_cast<char*>(old.data());
  if (size == 0) {
    size = kHeader;
    at = kHeader;
  }
  size_t need = 0;
  for (const std::string_view element : inserted) need += ListElementSize(element.size());
  const size_t tail = size - at - old_size;
  const size_t new_size = size - old_size + need;
  // Growing: room first, then move. Shrinking: the other way round.
  if (new_size > old.size()) packed = store_->Resize(new_size);
  if (tail != 0 && need != old_size) std::memmove(packed + at + need, packed + at + old_size, tail);
  char* to = packed + at;
  if (order == ListEnd::kTail) {
    for (const std::string_view element : inserted) to = PutListElement(to, element);
  } else {
    for (size_t i = inserted.size(); i-- > 0;) to = PutListElement(to, inserted[i]);
  }
  PutCount(packed, count);
  if (new_size < old.size()) store_->Resize(new_size);
}

ListObject* List::Unpack(size_t room) {
  auto object = std::make_unique<ListObject>(reader().run(), room);
  ListObject* const raw = object.get();
  store_->SetObject(std::move(object), kListShort);
  return raw;
}

void List::Grown() {
  if (store_->form() == kListShort && !object()->Within(limit_)) store_->SetForm(0);
}

// After a removal: an object goes back to packed bytes at half of their size, and is short again at
// half of the limit, so that a list at a limit does not go to and fro.
void List::Shrunk() {
  const ListObject* const list = object();
  if (list == nullptr || list->nodes() > 1) return;
  if (list->count() == 0) {
    store_->SetPacked({});
    return;
  }
  const ListRun run = list->head()->run();
  const size_t size = kHeader + run.size();
  if (size <= kListPackedMax / 2 && run.count <= std::max<size_t>(limit_.count / 2, 1)) {
    std::string packed(kHeader, '\0');
    PutCount(packed.data(), run.count);
    packed.append(run.begin, run.size());
    store_->SetPacked(packed);
  } else if (store_->form() != kListShort && list->Within(limit_, 2)) {
    store_->SetForm(kListShort);
  }
}

void List::Push(ListEnd end, std::span<const std::string_view> elements) {
  ListObject* list = object();
  if (list == nullptr) {
    const size_t size = store_->bytes().size();
    size_t need = size == 0 ? kHeader : 0;
    for (const std::string_view element : elements) need += ListElementSize(element.size());
    if (Packable(size + need, reader().size() + elements.size())) {
      SplicePacked(end == ListEnd::kHead ? kHeader : size, 0, 0, end, elements);
      return;
    }
    if (reader().empty()) {
      auto fresh = std::make_unique<ListObject>();
      for (const std::string_view element : elements) fresh->Push(end, element, limit_);
      const uint8_t form = fresh->Within(limit_) ? kListShort : 0;
      store_->SetObject(std::move(fresh), form);
      return;
    }
    list = Unpack(0);
  }
  for (const std::string_view element : elements) list->Push(end, element, limit_);
  Grown();
}

void List::Drop(ListEnd end, size_t count) {
  if (count == 0) return;
  if (ListObject* const list = object()) {
    list->Drop(end, count);
    Shrunk();
    return;
  }
  const ListRun run = reader().run();
  CHECK(count <= run.count);
  if (end == ListEnd::kHead) {
    const auto size = static_cast<size_t>(run.At(count) - run.begin);
    SplicePacked(kHeader, size, count, end, {});
  } else {
    const auto kept = static_cast<size_t>(run.At(run.count - count) - run.begin);
    SplicePacked(kHeader + kept, run.size() - kept, count, end, {});
  }
}

void List::Trim(const ListRange& range) {
  const size_t behind = size() - range.first - range.count;
  Drop(ListEnd::kTail, behind);
  Drop(ListEnd::kHead, range.first);
}

void List::Set(size_t index, std::string_view element) {
  ListObject* list = object();
  if (list == nullptr) {
    const ListRun run = reader().run();
    const char* const at = run.At(index);
    const char* next;
    ListElementAt(at, &next);
    const auto old_size = static_cast<size_t>(next - at);
    const size_t size = store_->bytes().size() - old_size + ListElementSize(element.size());
    if (Packable(size, run.count)) {
      SplicePacked(kHeader + static_cast<size_t>(at - run.begin), old_size, 1, ListEnd::kTail,
                   {&element, 1});
      return;
    }
    list = Unpack(0);
  }
  list->Replace(list->Find(index), element, limit_);
  Grown();
  Shrunk();
}

bool List::Insert(std::string_view pivot, bool after, std::string_view element) {
  ListObject* list = object();
  if (list == nullptr) {
    const ListRun run = reader().run();
    const char* at = run.begin;
    const char* next = at;
    while (at < run.end && ListElementAt(at, &next) != pivot) at = next;
    if (at == run.end) return false;
    if (Packable(store_->bytes().size() + ListElementSize(element.size()), run.count + 1)) {
      SplicePacked(kHeader + static_cast<size_t>((after ? next : at) - run.begin), 0, 0,
                   ListEnd::kTail, {&element, 1});
      return true;
    }
    list = Unpack(ListElementSize(element.size()));
  }
  const ListObject::Place place = list->Find(pivot);
  if (place.node == nullptr) return false;
  list->Insert(place, after, element, limit_);
  Grown();
  return true;
}

size_t List::Remove(ListEnd from, size_t max, std::string_view element) {
  if (ListObject* const list = object()) {
    const size_t removed = list->Remove(from, max, element, limit_);
    Shrunk();
    return removed;
  }
  const ListRun run = reader().run();
  size_t skip = 0;
  if (from == ListEnd::kTail) {
    size_t equal = 0;
    for (const char* at = run.begin; at < run.end;) equal += ListElementAt(at, &at) == element;
    skip = equal - std::min(equal, max);
  }
  std::string kept(kHeader, '\0');
  size_t removed = 0;
  for (const char* at = run.begin; at < run.end;) {
    const char* const begin = at;
    const bool equal = ListElementAt(at, &at) == element;
    if (equal && skip > 0) {
      --skip;
    } else if (equal && removed < max) {
      ++removed;
      continue;
    }
    kept.append(begin, static_cast<size_t>(at - begin));
  }
  if (removed == 0) return 0;
  PutCount(kept.data(), run.count - removed);
  std::memcpy(store_->Resize(kept.size()), kept.data(), kept.size());
  return removed;
}

}  // namespace pleiad
