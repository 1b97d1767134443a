// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/packed.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/prng.h"

namespace pleiad {
namespace {

std::vector<std::string> Elements(const MemoryStore& store) {
  std::vector<std::string> all;
  PackedView(store.view().bytes).ForEach([&](std::string_view s) { all.emplace_back(s); });
  return all;
}

TEST(PackedTest, AnEmptyRunIsAnEmptySequence) {
  const PackedView view("");
  EXPECT_EQ(view.count(), 0U);
  EXPECT_EQ(view.Find("x"), view.End());
}

TEST(PackedTest, FindsFieldsButNotValues) {
  MemoryStore store;
  const std::string_view pairs[] = {"a", "b", "b", "c"};
  PackedAppend(&store, pairs);
  const PackedView view(store.view().bytes);
  EXPECT_EQ(view.Find("b", 2), view.At(2));
  EXPECT_EQ(view.Find("c", 2), view.End());
  EXPECT_EQ(view.Get(view.At(3)), "c");
}

// Random splices of elements of all head sizes against a vector.
TEST(PackedTest, SplicesLikeAVector) {
  Prng prng(7);
  MemoryStore store;
  std::vector<std::string> model;
  for (int round = 0; round < 3000; ++round) {
    const PackedView view(store.view().bytes);
    const size_t first = prng.Below(model.size() + 1);
    const size_t removed = std::min<size_t>(prng.Below(3), model.size() - first);
    std::vector<std::string> fresh(model.size() > 30 ? 0 : prng.Below(3));
    for (std::string& s : fresh) {
      const size_t sizes[] = {0, prng.Below(20), 252, 253, 254, 70000};
      const size_t size = sizes[prng.Below(prng.Chance(1, 50) ? 6 : 5)];
      s = std::string(size, static_cast<char>('a' + round % 26));
    }
    const std::vector<std::string_view> views(fresh.begin(), fresh.end());
    const size_t at = first == model.size() ? view.End() : view.At(first);
    const size_t end = first + removed == model.size() ? view.End() : view.At(first + removed);
    PackedSplice(&store, at, end, removed, views);
    const auto place = model.begin() + static_cast<ptrdiff_t>(first);
    model.insert(model.erase(place, place + static_cast<ptrdiff_t>(removed)), fresh.begin(),
                 fresh.end());
    ASSERT_TRUE(PackedIsValid(store.view().bytes));
    ASSERT_EQ(Elements(store), model);
    ASSERT_EQ(PackedView(store.view().bytes).count(), model.size());
  }
}

TEST(PackedTest, HostileBytesAreRefused) {
  EXPECT_TRUE(PackedIsValid(""));
  EXPECT_FALSE(PackedIsValid(std::string_view("\x01", 1)));
  EXPECT_FALSE(PackedIsValid(std::string_view("\x01\x00", 2)));  // says one, has none
  EXPECT_FALSE(
      PackedIsValid(std::string_view("\x01\x00\x05"
                                     "abc",
                                     6)));  // cut short
  EXPECT_FALSE(PackedIsValid(std::string_view("\x01\x00\xfd\x01", 4)));
  EXPECT_FALSE(PackedIsValid(std::string_view("\x01\x00\xfe\xff\xff\xff\xff", 7)));
  EXPECT_FALSE(PackedIsValid(std::string_view("\x01\x00\xff", 3)));
}

}  // namespace
}  // namespace pleiad
