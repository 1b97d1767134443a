// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

#include "base/log.h"

namespace pleiad {

void CheckFailed(const char* file, int line, const char* condition, std::string_view detail) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s. %.*s\n", file, line, condition,
               static_cast<int>(detail.size()), detail.data());
  std::fflush(stderr);
  PLOG(kWarning, "=== PLEIAD BUG: {}:{}: CHECK failed: {}. {}", file, line, condition, detail);
  std::abort();
}

}  // namespace pleiad
