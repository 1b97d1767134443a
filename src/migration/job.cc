// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "migration/job.h"

#include "base/text.h"

namespace pleiad::migration {

SlotBits ToBits(const SlotSpans& spans) {
  SlotBits bits;
  for (const SlotSpan& span : spans) {
    for (size_t n = span.first.value; n <= span.last.value; ++n) bits.set(n);
  }
  return bits;
}

std::string ToText(const SlotSpans& spans) {
  std::string text;
  for (const SlotSpan& span : spans) {
    if (!text.empty()) text += ' ';
    text += std::to_string(span.first.value) + '-' + std::to_string(span.last.value);
  }
  return text;
}

bool ParseSpans(std::span<const std::string_view> numbers, SlotSpans* spans) {
  if (numbers.empty() || numbers.size() % 2 != 0) return false;
  SlotBits seen;
  for (size_t i = 0; i < numbers.size(); i += 2) {
    const auto first = ParseInt64(numbers[i]);
    const auto last = ParseInt64(numbers[i + 1]);
    if (!first || !last || *first < 0 || *first > *last || *last >= kSlotCount) return false;
    for (auto n = static_cast<size_t>(*first); n <= static_cast<size_t>(*last); ++n) {
      if (seen.test(n)) return false;
      seen.set(n);
    }
    spans->push_back({SlotId(static_cast<uint16_t>(*first)), SlotId(static_cast<uint16_t>(*last))});
  }
  return true;
}

std::string_view ToText(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSuccess:
      return "success";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kCancelled:
      break;
  }
  return "cancelled";
}

}  // namespace pleiad::migration
