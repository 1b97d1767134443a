// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Streams and their index against plain maps that do the same.
#include "data/stream.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/prng.h"

namespace pleiad {
namespace {

using Fields = std::vector<std::string>;
using StreamModel = std::map<StreamId, Fields>;

uint64_t Below(Prng* prng, uint64_t n) { return prng->Next() % n; }

Fields FieldsOf(const StreamNode::Entry& entry) {
  Fields fields;
  entry.ForEachField([&](std::string_view name, std::string_view value) {
    fields.emplace_back(name);
    fields.emplace_back(value);
  });
  return fields;
}

StreamModel Contents(const Stream& stream, bool reverse, StreamId start = {},
                     StreamId end = StreamId::Max()) {
  StreamModel all;
  StreamId previous = reverse ? StreamId::Max() : StreamId();
  for (StreamIterator i(stream, start, end, reverse); i.Next();) {
    EXPECT_TRUE(reverse ? i.id() <= previous : i.id() >= previous);
    previous = i.id();
    all[i.id()] = FieldsOf(i.entry());
  }
  return all;
}

bool Add(Stream* stream, StreamId id, const Fields& fields, const CollectionSettings& settings) {
  const std::vector<std::string_view> views(fields.begin(), fields.end());
  return stream->Append(id, views, settings);
}

std::string RandomText(Prng* prng) {
  static const std::vector<std::string> kOdd = {"",
                                                "0",
                                                "-1",
                                                "127",
                                                "128",
                                                "4095",
                                                "4096",
                                                "-4096",
                                                "-4097",
                                                "32767",
                                                "-32768",
                                                "8388607",
                                                "-8388609",
                                                "2147483647",
                                                "00",
                                                "-0",
                                                "99999999999",
                                                "9223372036854775807",
                                                "-9223372036854775808",
                                                "9223372036854775808",
                                                " 1"};
  switch (Below(prng, 8)) {
    case 0:
      return std::string(Below(prng, 300), 'x');
    case 1:
      return Below(prng, 20) == 0 ? std::string(4000 + Below(prng, 20000), 'y') : "z";
    case 2:
    case 3:
      return std::to_string(static_cast<int64_t>(prng->Next()) >> Below(prng, 64));
    default:
      return kOdd[Below(prng, kOdd.size())];
  }
}

TEST(StreamIdMapTest, IsAMap) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Prng prng(seed);
    StreamIdMap<int> map;
    std::map<StreamId, int> model;
    uint64_t top = 0;
    for (int step = 0; step < 4000; ++step) {
      const StreamId random{Below(&prng, 40), Below(&prng, 40)};
      const uint64_t growing = step / 1000 % 2 == 0 ? 6 : 2;
      if (Below(&prng, 8) < growing) {
        const StreamId id = Below(&prng, 2) == 0 ? random : StreamId{50, ++top};
        EXPECT_EQ(map.Insert(id, step), model.emplace(id, step).second);
      } else if (Below(&prng, 2) == 0 && !model.empty()) {
        map.EraseAt(map.Begin());
        model.erase(model.begin());
      } else {
        EXPECT_EQ(map.Erase(random), model.erase(random) == 1);
      }
      ASSERT_EQ(map.size(), model.size());
      const auto lower = model.lower_bound(random);
      const auto found = map.LowerBound(random);
      ASSERT_EQ(found == map.End(), lower == model.end());
      if (lower != model.end()) {
        EXPECT_EQ(map.at(found).id, lower->first);
      }
      const auto upper = model.upper_bound(random);
      const auto floor = map.Floor(random);
      ASSERT_EQ(floor == map.End(), upper == model.begin());
      if (upper != model.begin()) {
        EXPECT_EQ(map.at(floor).id, std::prev(upper)->first);
      }
    }
    std::map<StreamId, int> all;
    map.ForEach([&](StreamId id, int value) { all[id] = value; });
    EXPECT_EQ(all, model);
  }
}

// A trim done the plain way. Whole nodes only can't be told from outside: only exact ones.
uint64_t TrimModel(StreamModel* model, const StreamTrim& trim) {
  uint64_t gone = 0;
  while (!model->empty() &&
         (trim.kind == StreamTrim::Kind::kMaxLen ? model->size() > trim.max_length
                                                 : model->begin()->first < trim.min_id)) {
    model->erase(model->begin());
    ++gone;
  }
  return gone;
}

