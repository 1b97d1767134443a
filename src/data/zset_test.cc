// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/zset.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>

#include "base/prng.h"

namespace pleiad {
namespace {

constexpr double kZsetInf = std::numeric_limits<double>::infinity();
using ZsetItems = std::vector<std::pair<double, std::string>>;

ZsetItems ItemsOf(const ZsetView& view, const ZsetRange& range, bool reverse = false) {
  ZsetItems items;
  view.Visit(range, reverse, [&](std::string_view m, double s) { items.emplace_back(s, m); });
  return items;
}

// What a sorted set is.
struct ZsetModel {
  std::map<std::string, double> scores;
  std::set<std::pair<double, std::string>> order;

  void Set(const std::string& member, double score) {
    Erase(member);
    scores[member] = score;
    order.emplace(score, member);
  }
  bool Erase(const std::string& member) {
    const auto it = scores.find(member);
    if (it == scores.end()) return false;
    order.erase({it->second, member});
    scores.erase(it);
    return true;
  }
  ZsetItems Items() const { return {order.begin(), order.end()}; }
};

void ExpectSameZset(const Zset& zset, const ZsetModel& model) {
  const ZsetView view = zset.view();
  ASSERT_EQ(view.size(), model.scores.size());
  const ZsetItems all = model.Items();
  ASSERT_EQ(ItemsOf(view, {0, all.size()}), all);
  ASSERT_EQ(ItemsOf(view, {0, all.size()}, true), ZsetItems(all.rbegin(), all.rend()));
  const size_t step = all.size() / 50 + 1;
  for (size_t i = 0; i < all.size(); i += step) {
    const auto ranked = view.Rank(all[i].second);
    ASSERT_TRUE(ranked.has_value());
    ASSERT_EQ(ranked->rank, i);
    ASSERT_EQ(ranked->score, all[i].first);
    ASSERT_EQ(view.Score(all[i].second), all[i].first);
    ASSERT_EQ(ItemsOf(view, {i, 1})[0], all[i]);
  }
}

size_t CountByScore(const ZsetModel& model, const ZsetScoreBound& min, const ZsetScoreBound& max) {
  size_t n = 0;
  for (const auto& [score, member] : model.order) {
    n += (min.exclusive ? score > min.score : score >= min.score) &&
         (max.exclusive ? score < max.score : score <= max.score);
  }
  return n;
}

struct ZsetProfile {
  int members;  // how many different ones there are
  int scores;   // how many different ones there are; 0: always the next higher one, -1: next lower
  size_t longest;
  int steps;
  int packed_entries;
  int removals;  // of 100 steps
};

class ZsetPropertyTest : public testing::TestWithParam<ZsetProfile> {};

TEST_P(ZsetPropertyTest, BehavesLikeASet) {
  const ZsetProfile profile = GetParam();
  CollectionSettings settings;
  settings.zset_max_packed_entries = profile.packed_entries;
  settings.hash_seed = 5;
  MemoryStore store;
  Zset zset(&store, settings);
  ZsetModel model;
  Prng prng(static_cast<uint64_t>(profile.members * 31 + profile.steps));
  double next = 0;
  const auto member = [&] {
    const uint64_t id = prng.Below(static_cast<uint64_t>(profile.members));
    std::string name = "m" + std::to_string(id);
    if (profile.longest > 0) name += std::string(id * 7919 % profile.longest, 'x');
    return name;
  };
  const auto score = [&] {
    if (profile.scores <= 0) return profile.scores == 0 ? ++next : --next;
    return static_cast<double>(prng.Below(static_cast<uint64_t>(profile.scores))) / 4 - 2;
  };
  for (int step = 0; step < profile.steps; ++step) {
    const std::string m = member();
    if (prng.Below(100) < static_cast<uint64_t>(profile.removals)) {
      ASSERT_EQ(zset.Remove(m), model.Erase(m));
    } else if (prng.Below(2000) == 0 && !model.order.empty()) {
      const size_t first = prng.Below(model.order.size());
      const size_t count = prng.Below(model.order.size() - first) / 2;
      const ZsetItems all = model.Items();
      for (size_t i = first; i < first + count; ++i) model.Erase(all[i].second);
      zset.RemoveRange({first, count});
    } else {
      const double s = score();
      const bool there = model.scores.contains(m);
      const bool same = there && model.scores[m] == s;
      const Zset::Added added = zset.Add(m, s);
      ASSERT_EQ(added.added, !there);
      ASSERT_EQ(added.updated, there && !same);
      ASSERT_EQ(added.score, s);
      model.Set(m, s);
    }
    if (step % (profile.steps / 20) == 0) ExpectSameZset(zset, model);
    if (step % 50 == 0) {
      ZsetScoreBound min{score(), prng.Chance(1, 2)};
      ZsetScoreBound max{score(), prng.Chance(1, 2)};
      if (prng.Chance(1, 10)) max.score = kZsetInf;
      if (prng.Chance(1, 10)) min.score = -kZsetInf;
      ASSERT_EQ(zset.view().ByScore(min, max).count, CountByScore(model, min, max));
    }
  }
  ExpectSameZset(zset, model);
  ASSERT_EQ(zset.view().is_object(), profile.packed_entries == 0 || store.object() != nullptr);
  // Down to nothing.
  while (!model.order.empty()) {
    const std::string m = (prng.Chance(1, 2) ? *model.order.begin() : *model.order.rbegin()).second;
    model.Erase(m);
    ASSERT_TRUE(zset.Remove(m));
    if (model.order.size() % 977 == 0) ExpectSameZset(zset, model);
  }
  ASSERT_TRUE(zset.empty());
  zset.Add("again", 1);
  ASSERT_EQ(zset.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Profiles, ZsetPropertyTest,
    testing::Values(ZsetProfile{100, 20, 0, 5000, 128, 30},      // stays packed
                    ZsetProfile{40, 10, 600, 2000, 100000, 30},  // packed with long members
                    ZsetProfile{300, 50, 40, 10000, 128, 20},    // becomes an object
                    ZsetProfile{20000, 1000000, 20, 80000, 0, 10},
                    ZsetProfile{20000, 3, 300, 60000, 0, 30},       // many of one score
                    ZsetProfile{30000, 0, 0, 60000, 0, 5},          // ascending
                    ZsetProfile{30000, -1, 0, 60000, 0, 5},         // descending
                    ZsetProfile{3000, 100000, 0, 100000, 0, 49}));  // up and down

TEST(ZsetTest, Flags) {
  for (const int packed : {0, 128}) {
    CollectionSettings settings;
    settings.zset_max_packed_entries = packed;
    MemoryStore store;
    Zset zset(&store, settings);
    EXPECT_TRUE(zset.Add("a", 1, Zset::kAddOnlyExisting).skipped);
    EXPECT_TRUE(zset.Add("a", 1, Zset::kAddOnlyNew).added);
    EXPECT_TRUE(zset.Add("a", 5, Zset::kAddOnlyNew).skipped);
    EXPECT_TRUE(zset.Add("a", 1, Zset::kAddIfGreater).skipped);
    EXPECT_TRUE(zset.Add("a", 2, Zset::kAddIfGreater).updated);
    EXPECT_TRUE(zset.Add("a", 3, Zset::kAddIfLess).skipped);
    EXPECT_TRUE(zset.Add("a", 1, Zset::kAddIfLess).updated);
    EXPECT_EQ(zset.Add("a", 2, Zset::kAddIncrement).score, 3);
    EXPECT_EQ(zset.Add("b", kZsetInf, Zset::kAddIncrement).score, kZsetInf);
    const Zset::Added added = zset.Add("b", -kZsetInf, Zset::kAddIncrement);
    EXPECT_TRUE(added.nan);
    EXPECT_EQ(zset.view().Score("b"), kZsetInf);
    EXPECT_EQ(zset.view().Score("c"), std::nullopt);
    EXPECT_EQ(zset.view().Rank("c"), std::nullopt);
  }
}

TEST(ZsetTest, RangesByMember) {
  using Kind = ZsetMemberBound::Kind;
  for (const int packed : {0, 1000}) {
    CollectionSettings settings;
    settings.zset_max_packed_entries = packed;
    MemoryStore store;
    Zset zset(&store, settings);
    for (int i = 100; i < 300; ++i) zset.Add(std::to_string(i), 0);
    const auto count = [&](ZsetMemberBound min, ZsetMemberBound max) {
      return zset.view().ByMember(min, max).count;
    };
    const ZsetMemberBound least{Kind::kMin};
    const ZsetMemberBound most{Kind::kMax};
    EXPECT_EQ(count(least, most), 200U);
    EXPECT_EQ(count(most, least), 0U);
    EXPECT_EQ(count({Kind::kMember, false, "150"}, most), 150U);
    EXPECT_EQ(count({Kind::kMember, true, "150"}, most), 149U);
    EXPECT_EQ(count(least, {Kind::kMember, false, "150"}), 51U);
    EXPECT_EQ(count(least, {Kind::kMember, true, "150"}), 50U);
    EXPECT_EQ(count({Kind::kMember, false, "15"}, {Kind::kMember, false, "16"}), 10U);
    EXPECT_EQ(count({Kind::kMember, false, "16"}, {Kind::kMember, false, "15"}), 0U);
    EXPECT_EQ(count({Kind::kMember, true, "150"}, {Kind::kMember, false, "150"}), 0U);
    EXPECT_EQ(count({Kind::kMember, false, "150"}, {Kind::kMember, false, "150"}), 1U);
    EXPECT_EQ(zset.view().ByMember({Kind::kMember, false, "150"}, most).first, 50U);
  }
}

// What is there all the time is seen, whatever comes and goes between the calls.
TEST(ZsetTest, ScanMissesNothingThatStays) {
  CollectionSettings settings;
  MemoryStore store;
  Zset zset(&store, settings);
  for (int i = 0; i < 2000; ++i) zset.Add("stays" + std::to_string(i), i);
  std::set<std::string> seen;
  size_t given = 0;
  uint64_t cursor = 0;
  int next = 0;
  do {
    cursor = zset.view().Scan(cursor, 10, [&](std::string_view m, double) {
      seen.emplace(m);
      ++given;
    });
    for (int i = 0; i < 400; ++i, ++next) {
      const std::string m = "n" + std::to_string(next % 20000);
      next % 40000 < 20000 ? static_cast<void>(zset.Add(m, i)) : static_cast<void>(zset.Remove(m));
    }
  } while (cursor != 0);
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(seen.contains("stays" + std::to_string(i)));
  // At rest, each once.
  given = 0;
  seen.clear();
  do {
    cursor = zset.view().Scan(cursor, 10, [&](std::string_view m, double) {
      seen.emplace(m);
      ++given;
    });
  } while (cursor != 0);
  EXPECT_EQ(given, zset.size());
  EXPECT_EQ(seen.size(), zset.size());
}

TEST(ZsetTest, CloneIsDeepAndMemoryIsKnown) {
  CollectionSettings settings;
  MemoryStore store;
  Zset zset(&store, settings);
  for (int i = 0; i < 10000; ++i)
    zset.Add("member:" + std::to_string(1'000'000'000 + i), i * 7919 % 10007);
  MemoryStore other;
  other.SetObject(store.object()->Clone());
  Zset copy(&other, settings);
  zset.Add("member:1000000000", -1);
  EXPECT_EQ(copy.size(), 10000U);
  EXPECT_EQ(copy.view().Score("member:1000000000"), 0);
  const size_t bytes = store.object()->MemoryUsage();
  EXPECT_GT(bytes, 10000U * 40);
  EXPECT_LT(bytes, 10000U * 57);
}

TEST(ZsetTest, PackedBytesFromOutsideAreChecked) {
  CollectionSettings settings;
  settings.zset_max_packed_value = 100000;
  MemoryStore store;
  Zset zset(&store, settings);
  zset.Add("a", 1);
  zset.Add(std::string(300, 'b'), 1);
  zset.Add(std::string(70000, 'c'), 2);
  const std::string good(store.bytes());
  EXPECT_TRUE(PackedZsetIsValid(good));
  EXPECT_TRUE(PackedZsetIsValid(""));
  EXPECT_FALSE(PackedZsetIsValid("x"));
  EXPECT_FALSE(PackedZsetIsValid(good.substr(0, good.size() - 1)));
  EXPECT_FALSE(PackedZsetIsValid(good.substr(0, 20)));
  std::string bad = good;
  bad[0] = 2;
  EXPECT_FALSE(PackedZsetIsValid(bad));
  bad = good;
  const double nan = std::nan("");
  std::memcpy(bad.data() + 2, &nan, sizeof(nan));
  EXPECT_FALSE(PackedZsetIsValid(bad));
  bad = good;
  bad[11] = 'z';  // out of order
  EXPECT_FALSE(PackedZsetIsValid(bad));
}

}  // namespace
}  // namespace pleiad
