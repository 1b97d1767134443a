// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The work of SORT and SORT_RO: options, elements, weights, order, and what is given for each
// element.
#pragma once

#include <bitset>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command/command.h"

namespace pleiad {

// A pattern of BY or GET: "weight_*", "object_*->field", or "#", the element itself.
struct SortPattern {
  enum class Kind : uint8_t {
    kElement,  // "#"
    kNothing,  // no '*': there is no such key
    kKey,
    kField,  // of a hash
  };

  Kind kind = Kind::kNothing;
  std::string_view prefix;  // of the key, before the '*'
  std::string_view suffix;  // behind it
  std::string_view field;

  static SortPattern Parse(std::string_view text);
  bool reads_keys() const { return kind == Kind::kKey || kind == Kind::kField; }
  std::string KeyOf(std::string_view element) const;
};

struct SortRequest {
  std::optional<SortPattern> by;
  std::vector<SortPattern> gets;
  std::optional<std::string_view> store;
  int64_t limit_first = 0;
  int64_t limit_count = -1;  // negative: all
  bool descending = false;
  bool alpha = false;
  bool keep_order = false;  // BY with a constant

  // From args[2] on. False: the error was written.
  bool Parse(ReadContext& ctx, const Args& args, bool read_only, resp::Writer& out);
};

class SortRun {
 public:
  SortRun(ReadContext* ctx, SortRequest request) : ctx_(*ctx), request_(std::move(request)) {}

  // Reads what is to be sorted, with the slots locked of all keys that its patterns may name, and
  // puts it in order. False: WRONGTYPE, or something is not a number; the error was written.
  bool Run(resp::Writer& out);
  // How many strings ForEach gives.
  size_t size() const { return count_ * (request_.gets.empty() ? 1 : request_.gets.size()); }
  // f(std::optional<std::string_view>): the elements in order, or what GET gives for each.
  template <typename F>
  void ForEach(F f) {
    for (size_t i = first_; i < first_ + count_; ++i) {
      if (request_.gets.empty()) f(std::optional(elements_[i].text));
      for (const SortPattern& get : request_.gets) f(Look(get, elements_[i].text));
    }
  }

 private:
  struct Element {
    std::string_view text;
    double score = 0;
    std::optional<std::string_view> weight;  // ALPHA
  };
  using SlotBits = std::bitset<kSlotCount>;

  bool Collect(resp::Writer& out);
  void CollectFrom(const Entry& entry);
  bool SortsBy() const { return request_.by.has_value() && !request_.keep_order; }
  bool ReadsOtherKeys() const;
  SlotBits SlotsToRead() const;
  bool CollectLocked(resp::Writer& out);
  bool Weigh();
  void Order();
  std::optional<std::string_view> Look(const SortPattern& pattern, std::string_view element);

  ReadContext& ctx_;
  SortRequest request_;
  std::vector<Element> elements_;
  std::deque<std::string> texts_;  // of elements that are made while they are read
  size_t first_ = 0;               // what LIMIT leaves of elements_
  size_t count_ = 0;
};

}  // namespace pleiad
