// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/packed_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

namespace pleiad {
namespace {

std::string TableMember(uint64_t n) {
  std::string s = "member:" + std::to_string(n);
  if (n % 50 == 7) s.append(300 + n % 1000, 'x');  // lies outside its bucket
  if (n % 61 == 3) s.append(200, 'y');
  return s;
}

void AddMember(PackedTable* table, const std::string& member) {
  table->Insert(table->Hash(member), {member});
}

std::set<std::string> AllOf(const PackedTable& table) {
  std::set<std::string> all;
  table.ForEach([&](std::string_view s) { EXPECT_TRUE(all.emplace(s).second); });
  return all;
}

// Phases of growth and of shrinking, against a std::set.
TEST(PackedTableTest, HoldsWhatAModelHolds) {
  Prng prng(11);
  PackedTable table(PackedTable::Keys::kWhole, 5);
  std::set<std::string> model;
  for (int phase = 0; phase < 6; ++phase) {
    for (int i = 0; i < 20000; ++i) {
      const std::string member = TableMember(prng.Below(20000));
      const bool add = prng.Chance(phase % 2 == 0 ? 8 : 1, 10);
      ASSERT_EQ(static_cast<bool>(table.Find(member)), model.contains(member));
      if (add && model.insert(member).second) {
        AddMember(&table, member);
      } else if (!add) {
        ASSERT_EQ(table.Erase(member), model.erase(member) == 1);
      }
      ASSERT_EQ(table.size(), model.size());
    }
    EXPECT_EQ(AllOf(table), model);
  }
  while (!model.empty()) {
    ASSERT_TRUE(table.Erase(*model.begin()));
    model.erase(model.begin());
  }
  EXPECT_EQ(table.size(), 0U);
  EXPECT_LT(table.MemoryUsage(), 100U);
}

TEST(PackedTableTest, ReplacesElementsOfAllSizes) {
  Prng prng(3);
  PackedTable table(PackedTable::Keys::kField, 5);
  std::map<std::string, std::pair<std::string, int64_t>> model;
  for (int i = 0; i < 60000; ++i) {
    std::string field = "f" + std::to_string(prng.Below(700));
    if (field.ends_with("7")) field.append(140, 'f');
    if (field.ends_with("77")) field.append(300, 'g');
    const size_t sizes[] = {0, 3, prng.Below(230), prng.Below(230), 400, 5000};
    const std::string value(sizes[prng.Below(6)], static_cast<char>('a' + i % 26));
    const int64_t expiry = prng.Chance(1, 3) ? i : FieldElement::kNoExpiry;
    const FieldElementParts parts(field, value, expiry);
    const PackedTable::Place place = table.Find(field);
    ASSERT_EQ(static_cast<bool>(place), model.contains(field));
    if (place && prng.Chance(1, 4)) {
      table.Erase(place);
      model.erase(field);
      continue;
    }
    if (place) {
      table.Replace(place, parts.parts);
    } else {
      table.Insert(table.Hash(field), parts.parts);
    }
    model[field] = {value, expiry};
  }
  ASSERT_EQ(table.size(), model.size());
  for (const auto& [field, value] : model) {
    const PackedTable::Place place = table.Find(field);
    ASSERT_TRUE(place);
    const FieldElement e = FieldElement::Parse(table.Get(place));
    EXPECT_EQ(e.field, field);
    EXPECT_EQ(e.value, value.first);
    EXPECT_EQ(e.expiry_ms, value.second);
  }
}

// What is there from the first call to the last is returned, however the table changes meanwhile.
TEST(PackedTableTest, ScanMissesNothingWhileItGrowsAndShrinks) {
  for (const bool grows : {true, false}) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      Prng prng(seed);
      PackedTable table(PackedTable::Keys::kWhole, seed);
      for (uint64_t n = 0; n < 3000; ++n) AddMember(&table, TableMember(n));
      uint64_t high = 3000;
      if (!grows) {
        for (; high < 30000; ++high) AddMember(&table, TableMember(high));
      }
      std::unordered_set<std::string> seen;
      uint64_t cursor = 0;
      do {
        cursor = table.Scan(cursor, 10, [&](std::string_view s) { seen.emplace(s); });
        for (int i = 0; i < 150; ++i) {
          if (grows) {
            AddMember(&table, TableMember(high++));
          } else if (high > 3000) {
            ASSERT_TRUE(table.Erase(TableMember(--high)));
          }
        }
      } while (cursor != 0);
      for (uint64_t n = 0; n < 3000; ++n) ASSERT_TRUE(seen.contains(TableMember(n))) << n;
    }
  }
}

TEST(PackedTableTest, AScanOfATableAtRestReturnsEachOnce) {
  PackedTable table(PackedTable::Keys::kWhole, 5);
  for (uint64_t n = 0; n < 5000; ++n) AddMember(&table, TableMember(n));
  std::set<std::string> seen;
  uint64_t cursor = 0;
  do {
    cursor =
        table.Scan(cursor, 1, [&](std::string_view s) { EXPECT_TRUE(seen.emplace(s).second); });
  } while (cursor != 0);
  EXPECT_EQ(seen.size(), 5000U);
}

TEST(PackedTableTest, RandomIsFair) {
  Prng prng(9);
  PackedTable table(PackedTable::Keys::kWhole, 5);
  constexpr uint64_t kMembers = 200;
  for (uint64_t n = 0; n < kMembers; ++n) AddMember(&table, std::to_string(n));
  std::map<std::string, int> counts;
  constexpr int kDraws = 200000;
  for (int i = 0; i < kDraws; ++i) ++counts[std::string(table.Get(table.Random(&prng)))];
  ASSERT_EQ(counts.size(), kMembers);
  for (const auto& [member, count] : counts) {
    EXPECT_GT(count, 800) << member;  // 1000 are expected, and sigma is 32
    EXPECT_LT(count, 1200) << member;
  }
}

TEST(PackedTableTest, ACopyIsOfItsOwn) {
  PackedTable table(PackedTable::Keys::kWhole, 5);
  for (uint64_t n = 0; n < 30000; ++n) AddMember(&table, TableMember(n));
  PackedTable copy(PackedTable::Keys::kWhole, 5);
  copy.CopyFrom(table);
  for (uint64_t n = 0; n < 30000; ++n) ASSERT_TRUE(table.Erase(TableMember(n)));
  EXPECT_EQ(copy.size(), 30000U);
  for (uint64_t n = 0; n < 30000; ++n) ASSERT_TRUE(copy.Find(TableMember(n)));
}

// The bar for sets: 30 bytes for a member of 17.
TEST(PackedTableTest, AMemberCostsLittleMoreThanItsBytes) {
  for (const size_t members : {1000U, 10000U, 14000U, 20000U, 100000U}) {
    PackedTable table(PackedTable::Keys::kWhole, 5);
    for (size_t n = 0; n < members; ++n) {
      std::string member = "member:0000000000";
      const std::string digits = std::to_string(n);
      member.replace(17 - digits.size(), digits.size(), digits);
      AddMember(&table, member);
    }
    EXPECT_LT(static_cast<double>(table.MemoryUsage()) / static_cast<double>(members), 24.0)
        << members;
  }
}

}  // namespace
}  // namespace pleiad
