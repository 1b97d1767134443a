// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A set of hash slots and its spelling as ranges, "0-4,6-5460".
#pragma once

#include <bitset>
#include <string>
#include <vector>

#include "base/ids.h"

namespace pleiad::admin {

// First and last slot, both included.
struct SlotRange {
  int first = 0;
  int last = 0;
  int size() const { return last - first + 1; }
  bool operator==(const SlotRange&) const = default;
};

class SlotSet {
 public:
  void Add(SlotRange range);
  void Add(int slot) { bits_.set(static_cast<size_t>(slot)); }
  void Remove(int slot) { bits_.reset(static_cast<size_t>(slot)); }
  bool Has(int slot) const { return bits_.test(static_cast<size_t>(slot)); }
  int size() const { return static_cast<int>(bits_.count()); }
  bool empty() const { return bits_.none(); }
  bool full() const { return bits_.all(); }
  void Merge(const SlotSet& other) { bits_ |= other.bits_; }
  // Ascending.
  std::vector<int> list() const;
  // Ascending, as few as possible.
  std::vector<SlotRange> Ranges() const;
  // "0-4,6,8-9"; empty for no slots.
  std::string str() const;
  bool operator==(const SlotSet&) const = default;

 private:
  std::bitset<kSlotCount> bits_;
};

}  // namespace pleiad::admin
