// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/bitmap.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "base/check.h"

namespace pleiad {
namespace {

constexpr size_t kBitmapWord = sizeof(uint64_t);

uint64_t BitmapWordAt(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, kBitmapWord);
  return word;
}

// The last 1..7 bytes as a word, zero behind them.
uint64_t BitmapTail(const char* p, size_t size) {
  uint64_t word = 0;
  std::memcpy(&word, p, size);
  return word;
}

// Four sums, so that a count does not wait for the one before.
template <typename Count>
[[gnu::always_inline]] inline uint64_t SumBits(const char* p, size_t size, Count count) {
  uint64_t a = 0;
  uint64_t b = 0;
  uint64_t c = 0;
  uint64_t d = 0;
  for (; size >= 4 * kBitmapWord; size -= 4 * kBitmapWord, p += 4 * kBitmapWord) {
    a += count(BitmapWordAt(p));
    b += count(BitmapWordAt(p + 8));
    c += count(BitmapWordAt(p + 16));
    d += count(BitmapWordAt(p + 24));
  }
  for (; size >= kBitmapWord; size -= kBitmapWord, p += kBitmapWord) a += count(BitmapWordAt(p));
  if (size != 0) a += count(BitmapTail(p, size));
  return a + b + c + d;
}

uint64_t CountBitsPortable(const char* p, size_t size) {
  return SumBits(p, size, [](uint64_t w) { return static_cast<uint64_t>(std::popcount(w)); });
}

#if defined(__x86_64__)
// A build for any x86-64 may not use the instruction without asking.
__attribute__((target("popcnt"))) uint64_t CountBitsPopcnt(const char* p, size_t size) {
  uint64_t a = 0;
  uint64_t b = 0;
  uint64_t c = 0;
  uint64_t d = 0;
  for (; size >= 4 * kBitmapWord; size -= 4 * kBitmapWord, p += 4 * kBitmapWord) {
    uint64_t w[4];
    std::memcpy(w, p, sizeof(w));
    a += static_cast<uint64_t>(__builtin_popcountll(w[0]));
    b += static_cast<uint64_t>(__builtin_popcountll(w[1]));
    c += static_cast<uint64_t>(__builtin_popcountll(w[2]));
    d += static_cast<uint64_t>(__builtin_popcountll(w[3]));
  }
  return a + b + c + d + CountBitsPortable(p, size);
}
#endif

uint64_t CountBytes(const char* p, size_t size) {
#if defined(__x86_64__)
  static const bool has_popcnt = __builtin_cpu_supports("popcnt") != 0;
  if (has_popcnt) return CountBitsPopcnt(p, size);
#endif
  return CountBitsPortable(p, size);
}

unsigned char ByteOf(std::string_view bytes, uint64_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// Bits of a byte from bit `from` (0: the most significant) to bit `to`, both included.
unsigned ByteMask(unsigned from, unsigned to) {
  return (0xffu >> from) & (0xffu << (7 - to)) & 0xffu;
}

// out[i] = f(out[i], in[i]).
template <typename F>
void BitmapApply(char* out, const char* in, size_t size, F f) {
  size_t i = 0;
  for (; i + kBitmapWord <= size; i += kBitmapWord) {
    const uint64_t word = f(BitmapWordAt(out + i), BitmapWordAt(in + i));
    std::memcpy(out + i, &word, kBitmapWord);
  }
  for (; i < size; ++i) {
    const auto word = f(static_cast<unsigned char>(out[i]), static_cast<unsigned char>(in[i]));
    out[i] = static_cast<char>(word);
  }
}

void BitmapOr(char* out, std::string_view in) {
  BitmapApply(out, in.data(), in.size(), [](uint64_t a, uint64_t b) { return a | b; });
}

// in exactly one: what was seen, but not what was seen twice.
void ExactlyOne(std::span<const std::string_view> sources, char* out, size_t size) {
  std::vector<char> twice(size, 0);
  std::vector<char> both(size);
  for (const std::string_view s : sources) {
    std::memcpy(both.data(), out, s.size());
    BitmapApply(both.data(), s.data(), s.size(), [](uint64_t a, uint64_t b) { return a & b; });
    BitmapOr(twice.data(), {both.data(), s.size()});
    BitmapOr(out, s);
  }
  BitmapApply(out, twice.data(), size, [](uint64_t a, uint64_t b) { return a & ~b; });
}

}  // namespace

uint64_t CountBits(std::string_view bytes) { return CountBytes(bytes.data(), bytes.size()); }

uint64_t CountBits(std::string_view bytes, uint64_t first, uint64_t last) {
  CHECK(first <= last && last / 8 < bytes.size());
  const uint64_t from = first / 8;
  const uint64_t to = last / 8;
  uint64_t count = CountBytes(bytes.data() + from, to - from + 1);
  // The bits of the two edge bytes that were not asked for.
  const auto before = static_cast<unsigned>(first % 8);
  const auto end = static_cast<unsigned>(last % 8);
  if (before != 0) {
    count -= static_cast<uint64_t>(std::popcount(ByteOf(bytes, from) & ByteMask(0, before - 1)));
  }
  if (end != 7) {
    count -= static_cast<uint64_t>(std::popcount(ByteOf(bytes, to) & ByteMask(end + 1, 7)));
  }
  return count;
}

std::optional<uint64_t> FindBit(std::string_view bytes, bool value, uint64_t first, uint64_t last) {
  CHECK(first <= last && last / 8 < bytes.size());
  // Everything is turned so that a one is looked for.
  const unsigned flip = value ? 0 : 0xff;
  const uint64_t word_flip = value ? 0 : ~uint64_t{0};
  const uint64_t to = last / 8;
  const auto in_byte = [&](uint64_t at) -> std::optional<uint64_t> {
    unsigned bits = ByteOf(bytes, at) ^ flip;
    if (at == first / 8) bits &= ByteMask(static_cast<unsigned>(first % 8), 7);
    if (at == to) bits &= ByteMask(0, static_cast<unsigned>(last % 8));
    if (bits == 0) return std::nullopt;
    return at * 8 + static_cast<uint64_t>(std::countl_zero(static_cast<uint8_t>(bits)));
  };
  uint64_t at = first / 8;
  if (const auto found = in_byte(at)) return found;
  for (++at; at < to;) {
    if (to - at >= kBitmapWord && (BitmapWordAt(bytes.data() + at) ^ word_flip) == 0) {
      at += kBitmapWord;
      continue;
    }
    if (const auto found = in_byte(at)) return found;
    ++at;
  }
  return at == to ? in_byte(to) : std::nullopt;
}

void CombineBits(BitOperation operation, std::span<const std::string_view> sources, char* out) {
  CHECK(!sources.empty());
  size_t size = 0;
  for (const std::string_view s : sources) size = std::max(size, s.size());
  const std::string_view head = sources[0];
  const auto others = sources.subspan(1);
  std::memset(out, 0, size);
  const auto start_with_head = [&] {
    if (!head.empty()) std::memcpy(out, head.data(), head.size());
  };
  switch (operation) {
    case BitOperation::kAnd:
      start_with_head();
      for (const std::string_view s : others) {
        BitmapApply(out, s.data(), s.size(), [](uint64_t a, uint64_t b) { return a & b; });
        std::memset(out + s.size(), 0, size - s.size());
      }
      break;
    case BitOperation::kOr:
      start_with_head();
      for (const std::string_view s : others) BitmapOr(out, s);
      break;
    case BitOperation::kXor:
      start_with_head();
      for (const std::string_view s : others) {
        BitmapApply(out, s.data(), s.size(), [](uint64_t a, uint64_t b) { return a ^ b; });
      }
      break;
    case BitOperation::kNot:
      BitmapApply(out, head.data(), size, [](uint64_t, uint64_t b) { return ~b; });
      break;
    case BitOperation::kDiff:
      for (const std::string_view s : others) BitmapOr(out, s);
      BitmapApply(out, head.data(), head.size(), [](uint64_t a, uint64_t b) { return b & ~a; });
      std::memset(out + head.size(), 0, size - head.size());
      break;
    case BitOperation::kDiff1:
      for (const std::string_view s : others) BitmapOr(out, s);
      BitmapApply(out, head.data(), head.size(), [](uint64_t a, uint64_t b) { return a & ~b; });
      break;
    case BitOperation::kAndOr:
      for (const std::string_view s : others) BitmapOr(out, s);
      BitmapApply(out, head.data(), head.size(), [](uint64_t a, uint64_t b) { return a & b; });
      std::memset(out + head.size(), 0, size - head.size());
      break;
    case BitOperation::kOne:
      ExactlyOne(sources, out, size);
      break;
  }
}

int64_t BitField::Read(std::string_view bytes) const {
  uint64_t value = 0;
  // Whole bytes where it can, so that a field costs at most 9 steps.
  uint64_t at = offset;
  for (unsigned left = bits; left != 0;) {
    const auto in_byte = static_cast<unsigned>(at % 8);
    const unsigned take = std::min(8 - in_byte, left);
    const unsigned byte = at / 8 < bytes.size() ? ByteOf(bytes, at / 8) : 0;
    const unsigned part = (byte >> (8 - in_byte - take)) & ((1u << take) - 1);
    value = (value << take) | part;
    at += take;
    left -= take;
  }
  if (is_signed && bits < 64 && ((value >> (bits - 1)) & 1) != 0) value |= ~uint64_t{0} << bits;
  return static_cast<int64_t>(value);
}

void BitField::Write(char* bytes, int64_t value) const {
  uint64_t at = offset;
  for (unsigned left = bits; left != 0;) {
    const auto in_byte = static_cast<unsigned>(at % 8);
    const unsigned take = std::min(8 - in_byte, left);
    const unsigned mask = (1u << take) - 1;
    const unsigned part =
        static_cast<unsigned>(static_cast<uint64_t>(value) >> (left - take)) & mask;
    const unsigned shift = 8 - in_byte - take;
    const auto byte = static_cast<unsigned char>(bytes[at / 8]);
    bytes[at / 8] = static_cast<char>((byte & ~(mask << shift)) | (part << shift));
    at += take;
    left -= take;
  }
}

std::optional<int64_t> FitBitField(const BitField& field, int64_t value, int64_t increment,
                                   BitOverflow overflow) {
  // An unsigned field holds 63 bits at most, but a value to be set may be any 64.
  __extension__ using Wide = __int128;
  const Wide base = field.is_signed ? Wide{value} : Wide{static_cast<uint64_t>(value)};
  const Wide exact = base + increment;
  const Wide one = 1;
  const Wide max = (one << (field.is_signed ? field.bits - 1 : field.bits)) - 1;
  const Wide min = field.is_signed ? -max - 1 : 0;
  if (exact >= min && exact <= max) return static_cast<int64_t>(exact);
  if (overflow == BitOverflow::kFail) return std::nullopt;
  if (overflow == BitOverflow::kSaturate) return static_cast<int64_t>(exact > max ? max : min);
  const Wide mask = (one << field.bits) - 1;
  Wide wrapped = exact & mask;
  if (field.is_signed && wrapped > max) wrapped -= mask + 1;
  return static_cast<int64_t>(wrapped);
}

}  // namespace pleiad
