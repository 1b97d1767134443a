// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/crc32c.h"

#include <array>
#include <cstring>

namespace pleiad {
namespace {

constexpr uint32_t kCastagnoli = 0x82f63b78;  // reflected

constexpr std::array<uint32_t, 256> MakeCastagnoliTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kCastagnoli : 0);
    table[i] = crc;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kCastagnoliTable = MakeCastagnoliTable();

uint32_t PlainCrc32c(uint32_t crc, const char* p, size_t size) {
  for (size_t i = 0; i < size; ++i)
    crc = (crc >> 8) ^ kCastagnoliTable[(crc ^ static_cast<unsigned char>(p[i])) & 0xff];
  return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) uint32_t FastCrc32c(uint32_t crc, const char* p, size_t size) {
  uint64_t wide = crc;
  for (; size >= 8; p += 8, size -= 8) {
    uint64_t word = 0;
    std::memcpy(&word, p, sizeof(word));
    wide = __builtin_ia32_crc32di(wide, word);
  }
  return PlainCrc32c(static_cast<uint32_t>(wide), p, size);
}
#endif

}  // namespace

uint32_t Crc32c(uint32_t crc, std::string_view bytes) {
#ifdef __x86_64__
  static const bool fast = __builtin_cpu_supports("sse4.2") != 0;
  if (fast) return ~FastCrc32c(~crc, bytes.data(), bytes.size());
#endif
  return ~PlainCrc32c(~crc, bytes.data(), bytes.size());
}

}  // namespace pleiad
