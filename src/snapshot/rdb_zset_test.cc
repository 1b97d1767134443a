// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_zset.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/crc.h"
#include "data/zset.h"
#include "snapshot/dump_payload.h"
#include "snapshot/rdb_recorder.h"
#include "snapshot/test_support.h"

namespace pleiad {
namespace {

constexpr double kRdbInf = std::numeric_limits<double>::infinity();
using RdbZsetItems = std::vector<std::pair<std::string, double>>;

RdbZsetItems ItemsIn(const ValueView& value) {
  RdbZsetItems items;
  ZsetView(value).ForEach([&](std::string_view m, double s) { items.emplace_back(m, s); });
  return items;
}

// The value of a payload without trailer.
Status RestoreZset(std::string body, RdbRecorder* sink,
                   const CollectionSettings& settings = DefaultCollectionSettings()) {
  body += std::string("\x0a\x00", 2);
  uint64_t crc = Crc64(0, body);
  for (int i = 0; i < 8; ++i, crc >>= 8) body.push_back(static_cast<char>(crc & 0xff));
  return RestoreDump(body, {.db = 0, .key = "z"}, sink, settings);
}

RdbZsetItems Restored(const std::string& body) {
  RdbRecorder sink;
  const Status status = RestoreZset(body, &sink);
  EXPECT_TRUE(status.ok()) << status.message();
  if (!status.ok()) return {};
  const auto& [type, store] = sink.values.at({0, "z"});
  EXPECT_EQ(type, ValueType::kZset);
  return ItemsIn(store.view());
}

std::string Dumped(MemoryStore* store) {
  Entry* const entry = Entry::CreateValue("z", ValueType::kZset, store, Entry::kNoExpiry);
  std::string payload = DumpEntry(*entry, {});
  Entry::Free(entry);
  return payload;
}

// Payloads as redis-server 7.0.15 makes them.
TEST(RdbZset, PayloadsOfRedisLoad) {
  RdbRecorder sink;
  const std::string listpack = FromHex(
      "1137370000000c00dff902dffd02817a02000181610201018262620383322e3504886d656d6265723a3109f2a086"
      "010481780283696e6604ff0a000480084f8c8f4d36");
  ASSERT_TRUE(RestoreDump(listpack, {.db = 0, .key = "z"}, &sink).ok());
  EXPECT_EQ(
      ItemsIn(sink.values.at({0, "z"}).second.view()),
      (RdbZsetItems{
          {"-7", -3}, {"z", 0}, {"a", 1}, {"bb", 2.5}, {"member:1", 100000}, {"x", kRdbInf}}));
  const std::string binary = FromHex(
      "05040163cdcccccccccc084002626200000000000004400161000000000000f03f0178000000000000f0ff0a0082"
      "82ff0f6504a6b6");
  RdbRecorder other;
  ASSERT_TRUE(RestoreDump(binary, {.db = 0, .key = "z"}, &other).ok());
  EXPECT_EQ(ItemsIn(other.values.at({0, "z"}).second.view()),
            (RdbZsetItems{{"x", -kRdbInf}, {"a", 1}, {"bb", 2.5}, {"c", 3.1}}));
}

// The older forms, by their description.
TEST(RdbZset, OlderFormsLoad) {
  EXPECT_EQ(Restored(std::string("\x03\x04\x01"
                                 "a\x03"
                                 "2.5\x01"
                                 "b\xff\x01"
                                 "c\xfe\x01"
                                 "d\x02-7",
                                 19)),
            (RdbZsetItems{{"b", -kRdbInf}, {"d", -7}, {"a", 2.5}, {"c", kRdbInf}}));
  const std::string ziplist = FromHex("1900000013000000040000016103f2020262620403322e35ff");
  EXPECT_EQ(Restored("\x0c" + std::string(1, static_cast<char>(ziplist.size())) + ziplist),
            (RdbZsetItems{{"a", 1}, {"bb", 2.5}}));
}

TEST(RdbZset, DamageIsSeen) {
  RdbRecorder sink;
  for (const std::string_view bad : {
           std::string_view("\x03\x00", 2),  // no members
           std::string_view("\x05\x00", 2),  // no members
           std::string_view("\x03\x01\x01"
                            "a\xfd",
                            5),  // not a number
           std::string_view("\x03\x01\x01"
                            "a\x00",
                            5),  // no text
           std::string_view("\x03\x01\x01"
                            "a\x02"
                            "2x",
                            7),  // not a number
           std::string_view("\x05\x01\x01"
                            "a\x00\x00\x00\x00\x00\x00\xf8\x7f",
                            12),  // not a number
           std::string_view("\x03\x02\x01"
                            "a\x01"
                            "1\x01"
                            "a\x01"
                            "2",
                            10),                                         // twice the same
           std::string_view("\x11\x07\x07\x00\x00\x00\x00\x00\xff", 9),  // no members
           std::string_view("\x11\x0a\x0a\x00\x00\x00\x01\x00\x81"
                            "a\x02\xff",
                            12),  // no score
       }) {
    EXPECT_FALSE(RestoreZset(std::string(bad), &sink).ok()) << bad.size();
  }
  EXPECT_TRUE(sink.values.empty());
}

// What is written is read again, small and large, and is packed or not by the reader's thresholds.
TEST(RdbZset, RoundTrip) {
  const CollectionSettings& settings = DefaultCollectionSettings();
  for (const int count : {1, 20, 128, 129, 5000}) {
    MemoryStore store;
    Zset zset(&store, settings);
    for (int i = 0; i < count; ++i) zset.Add("member:" + std::to_string(i), i % 7 * 0.3 - 1);
    zset.Add("member:0", -0.0);
    const RdbZsetItems items = ItemsIn(store.view());
    const bool large = store.object() != nullptr;
    EXPECT_EQ(large, count > 128);
    const std::string payload = Dumped(&store);
    EXPECT_EQ(payload[0], large ? 5 : 17);
    RdbRecorder sink;
    ASSERT_TRUE(RestoreDump(payload, {.db = 0, .key = "z"}, &sink).ok());
    const MemoryStore& read = sink.values.at({0, "z"}).second;
    EXPECT_EQ(ItemsIn(read.view()), items);
    EXPECT_TRUE(std::signbit(*ZsetView(read.view()).Score("member:0")));
    CollectionSettings never;
    never.zset_max_packed_entries = 0;
    RdbRecorder second;
    ASSERT_TRUE(RestoreDump(payload, {.db = 0, .key = "z"}, &second, never).ok());
    EXPECT_TRUE(ZsetView(second.values.at({0, "z"}).second.view()).is_object());
  }
}

}  // namespace
}  // namespace pleiad
