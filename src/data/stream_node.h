// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// StreamNode: a run of consecutive entries of a stream in one allocation. The elements are those of
// the listpack that RDB has for a node, so snapshots copy them:
//
//     names:  the field names of the node's first entry ("master")
//     entry:  flags | ms - master's | seq - master's |
//             values                                   kSameFields: the names are the master's
//             count | name | value | name | ...        otherwise
//             elements of this entry before this one
//     element: an integer in 1 to 9 bytes or a string with its length, then its own length so that
//             one can walk backwards
//
// Counts that a listpack has in front stand in the struct, so adding an entry only appends. A
// deleted entry stays, flagged; when no other is left the owner frees the node.
//
// Offsets name entries: Begin() is the first, End() is behind the last. The master's id is the key
// under which the owner keeps the node.
#pragma once

#include <charconv>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "data/stream_id.h"

namespace pleiad {

// One element: an integer, or a string if `text.data()` is not null.
struct StreamElement {
  std::string_view text;
  int64_t number = 0;
  bool is_number = false;

  // As bytes; `buffer` holds the digits of a number.
  std::string_view Bytes(char (&buffer)[24]) const {
    if (!is_number) return text;
    const auto done = std::to_chars(buffer, buffer + sizeof(buffer), number);
    return {buffer, static_cast<size_t>(done.ptr - buffer)};
  }
};

// Reads the element at `p` and returns where the next one is. REQUIRES: valid bytes.
const char* ReadStreamElement(const char* p, StreamElement* element);

class StreamNode {
 public:
  static constexpr int64_t kDeleted = 1;
  static constexpr int64_t kSameFields = 2;
  static constexpr size_t kBytesMax = 1 << 30;

  // An entry as found. Views are valid until the node changes.
  struct Entry {
    StreamId id;
    bool deleted = false;
    uint32_t fields = 0;          // pairs
    const char* names = nullptr;  // of the master; null: name and value alternate
    const char* values = nullptr;
    // f(name, value) for each pair.
    template <typename F>
    void ForEachField(F f) const {
      char name_digits[24];
      char value_digits[24];
      const char* name_at = names;
      const char* value_at = values;
      for (uint32_t i = 0; i < fields; ++i) {
        StreamElement name;
        StreamElement value;
        if (names != nullptr) {
          name_at = ReadStreamElement(name_at, &name);
        } else {
          value_at = ReadStreamElement(value_at, &name);
        }
        value_at = ReadStreamElement(value_at, &value);
        f(name.Bytes(name_digits), value.Bytes(value_digits));
      }
    }
  };

  // A node without entries whose master has the names in `pairs` (name, value, name, ...).
  static StreamNode* Create(std::span<const std::string_view> pairs);
  static void Free(StreamNode* node);
  static StreamNode* Clone(const StreamNode& node);
  // Appends; `id` is above those there. May move: use the result.
  static StreamNode* Append(StreamNode* node, StreamId master, StreamId id,
                            std::span<const std::string_view> pairs);
  // Gives slack back; for a node that gets no more entries. May move.
  static StreamNode* Shrink(StreamNode* node);

  // Entries that are there, and those flagged as deleted.
  uint32_t count() const { return count_; }
  uint32_t deleted() const { return deleted_; }
  size_t Begin() const { return names_bytes_; }
  size_t End() const { return size_; }
  // Reads the entry at `at`; the offset behind it.
  size_t Read(size_t at, StreamId master, Entry* entry) const;
  // Offset of the entry before `at`. REQUIRES: Begin() < at.
  size_t Before(size_t at) const;
  // Flags the entry at `at`. REQUIRES: it is not deleted.
  void Delete(size_t at);
  // The id of the last entry, deleted or not.
  StreamId LastId(StreamId master) const;

  // The node as a listpack, and back. Null: not a valid node (bytes from outside). Ids within must
  // rise and not be below `master`. A node whose entries are all deleted is valid: other servers
  // write such.
  void AppendListpack(std::string* out) const;
  static StreamNode* FromListpack(std::string_view bytes, StreamId master);
  size_t ListpackBytes() const;
  size_t MemoryUsage() const;

 private:
  StreamNode() = default;
  static StreamNode* Reserve(StreamNode* node, size_t bytes);
  bool SameFields(std::span<const std::string_view> pairs) const;
  bool CheckEntries(StreamId master);
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  char* data() { return reinterpret_cast<char*>(this + 1); }

  uint32_t size_;  // bytes behind this header
  uint32_t capacity_;
  uint32_t count_;
  uint32_t deleted_;
  uint32_t elements_;  // all, names included
  uint32_t names_;
  uint32_t names_bytes_;
};

}  // namespace pleiad