void CheckSame(const Stream& stream, const StreamModel& model, Prng* prng) {
  ASSERT_EQ(stream.length(), model.size());
  EXPECT_EQ(stream.first_id(), model.empty() ? StreamId() : model.begin()->first);
  EXPECT_EQ(Contents(stream, false), model);
  EXPECT_EQ(Contents(stream, true), model);
  const StreamId low{Below(prng, 300), Below(prng, 3)};
  const StreamId high{Below(prng, 300), Below(prng, 3)};
  StreamModel part;
  for (const auto& [id, fields] : model) {
    if (low <= id && id <= high) part[id] = fields;
  }
  EXPECT_EQ(Contents(stream, false, low, high), part);
  EXPECT_EQ(Contents(stream, true, low, high), part);
}

// The stream rebuilt from the listpacks of its nodes.
std::unique_ptr<Stream> Rebuilt(const Stream& stream) {
  auto copy = std::make_unique<Stream>();
  stream.nodes().ForEach([&](StreamId master, const StreamNode* node) {
    std::string bytes;
    node->AppendListpack(&bytes);
    EXPECT_EQ(bytes.size(), node->ListpackBytes());
    StreamNode* const again = StreamNode::FromListpack(bytes, master);
    ASSERT_NE(again, nullptr);
    EXPECT_TRUE(copy->AdoptNode(master, again));
  });
  return copy;
}

TEST(StreamTest, IsAMapOfEntries) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    Prng prng(seed);
    CollectionSettings settings;
    settings.stream_node_max_entries = static_cast<int64_t>(seed % 3 == 0 ? 0 : 1 + seed % 20);
    settings.stream_node_max_bytes = seed % 4 == 0 ? 200 : 4096;
    Stream stream;
    StreamModel model;
    StreamId top{0, 0};
    for (int step = 0; step < 600; ++step) {
      const uint64_t action = Below(&prng, 20);
      if (action < 14) {
        top = Below(&prng, 2) == 0 ? StreamId{top.ms, top.seq + 1} : StreamId{top.ms + 1, 0};
        Fields fields{"name", RandomText(&prng)};
        if (Below(&prng, 3) == 0) fields = {RandomText(&prng), "1", RandomText(&prng), "w"};
        ASSERT_TRUE(Add(&stream, top, fields, settings));
        model[top] = fields;
      } else if (action < 18) {
        const StreamId id{Below(&prng, top.ms + 2), Below(&prng, 3)};
        EXPECT_EQ(stream.Contains(id), model.contains(id));
        EXPECT_EQ(stream.Delete(id), model.erase(id) == 1);
      } else {
        StreamTrim trim;
        trim.kind = action == 18 ? StreamTrim::Kind::kMaxLen : StreamTrim::Kind::kMinId;
        trim.max_length = model.size() - Below(&prng, model.size() / 8 + 1);
        trim.min_id = {Below(&prng, 2) == 0 || model.empty() ? 0 : model.begin()->first.ms + 1, 0};
        EXPECT_EQ(stream.Trim(trim), TrimModel(&model, trim));
      }
      if (step % 50 == 49) CheckSame(stream, model, &prng);
    }
    EXPECT_EQ(stream.last_id(), top);
    EXPECT_GT(stream.MemoryUsage(), sizeof(Stream));
    const std::unique_ptr<Object> clone = stream.Clone();
    CheckSame(static_cast<const Stream&>(*clone), model, &prng);
    CheckSame(*Rebuilt(stream), model, &prng);
  }
}

TEST(StreamTest, ApproximateTrimsDropWholeNodes) {
  const CollectionSettings settings;
  Stream stream;
  for (uint64_t i = 1; i <= 1000; ++i) Add(&stream, {i, 0}, {"a", "b"}, settings);
  EXPECT_EQ(stream.nodes().size(), 10U);
  StreamTrim trim{.kind = StreamTrim::Kind::kMaxLen, .approximate = true, .max_length = 555};
  EXPECT_EQ(stream.Trim(trim), 400U);
  trim.max_length = 0;
  trim.limit = 250;
  EXPECT_EQ(stream.Trim(trim), 200U);
  EXPECT_EQ(stream.first_id(), (StreamId{601, 0}));
}

TEST(StreamTest, ReferencesDecideWhatATrimTakes) {
  const CollectionSettings settings;
  Stream stream;
  for (uint64_t i = 1; i <= 250; ++i) Add(&stream, {i, 0}, {"a", "b"}, settings);
  StreamGroup* const group = stream.CreateGroup("g", {150, 0}, StreamGroup::kUnknown);
  EXPECT_EQ(stream.CreateGroup("g", {}, 0), nullptr);
  StreamConsumer* const consumer = group->CreateConsumer("c", 1);
  group->SetPending({7, 0}, {consumer, 5, 1});
  group->SetPending({120, 0}, {consumer, 5, 1});
  StreamTrim trim{.kind = StreamTrim::Kind::kMaxLen,
                  .references = StreamReferences::kAcknowledged,
                  .max_length = 10};
  EXPECT_EQ(stream.Trim(trim), 148U);
  EXPECT_TRUE(stream.Contains({7, 0}));
  EXPECT_TRUE(stream.Contains({151, 0}));
  trim.references = StreamReferences::kDelete;
  EXPECT_EQ(stream.Trim(trim), 92U);
  EXPECT_EQ(group->pending().size(), 0U);
  EXPECT_EQ(consumer->pending.size(), 0U);
  EXPECT_EQ(stream.first_id(), (StreamId{241, 0}));
}

