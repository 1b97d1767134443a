// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Entry: one key with its value, in one allocation.
//
//     | type+encoding 1 | flags 1 | key length 1 | access 3 | value length 2 |     8 bytes of
//     header | expiry 8, only with kHasExpiry | | long key length 4, only with kLongKey | | key
//     bytes | value bytes (kInline) or pointer to a HeapString (kHeap) or to an object of data/ |
//
// So a 16-byte key with a 64-byte value is 88 bytes (96 as allocated), with an expiry 96 bytes. A
// value of up to kInlineMax bytes lives inside; APPEND and SETRANGE move a longer one to the heap
// with room to grow. Threads: whoever holds the lock of the entry's slot. Nothing outside the lock
// keeps an Entry*.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/ids.h"
#include "data/value_store.h"

namespace pleiad {

enum class ValueType : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kZset = 3,
  kHash = 4,
  kStream = 6
};

// Bytes outside an entry. Also what the parser reads large arguments into, so that SET adopts
// instead of copying.
struct HeapString {
  uint64_t size;
  uint64_t capacity;
  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view view() const { return {data(), size}; }
  // `capacity` bytes of room, size 0. Never null (out of memory aborts, as in the rest of the
  // field).
  static HeapString* Create(uint64_t capacity);
  static void Free(HeapString* s);
  // May move.
  static HeapString* Reserve(HeapString* s, uint64_t capacity);
  // Exactly that capacity, more or less than before. May move.
  static HeapString* Resize(HeapString* s, uint64_t capacity);
};

class Entry {
 public:
  static constexpr size_t kInlineMax = 1024;
  static constexpr size_t kEmbstrMax = 44;  // what OBJECT ENCODING calls embstr
  static constexpr int64_t kNoExpiry = -1;

  // A string entry that copies `value`. `expiry_ms` is unix time or kNoExpiry.
  static Entry* CreateString(std::string_view key, std::string_view value, int64_t expiry_ms);
  // The same with a value of `size` bytes that are still to be written, at *value.
  static Entry* CreateBlank(std::string_view key, size_t size, int64_t expiry_ms, char** value);
  // The same, taking over `value`.
  static Entry* CreateHeapString(std::string_view key, HeapString* value, int64_t expiry_ms);
  // A collection, packed or an object. Takes the value over.
  static Entry* CreateValue(std::string_view key, ValueType type, MemoryStore* value,
                            int64_t expiry_ms);
  static void Free(Entry* e);

  ValueType type() const { return static_cast<ValueType>(type_encoding_ & 0x0f); }
  bool heap() const { return (type_encoding_ & 0xf0) == kHeap; }
  bool is_object() const { return (type_encoding_ & 0xf0) == kObject; }
  // Layout of a collection, 0..15 (data/value_store.h).
  uint8_t form() const { return flags_ >> 4; }
  void set_form(uint8_t form) { flags_ = static_cast<uint8_t>((flags_ & 0x0f) | (form << 4)); }
  bool has_expiry() const { return (flags_ & kHasExpiry) != 0; }
  // A hash some of whose fields expire (kHashFormExpiry of data/hash.h).
  bool has_field_expiry() const { return type() == ValueType::kHash && form() == 1; }
  // Set by APPEND, SETRANGE and their like: OBJECT ENCODING says raw from then on.
  bool modified() const { return (flags_ & kModified) != 0; }
  void set_modified() { flags_ |= kModified; }

  std::string_view key() const { return {data_ + KeyOffset(), KeySize()}; }
  // The bytes of a string or of a packed collection. REQUIRES: !is_object().
  std::string_view str() const {
    return heap() ? heap_string()->view() : std::string_view(data_ + ValueOffset(), value_size_);
  }
  Object* object() const {
    Object* o;
    std::memcpy(&o, data_ + ValueOffset(), sizeof(o));
    return o;
  }
  ValueView value() const {
    if (is_object()) return {{}, object(), form()};
    return {str(), nullptr, form()};
  }
  // A hint without a lock: where the value of the entry at `e` lies, if it is outside of it. `e`
  // may be freed or half changed; no byte behind its page is read, and the answer is only good for
  // a prefetch.
  static const char* GuessOutside(const char* e);
  int64_t expiry_ms() const {
    if (!has_expiry()) return kNoExpiry;
    int64_t at;
    std::memcpy(&at, data_, 8);
    return at;
  }
  // REQUIRES: has_expiry(). Changes it in place.
  void set_expiry_in_place(int64_t at) { std::memcpy(data_, &at, 8); }

