// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the commands of each slot cost, for CLUSTER SLOT-STATS. Kept only while
// cluster-slot-stats-enabled is on. Threads: any; figures are relaxed, so a sum may lag by a
// command.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/ids.h"
#include "base/spin_lock.h"

namespace pleiad {

class SlotStats {
 public:
  struct Figures {
    std::atomic<uint64_t> cycles{0};
    std::atomic<uint64_t> bytes_in{0};
    std::atomic<uint64_t> bytes_out{0};
  };

  bool enabled() const { return enabled_.load(std::memory_order_acquire); }
  // Switched on, it begins with zeros.
  void set_enabled(bool enabled) {
    const std::lock_guard<SpinLock> lock(lock_);
    if (enabled == enabled_.load(std::memory_order_relaxed)) return;
    if (enabled) {
      if (!figures_) figures_ = std::make_unique<Figures[]>(kSlotCount);
      for (int i = 0; i < kSlotCount; ++i) Reset(SlotId(static_cast<uint16_t>(i)));
    }
    enabled_.store(enabled, std::memory_order_release);
  }
  // REQUIRES: it was enabled once.
  const Figures& of(SlotId slot) const { return figures_[slot.value]; }
  void Add(SlotId slot, uint64_t cycles, uint64_t bytes_in, uint64_t bytes_out) {
    Figures& f = figures_[slot.value];
    f.cycles.fetch_add(cycles, std::memory_order_relaxed);
    f.bytes_in.fetch_add(bytes_in, std::memory_order_relaxed);
    f.bytes_out.fetch_add(bytes_out, std::memory_order_relaxed);
  }
  // The slot came to this node, or left it. REQUIRES: it was enabled once.
  void Reset(SlotId slot) {
    figures_[slot.value].cycles.store(0, std::memory_order_relaxed);
    figures_[slot.value].bytes_in.store(0, std::memory_order_relaxed);
    figures_[slot.value].bytes_out.store(0, std::memory_order_relaxed);
  }
  void ResetAll() {
    if (!figures_) return;
    for (int i = 0; i < kSlotCount; ++i) Reset(SlotId(static_cast<uint16_t>(i)));
  }

 private:
  SpinLock lock_;
  std::atomic<bool> enabled_{false};
  std::unique_ptr<Figures[]> figures_;  // made once, kept
};

}  // namespace pleiad
