// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Stream: entries (an id, and names with values) in the order of their ids, and groups of consumers
// that read them. Always an object; there is no packed form.
//
// Entries lie in nodes (data/stream_node.h) of up to stream_node_max_bytes and _entries, found by
// the id of their first entry. Adding costs O(1), finding an id O(log nodes) and a walk within one
// node. Trimming drops whole nodes where it can.
//
//     auto stream = std::make_unique<Stream>();
//     stream->Append({5, 0}, {"name", "value"}, settings);
//     for (StreamIterator i(*stream, {0, 0}, StreamId::Max(), false); i.Next();) Use(i.entry());
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "data/collection_settings.h"
#include "data/object.h"
#include "data/stream_group.h"
#include "data/stream_id.h"
#include "data/stream_id_map.h"
#include "data/stream_node.h"

namespace pleiad {

// What deleting an entry does to references of groups to it.
enum class StreamReferences : uint8_t {
  kKeep,          // they stay
  kDelete,        // they go
  kAcknowledged,  // the entry is deleted only if every group has read and acknowledged it
};

struct StreamTrim {
  enum class Kind : uint8_t { kNone, kMaxLen, kMinId };
  Kind kind = Kind::kNone;
  bool approximate = false;  // whole nodes only
  StreamReferences references = StreamReferences::kKeep;
  uint64_t max_length = 0;
  StreamId min_id;
  int64_t limit = 0;  // at most so many entries; 0: any number
};

class Stream : public Object {
 public:
  using Nodes = StreamIdMap<StreamNode*>;
  using Groups = std::map<std::string, std::unique_ptr<StreamGroup>, std::less<>>;

  Stream() = default;
  ~Stream() override;

  uint64_t length() const { return length_; }
  // The lowest id there is; 0-0 without entries.
  StreamId first_id() const { return first_id_; }
  // Of the last entry ever added, also if it was deleted.
  StreamId last_id() const { return last_id_; }
  StreamId max_deleted_id() const { return max_deleted_id_; }
  uint64_t entries_added() const { return entries_added_; }
  const Nodes& nodes() const { return nodes_; }
  // Nodes of the radix tree that Redis would have over the same nodes; XINFO shows it. Cost:
  // O(nodes).
  size_t RadixTreeNodes() const;

  // The entry gets in at the end. `pairs` are name, value, name, ... False: it is too large.
  // REQUIRES: id > last_id().
  bool Append(StreamId id, std::span<const std::string_view> pairs,
              const CollectionSettings& settings);
  bool Contains(StreamId id) const;
  // False: it is not there.
  bool Delete(StreamId id);
  // Returns how many entries went.
  uint64_t Trim(const StreamTrim& trim);
  // XSETID. REQUIRES: id is not below the last entry's.
  void SetLastId(StreamId id) { last_id_ = id; }
  void SetEntriesAdded(uint64_t n) { entries_added_ = n; }
  void SetMaxDeletedId(StreamId id) { max_deleted_id_ = id; }

  Groups& groups() { return groups_; }
  const Groups& groups() const { return groups_; }
  StreamGroup* FindGroup(std::string_view name) const;
  // Null: there is one of that name.
  StreamGroup* CreateGroup(std::string_view name, StreamId last_id, int64_t entries_read);
  // True: a group has not read the entry, or not acknowledged it.
  bool Referenced(StreamId id) const;
  // Takes `id` out of all pending lists.
  void DropReferences(StreamId id);

  // How many entries of the stream's life are up to `id`, or kUnknown if deletions hide it.
  int64_t EntriesUpTo(StreamId id) const;
  // Entries the group has still to read, trimmed ones included; kUnknown if that can't be told.
  std::optional<int64_t> Lag(const StreamGroup& group) const;
  // The group got the entry `id`: moves its position.
  void Advance(StreamGroup* group, StreamId id) const;

  size_t MemoryUsage() const override;
  std::unique_ptr<Object> Clone() const override;

  // For decoders: puts a node in, as it is. Takes it over. False: its ids are not behind those that
  // are there.
  bool AdoptNode(StreamId master, StreamNode* node);

 private:
  friend class StreamIterator;
  // Where an entry is: its node and the offset within.
  struct Place {
    Nodes::Cursor node;
    size_t at = 0;
  };
  bool Locate(StreamId id, Place* place) const;
  // REQUIRES: there are nodes.
  void FindTail();
  void ReplaceTail(StreamNode* node);
  void DeleteAt(const Place& place);
  uint64_t TrimWithin(const StreamTrim& trim, Nodes::Cursor at, bool* stopped);
  bool MayDropNode(const StreamTrim& trim, Nodes::Cursor at) const;
  bool HasDeletedFrom(StreamId id) const;
  void FindFirstId();

  Nodes nodes_;
  // The last node and its id, so that an append need not look for them; nullptr: look. Whatever
  // changes nodes_ or a node in it sets it to nullptr.
  StreamNode* tail_ = nullptr;
  StreamId tail_id_;
  uint64_t length_ = 0;
  StreamId first_id_;
  StreamId last_id_;
  StreamId max_deleted_id_;
  uint64_t entries_added_ = 0;
  Groups groups_;
};

// The entries of a range, in either direction. The stream must not change meanwhile.
class StreamIterator {
 public:
  // Ids from `start` to `end`, both included; `reverse` begins at `end`.
  StreamIterator(const Stream& stream, StreamId start, StreamId end, bool reverse);
  // Goes to the next entry. False: there is none.
  bool Next();
  const StreamNode::Entry& entry() const { return entry_; }
  StreamId id() const { return entry_.id; }

 private:
  bool NextForward();
  bool NextBackward();

  const Stream& stream_;
  const StreamId start_;
  const StreamId end_;
  const bool reverse_;
  Stream::Nodes::Cursor node_;
  size_t at_ = 0;  // forward: the next entry; backward: behind the next one
  StreamNode::Entry entry_;
};

}  // namespace pleiad
