// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/set/set_operation.h"

#include <algorithm>

#include "base/stable_sort.h"

namespace pleiad {

std::optional<SetView> ReadSet(ReadContext& ctx, const Key& key, resp::Writer& out, bool touch) {
  const Entry* e = ctx.Find(key, touch);
  if (!CheckType(e, ValueType::kSet, out)) return std::nullopt;
  return SetView(e == nullptr ? ValueView() : e->value());
}

std::optional<std::vector<SetView>> ReadSets(ReadContext& ctx, size_t first, resp::Writer& out) {
  std::vector<SetView> sets;
  for (size_t i = first; i < ctx.keys().size(); ++i) {
    const auto set = ReadSet(ctx, ctx.key(i), out);
    if (!set.has_value()) return std::nullopt;
    sets.push_back(*set);
  }
  return sets;
}

void Intersect(std::vector<SetView> sets, const std::function<bool(std::string_view)>& f) {
  StableSort(sets.begin(), sets.end(),
             [](const SetView& a, const SetView& b) { return a.size() < b.size(); });
  bool more = sets[0].size() != 0;
  if (!more) return;
  sets[0].ForEach([&](std::string_view member) {
    if (!more) return;
    for (size_t i = 1; i < sets.size(); ++i) {
      if (!sets[i].Contains(member)) return;
    }
    more = f(member);
  });
}

void Combine(SetOperation operation, const std::vector<SetView>& sets,
             const CollectionSettings& settings, MemoryStore* result) {
  Set set(result, settings);
  switch (operation) {
    case SetOperation::kIntersect:
      Intersect(sets, [&](std::string_view member) {
        set.Add(member);
        return true;
      });
      break;
    case SetOperation::kUnite:
      for (const SetView& one : sets)
        one.ForEach([&](std::string_view member) { set.Add(member); });
      break;
    case SetOperation::kSubtract:
      sets[0].ForEach([&](std::string_view member) {
        for (size_t i = 1; i < sets.size(); ++i) {
          if (sets[i].Contains(member)) return;
        }
        set.Add(member);
      });
      break;
  }
}

void WriteMembers(const SetView& set, resp::Writer& out) {
  out.Set(set.size());
  set.ForEach([&](std::string_view member) { out.Bulk(member); });
}

void ReplyCombined(ReadContext& ctx, SetOperation operation, resp::Writer& out) {
  const auto sets = ReadSets(ctx, 0, out);
  if (!sets.has_value()) return;
  if (operation == SetOperation::kUnite) {
    MemoryStore result;
    Combine(operation, *sets, ctx.engine().collections, &result);
    WriteMembers(SetView(result.view()), out);
    return;
  }
  // No member can come twice: they go out as they are found.
  const size_t place = out.DeferArray();
  size_t count = 0;
  if (operation == SetOperation::kIntersect) {
    Intersect(*sets, [&](std::string_view member) {
      out.Bulk(member);
      ++count;
      return true;
    });
  } else {
    (*sets)[0].ForEach([&](std::string_view member) {
      for (size_t i = 1; i < sets->size(); ++i) {
        if ((*sets)[i].Contains(member)) return;
      }
      out.Bulk(member);
      ++count;
    });
  }
  out.FillSet(place, count);
}

void StoreCombined(WriteContext& ctx, SetOperation operation, std::string_view event,
                   resp::Writer& out) {
  const auto sets = ReadSets(ctx, 1, out);
  if (!sets.has_value()) return;
  const Key& to = ctx.key(0);
  MemoryStore result;
  Combine(operation, *sets, ctx.engine().collections, &result);
  const size_t size = SetView(result.view()).size();
  if (size == 0) {
    if (ctx.Delete(to)) ctx.Notify(kNotifyGeneric, "del", to);
  } else {
    ctx.Find(to, false);  // what expired is to be heard of as expired, not as overwritten
    ctx.PutValue(to, ValueType::kSet, &result);
    ctx.Notify(kNotifySet, event, to);
  }
  out.Integer(static_cast<int64_t>(size));
}

}  // namespace pleiad
