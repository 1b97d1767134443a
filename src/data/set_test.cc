// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/set.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace pleiad {
namespace {

std::string SetFormOf(const MemoryStore& store) {
  const ValueView v = store.view();
  return v.form == kSetFormInts ? "intset" : v.object != nullptr ? "hashtable" : "listpack";
}

std::set<std::string> SetMembers(const MemoryStore& store) {
  std::set<std::string> all;
  SetView(store.view()).ForEach([&](std::string_view s) { EXPECT_TRUE(all.emplace(s).second); });
  return all;
}

TEST(SetTest, MovesDownTheListOfFormsAtTheThresholds) {
  const CollectionSettings settings;
  MemoryStore store;
  Set set(&store, settings);
  for (int i = 0; i < 512; ++i) EXPECT_TRUE(set.Add(std::to_string(i)));
  EXPECT_EQ(SetFormOf(store), "intset");
  EXPECT_TRUE(set.Add("512"));
  EXPECT_EQ(SetFormOf(store), "hashtable");

  MemoryStore mixed;
  Set other(&mixed, settings);
  for (int i = 0; i < 127; ++i) other.Add(std::to_string(i));
  EXPECT_TRUE(other.Add("a"));
  EXPECT_EQ(SetFormOf(mixed), "listpack");
  EXPECT_TRUE(other.Add("b"));
  EXPECT_EQ(SetFormOf(mixed), "hashtable");
  EXPECT_EQ(other.size(), 129U);

  MemoryStore wide;
  Set third(&wide, settings);
  third.Add(std::string(64, 'x'));
  EXPECT_EQ(SetFormOf(wide), "listpack");
  third.Add(std::string(65, 'x'));
  EXPECT_EQ(SetFormOf(wide), "hashtable");
}

TEST(SetTest, OnlyCanonicalNumbersAreNumbers) {
  const CollectionSettings settings;
  for (const std::string_view member : {"01", "+1", "-0", " 1", "1 ", "", "9223372036854775808"}) {
    MemoryStore store;
    Set set(&store, settings);
    set.Add("1");
    EXPECT_FALSE(set.view().Contains(member)) << member;
    EXPECT_FALSE(set.Remove(member)) << member;
    EXPECT_TRUE(set.Add(member)) << member;
    EXPECT_EQ(SetFormOf(store), "listpack") << member;
    EXPECT_EQ(set.size(), 2U);
  }
}

TEST(SetTest, TakesATextAfterItsLastNumberIsGone) {
  const CollectionSettings settings;
  MemoryStore store;
  Set set(&store, settings);
  set.Add("7");
  EXPECT_TRUE(set.Remove("7"));
  EXPECT_TRUE(set.Add("a"));
  EXPECT_EQ(SetFormOf(store), "listpack");
  EXPECT_EQ(SetMembers(store), std::set<std::string>{"a"});
}

TEST(SetTest, HoldsWhatAModelHolds) {
  CollectionSettings settings;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Prng prng(seed);
    settings.set_max_intset_entries = static_cast<int64_t>(prng.Below(100));
    settings.set_max_packed_entries = static_cast<int64_t>(prng.Below(100));
    MemoryStore store;
    Set set(&store, settings);
    std::set<std::string> model;
    const int widths[] = {8, 16, 32, 63};
    for (int i = 0; i < 1000; ++i) {
      const int bits = widths[prng.Below(i < 300 ? 2 : 4)];
      const auto number = static_cast<int64_t>(prng.Next() >> (64 - bits)) % 97 *
                          (bits > 16 ? 1000000007 : 1) * (prng.Chance(1, 2) ? -1 : 1);
      std::string member = std::to_string(number);
      if (i > 500 && prng.Chance(1, 20)) member += "x";
      if (prng.Chance(6, 10)) {
        ASSERT_EQ(set.Add(member), model.insert(member).second);
      } else {
        ASSERT_EQ(set.Remove(member), model.erase(member) == 1);
      }
      ASSERT_EQ(set.view().Contains(member), model.contains(member));
      ASSERT_EQ(set.size(), model.size());
      if (!model.empty()) {
        ASSERT_TRUE(model.contains(set.view().Random(&prng)));
      }
    }
    EXPECT_EQ(SetMembers(store), model);
  }
}

}  // namespace
}  // namespace pleiad
