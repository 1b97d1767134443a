// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/transaction.h"

#include <mutex>

namespace pleiad {

void WatchTable::Add(const std::shared_ptr<Watch>& watch) {
  Shard& shard = ShardOf(watch->slot);
  const std::lock_guard<SpinLock> lock(shard.lock);
  shard.watches.emplace(watch->slot.value, watch);
}

void WatchTable::Remove(const std::shared_ptr<Watch>& watch) {
  Shard& shard = ShardOf(watch->slot);
  const std::lock_guard<SpinLock> lock(shard.lock);
  const auto [first, last] = shard.watches.equal_range(watch->slot.value);
  for (auto it = first; it != last; ++it) {
    if (it->second != watch) continue;
    shard.watches.erase(it);
    return;
  }
}

bool WatchTable::OnChange(SlotId slot, int db, std::string_view key) {
  Shard& shard = ShardOf(slot);
  const std::lock_guard<SpinLock> lock(shard.lock);
  const auto [first, last] = shard.watches.equal_range(slot.value);
  for (auto it = first; it != last; ++it) {
    Watch& watch = *it->second;
    if (watch.db != db || (key.empty() ? !watch.existed : watch.key != key)) continue;
    watch.dirty.store(true, std::memory_order_relaxed);
  }
  return first != last;
}

void ClientWatches::Add(int db, std::string_view key, SlotId slot, bool existed) {
  for (const auto& watch : watches_) {
    if (watch->db == db && watch->key == key) return;
  }
  auto watch = std::make_shared<Watch>();
  watch->db = db;
  watch->key = key;
  watch->slot = slot;
  watch->existed = existed;
  table_->Add(watch);
  watches_.push_back(std::move(watch));
}

void ClientWatches::Clear() {
  for (const auto& watch : watches_) table_->Remove(watch);
  watches_.clear();
}

}  // namespace pleiad
