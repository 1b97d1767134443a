// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/stream.h"

#include <array>
#include <bit>
#include <vector>

#include "base/check.h"

namespace pleiad {
namespace {

// A node of a std::map beside its pair.
constexpr size_t kGroupMapNodeBytes = 32;

size_t NodeBytesMax(const CollectionSettings& settings) {
  const int64_t bytes = settings.stream_node_max_bytes;
  return bytes <= 0 || bytes > static_cast<int64_t>(StreamNode::kBytesMax)
             ? StreamNode::kBytesMax
             : static_cast<size_t>(bytes);
}

// Bytes that two ids have in common at the front, as 16 bytes big endian.
int CommonPrefix(StreamId a, StreamId b) {
  if (a.ms != b.ms) return std::countl_zero(a.ms ^ b.ms) / 8;
  return 8 + std::countl_zero(a.seq ^ b.seq) / 8;
}

}  // namespace

Stream::~Stream() {
  nodes_.ForEach([](StreamId, StreamNode* node) { StreamNode::Free(node); });
}

bool Stream::Append(StreamId id, std::span<const std::string_view> pairs,
                    const CollectionSettings& settings) {
  CHECK(id > last_id_);
  size_t bytes = 0;
  for (const std::string_view part : pairs) bytes += part.size();
  if (bytes > StreamNode::kBytesMax) return false;
  bool fresh = nodes_.empty();
  if (!fresh) {
    FindTail();
    const int64_t entries_max = settings.stream_node_max_entries;
    const uint64_t entries = static_cast<uint64_t>(tail_->count()) + tail_->deleted();
    fresh = tail_->ListpackBytes() + bytes >= NodeBytesMax(settings) ||
            (entries_max > 0 && entries >= static_cast<uint64_t>(entries_max));
    if (fresh) ReplaceTail(StreamNode::Shrink(tail_));
  }
  if (fresh) {
    nodes_.Insert(id, StreamNode::Create(pairs));
    tail_ = nullptr;
    FindTail();
  }
  ReplaceTail(StreamNode::Append(tail_, tail_id_, id, pairs));
  if (length_++ == 0) first_id_ = id;
  last_id_ = id;
  ++entries_added_;
  return true;
}

void Stream::FindTail() {
  if (tail_ != nullptr) return;
  const Nodes::Slot& last = nodes_.at(nodes_.Last());
  tail_ = last.value;
  tail_id_ = last.id;
}

void Stream::ReplaceTail(StreamNode* node) {
  if (node != tail_) nodes_.at(nodes_.Last()).value = node;
  tail_ = node;
}

bool Stream::Locate(StreamId id, Place* place) const {
  place->node = nodes_.Floor(id);
  if (place->node == nodes_.End()) return false;
  const Nodes::Slot& slot = nodes_.at(place->node);
  StreamNode::Entry entry;
  for (size_t at = slot.value->Begin(); at < slot.value->End();) {
    place->at = at;
    at = slot.value->Read(at, slot.id, &entry);
    if (entry.id >= id) return entry.id == id && !entry.deleted;
  }
  return false;
}

bool Stream::Contains(StreamId id) const {
  Place place;
  return Locate(id, &place);
}

// Also drops the node if it was its last entry. first_id_ is the caller's.
void Stream::DeleteAt(const Place& place) {
  tail_ = nullptr;
  StreamNode* const node = nodes_.at(place.node).value;
  node->Delete(place.at);
  --length_;
  if (node->count() != 0) return;
  StreamNode::Free(node);
  nodes_.EraseAt(place.node);
}

bool Stream::Delete(StreamId id) {
  Place place;
  if (!Locate(id, &place)) return false;
  DeleteAt(place);
  if (id > max_deleted_id_) max_deleted_id_ = id;
  if (id == first_id_) FindFirstId();
  return true;
}

void Stream::FindFirstId() {
  StreamIterator i(*this, {}, StreamId::Max(), false);
  first_id_ = i.Next() ? i.id() : StreamId();
}

bool Stream::MayDropNode(const StreamTrim& trim, Nodes::Cursor at) const {
  const Nodes::Slot& slot = nodes_.at(at);
  if (trim.kind == StreamTrim::Kind::kMaxLen)
    return length_ - slot.value->count() >= trim.max_length;
  return slot.value->LastId(slot.id) < trim.min_id;
}

uint64_t Stream::Trim(const StreamTrim& trim) {
  if (trim.kind == StreamTrim::Kind::kNone) return 0;
  tail_ = nullptr;
  uint64_t gone = 0;
  const auto limit = static_cast<uint64_t>(trim.limit);
  Nodes::Cursor at = nodes_.Begin();
  while (at != nodes_.End()) {
    if (trim.kind == StreamTrim::Kind::kMaxLen && length_ <= trim.max_length) break;
    StreamNode* const node = nodes_.at(at).value;
    if (limit != 0 && gone + node->count() > limit) break;
    const bool whole = MayDropNode(trim, at);
    if (!whole && trim.approximate) break;
    if (whole && trim.references == StreamReferences::kKeep) {
      gone += node->count();
      length_ -= node->count();
      StreamNode::Free(node);
      nodes_.EraseAt(at);
      at = nodes_.Begin();
      continue;
    }
    const StreamId master = nodes_.at(at).id;
    bool stopped = false;
    gone += TrimWithin(trim, at, &stopped);
    if (stopped) break;
    at = nodes_.LowerBound(master);
    if (at != nodes_.End() && nodes_.at(at).id == master) at = nodes_.Next(at);
  }
  if (gone != 0) FindFirstId();
  return gone;
}

// Entry by entry, in one node. *stopped: the goal is reached.
uint64_t Stream::TrimWithin(const StreamTrim& trim, Nodes::Cursor cursor, bool* stopped) {
  uint64_t gone = 0;
  StreamNode* const node = nodes_.at(cursor).value;
  const StreamId master = nodes_.at(cursor).id;
  StreamNode::Entry entry;
  for (size_t at = node->Begin(); at < node->End();) {
    const size_t next = node->Read(at, master, &entry);
    *stopped = trim.kind == StreamTrim::Kind::kMaxLen ? length_ <= trim.max_length
                                                      : entry.id >= trim.min_id;
    if (*stopped) break;
    const bool go = !entry.deleted &&
                    (trim.references != StreamReferences::kAcknowledged || !Referenced(entry.id));
    if (go) {
      if (trim.references == StreamReferences::kDelete) DropReferences(entry.id);
      node->Delete(at);
      --length_;
      ++gone;
    }
    at = next;
  }
  if (node->count() == 0) {
    StreamNode::Free(node);
    nodes_.EraseAt(cursor);
  }
  return gone;
}

StreamGroup* Stream::FindGroup(std::string_view name) const {
  const auto found = groups_.find(name);
  return found == groups_.end() ? nullptr : found->second.get();
}

StreamGroup* Stream::CreateGroup(std::string_view name, StreamId last_id, int64_t entries_read) {
  const auto [place, fresh] = groups_.emplace(std::string(name), nullptr);
  if (!fresh) return nullptr;
  place->second = std::make_unique<StreamGroup>();
  place->second->last_id = last_id;
  place->second->entries_read = entries_read;
  return place->second.get();
}

bool Stream::Referenced(StreamId id) const {
  for (const auto& [name, group] : groups_) {
    if (id > group->last_id || group->FindPending(id) != nullptr) return true;
  }
  return false;
}

void Stream::DropReferences(StreamId id) {
  for (const auto& [name, group] : groups_) group->Acknowledge(id);
}

// True if an entry at or behind `id` was deleted by its id, as far as the one mark there is tells.
bool Stream::HasDeletedFrom(StreamId id) const {
  return length_ != 0 && !max_deleted_id_.zero() && id <= max_deleted_id_;
}

int64_t Stream::EntriesUpTo(StreamId id) const {
  const auto added = static_cast<int64_t>(entries_added_);
  if (added == 0) return 0;
  if (length_ == 0 && id <= last_id_) return added;
  if (!id.zero() && id < max_deleted_id_) return StreamGroup::kUnknown;
  if (id == last_id_) return added;
  if (id > last_id_) return StreamGroup::kUnknown;
  if (max_deleted_id_.zero() || max_deleted_id_ < first_id_) {
    if (id < first_id_) return added - static_cast<int64_t>(length_);
    if (id == first_id_) return added - static_cast<int64_t>(length_) + 1;
  }
  return StreamGroup::kUnknown;
}

std::optional<int64_t> Stream::Lag(const StreamGroup& group) const {
  const auto added = static_cast<int64_t>(entries_added_);
  if (added == 0) return 0;
  if (group.entries_read != StreamGroup::kUnknown && !HasDeletedFrom(group.last_id))
    return added - group.entries_read;
  const int64_t read = EntriesUpTo(group.last_id);
  return read == StreamGroup::kUnknown ? std::nullopt : std::optional(added - read);
}

void Stream::Advance(StreamGroup* group, StreamId id) const {
  if (id <= group->last_id) return;
  if (group->entries_read != StreamGroup::kUnknown && group->last_id >= first_id_ &&
      !HasDeletedFrom(group->last_id)) {
    ++group->entries_read;
  } else if (entries_added_ != 0) {
    group->entries_read = EntriesUpTo(id);
  }
  group->last_id = id;
}

bool Stream::AdoptNode(StreamId master, StreamNode* node) {
  tail_ = nullptr;
  if (node->count() == 0) {
    StreamNode::Free(node);
    return true;
  }
  if (!nodes_.empty()) {
    const Nodes::Slot& last = nodes_.at(nodes_.Last());
    if (master <= last.value->LastId(last.id)) {
      StreamNode::Free(node);
      return false;
    }
  }
  nodes_.Insert(master, node);
  const bool first = length_ == 0;
  length_ += node->count();
  if (last_id_ < node->LastId(master)) last_id_ = node->LastId(master);
  if (first) FindFirstId();
  return true;
}

// A radix tree has a node for each branch and each end, and one for each run of bytes between that
// has no branch in it. Ids are sorted, so the runs show in the common prefixes of neighbours.
size_t Stream::RadixTreeNodes() const {
  if (nodes_.empty()) return 1;
  constexpr int kIdBytes = 16;
  size_t count = 0;
  std::vector<int> branches;  // depths of the open branches
  const auto close = [&](int depth) {
    // The run above a branch at `depth`: from behind its parent's byte.
    const int above = branches.empty() ? 0 : branches.back() + 1;
    count += depth > above ? 2 : 1;
  };
  // Each end hangs below the deeper of its two neighbours' branches.
  int before = -1;
  for (Nodes::Cursor c = nodes_.Begin(); c != nodes_.End(); c = nodes_.Next(c)) {
    const Nodes::Cursor next = nodes_.Next(c);
    const int behind =
        next == nodes_.End() ? -1 : CommonPrefix(nodes_.at(c).id, nodes_.at(next).id);
    const int parent = std::max(before, behind);
    count += kIdBytes > parent + 1 ? 2 : 1;
    while (!branches.empty() && branches.back() > behind) {
      const int depth = branches.back();
      branches.pop_back();
      if (behind >= 0 && (branches.empty() || branches.back() < behind)) branches.push_back(behind);
      close(depth);
    }
    if (behind >= 0 && (branches.empty() || branches.back() < behind)) branches.push_back(behind);
    before = behind;
  }
  return count;
}

size_t Stream::MemoryUsage() const {
  size_t bytes = sizeof(Stream) + nodes_.MemoryUsage();
  nodes_.ForEach([&](StreamId, const StreamNode* node) { bytes += node->MemoryUsage(); });
  for (const auto& [name, group] : groups_) {
    bytes +=
        kGroupMapNodeBytes + sizeof(Groups::value_type) + name.capacity() + group->MemoryUsage();
  }
  return bytes;
}

std::unique_ptr<Object> Stream::Clone() const {
  auto copy = std::make_unique<Stream>();
  nodes_.ForEach([&](StreamId id, const StreamNode* node) {
    copy->nodes_.Insert(id, StreamNode::Clone(*node));
  });
  copy->length_ = length_;
  copy->first_id_ = first_id_;
  copy->last_id_ = last_id_;
  copy->max_deleted_id_ = max_deleted_id_;
  copy->entries_added_ = entries_added_;
  for (const auto& [name, group] : groups_) copy->groups_.emplace(name, group->Clone());
  return copy;
}

StreamIterator::StreamIterator(const Stream& stream, StreamId start, StreamId end, bool reverse)
    : stream_(stream), start_(start), end_(end), reverse_(reverse) {
  const Stream::Nodes& nodes = stream.nodes_;
  if (reverse) {
    node_ = nodes.Floor(end);
    if (node_ != nodes.End()) at_ = nodes.at(node_).value->End();
    return;
  }
  node_ = nodes.Floor(start);
  if (node_ == nodes.End()) node_ = nodes.Begin();
  if (node_ != nodes.End()) at_ = nodes.at(node_).value->Begin();
}

bool StreamIterator::Next() { return reverse_ ? NextBackward() : NextForward(); }

bool StreamIterator::NextForward() {
  const Stream::Nodes& nodes = stream_.nodes_;
  while (node_ != nodes.End()) {
    const auto& [master, node] = nodes.at(node_);
    while (at_ < node->End()) {
      at_ = node->Read(at_, master, &entry_);
      if (entry_.deleted || entry_.id < start_) continue;
      if (entry_.id <= end_) return true;
      node_ = nodes.End();
      return false;
    }
    node_ = nodes.Next(node_);
    if (node_ != nodes.End()) at_ = nodes.at(node_).value->Begin();
  }
  return false;
}

bool StreamIterator::NextBackward() {
  const Stream::Nodes& nodes = stream_.nodes_;
  while (node_ != nodes.End()) {
    const auto& [master, node] = nodes.at(node_);
    while (at_ > node->Begin()) {
      at_ = node->Before(at_);
      node->Read(at_, master, &entry_);
      if (entry_.deleted || entry_.id > end_) continue;
      if (entry_.id >= start_) return true;
      node_ = nodes.End();
      return false;
    }
    node_ = nodes.Previous(node_);
    if (node_ != nodes.End()) at_ = nodes.at(node_).value->End();
  }
  return false;
}

}  // namespace pleiad
