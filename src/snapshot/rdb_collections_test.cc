// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Sets and hashes: what is written reads back, in every form, and the forms of other servers read
// as what they are. (Their packed bytes are in packed_formats_test.)
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "base/crc.h"
#include "base/prng.h"
#include "data/hash.h"
#include "data/set.h"
#include "snapshot/dump_payload.h"
#include "snapshot/packed_formats.h"
#include "snapshot/rdb_recorder.h"

namespace pleiad {
namespace {

using FieldMap = std::map<std::string, std::pair<std::string, int64_t>>;

// A whole body behind its type byte, through RESTORE's door.
struct RestoredValue {
  explicit RestoredValue(std::string body, uint16_t version = 10) {
    body.push_back(static_cast<char>(version & 0xff));
    body.push_back(static_cast<char>(version >> 8));
    const uint64_t crc = Crc64(0, body);
    for (int i = 0; i < 8; ++i) body.push_back(static_cast<char>(crc >> (8 * i)));
    RdbKey key;
    key.key = "k";
    status = RestoreDump(body, key, &sink);
    if (status.ok()) value = std::move(sink.values.at({0, "k"}).second);
  }
  std::set<std::string> Members() const {
    std::set<std::string> all;
    SetView(value.view()).ForEach([&](std::string_view s) { all.emplace(s); });
    return all;
  }
  FieldMap Fields() const {
    FieldMap all;
    HashView(value.view(), HashView::kHideNothing).ForEach([&](const FieldElement& e) {
      all[std::string(e.field)] = {std::string(e.value), e.expiry_ms};
    });
    return all;
  }
  RdbRecorder sink;
  Status status;
  MemoryStore value;
};

std::string DumpOf(ValueType type, MemoryStore* value) {
  Entry* e = Entry::CreateValue("k", type, value, Entry::kNoExpiry);
  std::string dump = DumpEntry(*e, {});
  Entry::Free(e);
  return dump.substr(0, dump.size() - 10);
}

TEST(RdbCollections, SetsOfAllFormsReadBack) {
  Prng prng(4);
  const CollectionSettings settings;
  for (const int count : {1, 2, 100, 500, 600, 5000}) {
    for (const bool numbers : {true, false}) {
      MemoryStore store;
      Set set(&store, settings);
      std::set<std::string> model;
      for (int i = 0; i < count; ++i) {
        std::string member = std::to_string(static_cast<int64_t>(prng.Next() >> prng.Below(60)));
        if (!numbers && i % 3 == 0) member += std::string(prng.Below(400), 'x') + "y";
        model.insert(member);
        set.Add(member);
      }
      const bool ints = store.form() == kSetFormInts;
      const std::string body = DumpOf(ValueType::kSet, &store);
      EXPECT_EQ(body[0], ints ? 11 : 2);
      const RestoredValue back(body);
      ASSERT_TRUE(back.status.ok()) << back.status.message();
      EXPECT_EQ(back.Members(), model);
      EXPECT_EQ(back.value.form() == kSetFormInts, ints);
    }
  }
}

TEST(RdbCollections, HashesOfAllFormsReadBack) {
  Prng prng(5);
  const CollectionSettings settings;
  for (const int count : {1, 3, 500, 600, 5000}) {
    for (const bool expiries : {true, false}) {
      MemoryStore store;
      Hash hash(&store, settings);
      FieldMap model;
      for (int i = 0; i < count; ++i) {
        const std::string field = "field" + std::to_string(i);
        const std::string value(prng.Below(count > 1000 ? 300 : 60), 'v');
        const int64_t at = expiries && i % 2 == 0 ? 1'700'000'000'000 + i : int64_t{-1};
        model[field] = {value, at};
        hash.Put(field, value, at);
      }
      const bool packed = store.object() == nullptr;
      const std::string body = DumpOf(ValueType::kHash, &store);
      EXPECT_EQ(body[0], expiries ? 24 : packed ? 16 : 4);
      const RestoredValue back(body, 12);
      ASSERT_TRUE(back.status.ok()) << back.status.message();
      EXPECT_EQ(back.Fields(), model);
      EXPECT_EQ(back.value.form() == kHashFormExpiry, expiries);
    }
  }
}

std::string BodyOf(uint8_t type, std::string_view front, std::string_view text) {
  std::string body(1, static_cast<char>(type));
  body += front;
  if (!text.empty()) AppendRdbString(&body, text, {});
  return body;
}

std::string EightBytes(int64_t number) {
  std::string bytes;
  AppendRdbLittleEndian64(&bytes, static_cast<uint64_t>(number));
  return bytes;
}

TEST(RdbCollections, FieldExpiryAsOthersWriteIt) {
  const FieldMap expected = {{"a", {"1", 1'000'005}}, {"b", {"2", -1}}};
  ListpackBuilder listpack;
  for (const char* s : {"a", "1", "1000005", "b", "2", "0"}) listpack.Append(s);
  const std::string packed = listpack.Finish();
  std::string absolute = "\x02";
  AppendRdbLength(&absolute, 1'000'005);
  absolute += std::string(
      "\1a\1"
      "1\0\1b\1"
      "2",
      9);
  const std::string relative = EightBytes(1'000'000) + std::string(
                                                           "\2\6\1a\1"
                                                           "1\0\1b\1"
                                                           "2",
                                                           11);
  const std::string valkey = std::string(
                                 "\2\1a\1"
                                 "1") +
                             EightBytes(1'000'005) +
                             "\1b\1"
                             "2" +
                             EightBytes(-1);
  EXPECT_EQ(RestoredValue(BodyOf(22, absolute, ""), 12).Fields(), expected);
  EXPECT_EQ(RestoredValue(BodyOf(23, "", packed), 12).Fields(), expected);
  EXPECT_EQ(RestoredValue(BodyOf(24, relative, ""), 12).Fields(), expected);
  EXPECT_EQ(RestoredValue(BodyOf(25, EightBytes(1'000'005), packed), 12).Fields(), expected);
  EXPECT_EQ(RestoredValue(BodyOf(22, valkey, ""), 80).Fields(), expected);
  EXPECT_FALSE(RestoredValue(BodyOf(24, relative, ""), 80).status.ok());
}

TEST(RdbCollections, WhatIsEmptyOrTwiceIsRefused) {
  EXPECT_FALSE(RestoredValue(BodyOf(2, std::string(1, '\0'), "")).status.ok());
  EXPECT_FALSE(RestoredValue(BodyOf(4, std::string(1, '\0'), "")).status.ok());
  EXPECT_FALSE(RestoredValue(BodyOf(2, "\2\1a\1a", "")).status.ok());
  EXPECT_FALSE(RestoredValue(BodyOf(4, "\2\1a\1x\1a\1y", "")).status.ok());
  ListpackBuilder none;
  EXPECT_FALSE(RestoredValue(BodyOf(16, "", none.Finish())).status.ok());
  ListpackBuilder odd;
  for (const char* s : {"a", "1", "b"}) odd.Append(s);
  EXPECT_FALSE(RestoredValue(BodyOf(16, "", odd.Finish())).status.ok());
  EXPECT_TRUE(RestoredValue(BodyOf(2, "\2\1a\1b", "")).status.ok());
}

}  // namespace
}  // namespace pleiad