  // Writes `value` in place if it fits into the allocation; false if the entry must be created
  // anew.
  bool TryAssign(std::string_view value);
  // Replaces the value by `value`, keeping key, expiry and access bits. May move: use the result.
  static Entry* Assign(Entry* e, std::string_view value);
  // A copy of `e` with the expiry added, changed or removed; frees `e` if it had to move.
  static Entry* WithExpiry(Entry* e, int64_t expiry_ms);
  // An entry of the name `key` with the value, expiry and access bits of `e`, which is freed. Does
  // not copy a heap value.
  static Entry* WithKey(Entry* e, std::string_view key);
  // The same, leaving `e` as it is. Cost: a deep copy of the value.
  static Entry* Copy(const Entry& e, std::string_view key);
  // Makes room for a value of `size` bytes, keeping the old bytes and zero-filling behind them, and
  // returns where to write.
  // `*e` may move.
  static char* Resize(Entry** e, size_t size);
  // The same for packed collections: keeps them inside the entry up to kInlineMax and sets no room
  // aside, because they are many and small. What is behind the old bytes is undefined.
  static char* ResizePacked(Entry** e, size_t size);
  // The value is `object` from now on; the old one is freed. May move.
  static Entry* WithObject(Entry* e, std::unique_ptr<Object> object, uint8_t form);
  // From an object to packed bytes (or from bytes to other bytes). May move.
  static Entry* WithPacked(Entry* e, std::string_view bytes, uint8_t form);

  // Bytes set aside for entry and value.
  size_t MemoryUsage() const;

  // 24 bits for the eviction policy: LRU clock in seconds, or LFU (16 bits of minutes, 8 bits of
  // counter).
  uint32_t access() const { return (static_cast<uint32_t>(access_high_) << 16) | access_low_; }
  void set_access(uint32_t bits) {
    access_high_ = static_cast<uint8_t>(bits >> 16);
    access_low_ = static_cast<uint16_t>(bits);
  }

 private:
  static constexpr uint8_t kHasExpiry = 1;
  static constexpr uint8_t kLongKey = 2;
  static constexpr uint8_t kModified = 4;
  static constexpr size_t kHeader = 8;
  static constexpr uint8_t kHeap = 0x10;
  static constexpr uint8_t kObject = 0x20;

  static Entry* Allocate(std::string_view key, size_t value_size, int64_t expiry_ms);
  // A new entry of that key and expiry with type, form, access bits and room of `e`'s.
  static Entry* AllocateLike(const Entry& e, std::string_view key, size_t value_size,
                             int64_t expiry_ms);
  void FreeValue();
  size_t KeyOffset() const {
    return static_cast<size_t>((flags_ & kHasExpiry ? 8 : 0) + (flags_ & kLongKey ? 4 : 0));
  }
  size_t KeySize() const {
    if (!(flags_ & kLongKey)) return key_size_;
    uint32_t size;
    std::memcpy(&size, data_ + KeyOffset() - 4, 4);
    return size;
  }
  size_t ValueOffset() const { return KeyOffset() + KeySize(); }
  HeapString* heap_string() const {
    HeapString* s;
    std::memcpy(&s, data_ + ValueOffset(), sizeof(s));
    return s;
  }
  void set_heap_string(HeapString* s) {
    type_encoding_ = static_cast<uint8_t>((type_encoding_ & 0x0f) | kHeap);
    value_size_ = sizeof(s);
    std::memcpy(data_ + ValueOffset(), &s, sizeof(s));
  }

  uint8_t type_encoding_;
  uint8_t flags_;
  uint8_t key_size_;
  uint8_t access_high_;
  uint16_t access_low_;
  uint16_t value_size_;
  char data_[];
};
static_assert(sizeof(Entry) == 8);

}  // namespace pleiad
