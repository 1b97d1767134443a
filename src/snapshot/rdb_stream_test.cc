// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Streams as real servers wrote them (tests/golden/rdb-streams), our own, and damaged ones.
#include "snapshot/rdb_stream.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/crc.h"
#include "base/prng.h"
#include "data/stream.h"
#include "snapshot/dump_payload.h"
#include "snapshot/rdb_recorder.h"

namespace pleiad {
namespace {

std::string StreamFromHex(const std::string& hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return out;
}

// A payload for RESTORE of type byte and value.
std::string StreamPayload(std::string body) {
  body.append("\x0b\x00", 2);
  AppendRdbLittleEndian64(&body, Crc64(0, body));
  return body;
}

// The stream in a payload; null if it was refused.
std::unique_ptr<Object> ReadStream(const std::string& payload) {
  RdbKey key;
  key.key = "k";
  RdbRecorder sink;
  if (!RestoreDump(payload, key, &sink).ok()) return nullptr;
  auto& [type, value] = sink.values.at({0, "k"});
  EXPECT_EQ(type, ValueType::kStream);
  return value.TakeObject();
}

std::string WriteStream(std::unique_ptr<Object> stream) {
  MemoryStore value;
  value.SetObject(std::move(stream));
  Entry* const entry = Entry::CreateValue("k", ValueType::kStream, &value, Entry::kNoExpiry);
  std::string payload = DumpEntry(*entry, {});
  Entry::Free(entry);
  return payload;
}

std::string ShortDescription(const Stream& stream) {
  std::ostringstream out;
  out << "length " << stream.length() << " last " << stream.last_id().Text() << " tree "
      << stream.nodes().size() << ' ' << stream.RadixTreeNodes() << " deleted "
      << stream.max_deleted_id().Text() << '\n';
  for (StreamIterator i(stream, {}, StreamId::Max(), false); i.Next();) {
    out << "entry " << i.id().Text();
    i.entry().ForEachField(
        [&](std::string_view name, std::string_view value) { out << ' ' << name << ' ' << value; });
    out << '\n';
  }
  for (const auto& [name, group] : stream.groups()) {
    const auto& pending = group->pending();
    out << "group " << name << ' ' << group->last_id.Text() << " pending " << pending.size() << ' '
        << (pending.empty() ? "-" : pending.at(pending.Begin()).id.Text()) << ' '
        << (pending.empty() ? "-" : pending.at(pending.Last()).id.Text());
    for (const auto& [consumer_name, consumer] : group->consumers()) {
      if (!consumer->pending.empty())
        out << ' ' << consumer_name << ' ' << consumer->pending.size();
    }
    out << '\n';
  }
  return out.str();
}

// With all that RDB keeps of groups.
std::string FullDescription(const Stream& stream) {
  std::ostringstream out;
  out << ShortDescription(stream) << stream.entries_added() << ' ' << stream.first_id().Text();
  for (const auto& [name, group] : stream.groups()) {
    out << '\n' << name << ' ' << group->entries_read;
    group->pending().ForEach([&](StreamId id, const StreamPending& what) {
      out << ' ' << id.Text() << ' ' << what.consumer->name << ' ' << what.delivered_ms << ' '
          << what.deliveries;
    });
    for (const auto& [consumer_name, consumer] : group->consumers()) {
      out << ' ' << consumer_name << ' ' << consumer->seen_ms;
      consumer->pending.ForEach([&](StreamId id, const auto&) { out << ' ' << id.Text(); });
    }
  }
  return out.str();
}

const Stream& AsStream(const std::unique_ptr<Object>& object) {
  return static_cast<const Stream&>(*object);
}

TEST(RdbStreamTest, ReadsWhatServersWrote) {
  for (const std::string server :
       {"redis-5.0.14", "redis-6.2.14", "redis-7.0.15", "redis-7.4.1", "valkey-9.1.0",
        "redis-5.0.14-empty", "redis-6.2.14-empty", "redis-7.0.15-empty", "redis-7.4.1-empty",
        "valkey-9.1.0-empty"}) {
    std::ifstream file(std::string(PLEIAD_SOURCE_DIR) + "/tests/golden/rdb-streams/" + server +
                       ".txt");
    std::string hex;
    ASSERT_TRUE(std::getline(file, hex)) << server;
    std::ostringstream expected;
    expected << file.rdbuf();
    std::unique_ptr<Object> stream = ReadStream(StreamPayload(StreamFromHex(hex)));
    ASSERT_NE(stream, nullptr) << server;
    EXPECT_EQ(ShortDescription(AsStream(stream)), expected.str()) << server;
    const std::string full = FullDescription(AsStream(stream));
    const std::unique_ptr<Object> again = ReadStream(WriteStream(std::move(stream)));
    ASSERT_NE(again, nullptr) << server;
    EXPECT_EQ(FullDescription(AsStream(again)), full) << server;
  }
}

std::unique_ptr<Stream> SmallStream() {
  auto stream = std::make_unique<Stream>();
  CollectionSettings settings;
  settings.stream_node_max_entries = 3;
  const std::vector<std::string_view> pairs{"name", "a value of some length", "n", "1234567"};
  for (uint64_t i = 1; i <= 7; ++i) stream->Append({i, 0}, pairs, settings);
  stream->Delete({4, 0});
  StreamGroup* const group = stream->CreateGroup("group", {6, 0}, 5);
  StreamConsumer* const a = group->CreateConsumer("a", 1000);
  StreamConsumer* const b = group->CreateConsumer("b", 2000);
  group->SetPending({1, 0}, {a, 3000, 1});
  group->SetPending({4, 0}, {b, 4000, 300});
  group->SetPending({6, 0}, {a, 5000, 2});
  stream->CreateGroup("other", {}, StreamGroup::kUnknown);
  return stream;
}

TEST(RdbStreamTest, WritesWhatItReads) {
  std::unique_ptr<Object> stream = SmallStream();
  const std::string full = FullDescription(AsStream(stream));
  const std::string payload = WriteStream(std::move(stream));
  EXPECT_EQ(payload[0], rdb::kTypeStreamListpacks2);
  const std::unique_ptr<Object> again = ReadStream(payload);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(FullDescription(AsStream(again)), full);
}

// Whatever the bytes: refused, or a stream that can be walked and written again.
TEST(RdbStreamTest, DamagedPayloadsAreRefusedOrWhole) {
  constexpr size_t kFooter = 10;
  const std::string payload = WriteStream(SmallStream());
  const std::string good = payload.substr(0, payload.size() - kFooter);
  for (size_t cut = 1; cut < good.size(); ++cut) {
    EXPECT_EQ(ReadStream(StreamPayload(good.substr(0, cut))), nullptr) << cut;
  }
  Prng prng(5);
  int accepted = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string bad = good;
    for (uint64_t n = 1 + prng.Next() % 3; n > 0; --n) {
      bad[1 + prng.Next() % (bad.size() - 1)] = static_cast<char>(prng.Next());
    }
    std::unique_ptr<Object> stream = ReadStream(StreamPayload(bad));
    if (stream == nullptr) continue;
    ++accepted;
    const std::string full = FullDescription(AsStream(stream));
    const std::unique_ptr<Object> again = ReadStream(WriteStream(std::move(stream)));
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(FullDescription(AsStream(again)), full);
  }
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace pleiad
