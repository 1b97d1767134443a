// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The keyed hash of keys.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/hash.h"

namespace pleiad {

inline uint64_t HashKey(std::string_view key, uint64_t seed) { return HashBytes(key, seed); }

}  // namespace pleiad
