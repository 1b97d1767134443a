// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/crc.h"
#include "base/prng.h"
#include "data/list.h"
#include "snapshot/packed_formats.h"
#include "snapshot/rdb_reader.h"
#include "snapshot/rdb_recorder.h"
#include "snapshot/rdb_writer.h"
#include "snapshot/test_support.h"

namespace pleiad {
namespace {

using ::testing::HasSubstr;
using Keys = std::map<std::pair<int, std::string>, RdbRecorder::Value>;

std::string ReadFile(const std::string& name) {
  std::ifstream file(std::string(PLEIAD_SOURCE_DIR) + "/tests/golden/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  std::ostringstream all;
  all << file.rdbuf();
  return all.str();
}

Keys Expected(const std::string& name) {
  Keys keys;
  std::istringstream lines(ReadFile(name));
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    int db = 0;
    std::string key;
    std::string value;
    RdbRecorder::Value entry;
    words >> db >> key >> entry.expire >> value;
    if (value == "REPEAT") {
      int count = 0;
      words >> count >> value;
      for (int i = 0; i < count; ++i) entry.bytes += FromHex(value);
    } else {
      entry.bytes = FromHex(value);
    }
    keys[{db, FromHex(key)}] = entry;
  }
  return keys;
}

// Feeds in pieces of `piece` bytes; each piece lives in its own allocation, so that a view kept too
// long is seen by ASan.
Status FeedAll(RdbReader* reader, std::string_view bytes, size_t piece) {
  for (size_t at = 0; at < bytes.size() && !reader->done(); at += piece) {
    const std::string part(bytes.substr(at, piece));
    Result<size_t> used = reader->Feed(part);
    if (!used.ok()) return used.error();
    if (!reader->done()) {
      EXPECT_EQ(*used, part.size());
    }
  }
  return Status::Ok();
}

struct Load {
  RdbRecorder sink;
  Status status;
  bool done = false;
  std::string truncated;
};

Load LoadBytes(std::string_view bytes, size_t piece = 1 << 20) {
  Load load;
  RdbReader reader(&load.sink);
  load.status = FeedAll(&reader, bytes, piece);
  load.done = reader.done();
  load.truncated = reader.TruncatedMessage();
  return load;
}

std::string WriteAll(const Keys& keys, bool compress, bool checksum, const RdbFacts& facts = {}) {
  std::string out;
  RdbWriter writer([&](std::string_view bytes) { out.append(bytes); }, checksum);
  writer.Begin(facts);
  for (const auto& [id, value] : keys) {
    std::string record;
    AppendRdbStringRecord(&record, id.second, value.bytes, UnixMs(value.expire), {compress},
                          {value.idle_s, value.freq});
    writer.Records(id.first, record);
  }
  writer.End();
  EXPECT_EQ(writer.written(), out.size());
  return out;
}

class RdbGolden : public testing::TestWithParam<const char*> {};

TEST_P(RdbGolden, LoadsInPiecesOfAnySize) {
  const std::string name = std::string("rdb-strings/") + GetParam();
  const std::string bytes = ReadFile(name + ".rdb");
  const Keys expected = Expected(name + ".txt");
  ASSERT_GE(expected.size(), 10U);
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{4096}, bytes.size()}) {
    Load load = LoadBytes(bytes, piece);
    ASSERT_TRUE(load.status.ok()) << load.status.message();
    EXPECT_TRUE(load.done);
    EXPECT_EQ(load.sink.ends, 1);
    EXPECT_EQ(load.sink.aux["redis-ver"], "7.0.15");
    EXPECT_EQ(load.sink.aux["redis-bits"], "64");
    for (auto& [id, value] : load.sink.keys) value.idle_s = value.freq = -1;
    EXPECT_EQ(load.sink.keys, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(All, RdbGolden, testing::Values("plain", "uncompressed", "lru", "lfu"));

TEST(Rdb, GoldenTellsAccessAndSizes) {
  const Load lru = LoadBytes(ReadFile("rdb-strings/lru.rdb"));
  for (const auto& [id, value] : lru.sink.keys) EXPECT_GE(value.idle_s, 0);
  const Load lfu = LoadBytes(ReadFile("rdb-strings/lfu.rdb"));
  for (const auto& [id, value] : lfu.sink.keys) EXPECT_GE(value.freq, 1);
  const Load plain = LoadBytes(ReadFile("rdb-strings/plain.rdb"));
  EXPECT_EQ(plain.sink.resize.at(3), (std::pair<uint64_t, uint64_t>(2, 1)));
}

// The first records of files with every type, from each server, cut off in the first value that is
// no string. Whole files: tests/test_persistence.py.
struct Head {
  const char* file;
  size_t keys;  // strings before the first other type
};
class RdbHead : public testing::TestWithParam<Head> {};

TEST_P(RdbHead, StringsLoadUpToTheCut) {
  const Load load = LoadBytes(ReadFile(std::string("rdb-heads/") + GetParam().file), 11);
  EXPECT_TRUE(load.status.ok()) << load.status.message();
  EXPECT_EQ(load.sink.keys.size(), GetParam().keys);
  EXPECT_EQ(load.sink.ends, 0);
}

INSTANTIATE_TEST_SUITE_P(All, RdbHead,
                         testing::Values(Head{"redis-3.0.7.rdb", 12}, Head{"redis-5.0.14.rdb", 31},
                                         Head{"redis-6.2.14.rdb", 0}, Head{"redis-7.0.15.rdb", 2},
                                         Head{"redis-7.4.1.rdb", 3}, Head{"valkey-9.1.0.rdb", 30}));

// A hash whose first field expiry is before all time: found by the fuzzer as an overflow.
TEST(Rdb, AFieldExpiryBeforeAllTimeIsRefused) {
  std::string bytes("REDIS0012\x18\x01h", 12);
  AppendRdbLittleEndian64(&bytes, 1ULL << 63);
  bytes.append(
      "\x01\x01\x01"
      "f\x01v",
      6);
  const Load load = LoadBytes(bytes, 5);
  ASSERT_FALSE(load.status.ok());
  EXPECT_THAT(load.status.message(), HasSubstr("a field's expiry is out of range"));
}

TEST(Rdb, ATypeOfNobodyIsNamed) {
  const Load load = LoadBytes(std::string("REDIS0011\x07\x01m", 12), 3);
  ASSERT_FALSE(load.status.ok());
  EXPECT_THAT(load.status.message(), HasSubstr("key \"m\" holds a module's value (type 7)"));
}

// Nodes of a list as Valkey 9 and Redis 7 write them: packed ones, and large elements by
// themselves.
TEST(Rdb, AQuicklistLoads) {
  std::string bytes("REDIS0011\x12\x01l\x03", 13);
  ListpackBuilder first;
  first.Append("a");
  first.Append("-7");
  ListpackBuilder last;
  last.Append("z");
  const RdbEncodeOptions options;
  AppendRdbLength(&bytes, 2);
  AppendRdbString(&bytes, first.Finish(), options);
  AppendRdbLength(&bytes, 1);
  AppendRdbString(&bytes, std::string(9000, 'x'), options);
  AppendRdbLength(&bytes, 2);
  AppendRdbString(&bytes, last.Finish(), options);
  bytes.push_back(static_cast<char>(rdb::kOpEof));
  bytes.append(8, '\0');
  const Load load = LoadBytes(bytes, 7);
  ASSERT_TRUE(load.status.ok()) << load.status.message();
  const auto& [type, store] = load.sink.values.at({0, "l"});
  EXPECT_EQ(type, ValueType::kList);
  std::vector<std::string> elements;
  ListReader(store.view()).ForEach([&](std::string_view e) { elements.emplace_back(e); });
  EXPECT_EQ(elements, (std::vector<std::string>{"a", "-7", std::string(9000, 'x'), "z"}));
}

// Our own form, and what no server writes.
TEST(Rdb, AListIsReadAsItWasWritten) {
  MemoryStore store;
  List list(&store, DefaultCollectionSettings());
  for (int i = 0; i < 3000; ++i) list.Push(ListEnd::kTail, std::to_string(i));
  std::string record;
  Entry* const entry = Entry::CreateValue("l", ValueType::kList, &store, Entry::kNoExpiry);
  AppendRdbRecord(&record, *entry, {});
  Entry::Free(entry);
  std::string bytes = "REDIS0010" + record;
  bytes.push_back(static_cast<char>(rdb::kOpEof));
  bytes.append(8, '\0');
  const Load load = LoadBytes(bytes, 100);
  ASSERT_TRUE(load.status.ok()) << load.status.message();
  const ListReader read(load.sink.values.at({0, "l"}).second.view());
  ASSERT_EQ(read.size(), 3000U);
  EXPECT_EQ(read.At(2999), "2999");
  for (const std::string_view bad : {std::string_view("REDIS0010\x01\x01l\x00", 13),
                                     std::string_view("REDIS0010\x12\x01l\x01\x03", 14),
                                     std::string_view("REDIS0010\x12\x01l\x01\x02\x03xyz", 18)}) {
    EXPECT_FALSE(
        LoadBytes(std::string(bad) + std::string(1, '\xff') + std::string(8, '\0'), 5).status.ok());
  }
}

TEST(Rdb, WritesWhatItReads) {
  Keys keys = Expected("rdb-strings/plain.txt");
  keys[{0, "accessed"}] = {"v", 1, 70000, -1};
  keys[{0, "counted"}] = {"v", 0, -1, 255};
  for (const bool compress : {false, true}) {
    for (const bool checksum : {false, true}) {
      Load load = LoadBytes(WriteAll(keys, compress, checksum), 1000);
      ASSERT_TRUE(load.status.ok()) << load.status.message();
      EXPECT_TRUE(load.done);
      EXPECT_EQ(load.sink.keys, keys);
    }
  }
  EXPECT_LT(WriteAll(keys, true, true).size(), WriteAll(keys, false, true).size() / 2);
}

// LZF has many codes for one text, so what comes out is compared by what it holds.
TEST(Rdb, CompressionMayBePutOff) {
  const Keys keys = Expected("rdb-strings/plain.txt");
  std::string at_once;
  std::string later = "before";  // the places count from the buffer's begin
  std::vector<RdbPlainString> plain;
  for (const auto& [id, value] : keys) {
    if (id.first != 0) continue;
    AppendRdbStringRecord(&at_once, id.second, value.bytes, UnixMs(value.expire), {});
    AppendRdbStringRecord(&later, id.second, value.bytes, UnixMs(value.expire), {.plain = &plain});
  }
  ASSERT_FALSE(plain.empty());
  std::string packed;
  AppendRdbPacked(&packed, later, plain);
  EXPECT_LT(packed.size(), later.size() / 2);
  EXPECT_LT(packed.size(), at_once.size() + at_once.size() / 50);
  const auto load = [](std::string_view records) {
    std::string bytes;
    RdbWriter writer([&](std::string_view piece) { bytes += piece; });
    writer.Begin({});
    writer.Records(0, records);
    writer.End();
    Load loaded = LoadBytes(bytes);
    EXPECT_TRUE(loaded.done) << loaded.status.message();
    return loaded.sink.keys;
  };
  EXPECT_EQ(load(std::string_view(packed).substr(6)), load(at_once));
}

TEST(Rdb, FactsForReplicationAreWritten) {
  RdbFacts facts;
  facts.created = UnixMs(1795000000999);
  facts.used_memory = 1234567;
  facts.repl_stream_db = 3;
  facts.repl_id = std::string(40, 'a');
  facts.repl_offset = Offset(987654321012);
  facts.aof_base = true;
  Load load = LoadBytes(WriteAll({}, true, true, facts));
  ASSERT_TRUE(load.done);
  const std::map<std::string, std::string> expected = {
      {"redis-ver", "7.0.15"},         {"redis-bits", "64"},    {"ctime", "1795000000"},
      {"used-mem", "1234567"},         {"repl-stream-db", "3"}, {"repl-id", std::string(40, 'a')},
      {"repl-offset", "987654321012"}, {"aof-base", "1"}};
  EXPECT_EQ(load.sink.aux, expected);
}

TEST(Rdb, BytesBehindTheEndAreLeft) {
  const std::string bytes = WriteAll({{{0, "k"}, {"v"}}}, true, true);
  RdbRecorder sink;
  RdbReader reader(&sink);
  Result<size_t> used = reader.Feed(bytes + "*1\r\n$4\r\nPING\r\n");
  ASSERT_TRUE(used.ok());
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(*used, bytes.size());
  EXPECT_EQ(reader.keys_read(), 1U);
}

TEST(Rdb, EveryTruncationIsSeen) {
  const std::string bytes = ReadFile("rdb-strings/lru.rdb");
  for (size_t n = 0; n < bytes.size(); ++n) {
    const Load load = LoadBytes(std::string_view(bytes).substr(0, n));
    EXPECT_TRUE(load.status.ok()) << load.status.message();
    EXPECT_FALSE(load.done);
    EXPECT_THAT(load.truncated, HasSubstr("the data ends"));
  }
}

TEST(Rdb, EveryFlippedBitIsSeen) {
  const std::string bytes = ReadFile("rdb-strings/lfu.rdb");
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string broken = bytes;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
    const Load load = LoadBytes(broken);
    EXPECT_FALSE(load.status.ok() && load.done) << "bit " << bit;
  }
}

TEST(Rdb, RandomDamageNeverCrashes) {
  const std::string bytes = ReadFile("rdb-strings/plain.rdb");
  Prng prng(11);
  for (int round = 0; round < 300; ++round) {
    std::string broken = bytes;
    for (int i = 0; i < 3; ++i) broken[prng.Below(2000)] = static_cast<char>(prng.Next());
    const Load load = LoadBytes(broken, 1 + prng.Below(5000));
    EXPECT_FALSE(load.status.ok() && load.done);
  }
}

std::string FileOf(std::string_view body) { return "REDIS0010" + std::string(body); }

TEST(Rdb, HostileLengthsAreRefusedWithoutMemory) {
  using namespace std::string_view_literals;
  EXPECT_THAT(
      LoadBytes(FileOf("\x00\x81\x7f\xff\xff\xff\xff\xff\xff\xff"sv)).status.message(),
      HasSubstr(
          "a string of 9223372036854775807 bytes is above the limit of 536870912 (near byte 19)"));
  EXPECT_THAT(LoadBytes(FileOf("\x00\x01k\xc3\x01\x80\x10\x00\x00\x00"sv)).status.message(),
              HasSubstr("key \"k\": a compressed string of 1 bytes claims to hold 268435456"));
  EXPECT_THAT(LoadBytes(FileOf("\x00\x01k\xc3\x00\x05"sv)).status.message(),
              HasSubstr("bad length"));
  EXPECT_THAT(LoadBytes(FileOf("\x00\x01k\xc3\x02\x05\xff\xff"sv)).status.message(),
              HasSubstr("is damaged"));
  EXPECT_THAT(LoadBytes(FileOf("\x00\x01k\xc4"sv)).status.message(),
              HasSubstr("unknown string encoding 4"));
  EXPECT_THAT(LoadBytes(FileOf("\x00\x82"sv)).status.message(),
              HasSubstr("unknown length byte 0x82"));
  EXPECT_THAT(LoadBytes(FileOf("\xfe\xc0\x01"sv)).status.message(),
              HasSubstr("a length was expected"));
  EXPECT_THAT(LoadBytes(FileOf("\xfe\x80\xff\xff\xff\xff"sv)).status.message(),
              HasSubstr("out of range"));
  // A claim within the limit costs what arrives, not what is claimed: this would fail under a
  // memory limit otherwise.
  const Load waits = LoadBytes(FileOf("\x00\x01k\x80\x1f\xff\xff\xff short"sv));
  EXPECT_TRUE(waits.status.ok());
  EXPECT_FALSE(waits.done);
  EXPECT_THAT(waits.truncated, HasSubstr("in the middle of key \"k\""));
}

TEST(Rdb, WhatCannotBeLoadedIsNamed) {
  using namespace std::string_view_literals;
  EXPECT_THAT(LoadBytes(FileOf("\x07\x02me"sv)).status.message(),
              HasSubstr("key \"me\" holds a module's value (type 7), which this version cannot"));
  EXPECT_THAT(LoadBytes(FileOf("\x78\x02me"sv)).status.message(),
              HasSubstr("a value of unknown type (type 120)"));
  EXPECT_THAT(LoadBytes(FileOf("\xf7\x02me"sv)).status.message(), HasSubstr("data of a module"));
  EXPECT_THAT(LoadBytes(FileOf("\xf6"sv)).status.message(), HasSubstr("release candidate"));
  EXPECT_THAT(LoadBytes("NOTANRDB!").status.message(),
              HasSubstr("not an RDB file: it begins with \"NOTANRDB!\""));
  EXPECT_THAT(LoadBytes("REDIS0013").status.message(),
              HasSubstr("can't handle RDB format version 13 (known: 1 to 12)"));
  EXPECT_THAT(LoadBytes("VALKEY081").status.message(), HasSubstr("(known: 80 to 80)"));
  EXPECT_THAT(LoadBytes("REDIS00x1").status.message(), HasSubstr("is not a number"));
  EXPECT_THAT(LoadBytes("REDIS0000").status.message(), HasSubstr("version 0"));
  RdbRecorder sink;
  sink.refuse_functions = true;
  RdbReader reader(&sink);
  EXPECT_THAT(reader.Feed(FileOf("\xf5\x03lua"sv)).message(), HasSubstr("function library"));
}

TEST(Rdb, OldForms) {
  using namespace std::string_view_literals;
  // Version 4 has no checksum; the expiry is in seconds; slot facts are skipped.
  const Load load =
      LoadBytes("REDIS0004\xfe\x00\xf4\x05\x01\x01\xfd\x10\x00\x00\x00\x00\x01k\x01v\xff"sv);
  ASSERT_TRUE(load.done) << load.status.message();
  EXPECT_EQ(load.sink.keys.at({0, "k"}), (RdbRecorder::Value{"v", 16000, -1, -1}));
}

TEST(Rdb, TheSinkMayRefuse) {
  RdbRecorder sink;
  sink.refuse_key = "b";
  RdbReader reader(&sink);
  const Status status =
      FeedAll(&reader, WriteAll({{{0, "a"}, {"1"}}, {{0, "b"}, {"2"}}}, true, true), 3);
  EXPECT_THAT(status.message(), HasSubstr("key \"b\": refused by the test"));
}

TEST(Rdb, ChecksumCanBeIgnored) {
  std::string bytes = WriteAll({{{0, "a"}, {"1"}}}, true, true);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_THAT(LoadBytes(bytes).status.message(), HasSubstr("wrong checksum"));
  RdbRecorder sink;
  RdbReader reader(&sink, {.check_checksum = false});
  EXPECT_TRUE(reader.Feed(bytes).ok());
  EXPECT_TRUE(reader.done());
}

TEST(Rdb, LengthsTakeTheirShortestForm) {
  for (const auto& [length, bytes] : std::vector<std::pair<uint64_t, size_t>>{{0, 1},
                                                                              {63, 1},
                                                                              {64, 2},
                                                                              {16383, 2},
                                                                              {16384, 5},
                                                                              {4294967295, 5},
                                                                              {4294967296, 9},
                                                                              {~0ULL, 9}}) {
    std::string out;
    AppendRdbLength(&out, length);
    EXPECT_EQ(out.size(), bytes);
    std::string_view in = out;
    RdbTokenizer tokenizer;
    RdbToken token;
    Result<bool> ready = tokenizer.Read(RdbWant::kLength, &in, &token);
    ASSERT_TRUE(ready.ok() && *ready);
    EXPECT_EQ(token.number, length);
    EXPECT_TRUE(in.empty());
  }
}

}  // namespace
}  // namespace pleiad
