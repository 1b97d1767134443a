// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CRC32C: Castagnoli polynomial, reflected. Processors know it (8 bytes in 3 cycles); the sums in
// our AOFs.
#pragma once

#include <cstdint>
#include <string_view>

namespace pleiad {

// 0 begins; the result goes on as `crc` of the next piece.
uint32_t Crc32c(uint32_t crc, std::string_view bytes);

}  // namespace pleiad
