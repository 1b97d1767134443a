// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CHECK: our own bugs. A crash beats corruption, so checks stay on in production. Never use them
// for input of others (client, bus, disk): those get a reply or a Result.
#pragma once

#include <string_view>

namespace pleiad {

// Prints "file:line: CHECK failed: condition. detail" to standard error and the log, then aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view detail = {});

}  // namespace pleiad

#define CHECK(condition)                                     \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::pleiad::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (0)

#define CHECK_MSG(condition, detail)                                 \
  do {                                                               \
    if (!(condition)) [[unlikely]]                                   \
      ::pleiad::CheckFailed(__FILE__, __LINE__, #condition, detail); \
  } while (0)

// Costly checks: on in debug and simulator builds only.
#ifdef PLEIAD_SLOW_CHECKS
#define DCHECK(condition) CHECK(condition)
#else
#define DCHECK(condition) \
  do {                    \
  } while (0)
#endif
