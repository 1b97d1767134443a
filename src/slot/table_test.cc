// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "slot/table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "base/prng.h"
#include "slot/hash.h"

namespace pleiad {
namespace {

constexpr uint64_t kSeed = 7;

// Random inserts, removals, replacements against a std::map; sizes swing so that segments grow,
// split, shrink and merge.
class TableModel : public testing::TestWithParam<size_t> {};

TEST_P(TableModel, AgreesWithMap) {
  const size_t keys = GetParam();
  Prng prng(keys);
  Table table;
  std::map<std::string, std::string> model;
  for (size_t step = 0; step < keys * 6; ++step) {
    const std::string key = "k" + std::to_string(prng.Below(keys));
    const uint64_t hash = HashKey(key, kSeed);
    const bool shrinking = (step / keys) % 3 == 2;
    Entry* e = table.Find(hash, key);
    ASSERT_EQ(e != nullptr, model.contains(key));
    if (e != nullptr && prng.Chance(shrinking ? 9 : 2, 10)) {
      Entry::Free(table.Remove(hash, key));
      model.erase(key);
    } else if (e != nullptr) {
      const std::string value = prng.Hex(prng.Below(200));
      Entry* fresh = Entry::CreateString(key, value, Entry::kNoExpiry);
      table.Replace(hash, e, fresh);
      Entry::Free(e);
      model[key] = value;
    } else if (!shrinking) {
      table.Insert(hash, Entry::CreateString(key, key, Entry::kNoExpiry), kSeed);
      model[key] = key;
    }
    ASSERT_EQ(table.size(), model.size());
  }
  size_t seen = 0;
  table.ForEach([&](Entry* e) {
    ++seen;
    EXPECT_EQ(model.at(std::string(e->key())), e->str());
  });
  EXPECT_EQ(seen, model.size());
  while (!model.empty()) {
    const std::string key = model.begin()->first;
    Entry* e = table.Remove(HashKey(key, kSeed), key);
    ASSERT_NE(e, nullptr);
    Entry::Free(e);
    model.erase(key);
  }
  EXPECT_EQ(table.MemoryUsage(), 0U);
}
INSTANTIATE_TEST_SUITE_P(Sizes, TableModel, testing::Values(1, 5, 8, 60, 500, 3000, 40000));

TEST(Table, ScanSeesAllThatStays) {
  Prng prng(3);
  Table table;
  std::set<std::string> stays;
  for (int i = 0; i < 2000; ++i) {
    const std::string key = "stay" + std::to_string(i);
    table.Insert(HashKey(key, kSeed), Entry::CreateString(key, "v", Entry::kNoExpiry), kSeed);
    stays.insert(key);
  }
  TableCursor cursor;
  std::set<std::string> seen;
  int extra = 0;
  while (!cursor.done) {
    std::vector<Entry*> batch;
    table.Scan(&cursor, 10, &batch);
    for (const Entry* e : batch) seen.insert(std::string(e->key()));
    const bool grow = extra < 30000 && prng.Chance(2, 3);
    for (int i = 0; i < 100; ++i) {
      const std::string key = "extra" + std::to_string(grow ? extra++ : (extra > 0 ? --extra : 0));
      const uint64_t hash = HashKey(key, kSeed);
      if (grow) {
        table.Insert(hash, Entry::CreateString(key, "v", Entry::kNoExpiry), kSeed);
      } else if (Entry* e = table.Remove(hash, key)) {
        Entry::Free(e);
      }
    }
  }
  for (const std::string& key : stays) EXPECT_TRUE(seen.contains(key)) << key;
}

TEST(Table, MemoryPerKeyAtSixtyOnePerSlot) {
  size_t bytes = 0;
  size_t keys = 0;
  for (int slot = 0; slot < 200; ++slot) {
    Table table;
    const int n = 45 + slot % 33;
    for (int i = 0; i < n; ++i) {
      const std::string key = std::to_string(slot) + ":" + std::to_string(i);
      table.Insert(HashKey(key, kSeed), Entry::CreateString(key, "v", Entry::kNoExpiry), kSeed);
    }
    bytes += table.MemoryUsage();
    keys += static_cast<size_t>(n);
  }
  EXPECT_LT(static_cast<double>(bytes) / static_cast<double>(keys), 10.6);
}

TEST(Entry, ResizeKeepsBytesAndExpiry) {
  for (const size_t size : {0UL, 10UL, 1000UL, 1024UL, 1025UL, 5000UL}) {
    Entry* e = Entry::CreateString(std::string(300, 'k'), "hello", 12345);
    char* value = Entry::Resize(&e, size + 5);
    std::memcpy(value + size, "world", 5);
    EXPECT_EQ(e->str().substr(0, std::min<size_t>(5, size)),
              std::string_view("hello").substr(0, size));
    EXPECT_EQ(e->str().substr(size), "world");
    EXPECT_EQ(e->expiry_ms(), 12345);
    EXPECT_EQ(e->key(), std::string(300, 'k'));
    e = Entry::WithExpiry(e, Entry::kNoExpiry);
    EXPECT_FALSE(e->has_expiry());
    e = Entry::WithExpiry(e, 99);
    EXPECT_EQ(e->expiry_ms(), 99);
    e = Entry::Assign(e, "x");
    EXPECT_EQ(e->str(), "x");
    EXPECT_EQ(e->expiry_ms(), 99);
    Entry::Free(e);
  }
}

}  // namespace
}  // namespace pleiad
