// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A counter that all threads draw from.
#include "runtime/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace pleiad::runtime {

void ForEachNumber(uint64_t first, uint64_t last, int jobs,
                   const std::function<bool(uint64_t)>& work) {
  if (first > last) return;
  std::atomic<uint64_t> next{0};
  std::atomic<bool> stop{false};
  const auto loop = [&] {
    while (!stop.load(std::memory_order_relaxed)) {
      const uint64_t n = next.fetch_add(1, std::memory_order_relaxed);
      if (n > last - first) return;
      if (!work(first + n)) stop.store(true, std::memory_order_relaxed);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < jobs; ++i) threads.emplace_back(loop);
  loop();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace pleiad::runtime
