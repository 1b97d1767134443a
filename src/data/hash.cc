// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/hash.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "base/check.h"

namespace pleiad {
namespace {

constexpr size_t kHashHeapSpare = 64;

// An expiry as a packed element: 8 bytes, or none.
class HashExpiryText {
 public:
  explicit HashExpiryText(int64_t expiry_ms) : has_(expiry_ms != FieldElement::kNoExpiry) {
    std::memcpy(bytes_, &expiry_ms, sizeof(bytes_));
  }
  std::string_view view() const { return {bytes_, has_ ? sizeof(bytes_) : 0}; }

 private:
  char bytes_[8];
  const bool has_;
};

int64_t HashExpiryOf(std::string_view bytes) {
  int64_t at = FieldElement::kNoExpiry;
  if (bytes.size() == sizeof(at)) std::memcpy(&at, bytes.data(), sizeof(at));
  return at;
}

size_t HashPackedMax(const CollectionSettings& settings) {
  return static_cast<size_t>(std::clamp<int64_t>(settings.hash_max_packed_entries, 0,
                                                 static_cast<int64_t>(PackedView::kCountMax / 3)));
}

}  // namespace

void FieldExpiries::Add(int64_t at_ms, uint64_t hash) {
  heap_.push_back({at_ms, hash});
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

void FieldExpiries::RemoveFirst() {
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  heap_.pop_back();
}

std::unique_ptr<Object> HashObject::Clone() const {
  auto clone = std::make_unique<HashObject>(seed_);
  clone->table.CopyFrom(table);
  clone->expiries = expiries;
  clone->with_expiry = with_expiry;
  return clone;
}

void HashObject::NoteExpiry(int64_t at_ms, uint64_t hash) {
  if (expiries.size() < 2 * with_expiry + kHashHeapSpare) {
    expiries.Add(at_ms, hash);
    return;
  }
  expiries.Clear();
  table.ForEach([this](std::string_view element) {
    const FieldElement e = FieldElement::Parse(element);
    if (e.expiry_ms != FieldElement::kNoExpiry) expiries.Add(e.expiry_ms, table.Hash(e.field));
  });
}

FieldElement HashView::TakePacked(const PackedView& packed, size_t* at) const {
  FieldElement e;
  e.field = packed.Get(*at, at);
  e.value = packed.Get(*at, at);
  if (with_expiry()) e.expiry_ms = HashExpiryOf(packed.Get(*at, at));
  return e;
}

size_t HashView::size() const {
  if (value_.object != nullptr) return table().size();
  if (!with_expiry()) return PackedView(value_.bytes).count() / 2;
  size_t count = 0;
  ForEach([&](const FieldElement&) { ++count; });
  return count;
}

int64_t HashView::NextExpiry() const {
  if (!with_expiry()) return kNever;
  if (value_.object != nullptr) {
    return object().expiries.empty() ? kNever : object().expiries.first().at_ms;
  }
  int64_t next = kNever;
  HashView(value_, kHideNothing).ForEach([&](const FieldElement& e) {
    if (e.expiry_ms != FieldElement::kNoExpiry) next = std::min(next, e.expiry_ms);
  });
  return next;
}

std::optional<FieldElement> HashView::Find(std::string_view field) const {
  FieldElement e;
  if (value_.object != nullptr) {
    const PackedTable::Place place = table().Find(field);
    if (!place) return std::nullopt;
    e = FieldElement::Parse(table().Get(place));
  } else {
    const PackedView packed(value_.bytes);
    size_t at = packed.Find(field, with_expiry() ? 3 : 2);
    if (at == packed.End()) return std::nullopt;
    e = TakePacked(packed, &at);
  }
  return Visible(e) ? std::optional(e) : std::nullopt;
}

std::optional<FieldElement> HashView::Random(Prng* prng) const {
  if (AnyHidden()) {
    std::vector<FieldElement> all;
    ForEach([&](const FieldElement& e) { all.push_back(e); });
    if (all.empty()) return std::nullopt;
    return all[prng->Below(all.size())];
  }
  if (value_.object != nullptr) return FieldElement::Parse(table().Get(table().Random(prng)));
  const PackedView packed(value_.bytes);
  if (packed.count() == 0) return std::nullopt;
  const size_t stride = with_expiry() ? 3 : 2;
  size_t at = packed.At(prng->Below(packed.count() / stride) * stride);
  return TakePacked(packed, &at);
}

void Hash::Expect(size_t fields) {
  if (store_->object() == nullptr && fields > HashPackedMax(settings_)) ToObject();
}

void Hash::ToObject() {
  auto object = std::make_unique<HashObject>(settings_.hash_seed);
  view().ForEach([&](const FieldElement& e) {
    const uint64_t hash = object->table.Hash(e.field);
    object->table.Insert(hash, FieldElementParts(e.field, e.value, e.expiry_ms).parts);
    if (e.expiry_ms == FieldElement::kNoExpiry) return;
    ++object->with_expiry;
    object->NoteExpiry(e.expiry_ms, hash);
  });
  store_->SetObject(std::move(object), store_->form());
}

// Pairs become triples.
void Hash::AddExpiryRoom() {
  MemoryStore triples;
  view().ForEach([&](const FieldElement& e) {
    const std::string_view parts[] = {e.field, e.value, {}};
    PackedAppend(&triples, parts);
  });
  store_->SetPacked(triples.bytes(), kHashFormExpiry);
}

// Triples become pairs again if no field has an expiry.
void Hash::DropExpiryRoom() {
  if (store_->form() != kHashFormExpiry || view().NextExpiry() != HashView::kNever) return;
  MemoryStore pairs;
  view().ForEach([&](const FieldElement& e) {
    const std::string_view parts[] = {e.field, e.value};
    PackedAppend(&pairs, parts);
  });
  store_->SetPacked(pairs.bytes(), 0);
}

void Hash::DropExpiryOf(HashObject* o, int64_t expiry_ms) {
  if (expiry_ms == FieldElement::kNoExpiry) return;
  if (--o->with_expiry != 0) return;
  o->expiries.Clear();
  store_->SetForm(0);
}

bool Hash::PutObject(HashObject* o, std::string_view field, std::string_view value,
                     int64_t expiry_ms) {
  const uint64_t hash = o->table.Hash(field);
  const FieldElementParts fresh(field, value, expiry_ms);
  const PackedTable::Place place = o->table.Find(hash, field);
  int64_t old_expiry = FieldElement::kNoExpiry;
  if (place) {
    const FieldElement old = FieldElement::Parse(o->table.Get(place));
    old_expiry = old.expiry_ms;
    if (old_expiry == expiry_ms && old.value.size() == value.size()) {
      if (!value.empty())
        std::memcpy(const_cast<char*>(old.value.data()), value.data(), value.size());
      return false;
    }
    o->table.Replace(place, fresh.parts);
  } else {
    o->table.Insert(hash, fresh.parts);
  }
  if (old_expiry == expiry_ms) return !place;
  if (expiry_ms != FieldElement::kNoExpiry) {
    ++o->with_expiry;
    o->NoteExpiry(expiry_ms, hash);
    store_->SetForm(kHashFormExpiry);
  }
  DropExpiryOf(o, old_expiry);
  return !place;
}

bool Hash::PutPacked(std::string_view field, std::string_view value, int64_t expiry_ms) {
  if (expiry_ms != FieldElement::kNoExpiry && store_->form() != kHashFormExpiry) AddExpiryRoom();
  const PackedView packed(store_->bytes());
  const size_t stride = Stride();
  const HashExpiryText expiry(expiry_ms);
  const size_t at = packed.Find(field, stride);
  if (at != packed.End()) {
    const size_t from = packed.Next(at);
    size_t end = packed.Next(from);
    if (stride == 3) end = packed.Next(end);
    const std::string_view parts[] = {value, expiry.view()};
    PackedSplice(store_, from, end, stride - 1, std::span(parts, stride - 1));
    if (expiry_ms == FieldElement::kNoExpiry) DropExpiryRoom();
    return false;
  }
  const std::string_view parts[] = {field, value, expiry.view()};
  if (store_->bytes().empty()) {
    MemoryStore one;
    PackedAppend(&one, std::span(parts, stride));
    store_->SetPacked(one.bytes(), store_->form());
  } else {
    PackedAppend(store_, std::span(parts, stride));
  }
  if (PackedView(store_->bytes()).count() / stride > HashPackedMax(settings_)) ToObject();
  return true;
}

bool Hash::Put(std::string_view field, std::string_view value, int64_t expiry_ms) {
  if (HashObject* o = object()) return PutObject(o, field, value, expiry_ms);
  const int64_t longest = settings_.hash_max_packed_value;
  if (static_cast<int64_t>(field.size()) > longest ||
      static_cast<int64_t>(value.size()) > longest) {
    ToObject();
    return PutObject(object(), field, value, expiry_ms);
  }
  return PutPacked(field, value, expiry_ms);
}

bool Hash::Remove(std::string_view field) {
  if (HashObject* o = object()) {
    const PackedTable::Place place = o->table.Find(field);
    if (!place) return false;
    const int64_t expiry_ms = FieldElement::Parse(o->table.Get(place)).expiry_ms;
    o->table.Erase(place);
    DropExpiryOf(o, expiry_ms);
    return true;
  }
  const PackedView packed(store_->bytes());
  const size_t stride = Stride();
  const size_t at = packed.Find(field, stride);
  if (at == packed.End()) return false;
  size_t end = at;
  for (size_t i = 0; i < stride; ++i) end = packed.Next(end);
  PackedSplice(store_, at, end, stride, {});
  DropExpiryRoom();
  return true;
}

bool Hash::SetExpiry(std::string_view field, int64_t expiry_ms) {
  const std::optional<FieldElement> e = view().Find(field);
  if (!e.has_value()) return false;
  if (e->expiry_ms == expiry_ms) return true;
  if (HashObject* o = object(); o != nullptr && e->expiry_ms != FieldElement::kNoExpiry &&
                                expiry_ms != FieldElement::kNoExpiry) {
    // In place: the expiry stands right in front of the field.
    std::memcpy(const_cast<char*>(e->field.data()) - 8, &expiry_ms, 8);
    o->NoteExpiry(expiry_ms, o->table.Hash(field));
    return true;
  }
  Put(field, std::string(e->value), expiry_ms);
  return true;
}

std::vector<std::string> Hash::RemoveExpired(int64_t now_ms, size_t limit) {
  std::vector<std::string> gone;
  if (HashObject* o = object()) {
    while (gone.size() < limit && !o->expiries.empty() && o->expiries.first().at_ms <= now_ms) {
      const FieldExpiries::Moment moment = o->expiries.first();
      o->expiries.RemoveFirst();
      const auto is_due = [&](std::string_view element) {
        const FieldElement e = FieldElement::Parse(element);
        return e.expiry_ms == moment.at_ms && o->table.Hash(e.field) == moment.hash;
      };
      const PackedTable::Place place = o->table.FindHash(moment.hash, is_due);
      if (!place) continue;
      gone.emplace_back(FieldElement::Parse(o->table.Get(place)).field);
      o->table.Erase(place);
      DropExpiryOf(o, moment.at_ms);
    }
    return gone;
  }
  view().ForEach([&](const FieldElement& e) {
    if (e.expiry_ms != FieldElement::kNoExpiry && e.expiry_ms <= now_ms && gone.size() < limit)
      gone.emplace_back(e.field);
  });
  for (const std::string& field : gone) Remove(field);
  return gone;
}

}  // namespace pleiad
