// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Strings as arrays of bits and of small integers. Bit 0 is the most significant bit of the first
// byte. What lies behind the end of a string is zero. Pure functions; no thread rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pleiad {

// Number of one bits. Cost: about 0.06 ns a byte where the processor has POPCNT.
uint64_t CountBits(std::string_view bytes);
// The same between the bits `first` and `last`, both included. REQUIRES: first <= last, inside.
uint64_t CountBits(std::string_view bytes, uint64_t first, uint64_t last);

// Position of the first bit of that value between `first` and `last`, both included. REQUIRES:
// first <= last, inside. Cost: 8 bytes a step.
std::optional<uint64_t> FindBit(std::string_view bytes, bool value, uint64_t first, uint64_t last);

inline bool BitAt(std::string_view bytes, uint64_t at) {
  const uint64_t byte = at >> 3;
  if (byte >= bytes.size()) return false;
  return ((static_cast<unsigned char>(bytes[byte]) >> (7 - (at & 7))) & 1) != 0;
}

enum class BitOperation {
  kAnd,
  kOr,
  kXor,
  kNot,    // of one source
  kDiff,   // in the first, in none of the others
  kDiff1,  // in some of the others, not in the first
  kAndOr,  // in the first, and in some of the others
  kOne,    // in exactly one
};

// Writes the result, as long as the longest source, to `out`. REQUIRES: at least one source; room.
void CombineBits(BitOperation operation, std::span<const std::string_view> sources, char* out);

// An integer of 1..64 bits at any bit offset.
struct BitField {
  bool is_signed = false;
  unsigned bits = 8;  // 1..64 signed, 1..63 unsigned
  uint64_t offset = 0;

  uint64_t last_bit() const { return offset + bits - 1; }
  int64_t Read(std::string_view bytes) const;
  // REQUIRES: `bytes` reaches to last_bit().
  void Write(char* bytes, int64_t value) const;
};

enum class BitOverflow { kWrap, kSaturate, kFail };

// `value` + `increment` as that field can hold it; nullopt: it can't and `overflow` is kFail.
std::optional<int64_t> FitBitField(const BitField& field, int64_t value, int64_t increment,
                                   BitOverflow overflow);

}  // namespace pleiad
