// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The two clocks and the rate of the cycle counter. Everyone else gets the time by value.
#pragma once

#include <cstdint>

#include "base/ids.h"

namespace pleiad::runtime {

MonoMs MonoNow();
UnixMs UnixNow();
int64_t UnixMicros();
int64_t MonoMicros();

// Cycles of base/cycles.h per microsecond; measured once (20 ms) at the first call.
double CyclesPerMicrosecond();

}  // namespace pleiad::runtime
