// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/generic/sort_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crc.h"
#include "base/stable_sort.h"
#include "base/text.h"
#include "command/field_expiry.h"
#include "data/hash.h"
#include "data/list.h"
#include "data/set.h"
#include "data/zset.h"

namespace pleiad {
namespace {

// The slot of all keys that a pattern may name; nullopt if they may be in several: its hash tag, if
// it has one, ends before the first wildcard.
std::optional<SlotId> SlotOfPattern(std::string_view pattern) {
  const size_t wild = pattern.find_first_of("*?[\\");
  const size_t open = pattern.find('{');
  const size_t close = open == std::string_view::npos ? open : pattern.find('}', open);
  if (close != std::string_view::npos && close > open + 1 && close < wild) return KeySlot(pattern);
  if (wild != std::string_view::npos) return std::nullopt;
  return KeySlot(pattern);
}

// False: a cluster can't serve it here; the error was written.
bool CheckSortPattern(ReadContext& ctx, std::string_view option, std::string_view pattern,
                      resp::Writer& out) {
  if (!ctx.engine().cluster.load(std::memory_order_relaxed) ||
      SlotOfPattern(pattern) == ctx.key().slot)
    return true;
  out.Error(
      fmt::format("ERR {} option of SORT denied in cluster mode when keys formed by the "
                  "pattern may be in different slots.",
                  option));
  return false;
}

// A number as C reads one, the whole text, blanks before it allowed; nothing at all is 0.
std::optional<double> SortScore(std::string_view text) {
  if (text.empty()) return 0;
  if (const auto whole = ParseInt64(text)) return static_cast<double>(*whole);
  const size_t first = text.find_first_not_of(" \t\n\v\f\r");
  if (first == std::string_view::npos) return std::nullopt;
  return ParseDouble(text.substr(first));
}

bool SortLimit(const Args& args, size_t i, SortRequest* request, resp::Writer& out) {
  const auto first = IntArg(args, i, out);
  if (!first.has_value()) return false;
  const auto count = IntArg(args, i + 1, out);
  if (!count.has_value()) return false;
  request->limit_first = *first;
  request->limit_count = *count;
  return true;
}

}  // namespace

SortPattern SortPattern::Parse(std::string_view text) {
  SortPattern p;
  if (text == "#") {
    p.kind = Kind::kElement;
    return p;
  }
  const size_t star = text.find('*');
  if (star == std::string_view::npos) return p;
  p.kind = Kind::kKey;
  p.prefix = text.substr(0, star);
  p.suffix = text.substr(star + 1);
  const size_t arrow = p.suffix.find("->");
  if (arrow != std::string_view::npos && arrow + 2 < p.suffix.size()) {
    p.kind = Kind::kField;
    p.field = p.suffix.substr(arrow + 2);
    p.suffix = p.suffix.substr(0, arrow);
  }
  return p;
}

std::string SortPattern::KeyOf(std::string_view element) const {
  std::string key;
  key.reserve(prefix.size() + element.size() + suffix.size());
  return key.append(prefix).append(element).append(suffix);
}

bool SortRequest::Parse(ReadContext& ctx, const Args& args, bool read_only, resp::Writer& out) {
  for (size_t i = 2; i < args.size(); ++i) {
    const size_t left = args.size() - i - 1;
    if (args.Is(i, "asc")) {
      descending = false;
    } else if (args.Is(i, "desc")) {
      descending = true;
    } else if (args.Is(i, "alpha")) {
      alpha = true;
    } else if (args.Is(i, "limit") && left >= 2) {
      if (!SortLimit(args, i + 1, this, out)) return false;
      i += 2;
    } else if (!read_only && args.Is(i, "store") && left >= 1) {
      store = args[++i];
    } else if (args.Is(i, "by") && left >= 1) {
      const std::string_view text = args[++i];
      by = SortPattern::Parse(text);
      // Once a constant, always a constant, as in the field.
      if (text.find('*') == std::string_view::npos) {
        keep_order = true;
      } else if (!CheckSortPattern(ctx, "BY", text, out)) {
        return false;
      }
    } else if (args.Is(i, "get") && left >= 1) {
      const SortPattern get = SortPattern::Parse(args[++i]);
      if (get.kind != SortPattern::Kind::kElement && !CheckSortPattern(ctx, "GET", args[i], out))
        return false;
      gets.push_back(get);
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

bool SortRun::Run(resp::Writer& out) {
  if (!CollectLocked(out)) return false;
  if (!request_.keep_order) {
    if (!Weigh()) {
      out.Error("ERR One or more scores can't be converted into double");
      return false;
    }
    Order();
  }
  return true;
}

// Reads the elements, and goes on until the slots of all keys that belong to them are locked: while
// a lock is waited for, the elements may become others.
bool SortRun::CollectLocked(resp::Writer& out) {
  if (!Collect(out)) return false;
  if (ctx_.engine().cluster.load(std::memory_order_relaxed) || ctx_.client().exclusive ||
      !ReadsOtherKeys())
    return true;
  constexpr int kRoundsMax = 3;
  SlotBits locked;
  for (int round = 0;; ++round) {
    const SlotBits wanted = SlotsToRead();
    if ((wanted & ~locked).none()) return true;
    locked |= wanted;
    if (round == kRoundsMax) locked.set();
    std::vector<SlotId> slots;
    for (size_t s = 0; s < kSlotCount; ++s) {
      if (locked.test(s)) slots.emplace_back(static_cast<uint16_t>(s));
    }
    ctx_.LockAlso(slots);
    if (!Collect(out)) return false;
  }
}

bool SortRun::ReadsOtherKeys() const {
  if (SortsBy() && request_.by->reads_keys()) return true;
  return std::any_of(request_.gets.begin(), request_.gets.end(),
                     [](const SortPattern& get) { return get.reads_keys(); });
}

SortRun::SlotBits SortRun::SlotsToRead() const {
  SlotBits slots;
  for (const Element& e : elements_) {
    if (SortsBy()) slots.set(KeySlot(request_.by->KeyOf(e.text)).value);
    for (const SortPattern& get : request_.gets) {
      if (get.reads_keys()) slots.set(KeySlot(get.KeyOf(e.text)).value);
    }
  }
  return slots;
}

bool SortRun::Collect(resp::Writer& out) {
  elements_.clear();
  texts_.clear();
  first_ = count_ = 0;
  const Entry* e = ctx_.Find(ctx_.key());
  if (e == nullptr) return true;
  if (e->type() != ValueType::kList && e->type() != ValueType::kSet &&
      e->type() != ValueType::kZset) {
    out.Error(kWrongType);
    return false;
  }
  if (request_.keep_order && e->type() == ValueType::kSet && request_.store.has_value()) {
    // A set has no order; what is stored must be the same on a replica.
    request_.keep_order = false;
    request_.alpha = true;
    request_.by.reset();
  }
  CollectFrom(*e);
  return true;
}

void SortRun::CollectFrom(const Entry& entry) {
  const ValueView value = entry.value();
  const auto add = [&](std::string_view text) { elements_.push_back({text, 0, std::nullopt}); };
  const auto limit = [&](size_t size) {
    first_ = std::min(static_cast<size_t>(std::max<int64_t>(request_.limit_first, 0)), size);
    const size_t left = size - first_;
    count_ =
        request_.limit_count < 0 ? left : std::min(static_cast<size_t>(request_.limit_count), left);
  };
  if (entry.type() == ValueType::kSet) {
    const SetView set(value);
    limit(set.size());
    elements_.reserve(set.size());
    set.ForEach([&](std::string_view text) { add(texts_.emplace_back(text)); });
    return;
  }
  const bool list = entry.type() == ValueType::kList;
  const size_t size = list ? ListReader(value).size() : ZsetView(value).size();
  limit(size);
  size_t from = 0;
  size_t many = size;
  const bool backwards = request_.keep_order && request_.descending;
  if (request_.keep_order) {  // only what is asked for
    from = backwards ? size - first_ - count_ : first_;
    many = count_;
    first_ = 0;
  }
  elements_.reserve(many);
  if (list) {
    ListReader(value).ForEach(from, many, add);
    if (backwards) std::reverse(elements_.begin(), elements_.end());
  } else {
    ZsetView(value).Visit({from, many}, backwards,
                          [&](std::string_view member, double) { add(member); });
  }
}

// What each element is compared by. False: something is not a number.
bool SortRun::Weigh() {
  bool numbers = true;
  for (Element& e : elements_) {
    const auto weight = SortsBy() ? Look(*request_.by, e.text) : std::optional(e.text);
    if (!weight.has_value()) continue;
    if (request_.alpha) {
      e.weight = weight;
      continue;
    }
    const auto score = SortScore(*weight);
    if (score.has_value()) e.score = *score;
    numbers &= score.has_value();
  }
  return numbers;
}

void SortRun::Order() {
  const bool alpha = request_.alpha;
  const bool descending = request_.descending;
  // What has no weight comes first; equal scores are told apart by the text.
  const auto before = [alpha, descending](const Element& left, const Element& right) {
    const Element& a = descending ? right : left;
    const Element& b = descending ? left : right;
    if (alpha) return a.weight < b.weight;
    if (a.score != b.score) return a.score < b.score;
    return a.text < b.text;
  };
  const auto middle = elements_.begin() + static_cast<ptrdiff_t>(first_ + count_);
  if (middle == elements_.end()) {
    StableSort(elements_.begin(), elements_.end(), before);
  } else {
    std::partial_sort(elements_.begin(), middle, elements_.end(), before);
  }
}

std::optional<std::string_view> SortRun::Look(const SortPattern& pattern,
                                              std::string_view element) {
  if (pattern.kind == SortPattern::Kind::kElement) return element;
  if (!pattern.reads_keys()) return std::nullopt;
  const std::string name = pattern.KeyOf(element);
  const Entry* e = ctx_.Find(ctx_.engine().keyspace.MakeKey(name));
  if (e == nullptr) return std::nullopt;
  if (pattern.kind == SortPattern::Kind::kKey) {
    if (e->type() != ValueType::kString) return std::nullopt;
    return e->str();
  }
  if (e->type() != ValueType::kHash) return std::nullopt;
  const auto found = HashView(e->value(), FieldNow(ctx_)).Find(pattern.field);
  if (!found.has_value()) return std::nullopt;
  return found->value;
}

}  // namespace pleiad
