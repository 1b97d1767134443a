// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/packed_formats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/prng.h"
#include "base/text.h"

namespace pleiad {
namespace {

std::string PackedFromHex(const std::string& hex) {
  std::string out;
  if (hex == "-") return out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return out;
}

Status Read(const std::string& kind, std::string_view bytes, std::vector<std::string>* out) {
  const PackedElementSink sink = [out](std::string_view element) {
    out->emplace_back(element);
    return Status::Ok();
  };
  if (kind == "listpack") return ForEachListpack(bytes, sink);
  if (kind == "zipmap") return ForEachZipmap(bytes, sink);
  if (kind == "intset") {
    return ForEachIntset(bytes, [out](int64_t value) {
      out->push_back(std::to_string(value));
      return Status::Ok();
    });
  }
  return ForEachZiplist(bytes, sink);
}

std::string Build(const std::string& kind, const std::vector<std::string>& elements) {
  if (kind == "listpack") {
    ListpackBuilder builder;
    for (const std::string& element : elements) builder.Append(element);
    return builder.Finish();
  }
  IntsetBuilder builder;
  for (const std::string& element : elements) builder.Append(*ParseInt64(element));
  return builder.Finish();
}

struct Golden {
  std::string kind;
  std::string bytes;
  std::vector<std::string> elements;
};

std::vector<Golden> AllGolden() {
  std::vector<Golden> out;
  std::ifstream file(std::string(PLEIAD_SOURCE_DIR) + "/tests/golden/rdb-packed/packed.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    Golden golden;
    std::string hex;
    words >> golden.kind >> hex;
    golden.bytes = PackedFromHex(hex);
    while (words >> hex) golden.elements.push_back(PackedFromHex(hex));
    out.push_back(std::move(golden));
  }
  return out;
}

// What servers 3.0, 6.2 and 7.0 wrote is read as they meant it; what we build is what 7.0 wrote.
TEST(PackedFormats, AgreeWithRecordedBytes) {
  const std::vector<Golden> all = AllGolden();
  ASSERT_GE(all.size(), 15u);
  for (const Golden& golden : all) {
    std::vector<std::string> elements;
    const Status status = Read(golden.kind, golden.bytes, &elements);
    EXPECT_TRUE(status.ok()) << golden.kind << ": " << status.message();
    if (golden.kind == "ziplist-sorted") std::sort(elements.begin(), elements.end());
    EXPECT_EQ(elements, golden.elements);
    if (golden.kind.starts_with("ziplist")) continue;
    EXPECT_EQ(Build(golden.kind, golden.elements), golden.bytes) << golden.kind;
  }
}

// Every byte of a small value changed to every other, and every cut: an error or some elements, and
// a sanitizer has nothing to say.
TEST(PackedFormats, SurviveDamage) {
  std::vector<Golden> all = AllGolden();
  all.push_back({"zipmap", PackedFromHex("0201610101780002626202016363ff"), {}});
  for (const Golden& golden : all) {
    if (golden.bytes.size() > 500) continue;
    std::vector<std::string> elements;
    for (size_t i = 0; i < golden.bytes.size(); ++i) {
      EXPECT_FALSE(Read(golden.kind, golden.bytes.substr(0, i), &elements).ok()) << golden.kind;
      for (int change = 1; change < 256; ++change) {
        // A copy of its own size, so that a sanitizer sees one byte too far.
        std::vector<char> bytes(golden.bytes.begin(), golden.bytes.end());
        bytes[i] = static_cast<char>(bytes[i] ^ change);
        elements.clear();
        (void)Read(golden.kind, {bytes.data(), bytes.size()}, &elements);
      }
    }
  }
}

std::string PackedErrorOf(const std::string& kind, const std::string& hex) {
  std::vector<std::string> elements;
  const Status status = Read(kind, PackedFromHex(hex), &elements);
  return status.ok() ? "OK" : status.message();
}

TEST(PackedFormats, SaysWhatIsWrongWithAListpack) {
  EXPECT_EQ(PackedErrorOf("listpack", "070000000000ff"), "OK");
  EXPECT_EQ(PackedErrorOf("listpack", "0700000000ff"), "a listpack is shorter than its header");
  EXPECT_EQ(PackedErrorOf("listpack", "080000000000ff"), "a listpack's header tells another size");
  EXPECT_EQ(PackedErrorOf("listpack", "070000000000fe"),
            "a listpack does not end with its terminator");
  EXPECT_EQ(PackedErrorOf("listpack", "0900000001000101ff"), "OK");
  EXPECT_EQ(PackedErrorOf("listpack",
                          "090000000200"
                          "0101ff"),
            "a listpack's header tells another count");
  EXPECT_EQ(PackedErrorOf("listpack",
                          "09000000ffff"
                          "0101ff"),
            "OK");
  EXPECT_EQ(PackedErrorOf("listpack",
                          "090000000100"
                          "0102ff"),
            "a listpack's element has a wrong back length");
  EXPECT_EQ(PackedErrorOf("listpack",
                          "090000000100"
                          "8301ff"),
            "a listpack's element runs over its end");
  EXPECT_EQ(PackedErrorOf("listpack",
                          "090000000100"
                          "f501ff"),
            "a listpack's element has an unknown encoding");
}

TEST(PackedFormats, SaysWhatIsWrongWithAZiplist) {
  EXPECT_EQ(PackedErrorOf("ziplist", "0b0000000a0000000000ff"), "OK");
  EXPECT_EQ(PackedErrorOf("ziplist", "0d0000000a000000010000f2ff"), "OK");
  EXPECT_EQ(PackedErrorOf("ziplist", "0d0000000a000000010001f2ff"),
            "a ziplist's entry has a wrong link back");
  EXPECT_EQ(PackedErrorOf("ziplist", "0d0000000b000000010000f2ff"),
            "a ziplist's header has a wrong last entry");
  EXPECT_EQ(PackedErrorOf("ziplist", "0d0000000a000000020000f2ff"),
            "a ziplist's header tells another count");
  EXPECT_EQ(PackedErrorOf("ziplist", "0d0000000a000000010000ffff"),
            "a ziplist's entry has an unknown encoding");
  EXPECT_EQ(PackedErrorOf("ziplist", "0d0000000a000000010000c0ff"),
            "a ziplist's entry runs over its end");
}

TEST(PackedFormats, ReadsZipmaps) {
  std::vector<std::string> elements;
  // A value with two unused bytes behind it; a header that does not know the count.
  EXPECT_TRUE(
      Read("zipmap", PackedFromHex("02016101027878780162fe0300000000797979ff"), &elements).ok());
  EXPECT_EQ(elements, (std::vector<std::string>{"a", "x", "b", "yyy"}));
  elements.clear();
  EXPECT_TRUE(Read("zipmap",
                   PackedFromHex("020161010278"
                                 "7878"
                                 "0162fe0300000000797979ff"),
                   &elements)
                  .ok());
  EXPECT_EQ(elements, (std::vector<std::string>{"a", "x", "b", "yyy"}));
  EXPECT_EQ(PackedErrorOf("zipmap", "fe0161010078ff"), "OK");
  EXPECT_EQ(PackedErrorOf("zipmap", "020161010078ff"), "a zipmap's header tells another count");
  EXPECT_EQ(PackedErrorOf("zipmap", "010161ff"), "a zipmap has a field without a value");
  EXPECT_EQ(PackedErrorOf("zipmap", "01016105ff"), "a zipmap's element runs over its end");
}

TEST(PackedFormats, SaysWhatIsWrongWithAnIntset) {
  EXPECT_EQ(PackedErrorOf("intset",
                          "02000000020000000100"
                          "0200"),
            "OK");
  EXPECT_EQ(PackedErrorOf("intset",
                          "02000000020000000200"
                          "0100"),
            "an intset's values are not ascending");
  EXPECT_EQ(PackedErrorOf("intset",
                          "02000000020000000100"
                          "0100"),
            "an intset's values are not ascending");
  EXPECT_EQ(PackedErrorOf("intset", "0300000001000000010203"),
            "an intset's values have an unknown size");
  EXPECT_EQ(PackedErrorOf("intset", "02000000ffffffff0100"),
            "an intset's header tells another count");
}

TEST(PackedFormats, RandomListpacksReadBack) {
  Prng prng(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> elements;
    ListpackBuilder builder;
    const size_t n = prng.Next() % 40;
    for (size_t i = 0; i < n; ++i) {
      if (prng.Next() % 2 == 0) {
        const auto value = static_cast<int64_t>(prng.Next()) >> (prng.Next() % 64);
        elements.push_back(std::to_string(value));
        builder.AppendInteger(value);
      } else {
        elements.emplace_back(prng.Next() % 5000, static_cast<char>(prng.Next()));
        builder.Append(elements.back());
      }
    }
    const size_t size = builder.size();
    const std::string bytes = builder.Finish();
    EXPECT_EQ(bytes.size(), size);
    std::vector<std::string> read;
    const Status status = Read("listpack", bytes, &read);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(read, elements);
  }
}

TEST(PackedFormats, CursorReadsNumbersAndTextInTurn) {
  ListpackBuilder builder;
  builder.AppendInteger(-5);
  builder.Append("field");
  builder.Append("12");
  const std::string bytes = builder.Finish();
  ListpackReader reader(bytes);
  ASSERT_TRUE(reader.Open().ok());
  EXPECT_EQ(reader.header_count(), 3u);
  EXPECT_EQ(reader.position(), 6u);
  int64_t number = 0;
  EXPECT_TRUE(reader.NextInteger(&number).ok());
  EXPECT_EQ(number, -5);
  EXPECT_FALSE(reader.Finish().ok());
  ListpackReader copy = reader;
  EXPECT_EQ(copy.NextInteger(&number).message(), "a listpack's element should be a number");
  ListpackElement element;
  EXPECT_TRUE(reader.Next(&element).ok());
  EXPECT_FALSE(element.is_integer);
  EXPECT_EQ(element.text, "field");
  EXPECT_TRUE(reader.Next(&element).ok());
  EXPECT_TRUE(element.is_integer);
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(reader.Next(&element).message(), "a listpack has fewer elements than expected");
  EXPECT_TRUE(reader.Finish().ok());
}

}  // namespace
}  // namespace pleiad
