// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/zset.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/memory.h"

namespace pleiad {
namespace {

size_t PackedItemHead(size_t member_size) {
  if (member_size < 253) return 9;
  return member_size <= 0xffff ? 11 : 13;
}

void WritePackedItem(char* p, std::string_view member, double score) {
  std::memcpy(p, &score, sizeof(score));
  const size_t head = PackedItemHead(member.size());
  if (head == 9) {
    p[8] = static_cast<char>(member.size());
  } else if (head == 11) {
    const auto size = static_cast<uint16_t>(member.size());
    p[8] = static_cast<char>(253);
    std::memcpy(p + 9, &size, sizeof(size));
  } else {
    const auto size = static_cast<uint32_t>(member.size());
    p[8] = static_cast<char>(254);
    std::memcpy(p + 9, &size, sizeof(size));
  }
  if (!member.empty()) std::memcpy(p + head, member.data(), member.size());
}

void SetPackedCount(char* bytes, size_t count) {
  const auto n = static_cast<uint16_t>(count);
  std::memcpy(bytes, &n, sizeof(n));
}

// What ZADD's flags make of a member that is there with score `old`.
Zset::Added DecideUpdate(double old, double score, unsigned flags) {
  Zset::Added result;
  result.score = old;
  if (flags & Zset::kAddOnlyNew) {
    result.skipped = true;
    return result;
  }
  if (flags & Zset::kAddIncrement) score += old;
  if (std::isnan(score)) {
    result.nan = true;
    return result;
  }
  if (((flags & Zset::kAddIfGreater) && score <= old) ||
      ((flags & Zset::kAddIfLess) && score >= old)) {
    result.skipped = true;
    return result;
  }
  result.updated = score != old;
  result.score = score;
  return result;
}

Zset::Added DecideInsert(double score, unsigned flags) {
  Zset::Added result;
  result.score = score;
  result.skipped = (flags & Zset::kAddOnlyExisting) != 0;
  result.added = !result.skipped;
  return result;
}

bool AboveMin(std::string_view member, const ZsetMemberBound& min) {
  if (min.kind != ZsetMemberBound::Kind::kMember) return min.kind == ZsetMemberBound::Kind::kMin;
  return min.exclusive ? member > min.member : member >= min.member;
}

bool BelowMax(std::string_view member, const ZsetMemberBound& max) {
  if (max.kind != ZsetMemberBound::Kind::kMember) return max.kind == ZsetMemberBound::Kind::kMax;
  return max.exclusive ? member < max.member : member <= max.member;
}

}  // namespace

size_t ZsetObject::MemoryUsage() const {
  // The elements are estimated from a sample.
  const uint64_t n = tree.size();
  const uint64_t sample = std::min<uint64_t>(n, 64);
  uint64_t sampled = 0;
  for (uint64_t i = 0; i < sample; ++i) {
    sampled += AllocationSize(&tree.At(i * n / sample).element());
  }
  const uint64_t elements = sample == 0 ? 0 : sampled * n / sample;
  return AllocationSize(this) + elements + tree.NodeBytes() + index.Bytes();
}

std::unique_ptr<Object> ZsetObject::Clone() const {
  auto copy = std::make_unique<ZsetObject>(seed_);
  if (tree.size() == 0) return copy;
  for (auto c = tree.At(0); c.valid(); c.Next())
    copy->Insert(c.element().member(), c.element().score);
  return copy;
}

size_t PackedZset::LongSize(const char* p, size_t* head) {
  if (static_cast<unsigned char>(p[8]) == 253) {
    uint16_t size;
    std::memcpy(&size, p + 9, sizeof(size));
    *head = 11;
    return size;
  }
  uint32_t size;
  std::memcpy(&size, p + 9, sizeof(size));
  *head = 13;
  return size;
}

std::optional<double> ZsetView::Score(std::string_view member) const {
  if (object_ != nullptr) {
    const ZsetElement* e = object_->index.Find(member, object_->index.Hash(member));
    return e == nullptr ? std::nullopt : std::optional<double>(e->score);
  }
  for (size_t at = packed_.Begin(); at < packed_.End();) {
    const PackedZset::Item item = packed_.Get(at);
    if (item.member == member) return item.score;
    at = item.next;
  }
  return std::nullopt;
}

std::optional<ZsetView::Ranked> ZsetView::Rank(std::string_view member) const {
  if (object_ != nullptr) {
    const ZsetElement* e = object_->index.Find(member, object_->index.Hash(member));
    if (e == nullptr) return std::nullopt;
    return Ranked{object_->tree.Rank(*e), e->score};
  }
  size_t rank = 0;
  for (size_t at = packed_.Begin(); at < packed_.End(); ++rank) {
    const PackedZset::Item item = packed_.Get(at);
    if (item.member == member) return Ranked{rank, item.score};
    at = item.next;
  }
  return std::nullopt;
}

ZsetRange ZsetView::ByScore(const ZsetScoreBound& min, const ZsetScoreBound& max) const {
  if (min.score > max.score || (min.score == max.score && (min.exclusive || max.exclusive)))
    return {};
  if (object_ != nullptr) {
    const uint64_t first = object_->tree.CountScores(min.score, min.exclusive);
    const uint64_t end = object_->tree.CountScores(max.score, !max.exclusive);
    return {first, end > first ? end - first : 0};
  }
  ZsetRange range;
  for (size_t at = packed_.Begin(); at < packed_.End();) {
    const PackedZset::Item item = packed_.Get(at);
    if (max.exclusive ? item.score >= max.score : item.score > max.score) break;
    const bool inside = min.exclusive ? item.score > min.score : item.score >= min.score;
    ++(inside ? range.count : range.first);
    at = item.next;
  }
  return range;
}

ZsetRange ZsetView::ByMember(const ZsetMemberBound& min, const ZsetMemberBound& max) const {
  using Kind = ZsetMemberBound::Kind;
  if (min.kind == Kind::kMax || max.kind == Kind::kMin) return {};
  if (min.kind == Kind::kMember && max.kind == Kind::kMember &&
      (min.member > max.member || (min.member == max.member && (min.exclusive || max.exclusive)))) {
    return {};
  }
  if (object_ != nullptr) {
    const ZsetTree& tree = object_->tree;
    const uint64_t first =
        min.kind == Kind::kMin ? 0 : tree.CountMembers(min.member, min.exclusive);
    const uint64_t end =
        max.kind == Kind::kMax ? tree.size() : tree.CountMembers(max.member, !max.exclusive);
    return {first, end > first ? end - first : 0};
  }
  ZsetRange range;
  for (size_t at = packed_.Begin(); at < packed_.End();) {
    const PackedZset::Item item = packed_.Get(at);
    at = item.next;
    if (range.count == 0 && !AboveMin(item.member, min)) {
      ++range.first;
      continue;
    }
    if (!BelowMax(item.member, max)) break;
    ++range.count;
  }
  return range;
}

Zset::Added Zset::Add(std::string_view member, double score, unsigned flags) {
  return object() != nullptr ? AddToObject(member, score, flags) : AddPacked(member, score, flags);
}

Zset::Added Zset::AddToObject(std::string_view member, double score, unsigned flags) {
  ZsetObject* const o = object();
  const uint64_t hash = o->index.Hash(member);
  if (ZsetElement* e = o->index.Find(member, hash)) {
    const Added result = DecideUpdate(e->score, score, flags);
    if (result.updated) o->tree.SetScore(e, result.score);
    return result;
  }
  const Added result = DecideInsert(score, flags);
  if (result.added) o->Insert(ZsetElement::Create(member, score), hash);
  return result;
}

Zset::Added Zset::AddPacked(std::string_view member, double score, unsigned flags) {
  const std::string_view bytes = store_->bytes();
  const PackedZset packed(bytes);
  size_t place = PackedZset::kHeader;  // where the member goes if it is not there
  size_t at = packed.Begin();
  while (at < packed.End()) {
    const PackedZset::Item item = packed.Get(at);
    if (item.member.size() == member.size() && item.member == member) {
      const Added result = DecideUpdate(item.score, score, flags);
      if (result.updated) MovePacked(at, item.next - at, result.score);
      return result;
    }
    if (item.score < score || (item.score == score && item.member < member)) place = item.next;
    at = item.next;
  }
  const Added result = DecideInsert(score, flags);
  if (!result.added) return result;
  const size_t most =
      std::min<size_t>(static_cast<size_t>(std::max<int64_t>(settings_.zset_max_packed_entries, 0)),
                       PackedZset::kCountMax);
  if (packed.count() >= most ||
      member.size() > static_cast<size_t>(std::max<int64_t>(settings_.zset_max_packed_value, 0))) {
    ToObject()->Insert(member, score);
  } else {
    InsertPacked(place, member, score);
  }
  return result;
}

void Zset::InsertPacked(size_t at, std::string_view member, double score) {
  const size_t old = std::max(store_->bytes().size(), PackedZset::kHeader);
  const size_t count = PackedZset(store_->bytes()).count();
  const size_t size = PackedItemHead(member.size()) + member.size();
  char* const bytes = store_->Resize(old + size);
  std::memmove(bytes + at + size, bytes + at, old - at);
  WritePackedItem(bytes + at, member, score);
  SetPackedCount(bytes, count + 1);
}

// The item of `size` bytes at `at` gets another score and goes to where that puts it.
void Zset::MovePacked(size_t at, size_t size, double score) {
  char* const bytes = store_->Resize(store_->bytes().size());
  const PackedZset packed({bytes, store_->bytes().size()});
  const PackedZset::Item item = packed.Get(at);
  if (score >= item.score) {
    size_t place = at + size;
    while (place < packed.End()) {
      const PackedZset::Item next = packed.Get(place);
      if (!(next.score < score || (next.score == score && next.member < item.member))) break;
      place = next.next;
    }
    std::rotate(bytes + at, bytes + at + size, bytes + place);
    std::memcpy(bytes + place - size, &score, sizeof(score));
  } else {
    size_t place = packed.Begin();
    while (place < at) {
      const PackedZset::Item next = packed.Get(place);
      if (!(next.score < score || (next.score == score && next.member < item.member))) break;
      place = next.next;
    }
    std::rotate(bytes + place, bytes + at, bytes + at + size);
    std::memcpy(bytes + place, &score, sizeof(score));
  }
}

void Zset::ErasePacked(size_t at, size_t end, size_t items) {
  const size_t old = store_->bytes().size();
  const size_t count = PackedZset(store_->bytes()).count();
  char* bytes = store_->Resize(old);
  std::memmove(bytes + at, bytes + end, old - end);
  SetPackedCount(bytes, count - items);
  store_->Resize(old - (end - at));
}

bool Zset::Remove(std::string_view member) {
  if (ZsetObject* o = object()) {
    const uint64_t hash = o->index.Hash(member);
    ZsetElement* const e = o->index.Find(member, hash);
    if (e == nullptr) return false;
    o->index.Remove(e, hash);
    o->tree.Remove(e);
    ZsetElement::Free(e);
    return true;
  }
  const PackedZset packed(store_->bytes());
  for (size_t at = packed.Begin(); at < packed.End();) {
    const PackedZset::Item item = packed.Get(at);
    if (item.member == member) {
      ErasePacked(at, item.next, 1);
      return true;
    }
    at = item.next;
  }
  return false;
}

void Zset::RemoveRange(const ZsetRange& range) {
  if (range.count == 0) return;
  CHECK(range.first + range.count <= size());
  if (ZsetObject* o = object()) {
    o->tree.RemoveRange(range.first, range.count, [&](ZsetElement* e) {
      o->index.Remove(e, o->index.Hash(e->member()));
      ZsetElement::Free(e);
    });
    return;
  }
  const PackedZset packed(store_->bytes());
  size_t at = packed.Begin();
  for (size_t i = 0; i < range.first; ++i) at = packed.Get(at).next;
  size_t end = at;
  for (size_t i = 0; i < range.count; ++i) end = packed.Get(end).next;
  ErasePacked(at, end, range.count);
}

void Zset::Expect(size_t items) {
  if (object() == nullptr && static_cast<int64_t>(items) > settings_.zset_max_packed_entries) {
    ToObject();
  }
}

ZsetObject* Zset::ToObject() {
  auto o = std::make_unique<ZsetObject>(settings_.hash_seed);
  ZsetObject* const raw = o.get();
  view().ForEach([&](std::string_view member, double score) { raw->Insert(member, score); });
  store_->SetObject(std::move(o));
  return raw;
}

bool PackedZsetIsValid(std::string_view bytes) {
  if (bytes.empty()) return true;
  if (bytes.size() < PackedZset::kHeader) return false;
  const PackedZset packed(bytes);
  size_t at = PackedZset::kHeader;
  size_t count = 0;
  std::optional<PackedZset::Item> last;
  while (at < bytes.size()) {
    if (bytes.size() - at < 9) return false;
    const auto first = static_cast<unsigned char>(bytes[at + 8]);
    const size_t head = first < 253 ? 9 : first == 253 ? 11 : 13;
    if (first == 255 || bytes.size() - at < head) return false;
    const PackedZset::Item item = packed.Get(at);
    if (item.next > bytes.size() || std::isnan(item.score)) return false;
    if (last.has_value() &&
        !(last->score < item.score || (last->score == item.score && last->member < item.member))) {
      return false;
    }
    last = item;
    at = item.next;
    ++count;
  }
  return count == packed.count();
}

}  // namespace pleiad