TEST(StreamTest, GroupsKeepTwoListsInStep) {
  Stream stream;
  StreamGroup* const group = stream.CreateGroup("g", {}, 0);
  StreamConsumer* const a = group->CreateConsumer("a", 1);
  StreamConsumer* const b = group->CreateConsumer("b", 2);
  Prng prng(3);
  std::map<StreamId, StreamConsumer*> model;
  for (int step = 0; step < 3000; ++step) {
    const StreamId id{Below(&prng, 200), 0};
    if (Below(&prng, 3) != 0) {
      StreamConsumer* const who = Below(&prng, 2) == 0 ? a : b;
      group->SetPending(id, {who, step, 1});
      model[id] = who;
    } else {
      EXPECT_EQ(group->Acknowledge(id), model.erase(id) == 1);
    }
    ASSERT_EQ(group->pending().size(), a->pending.size() + b->pending.size());
  }
  std::map<StreamId, StreamConsumer*> seen;
  group->pending().ForEach([&](StreamId id, const StreamPending& p) { seen[id] = p.consumer; });
  EXPECT_EQ(seen, model);
  const auto of_a = a->pending.size();
  const std::unique_ptr<StreamGroup> clone = group->Clone();
  EXPECT_EQ(clone->FindConsumer("a")->pending.size(), of_a);
  EXPECT_EQ(group->RemoveConsumer(a), of_a);
  EXPECT_EQ(group->pending().size(), b->pending.size());
  EXPECT_EQ(group->FindConsumer("a"), nullptr);
}

TEST(StreamTest, LagIsKnownOrSaidToBeUnknown) {
  const CollectionSettings settings;
  Stream stream;
  StreamGroup* const group = stream.CreateGroup("g", {}, StreamGroup::kUnknown);
  EXPECT_EQ(stream.Lag(*group), 0);
  for (uint64_t i = 1; i <= 5; ++i) Add(&stream, {i, 0}, {"a", "b"}, settings);
  EXPECT_EQ(stream.Lag(*group), 5);
  stream.Advance(group, {1, 0});
  EXPECT_EQ(group->entries_read, 1);
  stream.Advance(group, {2, 0});
  EXPECT_EQ(group->entries_read, 2);
  EXPECT_EQ(stream.Lag(*group), 3);
  stream.Delete({4, 0});
  EXPECT_EQ(stream.Lag(*group), std::nullopt);
  stream.Advance(group, {5, 0});
  EXPECT_EQ(stream.Lag(*group), 0);
  EXPECT_EQ(group->entries_read, 5);
}

TEST(StreamNodeTest, DamagedListpacksAreRefused) {
  const std::vector<std::string_view> pairs = {"name", "12345", "other", "text"};
  const std::vector<std::string_view> odd = {"x", "y"};
  const StreamId master{100, 5};
  StreamNode* node = StreamNode::Create(pairs);
  node = StreamNode::Append(node, master, master, pairs);
  node = StreamNode::Append(node, master, {100, 7}, odd);
  node = StreamNode::Append(node, master, {200, 0}, pairs);
  std::string good;
  node->AppendListpack(&good);
  StreamNode::Free(node);
  for (size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_EQ(StreamNode::FromListpack(std::string_view(good).substr(0, cut), master), nullptr);
  }
  // Any bytes: refused, or a node that can be walked.
  Prng prng(9);
  int accepted = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string bad = good;
    for (uint64_t n = 1 + Below(&prng, 3); n > 0; --n) {
      bad[Below(&prng, bad.size())] = static_cast<char>(prng.Next());
    }
    StreamNode* const read = StreamNode::FromListpack(bad, master);
    if (read == nullptr) continue;
    ++accepted;
    StreamNode::Entry entry;
    uint32_t entries = 0;
    for (size_t at = read->Begin(); at < read->End(); ++entries) {
      at = read->Read(at, master, &entry);
      FieldsOf(entry);
    }
    for (size_t at = read->End(); at > read->Begin(); --entries) at = read->Before(at);
    EXPECT_EQ(entries, 0U);
    StreamNode::Free(read);
  }
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace pleiad
