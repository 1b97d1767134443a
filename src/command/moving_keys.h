// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The keys that MIGRATE is moving at this moment. Between the look at a key's value and its
// deletion here, writes to it wait (Dispatcher::HeldByMove); reads go on.
//
// Threads: any, with the slot's lock held. Cost: nothing in slots without Slot::kMoving.
#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/ids.h"
#include "base/spin_lock.h"

namespace pleiad {

class MovingKeys {
 public:
  // REQUIRES: the key is not in it; one job moves a slot at a time.
  void Add(SlotId slot, int db, std::string_view key);
  // False: no key of that slot is left, so its flag may be cleared.
  bool Remove(SlotId slot, int db, std::string_view key);
  bool Contains(SlotId slot, int db, std::string_view key);

 private:
  static constexpr size_t kShards = 64;
  struct Shard {
    SpinLock lock;
    std::set<std::pair<uint16_t, std::string>> keys;  // database and key in one text
  };
  Shard& ShardOf(SlotId slot) { return shards_[slot.value % kShards]; }
  std::array<Shard, kShards> shards_;
};

}  // namespace pleiad
