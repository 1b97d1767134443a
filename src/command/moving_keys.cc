// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/moving_keys.h"

#include <mutex>

namespace pleiad {
namespace {

std::string MovingName(int db, std::string_view key) {
  std::string name = std::to_string(db);
  name += ':';
  name += key;
  return name;
}

}  // namespace

void MovingKeys::Add(SlotId slot, int db, std::string_view key) {
  Shard& shard = ShardOf(slot);
  const std::lock_guard<SpinLock> lock(shard.lock);
  shard.keys.emplace(slot.value, MovingName(db, key));
}

bool MovingKeys::Remove(SlotId slot, int db, std::string_view key) {
  Shard& shard = ShardOf(slot);
  const std::lock_guard<SpinLock> lock(shard.lock);
  shard.keys.erase({slot.value, MovingName(db, key)});
  const auto next = shard.keys.lower_bound({slot.value, std::string()});
  return next != shard.keys.end() && next->first == slot.value;
}

bool MovingKeys::Contains(SlotId slot, int db, std::string_view key) {
  Shard& shard = ShardOf(slot);
  const std::lock_guard<SpinLock> lock(shard.lock);
  return shard.keys.contains({slot.value, MovingName(db, key)});
}

}  // namespace pleiad
