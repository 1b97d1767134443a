// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// SlotSet: which of the 16384 slots, as the bus carries it: 2048 bytes, slot n is bit (n & 7) of
// byte n >> 3, lowest bit first. A value; copies cost 2 KB. Not thread-safe.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/ids.h"

namespace pleiad::cluster {

class SlotSet {
 public:
  static constexpr size_t kBytes = kSlotCount / 8;

  bool Test(SlotId slot) const { return ((bytes_[slot.value >> 3] >> (slot.value & 7)) & 1) != 0; }
  void Set(SlotId slot) {
    bytes_[slot.value >> 3] = static_cast<uint8_t>(bytes_[slot.value >> 3] | Bit(slot));
  }
  void Clear(SlotId slot) {
    bytes_[slot.value >> 3] = static_cast<uint8_t>(bytes_[slot.value >> 3] & ~Bit(slot));
  }
  void ClearAll() { bytes_.fill(0); }
  int Count() const {
    int n = 0;
    for (size_t i = 0; i < kBytes; i += 8) n += std::popcount(Word(i));
    return n;
  }
  bool Empty() const {
    for (size_t i = 0; i < kBytes; i += 8) {
      if (Word(i) != 0) return false;
    }
    return true;
  }
  // Whether `other` has all of these.
  bool IsSubsetOf(const SlotSet& other) const {
    for (size_t i = 0; i < kBytes; i += 8) {
      if ((Word(i) & ~other.Word(i)) != 0) return false;
    }
    return true;
  }
  bool Intersects(const SlotSet& other) const {
    for (size_t i = 0; i < kBytes; i += 8) {
      if ((Word(i) & other.Word(i)) != 0) return true;
    }
    return false;
  }
  // Calls f(SlotId) for each slot of the set in ascending order. Cost: the bytes plus the members.
  template <typename F>
  void ForEach(F f) const {
    for (size_t i = 0; i < kBytes; ++i) {
      unsigned bits = bytes_[i];
      while (bits != 0) {
        f(SlotId(static_cast<uint16_t>(i * 8 + static_cast<size_t>(std::countr_zero(bits)))));
        bits &= bits - 1;
      }
    }
  }
  // Calls f(first, last) for each run of consecutive slots, ascending.
  template <typename F>
  void ForEachRange(F f) const {
    int start = -1;
    for (int n = 0; n <= kSlotCount; ++n) {
      const bool in = n < kSlotCount && Test(SlotId(static_cast<uint16_t>(n)));
      if (in && start < 0) start = n;
      if (!in && start >= 0) {
        f(SlotId(static_cast<uint16_t>(start)), SlotId(static_cast<uint16_t>(n - 1)));
        start = -1;
      }
    }
  }
  const std::array<uint8_t, kBytes>& bytes() const { return bytes_; }
  std::array<uint8_t, kBytes>& bytes() { return bytes_; }
  bool operator==(const SlotSet&) const = default;

 private:
  static uint8_t Bit(SlotId slot) { return static_cast<uint8_t>(1U << (slot.value & 7)); }
  uint64_t Word(size_t at) const {
    uint64_t word;
    std::memcpy(&word, bytes_.data() + at, sizeof word);
    return word;
  }
  std::array<uint8_t, kBytes> bytes_{};
};

}  // namespace pleiad::cluster
