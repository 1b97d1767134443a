// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/crc.h"

#include <array>
#include <bit>
#include <cstring>

namespace pleiad {
namespace {

// Slicing by 8: table[k][b] is the CRC of byte b followed by k zero bytes.
constexpr std::array<std::array<uint16_t, 256>, 8> MakeCrc16Tables() {
  std::array<std::array<uint16_t, 256>, 8> t{};
  for (unsigned i = 0; i < 256; ++i) {
    unsigned crc = i << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1;
    t[0][i] = static_cast<uint16_t>(crc);
  }
  for (unsigned k = 1; k < 8; ++k) {
    for (unsigned i = 0; i < 256; ++i) {
      const unsigned crc = t[k - 1][i];
      t[k][i] = static_cast<uint16_t>((crc << 8) ^ t[0][(crc >> 8) & 0xff]);
    }
  }
  return t;
}

constexpr std::array<std::array<uint64_t, 256>, 8> MakeCrc64Tables() {
  constexpr uint64_t kPoly = 0x95ac9329ac4bc9b5ULL;  // 0xad93d23594c935a9 reflected
  std::array<std::array<uint64_t, 256>, 8> t{};
  for (unsigned i = 0; i < 256; ++i) {
    uint64_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) ? (crc >> 1) ^ kPoly : crc >> 1;
    t[0][i] = crc;
  }
  for (unsigned k = 1; k < 8; ++k) {
    for (unsigned i = 0; i < 256; ++i) {
      t[k][i] = t[0][t[k - 1][i] & 0xff] ^ (t[k - 1][i] >> 8);
    }
  }
  return t;
}

constexpr auto kCrc16 = MakeCrc16Tables();
constexpr auto kCrc64 = MakeCrc64Tables();

inline unsigned Byte(char c) { return static_cast<unsigned char>(c); }

}  // namespace

uint16_t Crc16(std::string_view bytes) {
  unsigned crc = 0;
  const char* p = bytes.data();
  size_t n = bytes.size();
  for (; n >= 8; n -= 8, p += 8) {
    crc = kCrc16[7][((crc >> 8) ^ Byte(p[0])) & 0xff] ^ kCrc16[6][(crc ^ Byte(p[1])) & 0xff] ^
          kCrc16[5][Byte(p[2])] ^ kCrc16[4][Byte(p[3])] ^ kCrc16[3][Byte(p[4])] ^
          kCrc16[2][Byte(p[5])] ^ kCrc16[1][Byte(p[6])] ^ kCrc16[0][Byte(p[7])];
  }
  for (; n > 0; --n, ++p) crc = (crc << 8) ^ kCrc16[0][((crc >> 8) ^ Byte(*p)) & 0xff];
  return static_cast<uint16_t>(crc);
}

uint64_t Crc64(uint64_t crc, std::string_view bytes) {
  static_assert(std::endian::native == std::endian::little);
  const char* p = bytes.data();
  size_t n = bytes.size();
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    crc ^= word;
    crc = kCrc64[7][crc & 0xff] ^ kCrc64[6][(crc >> 8) & 0xff] ^ kCrc64[5][(crc >> 16) & 0xff] ^
          kCrc64[4][(crc >> 24) & 0xff] ^ kCrc64[3][(crc >> 32) & 0xff] ^
          kCrc64[2][(crc >> 40) & 0xff] ^ kCrc64[1][(crc >> 48) & 0xff] ^ kCrc64[0][crc >> 56];
  }
  for (; n > 0; --n, ++p) crc = kCrc64[0][(crc ^ Byte(*p)) & 0xff] ^ (crc >> 8);
  return crc;
}

}  // namespace pleiad
