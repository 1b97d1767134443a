// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A 4-byte lock for critical sections of a command's length. Uncontended: one atomic exchange
// (about 5 ns). Contended: spins briefly, then sleeps in the kernel (futex through std::atomic
// wait), so a preempted holder costs no CPU.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/thread_annotations.h"

namespace pleiad {

class CAPABILITY("mutex") SpinLock {
 public:
  void lock() ACQUIRE() {
    uint32_t expected = kFree;
    if (!word_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire)) [[unlikely]]
      LockSlow();
  }
  bool try_lock() TRY_ACQUIRE(true) {
    uint32_t expected = kFree;
    return word_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire);
  }
  void unlock() RELEASE() {
    if (word_.exchange(kFree, std::memory_order_release) == kContended) [[unlikely]]
      word_.notify_one();
  }

 private:
  static constexpr uint32_t kFree = 0;
  static constexpr uint32_t kHeld = 1;
  static constexpr uint32_t kContended = 2;

  void LockSlow() {
    for (int spin = 0; spin < 200; ++spin) {
      uint32_t expected = kFree;
      if (word_.compare_exchange_weak(expected, kHeld, std::memory_order_acquire)) return;
      __builtin_ia32_pause();
    }
    while (word_.exchange(kContended, std::memory_order_acquire) != kFree) word_.wait(kContended);
  }
  std::atomic<uint32_t> word_{kFree};
};

}  // namespace pleiad
