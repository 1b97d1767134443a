// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/set.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <memory>

#include "base/text.h"

namespace pleiad {
namespace {

constexpr int64_t kSetIntsMax = 1 << 30;  // numbers in one run, whatever the setting says

size_t IntRunWidth(int64_t number) {
  if (number >= std::numeric_limits<int16_t>::min() &&
      number <= std::numeric_limits<int16_t>::max())
    return 2;
  if (number >= std::numeric_limits<int32_t>::min() &&
      number <= std::numeric_limits<int32_t>::max())
    return 4;
  return 8;
}

int64_t IntRunLoad(const char* at, size_t width) {
  int16_t two;
  int32_t four;
  int64_t eight;
  switch (width) {
    case 2:
      std::memcpy(&two, at, 2);
      return two;
    case 4:
      std::memcpy(&four, at, 4);
      return four;
    default:
      std::memcpy(&eight, at, 8);
      return eight;
  }
}

// The low bytes of a number in two's complement are the number in that width.
void IntRunStore(char* at, size_t width, int64_t number) { std::memcpy(at, &number, width); }

size_t SetPackedMax(const CollectionSettings& settings) {
  return static_cast<size_t>(std::clamp<int64_t>(settings.set_max_packed_entries, 0,
                                                 static_cast<int64_t>(PackedView::kCountMax)));
}

int64_t SetIntsMax(const CollectionSettings& settings) {
  return std::min<int64_t>(settings.set_max_intset_entries, kSetIntsMax);
}

}  // namespace

std::unique_ptr<Object> SetObject::Clone() const {
  auto clone = std::make_unique<SetObject>(seed_);
  clone->table.CopyFrom(table);
  return clone;
}

int64_t IntRun::Get(size_t i) const { return IntRunLoad(bytes_.data() + 1 + i * width(), width()); }

size_t IntRun::LowerBound(int64_t number) const {
  size_t low = 0;
  size_t high = count();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (Get(middle) < number) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

IntText::IntText(int64_t number) {
  size_ = static_cast<size_t>(std::to_chars(text_, text_ + sizeof(text_), number).ptr - text_);
}

size_t SetView::size() const {
  if (value_.object != nullptr) return table().size();
  return ints() ? IntRun(value_.bytes).count() : PackedView(value_.bytes).count();
}

bool SetView::Contains(std::string_view member) const {
  if (value_.object != nullptr) return static_cast<bool>(table().Find(member));
  if (ints()) {
    const auto number = ParseInt64(member);
    return number.has_value() && IntRun(value_.bytes).Contains(*number);
  }
  const PackedView packed(value_.bytes);
  return packed.Find(member) != packed.End();
}

std::string SetView::Random(Prng* prng) const {
  if (value_.object != nullptr) return std::string(table().Get(table().Random(prng)));
  const size_t index = prng->Below(size());
  if (ints()) return std::string(IntText(IntRun(value_.bytes).Get(index)).view());
  const PackedView packed(value_.bytes);
  return std::string(packed.Get(packed.At(index)));
}

void Set::Expect(size_t members) {
  const ValueView value = store_->view();
  if (value.object != nullptr) return;
  const bool ints = value.form == kSetFormInts;
  const size_t limit = ints ? static_cast<size_t>(SetIntsMax(settings_)) : SetPackedMax(settings_);
  // An empty store has not decided yet; its first member does.
  if (value.bytes.empty()
          ? members > std::max(SetPackedMax(settings_), static_cast<size_t>(SetIntsMax(settings_)))
          : members > limit) {
    ToTable();
  }
}

void Set::ToTable() {
  auto object = std::make_unique<SetObject>(settings_.hash_seed);
  PackedTable& table = object->table;
  view().ForEach([&](std::string_view member) { table.Insert(table.Hash(member), {member}); });
  store_->SetObject(std::move(object));
}

void Set::IntsToPacked() {
  MemoryStore packed;
  view().ForEach([&](std::string_view member) { PackedAppend(&packed, {&member, 1}); });
  store_->SetPacked(packed.bytes());
}

bool Set::AddInt(int64_t number) {
  const IntRun run(store_->bytes());
  const size_t count = run.count();
  const size_t width = std::max(run.width(), IntRunWidth(number));
  const size_t at = run.LowerBound(number);
  if (at < count && run.Get(at) == number) return false;
  if (count == 0 || width != run.width()) {
    std::string fresh(1 + (count + 1) * width, '\0');
    fresh[0] = static_cast<char>(width);
    char* to = fresh.data() + 1;
    for (size_t i = 0; i <= count; ++i, to += width) {
      IntRunStore(to, width, i == at ? number : run.Get(i < at ? i : i - 1));
    }
    store_->SetPacked(fresh, kSetFormInts);
  } else {
    char* const bytes = store_->Resize(1 + (count + 1) * width) + 1;
    std::memmove(bytes + (at + 1) * width, bytes + at * width, (count - at) * width);
    IntRunStore(bytes + at * width, width, number);
  }
  if (static_cast<int64_t>(count) + 1 > SetIntsMax(settings_)) ToTable();
  return true;
}

bool Set::FitsPacked(size_t count, std::string_view member) const {
  return count < SetPackedMax(settings_) &&
         static_cast<int64_t>(member.size()) <= settings_.set_max_packed_value;
}

bool Set::AddToPacked(std::string_view member) {
  const std::string_view bytes = store_->bytes();
  const PackedView packed(bytes);
  if (packed.Find(member) != packed.End()) return false;
  if (!FitsPacked(packed.count(), member)) {
    ToTable();
    return Add(member);
  }
  if (bytes.empty()) {
    MemoryStore one;
    PackedAppend(&one, {&member, 1});
    store_->SetPacked(one.bytes());
  } else {
    PackedAppend(store_, {&member, 1});
  }
  return true;
}

bool Set::Add(std::string_view member) {
  if (PackedTable* t = table()) {
    const uint64_t hash = t->Hash(member);
    if (t->Find(hash, member)) return false;
    t->Insert(hash, {member});
    return true;
  }
  const bool ints = store_->form() == kSetFormInts;
  if (!ints && !store_->bytes().empty()) return AddToPacked(member);
  const auto number = ParseInt64(member);
  if (number.has_value() && (ints || SetIntsMax(settings_) > 0)) return AddInt(*number);
  if (!ints) return AddToPacked(member);
  const IntRun run(store_->bytes());
  if (run.count() == 0) {  // its last number was removed
    store_->SetPacked({});
    return AddToPacked(member);
  }
  // Numbers are joined by something else. Numbers have 20 characters at most.
  const size_t longest =
      std::max(IntText(run.Get(0)).view().size(), IntText(run.Get(run.count() - 1)).view().size());
  if (FitsPacked(run.count(), member) &&
      static_cast<int64_t>(longest) <= settings_.set_max_packed_value) {
    IntsToPacked();
  } else {
    ToTable();
  }
  return Add(member);
}

bool Set::Remove(std::string_view member) {
  if (PackedTable* t = table()) return t->Erase(member);
  if (store_->form() != kSetFormInts) {
    const PackedView packed(store_->bytes());
    const size_t at = packed.Find(member);
    if (at == packed.End()) return false;
    PackedSplice(store_, at, packed.Next(at), 1, {});
    return true;
  }
  const auto number = ParseInt64(member);
  const IntRun run(store_->bytes());
  if (!number.has_value() || !run.Contains(*number)) return false;
  const size_t width = run.width();
  const size_t count = run.count();
  const size_t at = run.LowerBound(*number);
  char* const bytes = const_cast<char*>(store_->bytes().data()) + 1;
  std::memmove(bytes + at * width, bytes + (at + 1) * width, (count - at - 1) * width);
  store_->Resize(1 + (count - 1) * width);
  return true;
}

}  // namespace pleiad
