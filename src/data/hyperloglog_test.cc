// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/hyperloglog.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/prng.h"

namespace pleiad {
namespace {

TEST(HyperLogLogTest, SparseAndDenseAgreeAtEverySize) {
  std::string sparse = HllEmpty();
  std::string dense = HllEmpty();
  ASSERT_TRUE(HllMakeDense(&dense));
  ASSERT_EQ(dense.size(), kHllDenseSize);
  bool was_sparse = false;
  for (int n = 0; n < 5000; ++n) {
    const std::string element = "element:" + std::to_string(n);
    const HllChange a = HllAdd(&sparse, element, 3000);
    EXPECT_EQ(a, HllAddDense(dense.data(), element));
    EXPECT_TRUE(HllIsValid(sparse));
    if (n % 100 != 0) continue;
    if (!HllIsDense(sparse)) was_sparse = true;
    const auto x = std::make_unique<HllSet>();
    const auto y = std::make_unique<HllSet>();
    ASSERT_TRUE(x->Merge(sparse) && y->Merge(dense));
    for (size_t i = 0; i < kHllRegisters; ++i) ASSERT_EQ(x->at(i), y->at(i));
    EXPECT_EQ(x->Count(), y->Count());
    EXPECT_NEAR(static_cast<double>(x->Count()), n + 1, 1 + n * 0.05);
  }
  EXPECT_TRUE(was_sparse);
  EXPECT_TRUE(HllIsDense(sparse));
}

TEST(HyperLogLogTest, LimitAndLargeValuesMakeDense) {
  std::string bytes = HllEmpty();
  EXPECT_EQ(HllRaise(&bytes, 5, 32, 3000), HllChange::kChanged);
  EXPECT_FALSE(HllIsDense(bytes));
  EXPECT_EQ(HllRaise(&bytes, 5, 32, 3000), HllChange::kUnchanged);
  EXPECT_EQ(HllRaise(&bytes, 6, 33, 3000), HllChange::kChanged);
  EXPECT_TRUE(HllIsDense(bytes));
  bytes = HllEmpty();
  EXPECT_EQ(HllRaise(&bytes, 100, 1, bytes.size()), HllChange::kChanged);
  EXPECT_TRUE(HllIsDense(bytes));
}

TEST(HyperLogLogTest, CachedCount) {
  std::string bytes = HllEmpty();
  EXPECT_EQ(HllCachedCount(bytes), 0u);
  (void)HllAdd(&bytes, "a", 3000);
  EXPECT_EQ(HllCachedCount(bytes), std::nullopt);
  HllStoreCount(bytes.data(), 77);
  EXPECT_EQ(HllCachedCount(bytes), 77u);
  (void)HllAdd(&bytes, "a", 3000);
  EXPECT_EQ(HllCachedCount(bytes), 77u);
}

// Any bytes behind a good header: every function ends, and says so if they are damaged.
TEST(HyperLogLogTest, SurvivesDamage) {
  Prng prng(11);
  int damaged = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = HllEmpty().substr(0, kHllHeader);
    const size_t size = prng.Next() % 12;
    for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(prng.Next()));
    ASSERT_TRUE(HllIsValid(bytes));
    std::string copy = bytes;
    const bool whole = HllMakeDense(&copy);
    damaged += whole ? 0 : 1;
    EXPECT_EQ(HllDescribeRuns(bytes).has_value(), whole);
    const auto set = std::make_unique<HllSet>();
    EXPECT_EQ(set->Merge(bytes), whole);
    for (int i = 0; i < 3; ++i) {
      const HllChange change = HllRaise(&bytes, prng.Next() % kHllRegisters,
                                        static_cast<uint8_t>(1 + prng.Next() % 40), 3000);
      EXPECT_FALSE(whole && change == HllChange::kDamaged);
    }
  }
  EXPECT_GT(damaged, 1000);
}

}  // namespace
}  // namespace pleiad
