// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace pleiad::runtime {

// 64 bits from the system's random device: seeds for Prng and for the keyed hash.
uint64_t SystemSeed();

}  // namespace pleiad::runtime
