// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/bitmap.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/prng.h"

namespace pleiad {
namespace {

std::string RandomBits(Prng* prng, size_t size) {
  std::string out(size, '\0');
  // Runs of zeros and ones, too, so that skipping is tried.
  const uint64_t kind = prng->Next() % 3;
  for (char& c : out) {
    if (kind == 0) c = static_cast<char>(prng->Next());
    if (kind == 1) c = prng->Next() % 20 == 0 ? '\x10' : '\0';
    if (kind == 2) c = prng->Next() % 20 == 0 ? '\x7e' : '\xff';
  }
  return out;
}

// Against bit by bit.
TEST(BitmapTest, CountAndFindInRandomRanges) {
  Prng prng(3);
  for (int round = 0; round < 3000; ++round) {
    const std::string bytes = RandomBits(&prng, 1 + prng.Next() % 100);
    uint64_t first = prng.Next() % (bytes.size() * 8);
    uint64_t last = prng.Next() % (bytes.size() * 8);
    if (first > last) std::swap(first, last);
    uint64_t count = 0;
    std::optional<uint64_t> found[2];
    for (uint64_t i = first; i <= last; ++i) {
      const bool bit = BitAt(bytes, i);
      count += bit;
      if (!found[bit].has_value()) found[bit] = i;
    }
    EXPECT_EQ(CountBits(bytes, first, last), count);
    EXPECT_EQ(FindBit(bytes, true, first, last), found[1]);
    EXPECT_EQ(FindBit(bytes, false, first, last), found[0]);
  }
  EXPECT_EQ(CountBits(""), 0u);
  EXPECT_EQ(CountBits(std::string(1001, '\xff')), 8008u);
}

bool Expected(BitOperation operation, const std::vector<bool>& in) {
  size_t ones = 0;
  for (const bool bit : in) ones += bit;
  const bool others = ones > (in[0] ? 1u : 0u);
  switch (operation) {
    case BitOperation::kAnd:
      return ones == in.size();
    case BitOperation::kOr:
      return ones > 0;
    case BitOperation::kXor:
      return ones % 2 == 1;
    case BitOperation::kNot:
      return !in[0];
    case BitOperation::kDiff:
      return in[0] && !others;
    case BitOperation::kDiff1:
      return !in[0] && others;
    case BitOperation::kAndOr:
      return in[0] && others;
    case BitOperation::kOne:
      return ones == 1;
  }
  return false;
}

TEST(BitmapTest, CombineIsRightBitByBit) {
  Prng prng(5);
  for (int round = 0; round < 800; ++round) {
    const auto operation = static_cast<BitOperation>(round % 8);
    const size_t n = operation == BitOperation::kNot ? 1 : 2 + prng.Next() % 4;
    std::vector<std::string> strings;
    size_t size = 0;
    for (size_t i = 0; i < n; ++i) {
      strings.push_back(RandomBits(&prng, prng.Next() % 40));
      size = std::max(size, strings.back().size());
    }
    const std::vector<std::string_view> sources(strings.begin(), strings.end());
    std::string out(size, 'x');
    CombineBits(operation, sources, out.data());
    for (uint64_t bit = 0; bit < size * 8; ++bit) {
      std::vector<bool> in;
      for (const std::string_view s : sources) in.push_back(BitAt(s, bit));
      ASSERT_EQ(BitAt(out, bit), Expected(operation, in)) << static_cast<int>(operation);
    }
  }
}

TEST(BitmapTest, FieldsReadBackAndTouchNothingElse) {
  Prng prng(9);
  for (int round = 0; round < 5000; ++round) {
    BitField field;
    field.is_signed = prng.Next() % 2 == 0;
    field.bits = static_cast<unsigned>(1 + prng.Next() % (field.is_signed ? 64 : 63));
    field.offset = prng.Next() % 64;
    std::string bytes = RandomBits(&prng, 16);
    const std::string before = bytes;
    const auto value = FitBitField(field, static_cast<int64_t>(prng.Next()), 0, BitOverflow::kWrap);
    field.Write(bytes.data(), *value);
    EXPECT_EQ(field.Read(bytes), *value);
    for (uint64_t i = 0; i < 128; ++i) {
      if (i >= field.offset && i <= field.last_bit()) continue;
      ASSERT_EQ(BitAt(bytes, i), BitAt(before, i));
    }
    EXPECT_EQ(field.Read(""), 0);
  }
}

TEST(BitmapTest, Overflow) {
  const BitField u8{.is_signed = false, .bits = 8};
  const BitField i8{.is_signed = true, .bits = 8};
  const BitField i64{.is_signed = true, .bits = 64};
  const BitField u63{.is_signed = false, .bits = 63};
  EXPECT_EQ(FitBitField(u8, 250, 10, BitOverflow::kWrap), 4);
  EXPECT_EQ(FitBitField(u8, 250, 10, BitOverflow::kSaturate), 255);
  EXPECT_EQ(FitBitField(u8, 250, 10, BitOverflow::kFail), std::nullopt);
  EXPECT_EQ(FitBitField(u8, 3, -10, BitOverflow::kWrap), 249);
  EXPECT_EQ(FitBitField(u8, 3, -10, BitOverflow::kSaturate), 0);
  EXPECT_EQ(FitBitField(i8, 120, 10, BitOverflow::kWrap), -126);
  EXPECT_EQ(FitBitField(i8, 120, 10, BitOverflow::kSaturate), 127);
  EXPECT_EQ(FitBitField(i8, -120, -10, BitOverflow::kWrap), 126);
  EXPECT_EQ(FitBitField(i64, INT64_MAX, 1, BitOverflow::kWrap), INT64_MIN);
  EXPECT_EQ(FitBitField(i64, INT64_MIN, -1, BitOverflow::kSaturate), INT64_MIN);
  EXPECT_EQ(FitBitField(u63, INT64_MAX, 1, BitOverflow::kWrap), 0);
  EXPECT_EQ(FitBitField(u63, -1, 0, BitOverflow::kSaturate), INT64_MAX);
}

}  // namespace
}  // namespace pleiad
