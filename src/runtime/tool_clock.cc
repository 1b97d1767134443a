// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/tool_clock.h"

#include <time.h>

#include <cerrno>

namespace pleiad::runtime {

MonoMs ToolNow() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return MonoMs(static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000);
}

void ToolPause(int64_t ms) {
  timespec left = {static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000) * 1'000'000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

}  // namespace pleiad::runtime
