// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/crc.h"
#include "base/crc32c.h"
#include "base/ids.h"
#include "base/prng.h"
#include "base/stable_sort.h"
#include "base/text.h"

namespace pleiad {
namespace {

TEST(Crc, KnownValues) {
  EXPECT_EQ(Crc16("123456789"), 0x31c3);
  EXPECT_EQ(Crc64(0, "123456789"), 0xe9c6d914c4b8d9caULL);
  EXPECT_EQ(Crc32c(0, "123456789"), 0xe3069283U);
  EXPECT_EQ(KeySlot("foo").value, 12182);
  EXPECT_EQ(KeySlot("{user1000}.following").value, KeySlot("user1000").value);
  EXPECT_EQ(HashTag("foo{}{bar}"), "foo{}{bar}");
  EXPECT_EQ(HashTag("foo{{bar}}zap"), "{bar");
}

TEST(Crc, SlicedEqualsBytewise) {
  Prng prng(1);
  for (size_t n = 0; n < 40; ++n) {
    const std::string text = prng.Hex(n);
    uint64_t crc = 0;
    for (const char c : text) crc = Crc64(crc, std::string_view(&c, 1));
    EXPECT_EQ(crc, Crc64(0, text));
    const size_t half = text.size() / 2;
    EXPECT_EQ(Crc32c(Crc32c(0, text.substr(0, half)), text.substr(half)), Crc32c(0, text));
  }
}

TEST(Text, Int64IsCanonical) {
  EXPECT_EQ(ParseInt64("0"), 0);
  EXPECT_EQ(ParseInt64("-9223372036854775808"), INT64_MIN);
  for (const char* bad :
       {"", "-", "+1", " 1", "1 ", "01", "-0", "-01", "9223372036854775808", "1x"}) {
    EXPECT_FALSE(ParseInt64(bad).has_value()) << bad;
  }
}

TEST(Text, Memory) {
  EXPECT_EQ(ParseMemory("1kb"), 1024U);
  EXPECT_EQ(ParseMemory("100M"), 100000000U);
  for (const char* bad :
       {"", "gb", "64gbx", "-1", "1e99", "99999999999999999999", "20000000000gb"}) {
    EXPECT_FALSE(ParseMemory(bad).has_value()) << bad;
  }
}

TEST(Text, Glob) {
  EXPECT_TRUE(GlobMatch("h?llo", "hello"));
  EXPECT_TRUE(GlobMatch("h[a-e]llo", "hello"));
  EXPECT_FALSE(GlobMatch("h[^e]llo", "hello"));
  EXPECT_TRUE(GlobMatch("*a*b*c", "xxaxxbxxc"));
  EXPECT_FALSE(GlobMatch("h\\*llo", "hello"));
  EXPECT_TRUE(GlobMatch("HELLO", "hello", true));
  EXPECT_FALSE(GlobMatch(std::string(30, '*') + "b", std::string(10000, 'a')));
}

TEST(Text, SplitArgs) {
  const auto words = SplitArgs(R"(set "a b\x41\n" 'it\'s' plain)");
  ASSERT_TRUE(words.has_value());
  EXPECT_EQ(*words, (std::vector<std::string>{"set", "a bA\n", "it's", "plain"}));
  EXPECT_FALSE(SplitArgs("\"open").has_value());
  EXPECT_FALSE(SplitArgs("\"a\"b").has_value());
}

TEST(Ids, NodeIdParses) {
  EXPECT_TRUE(NodeId::Parse(std::string(40, 'a')).has_value());
  EXPECT_FALSE(NodeId::Parse(std::string(40, 'g')).has_value());
  EXPECT_FALSE(NodeId::Parse(std::string(39, 'a')).has_value());
  EXPECT_TRUE(NodeId().empty());
}

TEST(StableSortTest, EqualsKeepTheirOrder) {
  std::vector<std::pair<int, std::string>> v;
  for (int i = 0; i < 500; ++i) v.emplace_back(i * 7919 % 10, std::to_string(i));
  StableSort(v.begin(), v.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 1; i < v.size(); ++i) {
    ASSERT_LE(v[i - 1].first, v[i].first);
    if (v[i - 1].first == v[i].first) {
      ASSERT_LT(std::stoi(v[i - 1].second), std::stoi(v[i].second));
    }
  }
}

}  // namespace
}  // namespace pleiad
