// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/random.h"

#include <sys/random.h>

#include "base/check.h"

namespace pleiad::runtime {

uint64_t SystemSeed() {
  uint64_t seed = 0;
  CHECK(getrandom(&seed, sizeof(seed), 0) == sizeof(seed));
  return seed;
}

}  // namespace pleiad::runtime
