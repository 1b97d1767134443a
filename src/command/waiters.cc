// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/waiters.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace pleiad {

std::string WaiterTable::Name(int db, std::string_view key) {
  return std::to_string(db) + ":" + std::string(key);
}

void WaiterTable::Add(const std::shared_ptr<Waiter>& waiter) {
  count_.fetch_add(1, std::memory_order_relaxed);
  waiter->listed = true;
  for (const Waiter::WaitedKey& key : waiter->keys) {
    Shard& shard = ShardOf(key.slot);
    const std::lock_guard<SpinLock> lock(shard.lock);
    auto& queue = shard.queues[Name(waiter->db, key.key)];
    if (!queue.empty() && queue.back() == waiter) continue;  // a key named twice
    queue.push_back(waiter);
    ++shard.places[key.slot.value];
  }
}

void WaiterTable::Remove(const std::shared_ptr<Waiter>& waiter) {
  if (!waiter->listed.exchange(false)) return;
  count_.fetch_sub(1, std::memory_order_relaxed);
  for (const Waiter::WaitedKey& key : waiter->keys) {
    Shard& shard = ShardOf(key.slot);
    const std::lock_guard<SpinLock> lock(shard.lock);
    const auto found = shard.queues.find(Name(waiter->db, key.key));
    if (found == shard.queues.end()) continue;
    const size_t erased = std::erase(found->second, waiter);
    if (found->second.empty()) shard.queues.erase(found);
    if ((shard.places[key.slot.value] -= erased) == 0) shard.places.erase(key.slot.value);
  }
}

std::vector<std::shared_ptr<Waiter>> WaiterTable::For(SlotId slot, int db, std::string_view key) {
  Shard& shard = ShardOf(slot);
  const std::lock_guard<SpinLock> lock(shard.lock);
  const auto found = shard.queues.find(Name(db, key));
  if (found == shard.queues.end()) return {};
  return {found->second.begin(), found->second.end()};
}

bool WaiterTable::Any(SlotId slot) {
  Shard& shard = ShardOf(slot);
  const std::lock_guard<SpinLock> lock(shard.lock);
  return shard.places.contains(slot.value);
}

void WaiterTable::LeaveOver(std::deque<ReadyKey>* ready) {
  const std::lock_guard<SpinLock> lock(left_over_lock_);
  left_over_.insert(left_over_.end(), ready->begin(), ready->end());
  ready->clear();
  any_left_over_.store(true, std::memory_order_seq_cst);
}

void WaiterTable::LeaveAllOver(int db) {
  std::deque<ReadyKey> ready;
  for (const auto& waiter : All()) {
    if (db >= 0 && waiter->db != db) continue;
    for (const Waiter::WaitedKey& key : waiter->keys) ready.push_back({waiter->db, key.key});
  }
  if (!ready.empty()) LeaveOver(&ready);
}

std::deque<WaiterTable::ReadyKey> WaiterTable::TakeLeftOver() {
  if (!any_left_over()) return {};
  const std::lock_guard<SpinLock> lock(left_over_lock_);
  any_left_over_.store(false, std::memory_order_seq_cst);
  return std::exchange(left_over_, {});
}

std::vector<std::shared_ptr<Waiter>> WaiterTable::All() {
  std::vector<std::shared_ptr<Waiter>> all;
  for (Shard& shard : shards_) {
    const std::lock_guard<SpinLock> lock(shard.lock);
    for (const auto& [name, queue] : shard.queues)
      all.insert(all.end(), queue.begin(), queue.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::vector<std::shared_ptr<Waiter>> WaiterTable::All(SlotId slot) {
  std::vector<std::shared_ptr<Waiter>> all = All();
  std::erase_if(all, [slot](const auto& waiter) {
    return std::none_of(waiter->keys.begin(), waiter->keys.end(),
                        [slot](const auto& key) { return key.slot == slot; });
  });
  return all;
}

}  // namespace pleiad
