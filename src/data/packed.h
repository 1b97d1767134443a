// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Packed: a short sequence of strings in one run of bytes, for small sets, hashes and sorted sets.
//
//     | count 2, little endian | element | element | ...
//     element:  length 1 (0..252) | bytes
//               253 | length 2    | bytes          little endian
//               254 | length 4    | bytes
//
// One byte an element beyond its own up to 252 bytes. An empty run (no bytes at all) is an empty
// sequence. Reading is forward only and costs a step per element, which at the sizes where packed
// is used (thresholds in collection_settings.h, at most 65535 elements) is cheaper than an index.
//
// Elements are named by their offset in the bytes; any change voids offsets behind it.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "data/value_store.h"

namespace pleiad {

class PackedView {
 public:
  static constexpr size_t kHeader = 2;
  static constexpr size_t kCountMax = 65535;

  explicit PackedView(std::string_view bytes) : bytes_(bytes) {}

  size_t count() const {
    if (bytes_.empty()) return 0;
    uint16_t n;
    std::memcpy(&n, bytes_.data(), sizeof(n));
    return n;
  }
  // Offsets: Begin() of the first element, End() behind the last.
  size_t Begin() const { return bytes_.empty() ? 0 : kHeader; }
  size_t End() const { return bytes_.size(); }
  // The element at `at`, and the offset behind it. REQUIRES: Begin() <= at < End().
  std::string_view Get(size_t at, size_t* next) const {
    const auto first = static_cast<unsigned char>(bytes_[at]);
    size_t size = first;
    size_t head = 1;
    if (first >= 253) [[unlikely]] {
      uint16_t two;
      uint32_t four;
      if (first == 253) {
        std::memcpy(&two, bytes_.data() + at + 1, 2);
        size = two;
        head = 3;
      } else {
        std::memcpy(&four, bytes_.data() + at + 1, 4);
        size = four;
        head = 5;
      }
    }
    *next = at + head + size;
    return bytes_.substr(at + head, size);
  }
  std::string_view Get(size_t at) const {
    size_t next;
    return Get(at, &next);
  }
  size_t Next(size_t at) const {
    size_t next;
    Get(at, &next);
    return next;
  }
  // Offset of the first element number k, k + stride, ... that equals `element`; End() if there is
  // none. `stride` 2 looks at the fields of field-value pairs only.
  size_t Find(std::string_view element, size_t stride = 1) const {
    const uint64_t tail = Tail(element);
    for (size_t at = Begin(); at < End();) {
      size_t next;
      const std::string_view one = Get(at, &next);
      if (one.size() == element.size() && Tail(one) == tail && one == element) return at;
      at = next;
      for (size_t i = 1; i < stride && at < End(); ++i) at = Next(at);
    }
    return End();
  }
  // Offset of element number `index`. REQUIRES: index < count().
  size_t At(size_t index) const {
    size_t at = Begin();
    while (index-- > 0) at = Next(at);
    return at;
  }
  // f(element) for each, in order.
  template <typename F>
  void ForEach(F f) const {
    for (size_t at = Begin(); at < End();) f(Get(at, &at));
  }

 private:
  // The last eight bytes, in which elements that begin alike mostly differ: it saves a call.
  static uint64_t Tail(std::string_view element) {
    uint64_t tail = 0;
    if (element.size() >= sizeof(tail))
      std::memcpy(&tail, element.data() + element.size() - sizeof(tail), sizeof(tail));
    return tail;
  }

  std::string_view bytes_;
};

// Takes `removed` elements that lie in [at, end) out and puts `inserted` in their place. The
// strings must not be views of the store. `at` == End() appends. The one primitive behind append,
// insert, erase and replace. REQUIRES: the store is packed. Cost: moves what lies behind.
void PackedSplice(ValueStore* store, size_t at, size_t end, size_t removed,
                  std::span<const std::string_view> inserted);
inline void PackedAppend(ValueStore* store, std::span<const std::string_view> inserted) {
  const size_t end = store->bytes().size();
  PackedSplice(store, end, end, 0, inserted);
}

// True if `bytes` are a well-formed packed sequence; for bytes from outside.
bool PackedIsValid(std::string_view bytes);

}  // namespace pleiad
