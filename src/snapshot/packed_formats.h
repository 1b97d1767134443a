// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The encodings inside RDB values, as other servers write them: listpacks (7.0 and later), ziplists
// (2.6 to 6.2), intsets, zipmaps (before 2.6). One pass, forward, no copies: an element is a view
// of the bytes, or a number in its decimal text (valid during the call).
//
// Bytes may come from a stranger: everything is checked (lengths against the end, counts, back
// links, the terminator, order of an intset), nothing is read outside `bytes`, and an error says
// what is wrong. An error from `f` ends the pass and is returned. An empty sequence is well-formed:
// whether a key may be empty is the caller's question. Errors found behind the middle come after
// elements were given.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pleiad {

using PackedElementSink = std::function<Status(std::string_view element)>;

Status ForEachListpack(std::string_view bytes, const PackedElementSink& f);
Status ForEachZiplist(std::string_view bytes, const PackedElementSink& f);
// Field, value, field, value, ...
Status ForEachZipmap(std::string_view bytes, const PackedElementSink& f);
// Ascending, each once.
Status ForEachIntset(std::string_view bytes, const std::function<Status(int64_t)>& f);

// An element as it was encoded.
struct ListpackElement {
  bool is_integer = false;
  int64_t integer = 0;    // if is_integer
  std::string_view text;  // if not
  // Either as text. The buffer is where a number is printed.
  std::string_view Text(char (&buffer)[24]) const;
};

// A forward cursor over a listpack:
//
//     ListpackReader reader(bytes);
//     if (Status s = reader.Open(); !s.ok()) return s;
//     while (!reader.at_end()) {
//       ListpackElement element;
//       if (Status s = reader.Next(&element); !s.ok()) return s;
//     }
//     return reader.Finish();
class ListpackReader {
 public:
  static constexpr size_t kHeader = 6;
  static constexpr size_t kCountUnknown = 65535;

  explicit ListpackReader(std::string_view bytes) : bytes_(bytes) {}
  // Checks the header and the terminator. Nothing else may be called before it returned Ok.
  Status Open();
  // What the header says; kCountUnknown: 65535 or more. Finish() checks it.
  size_t header_count() const { return header_count_; }
  // Offset of the next element in the bytes.
  size_t position() const { return position_; }
  // Elements read so far.
  size_t count() const { return count_; }
  bool at_end() const { return position_ + 1 == bytes_.size(); }
  // At the end: an error.
  Status Next(ListpackElement* element);
  // The next element must be a number (or its canonical text).
  Status NextInteger(int64_t* integer);
  // An error unless everything was read and the header's count is right.
  Status Finish() const;

 private:
  std::string_view bytes_;
  size_t position_ = kHeader;
  size_t count_ = 0;
  size_t header_count_ = 0;
};

// Makes a listpack byte for byte as Redis 7 makes it by appending. REQUIRES: the whole stays under
// 4 GB.
class ListpackBuilder {
 public:
  ListpackBuilder() : bytes_(ListpackReader::kHeader, '\0') {}
  // As an integer if it is the canonical text of an int64.
  void Append(std::string_view element);
  void AppendInteger(int64_t value);
  size_t count() const { return count_; }
  // Bytes of the listpack if it were finished now.
  size_t size() const { return bytes_.size() + 1; }
  // Fills in the header, ends it, hands it over. The builder is empty afterwards.
  std::string Finish();

 private:
  void AppendBacklen(size_t size);
  std::string bytes_;
  size_t count_ = 0;
};

// The intset of `values`. REQUIRES: strictly ascending.
std::string BuildIntset(std::span<const int64_t> values);

// The same, value by value.
class IntsetBuilder {
 public:
  // REQUIRES: more than the value before.
  void Append(int64_t value) { values_.push_back(value); }
  size_t count() const { return values_.size(); }
  std::string Finish() const { return BuildIntset(values_); }

 private:
  std::vector<int64_t> values_;
};

}  // namespace pleiad
