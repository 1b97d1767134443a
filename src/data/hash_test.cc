// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/hash.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace pleiad {
namespace {

using HashModel = std::map<std::string, std::pair<std::string, int64_t>>;

HashModel HashFields(const MemoryStore& store, int64_t now_ms) {
  HashModel all;
  HashView(store.view(), now_ms).ForEach([&](const FieldElement& e) {
    EXPECT_TRUE(all.try_emplace(std::string(e.field), std::string(e.value), e.expiry_ms).second);
  });
  return all;
}

TEST(HashTest, BecomesATableAtTheThresholds) {
  const CollectionSettings settings;
  MemoryStore store;
  Hash hash(&store, settings);
  for (int i = 0; i < 512; ++i) EXPECT_TRUE(hash.Put("f" + std::to_string(i), "v"));
  EXPECT_EQ(store.view().object, nullptr);
  EXPECT_FALSE(hash.Put("f5", "w"));
  EXPECT_EQ(store.view().object, nullptr);
  EXPECT_TRUE(hash.Put("f512", "v"));
  EXPECT_NE(store.view().object, nullptr);
  EXPECT_EQ(hash.view().Find("f5")->value, "w");
  EXPECT_EQ(hash.size(), 513U);

  MemoryStore wide;
  Hash other(&wide, settings);
  other.Put("f", std::string(65, 'v'));
  EXPECT_NE(wide.view().object, nullptr);
}

TEST(HashTest, TheFormSaysWhetherAFieldExpires) {
  CollectionSettings settings;
  for (const int64_t limit : {100, 1}) {
    settings.hash_max_packed_entries = limit;
    MemoryStore store;
    Hash hash(&store, settings);
    hash.Put("a", "1");
    hash.Put("b", "2");
    EXPECT_EQ(store.form(), 0);
    EXPECT_TRUE(hash.SetExpiry("b", 50));
    EXPECT_FALSE(hash.SetExpiry("c", 50));
    EXPECT_EQ(store.form(), kHashFormExpiry);
    EXPECT_EQ(hash.view().NextExpiry(), 50);
    EXPECT_EQ(HashFields(store, 49).size(), 2U);
    EXPECT_EQ(HashFields(store, 50).size(), 1U);
    EXPECT_FALSE(HashView(store.view(), 50).Find("b").has_value());
    hash.Put("b", "3");  // takes the expiry away
    EXPECT_EQ(store.form(), 0);
    EXPECT_EQ(hash.view().NextExpiry(), HashView::kNever);
    hash.SetExpiry("a", 70);
    hash.SetExpiry("a", FieldElement::kNoExpiry);
    EXPECT_EQ(store.form(), 0);
    hash.SetExpiry("a", 70);
    hash.Remove("a");
    EXPECT_EQ(store.form(), 0);
  }
}

TEST(HashTest, HoldsWhatAModelHolds) {
  CollectionSettings settings;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Prng prng(seed);
    settings.hash_max_packed_entries = static_cast<int64_t>(seed % 2 == 0 ? 200 : prng.Below(20));
    MemoryStore store;
    Hash hash(&store, settings);
    HashModel model;
    int64_t now = 1000;
    for (int i = 0; i < 1500; ++i) {
      const std::string field = "field" + std::to_string(prng.Below(80));
      const std::string value(prng.Below(40), static_cast<char>('a' + i % 26));
      const int64_t expiry = now + 1 + static_cast<int64_t>(prng.Below(300));
      switch (prng.Below(5)) {
        case 0:
          ASSERT_EQ(hash.Put(field, value),
                    model.insert_or_assign(field, std::pair(value, int64_t{-1})).second);
          break;
        case 1:
          ASSERT_EQ(hash.Put(field, value, expiry),
                    model.insert_or_assign(field, std::pair(value, expiry)).second);
          break;
        case 2:
          ASSERT_EQ(hash.Remove(field), model.erase(field) == 1);
          break;
        case 3: {
          const int64_t at = prng.Chance(1, 3) ? FieldElement::kNoExpiry : expiry;
          ASSERT_EQ(hash.SetExpiry(field, at), model.contains(field));
          if (model.contains(field)) model[field].second = at;
          break;
        }
        default: {
          now += static_cast<int64_t>(prng.Below(20));
          std::set<std::string> due;
          for (const auto& [name, v] : model) {
            if (v.second != -1 && v.second <= now) due.insert(name);
          }
          if (due.empty()) break;
          ASSERT_LE(hash.view().NextExpiry(), now);
          const std::vector<std::string> gone = hash.RemoveExpired(now, 1000);
          ASSERT_EQ(std::set<std::string>(gone.begin(), gone.end()), due);
          for (const std::string& name : gone) model.erase(name);
        }
      }
      ASSERT_EQ(hash.size(), model.size());
      bool any = false;
      for (const auto& [name, v] : model) any = any || v.second != -1;
      ASSERT_EQ(store.form() == kHashFormExpiry, any);
    }
    EXPECT_EQ(HashFields(store, HashView::kHideNothing), model);
  }
}

TEST(HashTest, ATableForgetsMomentsThatAreOvertaken) {
  CollectionSettings settings;
  settings.hash_max_packed_entries = 0;
  MemoryStore store;
  Hash hash(&store, settings);
  hash.Put("a", "1");
  for (int i = 0; i < 10000; ++i) hash.SetExpiry("a", 1000 + i);
  EXPECT_LT(store.view().object->MemoryUsage(), 4096U);
  EXPECT_TRUE(hash.RemoveExpired(10998, 10).empty());
  EXPECT_EQ(hash.RemoveExpired(10999, 10).size(), 1U);
}

}  // namespace
}  // namespace pleiad
