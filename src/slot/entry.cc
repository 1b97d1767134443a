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
  return capacity <= s->capacity ? s : Resize(s, capacity);
}

HeapString* HeapString::Resize(HeapString* s, uint64_t capacity) {
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

Entry* Entry::CreateBlank(std::string_view key, size_t size, int64_t expiry_ms, char** value) {
  if (size > kInlineMax) {
    HeapString* s = HeapString::Create(size);
    s->size = size;
    *value = s->data();
    return CreateHeapString(key, s, expiry_ms);
  }
  Entry* e = Allocate(key, size, expiry_ms);
  *value = e->data_ + e->ValueOffset();
  return e;
}

Entry* Entry::CreateHeapString(std::string_view key, HeapString* value, int64_t expiry_ms) {
  Entry* e = Allocate(key, sizeof(HeapString*), expiry_ms);
  e->set_heap_string(value);
  return e;
}

Entry* Entry::CreateValue(std::string_view key, ValueType type, MemoryStore* value,
                          int64_t expiry_ms) {
  const uint8_t form = value->form();
  Entry* e;
  if (std::unique_ptr<Object> object = value->TakeObject()) {
    e = Allocate(key, sizeof(Object*), expiry_ms);
    Object* const raw = object.release();
    std::memcpy(e->data_ + e->ValueOffset(), &raw, sizeof(raw));
    e->type_encoding_ = kObject;
  } else {
    e = CreateString(key, value->bytes(), expiry_ms);
  }
  e->type_encoding_ = static_cast<uint8_t>((e->type_encoding_ & 0xf0) | static_cast<uint8_t>(type));
  e->set_form(form);
  return e;
}

void Entry::FreeValue() {
  if (heap()) HeapString::Free(heap_string());
  if (is_object()) delete object();
}

void Entry::Free(Entry* e) {
  e->FreeValue();
  std::free(e);
}

Entry* Entry::AllocateLike(const Entry& e, std::string_view key, size_t value_size,
                           int64_t expiry_ms) {
  constexpr uint8_t kKept = 0xf0 | kModified;
  Entry* fresh = Allocate(key, value_size, expiry_ms);
  fresh->type_encoding_ = e.type_encoding_;
  fresh->flags_ = static_cast<uint8_t>(fresh->flags_ | (e.flags_ & kKept));
  fresh->set_access(e.access());
  return fresh;
}

const char* Entry::GuessOutside(const char* e) {
  constexpr size_t kPage = 4096;
  const auto* entry = reinterpret_cast<const Entry*>(e);
  const uint8_t kind = __atomic_load_n(&entry->type_encoding_, __ATOMIC_RELAXED) & 0xf0;
  const uint8_t flags = __atomic_load_n(&entry->flags_, __ATOMIC_RELAXED);
  if ((kind != kObject && kind != kHeap) || (flags & kLongKey)) return nullptr;
  const size_t at =
      kHeader + (flags & kHasExpiry ? 8 : 0) + __atomic_load_n(&entry->key_size_, __ATOMIC_RELAXED);
  if (reinterpret_cast<uintptr_t>(e) % kPage + at + sizeof(char*) > kPage) return nullptr;
  const char* value;
  std::memcpy(&value, e + at, sizeof(value));
  return value;
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
  Entry* fresh = AllocateLike(*e, e->key(), e->value_size_, expiry_ms);
  std::memcpy(fresh->data_ + fresh->ValueOffset(), e->data_ + e->ValueOffset(), e->value_size_);
  std::free(e);  // the value, if it lies elsewhere, went over to `fresh`
  return fresh;
}

Entry* Entry::WithKey(Entry* e, std::string_view key) {
  Entry* fresh = AllocateLike(*e, key, e->value_size_, e->expiry_ms());
  std::memcpy(fresh->data_ + fresh->ValueOffset(), e->data_ + e->ValueOffset(), e->value_size_);
  std::free(e);  // the value, if it lies elsewhere, went over to `fresh`
  return fresh;
}

Entry* Entry::Copy(const Entry& e, std::string_view key) {
  MemoryStore value;
  if (e.is_object()) {
    value.SetObject(e.object()->Clone(), e.form());
  } else if (e.type() != ValueType::kString) {
    value.SetPacked(e.str(), e.form());
  }
  Entry* fresh = e.type() == ValueType::kString ? CreateString(key, e.str(), e.expiry_ms())
                                                : CreateValue(key, e.type(), &value, e.expiry_ms());
  fresh->set_access(e.access());
  if (e.modified()) fresh->set_modified();
  return fresh;
}

char* Entry::ResizePacked(Entry** entry, size_t size) {
  Entry* e = *entry;
  CHECK(!e->is_object());
  if (e->heap()) {
    HeapString* s = e->heap_string();
    if (size > s->capacity || size * 2 < s->capacity) {
      // An eighth of room: packed bytes grow by a few at a time.
      s = HeapString::Resize(s, size + size / 8);
      e->set_heap_string(s);
    }
    s->size = size;
    return s->data();
  }
  if (size <= kInlineMax) {
    const size_t frame = kHeader + e->ValueOffset();
    const size_t need = std::max<size_t>(frame + size, 16);
    // Most changes stay within the allocator's class of the old size.
    const size_t sure = AllocationClass(std::max<size_t>(frame + e->value_size_, 16));
    const bool within = need <= sure && need + 64 >= sure;
    const size_t have = within ? sure : AllocationSize(e);
    if (need > have || need + 64 < have) {
      e = static_cast<Entry*>(std::realloc(e, need));
      CHECK_MSG(e != nullptr, "out of memory");
      *entry = e;
    }
    e->value_size_ = static_cast<uint16_t>(size);
    return e->data_ + e->ValueOffset();
  }
  HeapString* s = HeapString::Create(size + size / 8);
  std::memcpy(s->data(), e->str().data(), e->str().size());
  s->size = size;
  Entry* fresh = AllocateLike(*e, e->key(), sizeof(HeapString*), e->expiry_ms());
  fresh->set_heap_string(s);
  Free(e);
  *entry = fresh;
  return s->data();
}

Entry* Entry::WithObject(Entry* e, std::unique_ptr<Object> object, uint8_t form) {
  Entry* fresh = e;
  if (e->value_size_ != sizeof(Object*)) {
    fresh = AllocateLike(*e, e->key(), sizeof(Object*), e->expiry_ms());
    Free(e);
  } else {
    e->FreeValue();
  }
  Object* const raw = object.release();
  std::memcpy(fresh->data_ + fresh->ValueOffset(), &raw, sizeof(raw));
  fresh->type_encoding_ = static_cast<uint8_t>((fresh->type_encoding_ & 0x0f) | kObject);
  fresh->set_form(form);
  return fresh;
}

Entry* Entry::WithPacked(Entry* e, std::string_view bytes, uint8_t form) {
  MemoryStore value;
  value.SetPacked(bytes, form);
  Entry* fresh = CreateValue(e->key(), e->type(), &value, e->expiry_ms());
  fresh->set_access(e->access());
  Free(e);
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
  size_t bytes = AllocationSize(this);
  if (heap()) bytes += AllocationSize(heap_string());
  if (is_object()) bytes += object()->MemoryUsage();
  return bytes;
}

}  // namespace pleiad
