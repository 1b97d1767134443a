// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Properties of the collections: after any sequence of changes each holds what a plain model of it
// holds. RapidCheck draws the sequences, short thresholds make them cross from packed to object
// early, and a sequence that fails is shrunk to the few steps that matter.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/text.h"
#include "data/hash.h"
#include "data/list.h"
#include "data/set.h"
#include "data/stream.h"
#include "data/zset.h"

namespace pleiad {
namespace {

// What to do, and with what.
using PropertyStep = std::tuple<uint8_t, uint8_t, uint8_t>;
using PropertySteps = std::vector<PropertyStep>;

void SetShortThresholds(CollectionSettings* settings) {
  settings->hash_max_packed_entries = 6;
  settings->list_max_node_size = 4;
  settings->set_max_intset_entries = 6;
  settings->set_max_packed_entries = 6;
  settings->zset_max_packed_entries = 6;
  settings->stream_node_max_entries = 4;
}

// Few enough that the same ones come again: numbers, names, empty, and longer than a packed
// collection takes.
std::string PropertyMember(uint8_t n) {
  const int kind = n % 40;
  if (kind < 15) return std::to_string(kind - 3);
  if (kind == 39) return "";
  if (kind == 38) return std::string(300, 'x');
  return (kind == 37 ? std::string(70, 'y') : "m") + std::to_string(kind);
}

bool Holds(const char* what, const std::function<void(const PropertySteps&)>& run) {
  return rc::check(what, [&run] { run(*rc::gen::arbitrary<PropertySteps>()); });
}

size_t RemoveFromDeque(std::deque<std::string>* model, bool from_head, size_t max,
                       const std::string& element) {
  std::deque<std::string> kept;
  size_t removed = 0;
  if (!from_head) std::reverse(model->begin(), model->end());
  for (std::string& s : *model) {
    if (s == element && removed < max) {
      ++removed;
    } else {
      kept.push_back(std::move(s));
    }
  }
  if (!from_head) std::reverse(kept.begin(), kept.end());
  *model = std::move(kept);
  return removed;
}

void ListStep(const PropertyStep& step, List* list, std::deque<std::string>* model) {
  const auto [kind, a, b] = step;
  const std::string element = PropertyMember(a);
  const bool head = b % 2 == 0;
  const size_t size = model->size();
  switch (kind % 6) {
    case 0:
      list->Push(head ? ListEnd::kHead : ListEnd::kTail, element);
      head ? model->push_front(element) : model->push_back(element);
      break;
    case 1: {
      const size_t count = std::min<size_t>(size, b % 4);
      list->Drop(head ? ListEnd::kHead : ListEnd::kTail, count);
      for (size_t i = 0; i < count; ++i) head ? model->pop_front() : model->pop_back();
      break;
    }
    case 2:
      if (size == 0) break;
      list->Set(b % size, element);
      (*model)[b % size] = element;
      break;
    case 3: {
      const std::string pivot = PropertyMember(b);
      const auto at = std::find(model->begin(), model->end(), pivot);
      RC_ASSERT(list->Insert(pivot, head, element) == (at != model->end()));
      if (at != model->end()) model->insert(head ? at + 1 : at, element);
      break;
    }
    case 4:
      RC_ASSERT(list->Remove(head ? ListEnd::kHead : ListEnd::kTail, b % 3 + 1, element) ==
                RemoveFromDeque(model, head, b % 3 + 1, element));
      break;
    default: {
      const ListRange range = ListRange::Of(a % 3, -1 - b % 3, size);
      list->Trim(range);
      const auto first =
          model->begin() + static_cast<ptrdiff_t>(range.count == 0 ? 0 : range.first);
      *model = std::deque<std::string>(first, first + static_cast<ptrdiff_t>(range.count));
    }
  }
}

TEST(CollectionsPropertyTest, ListIsADeque) {
  EXPECT_TRUE(Holds("a list is a deque", [](const PropertySteps& steps) {
    CollectionSettings settings;
    SetShortThresholds(&settings);
    MemoryStore store;
    List list(&store, settings);
    std::deque<std::string> model;
    for (const PropertyStep& step : steps) {
      ListStep(step, &list, &model);
      std::deque<std::string> got;
      list.reader().ForEach([&](std::string_view s) { got.emplace_back(s); });
      RC_ASSERT(got == model);
      for (size_t i = 0; i < model.size(); i += 3) RC_ASSERT(list.reader().At(i) == model[i]);
      ListCursor back = list.reader().From(0, ListEnd::kTail);
      std::string_view element;
      if (!model.empty()) RC_ASSERT(back.Next(&element) && element == model.front());
    }
  }));
}

TEST(CollectionsPropertyTest, SetIsASet) {
  EXPECT_TRUE(Holds("a set is a set", [](const PropertySteps& steps) {
    CollectionSettings settings;
    SetShortThresholds(&settings);
    MemoryStore store;
    Set set(&store, settings);
    std::set<std::string> model;
    for (const auto& [kind, a, b] : steps) {
      const std::string member = PropertyMember(a);
      if (kind % 3 == 0) {
        RC_ASSERT(set.Remove(member) == (model.erase(member) == 1));
      } else {
        RC_ASSERT(set.Add(member) == model.insert(member).second);
      }
      std::set<std::string> got;
      set.view().ForEach([&](std::string_view m) { RC_ASSERT(got.emplace(m).second); });
      RC_ASSERT(got == model);
      RC_ASSERT(set.size() == model.size());
      const std::string other = PropertyMember(b);
      RC_ASSERT(set.view().Contains(other) == model.contains(other));
      if (!set.view().ints()) continue;
      for (const std::string& m : model) RC_ASSERT(ParseInt64(m).has_value());
    }
  }));
}

struct PropertyField {
  std::string value;
  int64_t expiry_ms = FieldElement::kNoExpiry;
  bool operator==(const PropertyField&) const = default;
};
using PropertyFields = std::map<std::string, PropertyField>;

void HashStep(const PropertyStep& step, Hash* hash, PropertyFields* model) {
  const auto [kind, a, b] = step;
  const std::string field = PropertyMember(a);
  const int64_t expiry_ms = b % 3 == 0 ? FieldElement::kNoExpiry : 100 + b;
  switch (kind % 5) {
    case 0:
      RC_ASSERT(hash->Remove(field) == (model->erase(field) == 1));
      break;
    case 1:
      RC_ASSERT(hash->SetExpiry(field, expiry_ms) == model->contains(field));
      if (model->contains(field)) (*model)[field].expiry_ms = expiry_ms;
      break;
    case 2: {
      const int64_t now_ms = 100 + b;
      std::set<std::string> gone;
      for (const auto& [name, f] : *model) {
        if (f.expiry_ms != FieldElement::kNoExpiry && f.expiry_ms <= now_ms) gone.insert(name);
      }
      const auto removed = hash->RemoveExpired(now_ms, 1000);
      RC_ASSERT(std::set<std::string>(removed.begin(), removed.end()) == gone);
      for (const std::string& name : gone) model->erase(name);
      break;
    }
    default:
      RC_ASSERT(hash->Put(field, PropertyMember(b), expiry_ms) == !model->contains(field));
      (*model)[field] = {PropertyMember(b), expiry_ms};
  }
}

TEST(CollectionsPropertyTest, HashIsAMap) {
  EXPECT_TRUE(Holds("a hash is a map", [](const PropertySteps& steps) {
    CollectionSettings settings;
    SetShortThresholds(&settings);
    MemoryStore store;
    Hash hash(&store, settings);
    PropertyFields model;
    for (const PropertyStep& step : steps) {
      HashStep(step, &hash, &model);
      PropertyFields got;
      hash.view().ForEach([&](const FieldElement& e) {
        RC_ASSERT(got.emplace(e.field, PropertyField{std::string(e.value), e.expiry_ms}).second);
      });
      RC_ASSERT(got == model);
      RC_ASSERT(hash.size() == model.size());
      int64_t next = HashView::kNever;
      for (const auto& [name, f] : model) {
        if (f.expiry_ms != FieldElement::kNoExpiry) next = std::min(next, f.expiry_ms);
      }
      RC_ASSERT(hash.view().with_expiry() == (next != HashView::kNever));
      RC_ASSERT(hash.view().NextExpiry() <= next);
    }
  }));
}

using PropertyScores = std::map<std::string, double>;

double PropertyScore(uint8_t n) { return (n % 13 - 4) * 0.5; }

void ZsetStep(const PropertyStep& step, Zset* zset, PropertyScores* model) {
  const auto [kind, a, b] = step;
  const std::string member = PropertyMember(a);
  const bool there = model->contains(member);
  const double score = PropertyScore(b);
  switch (kind % 6) {
    case 0:
      RC_ASSERT(zset->Remove(member) == (model->erase(member) == 1));
      break;
    case 1: {
      const Zset::Added added = zset->Add(member, score, Zset::kAddIncrement);
      (*model)[member] = there ? (*model)[member] + score : score;
      RC_ASSERT(added.score == (*model)[member]);
      break;
    }
    case 2: {
      const Zset::Added added = zset->Add(member, score, Zset::kAddIfGreater);
      if (!there || score > (*model)[member]) (*model)[member] = score;
      RC_ASSERT(added.added == !there);
      break;
    }
    case 3: {
      const size_t size = model->size();
      if (size == 0) break;
      const size_t first = a % size;
      const size_t count = std::min<size_t>(b % 4, size - first);
      std::set<std::pair<double, std::string>> order;
      for (const auto& [m, s] : *model) order.emplace(s, m);
      auto at = std::next(order.begin(), static_cast<ptrdiff_t>(first));
      for (size_t i = 0; i < count; ++i) model->erase((at++)->second);
      zset->RemoveRange({first, count});
      break;
    }
    default: {
      const Zset::Added added = zset->Add(member, score);
      RC_ASSERT(added.added == !there);
      (*model)[member] = score;
    }
  }
}

TEST(CollectionsPropertyTest, ZsetIsInOrder) {
  EXPECT_TRUE(Holds("a sorted set is in order", [](const PropertySteps& steps) {
    CollectionSettings settings;
    SetShortThresholds(&settings);
    MemoryStore store;
    Zset zset(&store, settings);
    PropertyScores model;
    for (const PropertyStep& step : steps) {
      ZsetStep(step, &zset, &model);
      std::set<std::pair<double, std::string>> order;
      for (const auto& [m, s] : model) order.emplace(s, m);
      std::vector<std::pair<double, std::string>> got;
      zset.view().ForEach([&](std::string_view m, double s) { got.emplace_back(s, m); });
      const std::vector<std::pair<double, std::string>> wanted(order.begin(), order.end());
      RC_ASSERT(got == wanted);
      size_t rank = 0;
      for (const auto& [s, m] : wanted) {
        const auto ranked = zset.view().Rank(m);
        RC_ASSERT(ranked.has_value() && ranked->rank == rank && ranked->score == s);
        ++rank;
      }
      const double low = PropertyScore(std::get<1>(step));
      const bool exclusive = std::get<2>(step) % 2 == 0;
      const ZsetRange range = zset.view().ByScore({low, exclusive}, {low + 1, !exclusive});
      const auto inside = [&](const auto& item) {
        return (exclusive ? item.first > low : item.first >= low) &&
               (exclusive ? item.first <= low + 1 : item.first < low + 1);
      };
      RC_ASSERT(range.count ==
                static_cast<size_t>(std::count_if(wanted.begin(), wanted.end(), inside)));
      if (range.count != 0) RC_ASSERT(inside(wanted[range.first]));
    }
  }));
}

using PropertyEntries = std::map<StreamId, std::vector<std::string>>;

void StreamStep(const PropertyStep& step, Stream* stream, PropertyEntries* model,
                const CollectionSettings& settings) {
  const auto [kind, a, b] = step;
  const StreamId last = stream->last_id();
  switch (kind % 5) {
    case 0: {
      const StreamId id{a % 40U, b % 2U};
      RC_ASSERT(stream->Delete(id) == (model->erase(id) == 1));
      break;
    }
    case 1: {
      const uint64_t most = a % 12;
      const uint64_t gone = model->size() > most ? model->size() - most : 0;
      RC_ASSERT(stream->Trim({.kind = StreamTrim::Kind::kMaxLen, .max_length = most}) == gone);
      for (uint64_t i = 0; i < gone; ++i) model->erase(model->begin());
      break;
    }
    default: {
      const StreamId id = b % 2 == 0 ? StreamId{last.ms, last.seq + 1} : StreamId{last.ms + 1, 0};
      std::vector<std::string> pairs;
      for (int i = 0; i <= b % 3; ++i) {
        pairs.push_back(b % 5 == 0 ? PropertyMember(b) : "name" + std::to_string(i));
        pairs.push_back(PropertyMember(static_cast<uint8_t>(a + i)));
      }
      const std::vector<std::string_view> views(pairs.begin(), pairs.end());
      RC_ASSERT(stream->Append(id, views, settings));
      model->emplace(id, std::move(pairs));
    }
  }
}

PropertyEntries EntriesOf(const Stream& stream, StreamId start, StreamId end, bool reverse) {
  PropertyEntries entries;
  for (StreamIterator it(stream, start, end, reverse); it.Next();) {
    std::vector<std::string>& pairs = entries[it.id()];
    it.entry().ForEachField([&](std::string_view name, std::string_view value) {
      pairs.emplace_back(name);
      pairs.emplace_back(value);
    });
  }
  return entries;
}

TEST(CollectionsPropertyTest, StreamIsAnOrderedMap) {
  EXPECT_TRUE(Holds("a stream is an ordered map", [](const PropertySteps& steps) {
    CollectionSettings settings;
    SetShortThresholds(&settings);
    Stream stream;
    PropertyEntries model;
    for (const PropertyStep& step : steps) {
      StreamStep(step, &stream, &model, settings);
      RC_ASSERT(stream.length() == model.size());
      RC_ASSERT(EntriesOf(stream, {}, StreamId::Max(), false) == model);
      const StreamId start{std::get<1>(step) % 20U, 0};
      const StreamId end{start.ms + std::get<2>(step) % 20U, 1};
      const PropertyEntries part(model.lower_bound(start), model.upper_bound(end));
      RC_ASSERT(EntriesOf(stream, start, end, true) == part);
      RC_ASSERT(stream.first_id() == (model.empty() ? StreamId{} : model.begin()->first));
    }
  }));
}

}  // namespace
}  // namespace pleiad
