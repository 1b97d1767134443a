// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The two checksums of the field. KeySlot: CRC16 (XMODEM) of the key, or of its hash tag, mod 16384
// (Redis Cluster specification). Crc64: Jones polynomial, reflected, the trailer of RDB files and
// DUMP payloads.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/ids.h"

namespace pleiad {

uint16_t Crc16(std::string_view bytes);
uint64_t Crc64(uint64_t crc, std::string_view bytes);

// The part of the key that decides the slot: what stands between the first '{' and the next '}', if
// not empty.
inline std::string_view HashTag(std::string_view key) {
  const size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

inline SlotId KeySlot(std::string_view key) {
  return SlotId(static_cast<uint16_t>(Crc16(HashTag(key)) & (kSlotCount - 1)));
}

}  // namespace pleiad
