// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a slot migration is about, and how it ends. Values that both sides share.
#pragma once

#include <bitset>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace pleiad::migration {

struct SlotSpan {
  SlotId first;
  SlotId last;  // inclusive, first <= last
  bool operator==(const SlotSpan&) const = default;
};
using SlotSpans = std::vector<SlotSpan>;
using SlotBits = std::bitset<kSlotCount>;

SlotBits ToBits(const SlotSpans& spans);
// "0-100 5000-5000": what GETSLOTMIGRATIONS shows.
std::string ToText(const SlotSpans& spans);
// Pairs of numbers. False: not pairs, not slots, not ascending within a pair, overlapping, or none.
bool ParseSpans(std::span<const std::string_view> numbers, SlotSpans* spans);

enum class Outcome { kSuccess, kFailed, kCancelled };
std::string_view ToText(Outcome outcome);

struct Job {
  std::string name;  // 40 hex digits
  NodeId source;
  NodeId target;
  SlotSpans slots;
};

}  // namespace pleiad::migration
