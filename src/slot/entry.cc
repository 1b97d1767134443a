// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "slot/entry.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "base/check.h"
#include "base/memory.h"

namespace pleiad {
namespace {

void* MustAllocate(size_t size) {
  void* p = std::malloc(size);
  CHECK_MSG(p != nullptr, "out of memory");
  return p;
}

}  // namespace

HeapString* HeapString::Create(uint64_t capacity) {
  auto* s = new (MustAllocate(sizeof(HeapString) + capacity)) HeapString;
  s->size = 0;
  s->capacity = capacity;
  return s;
}

void HeapString::Free(HeapString* s) { std::free(s); }

HeapString* HeapString::Reserve(HeapString* s, uint64_t capacity) {
  if (capacity <= s->capacity) return s;
  auto* grown = static_cast<HeapString*>(std::realloc(s, sizeof(HeapString) + capacity));
  CHECK_MSG(grown != nullptr, "out of memory");
  grown->capacity = capacity;
  return grown;
}

Entry* Entry::Allocate(std::string_view key, size_t value_size, int64_t expiry_ms) {
  const bool long_key = key.size() > 255;
  const bool expiry = expiry_ms != kNoExpiry;
  const size_t total = kHeader + (expiry ? 8 : 0) + (long_key ? 4 : 0) + key.size() + value_size;
  auto* e = static_cast<Entry*>(MustAllocate(std::max<size_t>(total, 16)));
  e->type_encoding_ = 0;
  e->flags_ = static_cast<uint8_t>((expiry ? kHasExpiry : 0) | (long_key ? kLongKey : 0));
  e->key_size_ = static_cast<uint8_t>(long_key ? 0 : key.size());
  e->set_access(0);
  e->value_size_ = static_cast<uint16_t>(value_size);
  if (expiry) std::memcpy(e->data_, &expiry_ms, 8);
  if (long_key) {
    const auto size = static_cast<uint32_t>(key.size());
    std::memcpy(e->data_ + e->KeyOffset() - 4, &size, 4);
  }
  std::memcpy(e->data_ + e->KeyOffset(), key.data(), key.size());
  return e;
}

Entry* Entry::CreateString(std::string_view key, std::string_view value, int64_t expiry_ms) {
  if (value.size() > kInlineMax) {
    HeapString* s = HeapString::Create(value.size());
    std::memcpy(s->data(), value.data(), value.size());
    s->size = value.size();
    return CreateHeapString(key, s, expiry_ms);
  }
  Entry* e = Allocate(key, value.size(), expiry_ms);
  std::memcpy(e->data_ + e->ValueOffset(), value.data(), value.size());
  return e;
}

Entry* Entry::CreateHeapString(std::string_view key, HeapString* value, int64_t expiry_ms) {
  Entry* e = Allocate(key, sizeof(HeapString*), expiry_ms);
  e->set_heap_string(value);
  return e;
}

void Entry::Free(Entry* e) {
  if (e->heap()) HeapString::Free(e->heap_string());
  std::free(e);
}

bool Entry::TryAssign(std::string_view value) {
  if (heap() || value.size() > kInlineMax) return false;
  if (value.size() != value_size_) {
    // Also refuse to keep an allocation that is far too large for the new value.
    const size_t need = kHeader + ValueOffset() + value.size();
    const size_t have = AllocationSize(this);
    if (need > have || need + 64 < have) return false;
  }
  std::memcpy(data_ + ValueOffset(), value.data(), value.size());
  value_size_ = static_cast<uint16_t>(value.size());
  return true;
}

Entry* Entry::Assign(Entry* e, std::string_view value) {
  if (e->TryAssign(value)) return e;
  Entry* fresh = CreateString(e->key(), value, e->expiry_ms());
  fresh->set_access(e->access());
  Free(e);
  return fresh;
}

Entry* Entry::WithExpiry(Entry* e, int64_t expiry_ms) {
  if (e->has_expiry() && expiry_ms != kNoExpiry) {
    e->set_expiry_in_place(expiry_ms);
    return e;
  }
  if (!e->has_expiry() && expiry_ms == kNoExpiry) return e;
  Entry* fresh = Allocate(e->key(), e->value_size_, expiry_ms);
  fresh->type_encoding_ = e->type_encoding_;
  fresh->flags_ = static_cast<uint8_t>(fresh->flags_ | (e->flags_ & kModified));
  fresh->set_access(e->access());
  std::memcpy(fresh->data_ + fresh->ValueOffset(), e->data_ + e->ValueOffset(), e->value_size_);
  std::free(e);  // the value, if on the heap, went over to `fresh`
  return fresh;
}

Entry* Entry::WithKey(Entry* e, std::string_view key) {
  Entry* fresh = Allocate(key, e->value_size_, e->expiry_ms());
  fresh->type_encoding_ = e->type_encoding_;
  fresh->flags_ = static_cast<uint8_t>(fresh->flags_ | (e->flags_ & kModified));
  fresh->set_access(e->access());
  std::memcpy(fresh->data_ + fresh->ValueOffset(), e->data_ + e->ValueOffset(), e->value_size_);
  std::free(e);  // the value, if on the heap, went over to `fresh`
  return fresh;
}

Entry* Entry::Copy(const Entry& e, std::string_view key) {
  CHECK(e.type() == ValueType::kString);
  Entry* fresh = CreateString(key, e.str(), e.expiry_ms());
  fresh->set_access(e.access());
  if (e.modified()) fresh->set_modified();
  return fresh;
}

char* Entry::Resize(Entry** entry, size_t size) {
  Entry* e = *entry;
  const size_t old_size = e->str().size();
  if (e->heap()) {
    HeapString* s = e->heap_string();
    if (size > s->capacity) {
      // Room for as much again up to 1 MB, so that a series of APPENDs is linear.
      s = HeapString::Reserve(s, size + std::min<size_t>(size, 1 << 20));
      e->set_heap_string(s);
    }
    if (size > old_size) std::memset(s->data() + old_size, 0, size - old_size);
    s->size = size;
    return s->data();
  }
  if (size <= kInlineMax && kHeader + e->ValueOffset() + size <= AllocationSize(e)) {
    if (size > old_size) std::memset(e->data_ + e->ValueOffset() + old_size, 0, size - old_size);
    e->value_size_ = static_cast<uint16_t>(size);
    return e->data_ + e->ValueOffset();
  }
  HeapString* s = HeapString::Create(size + std::min<size_t>(size, 1 << 20));
  std::memcpy(s->data(), e->str().data(), std::min(old_size, size));
  if (size > old_size) std::memset(s->data() + old_size, 0, size - old_size);
  s->size = size;
  Entry* fresh = CreateHeapString(e->key(), s, e->expiry_ms());
  fresh->set_access(e->access());
  if (e->modified()) fresh->set_modified();
  Free(e);
  *entry = fresh;
  return s->data();
}

size_t Entry::MemoryUsage() const {
  return AllocationSize(this) + (heap() ? AllocationSize(heap_string()) : 0);
}

}  // namespace pleiad
