// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// HyperLogLog: how many different elements were added, within 0.81 %, in a string that is byte for
// byte what other servers keep, so that GET, SET, DUMP and replicas may carry it.
//
//     | "HYLL" | encoding 1 | unused 3 | cached count 8 LE, top bit: void | registers |
//     dense:   16384 registers of 6 bits, the first in the low bits of the first byte
//     sparse:  runs: 00nnnnnn            n+1 registers are 0
//                    01nnnnnn nnnnnnnn   n+1 registers are 0
//                    1vvvvvnn            n+1 registers are v+1
//
// An element's hash chooses the register with 14 bits; the register keeps the longest row of zero
// bits seen in the other 50, plus one. A sparse string becomes dense when a register passes 32 or
// its bytes pass hll-sparse-max-bytes.
//
// Strings come from clients: a sparse one may be damaged anywhere, which every function here
// survives and reports. REQUIRES everywhere: HllIsValid(bytes). Threads: as the string.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pleiad {

inline constexpr size_t kHllRegisters = 16384;
inline constexpr size_t kHllHeader = 16;
inline constexpr size_t kHllDenseSize = kHllHeader + kHllRegisters * 6 / 8;

enum class HllChange { kUnchanged, kChanged, kDamaged };

// The header is right, and a dense one has its length.
bool HllIsValid(std::string_view bytes);
bool HllIsDense(std::string_view bytes);
// A sparse one without elements.
std::string HllEmpty();

// Adds to a dense one, in place. Cost: a hash.
HllChange HllAddDense(char* bytes, std::string_view element);
// Adds to either; a sparse one may grow or become dense. Cost: a hash, and a pass over the runs.
HllChange HllAdd(std::string* bytes, std::string_view element, size_t sparse_bytes_max);
// Raises a register to `value` (1..51).
HllChange HllRaise(std::string* bytes, size_t index, uint8_t value, size_t sparse_bytes_max);
// False: damaged.
bool HllMakeDense(std::string* bytes);

// The count kept in the header, unless it is void.
std::optional<uint64_t> HllCachedCount(std::string_view bytes);
void HllStoreCount(char* bytes, uint64_t count);
void HllVoidCount(char* bytes);

// A sparse one's runs as text: "Z:16383 v:3,1" (Z: two bytes, z: one). nullopt: damaged.
std::optional<std::string> HllDescribeRuns(std::string_view bytes);

// Registers in the open: of a union, or of one string.
class HllSet {
 public:
  // Takes the larger of each register. False: damaged; what was read so far stays.
  bool Merge(std::string_view bytes);
  uint64_t Count() const;
  uint8_t at(size_t index) const { return registers_[index]; }

 private:
  std::array<uint8_t, kHllRegisters> registers_{};
};

// The hash that chooses registers: MurmurHash64A with the seed of this format.
uint64_t HllHash(std::string_view element);

}  // namespace pleiad
