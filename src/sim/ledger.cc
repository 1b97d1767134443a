// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Histories of one shard share their beginning, so only the ends are compared.
#include "sim/ledger.h"

#include <algorithm>
#include <unordered_set>

namespace pleiad::sim {

size_t Ledger::Compare(const std::vector<Entry>& dropped, const std::vector<Entry>& kept,
                       const char* cause) {
  // Values are unique and histories branch once, so behind the first difference all is different.
  size_t same = 0;
  size_t end = std::min(dropped.size(), kept.size());
  while (same < end) {
    const size_t middle = (same + end) / 2;
    if (dropped[middle].value == kept[middle].value) {
      same = middle + 1;
    } else {
      end = middle;
    }
  }
  std::unordered_set<uint64_t> there;
  for (size_t i = same; i < kept.size(); ++i) there.insert(kept[i].value);
  size_t gone = 0;
  for (size_t i = same; i < dropped.size(); ++i) {
    Write* write = Find(dropped[i].value);
    if (write == nullptr || write->cause != nullptr || there.count(write->value) != 0) continue;
    write->cause = cause;
    ++gone;
  }
  return gone;
}

}  // namespace pleiad::sim
