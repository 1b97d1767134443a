// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/list.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "base/prng.h"

namespace pleiad {
namespace {

using Model = std::deque<std::string>;

std::string RandomElement(Prng* prng) {
  const size_t sizes[] = {0,
                          1 + prng->Below(3),
                          20 + prng->Below(200),
                          252,
                          253,
                          1000,
                          prng->Chance(1, 20) ? 5000UL + prng->Below(9000) : 60,
                          prng->Chance(1, 200) ? 70000UL : 7};
  return std::string(sizes[prng->Below(8)], static_cast<char>('a' + prng->Below(4)));
}

void ExpectForm(const MemoryStore& store, const ListReader& reader, const ListLimit& limit) {
  const ListObject* const object = reader.object();
  if (object == nullptr) {
    EXPECT_LE(store.view().bytes.size(), kListPackedMax);
    EXPECT_EQ(store.form(), 0);
    return;
  }
  if (store.form() == kListShort) {
    EXPECT_TRUE(object->Within(limit));
  }
  if (object->nodes() > 1) {
    EXPECT_EQ(store.form(), 0);
  }
  size_t nodes = 0;
  size_t count = 0;
  const ListNode* before = nullptr;
  for (const ListNode* node = object->head(); node != nullptr; node = node->next) {
    ASSERT_EQ(node->prev, before);
    ASSERT_GT(node->count, 0U);
    ASSERT_LE(node->begin, node->end);
    ASSERT_LE(node->end, node->capacity);
    if (node->count > 1) {
      EXPECT_LE(node->used() + sizeof(ListNode), limit.bytes);
      EXPECT_LE(node->count, limit.count);
    }
    before = node;
    ++nodes;
    count += node->count;
  }
  EXPECT_EQ(object->tail(), before);
  EXPECT_EQ(object->nodes(), nodes);
  EXPECT_EQ(object->count(), count);
}

void ExpectSame(const MemoryStore& store, const Model& model, const ListLimit& limit, Prng* prng) {
  const ListReader reader(store.view());
  ASSERT_EQ(reader.size(), model.size());
  ExpectForm(store, reader, limit);
  size_t i = 0;
  reader.ForEach([&](std::string_view s) { ASSERT_EQ(s, model[i++]); });
  ASSERT_EQ(i, model.size());
  if (model.empty()) return;
  const size_t from = prng->Below(model.size());
  ASSERT_EQ(reader.At(from), model[from]);
  ListCursor cursor = reader.From(from, ListEnd::kHead);
  std::string_view element;
  for (size_t k = from + 1; k-- > 0;) {
    ASSERT_TRUE(cursor.Next(&element));
    ASSERT_EQ(element, model[k]);
  }
  EXPECT_FALSE(cursor.Next(&element));
}

size_t RemoveFromModel(Model* model, ListEnd from, size_t max, const std::string& element) {
  size_t removed = 0;
  if (from == ListEnd::kHead) {
    for (auto it = model->begin(); it != model->end() && removed < max;) {
      if (*it == element) {
        it = model->erase(it);
        ++removed;
      } else {
        ++it;
      }
    }
  } else {
    for (size_t i = model->size(); i-- > 0 && removed < max;) {
      if ((*model)[i] != element) continue;
      model->erase(model->begin() + static_cast<ptrdiff_t>(i));
      ++removed;
    }
  }
  return removed;
}

void Step(List* list, Model* model, Prng* prng, bool growing) {
  const ListEnd end = prng->Chance(1, 2) ? ListEnd::kHead : ListEnd::kTail;
  const size_t size = model->size();
  switch (prng->Below(growing ? 8 : 12)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      std::vector<std::string> fresh(1 + (prng->Chance(1, 4) ? prng->Below(20) : 0));
      for (std::string& s : fresh) s = RandomElement(prng);
      list->Push(end, std::vector<std::string_view>(fresh.begin(), fresh.end()));
      for (const std::string& s : fresh) {
        end == ListEnd::kHead ? model->push_front(s) : model->push_back(s);
      }
      break;
    }
    case 4:
    case 5: {
      const std::string pivot = size == 0 ? "x" : (*model)[prng->Below(size)];
      const std::string element = RandomElement(prng);
      const bool after = prng->Chance(1, 2);
      const auto at = std::find(model->begin(), model->end(), pivot);
      const bool found = at != model->end();
      ASSERT_EQ(list->Insert(pivot, after, element), found);
      if (found) model->insert(after ? at + 1 : at, element);
      break;
    }
    case 6: {
      if (size == 0) break;
      const size_t index = prng->Below(size);
      const std::string element = RandomElement(prng);
      list->Set(index, element);
      (*model)[index] = element;
      break;
    }
    case 7:
    case 8: {
      const size_t n = std::min<size_t>(prng->Below(prng->Chance(1, 10) ? 200 : 3), size);
      list->Drop(end, n);
      for (size_t i = 0; i < n; ++i) {
        end == ListEnd::kHead ? model->pop_front() : model->pop_back();
      }
      break;
    }
    case 9:
    case 10: {
      const std::string element = size == 0 ? "x" : (*model)[prng->Below(size)];
      const size_t max = prng->Chance(1, 8) ? size : 1 + prng->Below(4);
      ASSERT_EQ(list->Remove(end, max, element), RemoveFromModel(model, end, max, element));
      break;
    }
    case 11: {
      if (!prng->Chance(1, 20)) break;
      const size_t first = prng->Below(size / 4 + 1);
      const size_t kept = prng->Below(size - first + 1);
      list->Trim({first, kept});
      *model = Model(model->begin() + static_cast<ptrdiff_t>(first),
                     model->begin() + static_cast<ptrdiff_t>(first + kept));
      break;
    }
  }
}

// Random changes against a deque, at several limits; the list grows and shrinks through all forms.
TEST(ListTest, BehavesLikeADeque) {
  for (const int64_t node_size : {-2, -1, 1, 3, 128, -5}) {
    CollectionSettings settings;
    settings.list_max_node_size = node_size;
    Prng prng(static_cast<uint64_t>(100 + node_size));
    MemoryStore store;
    Model model;
    List list(&store, settings);
    for (int round = 0; round < 3000; ++round) {
      Step(&list, &model, &prng, round / 300 % 2 == 0);
      if (HasFatalFailure()) return;
      if (round % 4 == 0) ExpectSame(store, model, ListLimit::From(settings), &prng);
      ASSERT_FALSE(HasFailure()) << "limit " << node_size << " round " << round;
      if (round % 1000 == 0 && store.object() != nullptr) {
        const auto copy = store.object()->Clone();
        const ListReader reader(ValueView{{}, copy.get(), 0});
        size_t i = 0;
        reader.ForEach([&](std::string_view s) { ASSERT_EQ(s, model[i++]); });
      }
    }
    list.Drop(ListEnd::kTail, model.size());
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(store.object(), nullptr);
  }
}

TEST(ListTest, FormsFollowTheLimit) {
  CollectionSettings settings;
  MemoryStore store;
  List list(&store, settings);
  const std::string element(98, 'x');
  while (store.object() == nullptr) list.Push(ListEnd::kHead, element);
  EXPECT_EQ(list.size(), 11U);
  EXPECT_EQ(store.form(), kListShort);
  while (store.form() == kListShort) list.Push(ListEnd::kTail, element);
  EXPECT_EQ(list.size(), 82U);  // 32 + 81 * 100 bytes are 8132
  while (store.form() != kListShort) list.Drop(ListEnd::kTail, 1);
  EXPECT_EQ(list.size(), 40U);
  while (store.object() != nullptr) list.Drop(ListEnd::kHead, 1);
  EXPECT_EQ(list.size(), 5U);
}

// What the allocator gives for a long list of 100 bytes each, from either end.
TEST(ListTest, NodesAreTight) {
  const CollectionSettings settings;
  for (const ListEnd end : {ListEnd::kHead, ListEnd::kTail}) {
    MemoryStore store;
    List list(&store, settings);
    for (int i = 0; i < 100'000; ++i) list.Push(end, std::string(100, 'x'));
    EXPECT_LE(store.object()->MemoryUsage(), 100'000U * 103);
  }
}

TEST(ListTest, Ranges) {
  const auto of = [](int64_t start, int64_t stop) {
    const ListRange r = ListRange::Of(start, stop, 5);
    return std::pair(r.first, r.count);
  };
  using Pair = std::pair<size_t, size_t>;
  EXPECT_EQ(of(0, -1), Pair(0, 5));
  EXPECT_EQ(of(-3, 99), Pair(2, 3));
  EXPECT_EQ(of(-99, 1), Pair(0, 2));
  EXPECT_EQ(of(4, 4), Pair(4, 1));
  EXPECT_EQ(of(3, 2), Pair(0, 0));
  EXPECT_EQ(of(5, 9), Pair(0, 0));
  EXPECT_EQ(of(0, -6), Pair(0, 0));
  EXPECT_EQ(of(INT64_MIN, INT64_MAX), Pair(0, 5));
}

}  // namespace
}  // namespace pleiad
