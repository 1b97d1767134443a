// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/slot_set.h"

#include "base/check.h"

namespace pleiad::admin {

void SlotSet::Add(SlotRange range) {
  CHECK(range.first >= 0 && range.last < kSlotCount);
  for (int slot = range.first; slot <= range.last; ++slot) bits_.set(static_cast<size_t>(slot));
}

std::vector<int> SlotSet::list() const {
  std::vector<int> slots;
  for (int slot = 0; slot < kSlotCount; ++slot) {
    if (Has(slot)) slots.push_back(slot);
  }
  return slots;
}

std::vector<SlotRange> SlotSet::Ranges() const {
  std::vector<SlotRange> ranges;
  for (int slot = 0; slot < kSlotCount; ++slot) {
    if (!Has(slot)) continue;
    if (!ranges.empty() && ranges.back().last == slot - 1) {
      ranges.back().last = slot;
    } else {
      ranges.push_back({slot, slot});
    }
  }
  return ranges;
}

std::string SlotSet::str() const {
  std::string text;
  for (const SlotRange& range : Ranges()) {
    if (!text.empty()) text += ',';
    text += std::to_string(range.first);
    if (range.last != range.first) text += '-' + std::to_string(range.last);
  }
  return text;
}

}  // namespace pleiad::admin
