// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/hyperloglog.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace pleiad {
namespace {

constexpr std::string_view kHllMagic = "HYLL";
constexpr size_t kHllEncodingAt = 4;
constexpr size_t kHllCountAt = 8;
constexpr char kHllDense = 0;
constexpr char kHllSparse = 1;
constexpr unsigned kHllIndexBits = 14;
constexpr unsigned kHllHashBits = 64 - kHllIndexBits;  // 50
constexpr uint8_t kHllSparseValueMax = 32;
constexpr size_t kHllZeroMax = 64;     // registers in a one-byte run of zeros
constexpr size_t kHllValueRunMax = 4;  // registers in a run of values
constexpr int kHllMergeSteps = 5;

uint8_t HllByte(std::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

// ---- Dense -------------------------------------------------------------------------------------

uint8_t HllDenseAt(const char* bytes, size_t index) {
  const size_t bit = index * 6;
  const char* const p = bytes + kHllHeader + bit / 8;
  const unsigned shift = bit % 8;
  unsigned two = static_cast<uint8_t>(p[0]);
  // The last register ends with the last byte.
  if (shift > 2) two |= static_cast<unsigned>(static_cast<uint8_t>(p[1])) << 8;
  return static_cast<uint8_t>((two >> shift) & 63);
}

void HllDensePut(char* bytes, size_t index, uint8_t value) {
  const size_t bit = index * 6;
  char* const p = bytes + kHllHeader + bit / 8;
  const unsigned shift = bit % 8;
  const unsigned mask = 63u << shift;
  const unsigned bits = static_cast<unsigned>(value) << shift;
  p[0] = static_cast<char>((static_cast<uint8_t>(p[0]) & ~mask) | bits);
  if (shift > 2) {
    p[1] = static_cast<char>((static_cast<uint8_t>(p[1]) & ~(mask >> 8)) | (bits >> 8));
  }
}

HllChange HllDenseRaise(char* bytes, size_t index, uint8_t value) {
  if (HllDenseAt(bytes, index) >= value) return HllChange::kUnchanged;
  HllDensePut(bytes, index, value);
  HllVoidCount(bytes);
  return HllChange::kChanged;
}

// ---- Sparse ------------------------------------------------------------------------------------

struct HllRun {
  uint8_t value = 0;  // 0: zeros
  size_t length = 0;  // registers
  size_t bytes = 1;
};

// The run at `at`; nullopt: it is cut off. REQUIRES: at < bytes.size().
std::optional<HllRun> HllRunAt(std::string_view bytes, size_t at) {
  const uint8_t first = HllByte(bytes, at);
  if (first & 0x80) {
    return HllRun{static_cast<uint8_t>(((first >> 2) & 31) + 1), (first & 3u) + 1, 1};
  }
  if ((first & 0x40) == 0) return HllRun{0, first + 1u, 1};
  if (at + 1 >= bytes.size()) return std::nullopt;
  return HllRun{0, ((static_cast<size_t>(first & 63) << 8) | HllByte(bytes, at + 1)) + 1, 2};
}

// Up to 5 bytes that take the place of one run.
struct HllRuns {
  char bytes[8];
  size_t size = 0;

  void Zeros(size_t length) {
    if (length == 0) return;
    const size_t n = length - 1;
    if (length > kHllZeroMax) {
      bytes[size++] = static_cast<char>(0x40 | (n >> 8));
      bytes[size++] = static_cast<char>(n & 0xff);
    } else {
      bytes[size++] = static_cast<char>(n);
    }
  }
  void Values(uint8_t value, size_t length) {
    if (length == 0) return;
    bytes[size++] = static_cast<char>(0x80 | ((value - 1) << 2) | static_cast<int>(length - 1));
  }
  void Append(uint8_t value, size_t length) {
    if (value == 0) {
      Zeros(length);
    } else {
      Values(value, length);
    }
  }
};

// Calls f(first register, run) for each run. False: damaged.
template <typename F>
bool HllForEachRun(std::string_view bytes, F f) {
  size_t index = 0;
  for (size_t at = kHllHeader; at < bytes.size();) {
    const auto run = HllRunAt(bytes, at);
    if (!run.has_value() || run->length > kHllRegisters - index) return false;
    f(index, *run);
    index += run->length;
    at += run->bytes;
  }
  return index == kHllRegisters;
}

// Joins runs of the same value from `at` on, looking at a few of them.
void HllJoinRuns(std::string* bytes, size_t at) {
  for (int steps = kHllMergeSteps; steps > 0 && at < bytes->size(); --steps) {
    const auto run = HllRunAt(*bytes, at);
    if (!run.has_value()) return;
    if (run->value != 0 && at + 1 < bytes->size()) {
      const auto next = HllRunAt(*bytes, at + 1);
      if (next.has_value() && next->value == run->value &&
          run->length + next->length <= kHllValueRunMax) {
        HllRuns joined;
        joined.Values(run->value, run->length + next->length);
        bytes->replace(at, 2, joined.bytes, joined.size);
        continue;  // it may go on
      }
    }
    at += run->bytes;
  }
}

HllChange HllPromoteAndRaise(std::string* bytes, size_t index, uint8_t value) {
  if (!HllMakeDense(bytes)) return HllChange::kDamaged;
  return HllDenseRaise(bytes->data(), index, value);
}

HllChange HllSparseRaise(std::string* bytes, size_t index, uint8_t value, size_t bytes_max) {
  if (value > kHllSparseValueMax) return HllPromoteAndRaise(bytes, index, value);
  size_t at = kHllHeader;
  size_t previous = kHllHeader;  // the run before, or this one if it is the first
  size_t first = 0;
  std::optional<HllRun> run;
  for (;;) {
    if (at >= bytes->size()) return HllChange::kDamaged;
    run = HllRunAt(*bytes, at);
    if (!run.has_value()) return HllChange::kDamaged;
    if (index < first + run->length) break;
    previous = at;
    at += run->bytes;
    first += run->length;
  }
  if (run->value >= value) return HllChange::kUnchanged;
  HllRuns runs;
  runs.Append(run->value, index - first);
  runs.Values(value, 1);
  runs.Append(run->value, first + run->length - 1 - index);
  if (runs.size > run->bytes && bytes->size() + runs.size - run->bytes > bytes_max) {
    return HllPromoteAndRaise(bytes, index, value);
  }
  bytes->replace(at, run->bytes, runs.bytes, runs.size);
  HllJoinRuns(bytes, previous);
  HllVoidCount(bytes->data());
  return HllChange::kChanged;
}

// ---- Elements and counting ---------------------------------------------------------------------

struct HllPlace {
  size_t index;
  uint8_t value;
};

HllPlace HllPlaceOf(std::string_view element) {
  const uint64_t hash = HllHash(element);
  const uint64_t rest = (hash >> kHllIndexBits) | (uint64_t{1} << kHllHashBits);
  return {hash & (kHllRegisters - 1), static_cast<uint8_t>(std::countr_zero(rest) + 1)};
}

// The two series of Ertl's estimator ("New cardinality estimation algorithms for HyperLogLog
// sketches", 2017), for the registers that are 0 and those that can rise no more.
double HllSigma(double x) {
  if (x == 1.0) return std::numeric_limits<double>::infinity();
  double y = 1;
  double z = x;
  for (double before = -1; before != z;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

double HllTau(double x) {
  if (x == 0.0 || x == 1.0) return 0.0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; before != z;) {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

}  // namespace

uint64_t HllHash(std::string_view element) {
  constexpr uint64_t kSeed = 0xadc83b19;
  constexpr uint64_t kMultiply = 0xc6a4a7935bd1e995;
  constexpr int kShift = 47;
  const char* p = element.data();
  size_t left = element.size();
  uint64_t hash = kSeed ^ (element.size() * kMultiply);
  for (; left >= 8; left -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    word *= kMultiply;
    word ^= word >> kShift;
    hash = (hash ^ (word * kMultiply)) * kMultiply;
  }
  if (left != 0) {
    uint64_t word = 0;
    std::memcpy(&word, p, left);
    hash = (hash ^ word) * kMultiply;
  }
  hash = (hash ^ (hash >> kShift)) * kMultiply;
  return hash ^ (hash >> kShift);
}

bool HllIsValid(std::string_view bytes) {
  if (bytes.size() < kHllHeader || !bytes.starts_with(kHllMagic)) return false;
  const char encoding = bytes[kHllEncodingAt];
  return encoding == kHllSparse || (encoding == kHllDense && bytes.size() == kHllDenseSize);
}

bool HllIsDense(std::string_view bytes) { return bytes[kHllEncodingAt] == kHllDense; }

std::string HllEmpty() {
  std::string bytes(kHllMagic);
  bytes.resize(kHllHeader, '\0');
  bytes[kHllEncodingAt] = kHllSparse;
  HllRuns runs;
  runs.Zeros(kHllRegisters);
  bytes.append(runs.bytes, runs.size);
  return bytes;
}

HllChange HllAddDense(char* bytes, std::string_view element) {
  const HllPlace place = HllPlaceOf(element);
  return HllDenseRaise(bytes, place.index, place.value);
}

HllChange HllAdd(std::string* bytes, std::string_view element, size_t sparse_bytes_max) {
  const HllPlace place = HllPlaceOf(element);
  return HllRaise(bytes, place.index, place.value, sparse_bytes_max);
}

HllChange HllRaise(std::string* bytes, size_t index, uint8_t value, size_t sparse_bytes_max) {
  if (HllIsDense(*bytes)) return HllDenseRaise(bytes->data(), index, value);
  return HllSparseRaise(bytes, index, value, sparse_bytes_max);
}

bool HllMakeDense(std::string* bytes) {
  if (HllIsDense(*bytes)) return true;
  std::string dense(*bytes, 0, kHllHeader);  // the cached count stays as it was
  dense.resize(kHllDenseSize, '\0');
  dense[kHllEncodingAt] = kHllDense;
  const bool whole = HllForEachRun(*bytes, [&dense](size_t first, const HllRun& run) {
    if (run.value == 0) return;
    for (size_t i = 0; i < run.length; ++i) HllDensePut(dense.data(), first + i, run.value);
  });
  if (whole) *bytes = std::move(dense);
  return whole;
}

std::optional<uint64_t> HllCachedCount(std::string_view bytes) {
  uint64_t count;
  std::memcpy(&count, bytes.data() + kHllCountAt, sizeof(count));
  if (count >> 63) return std::nullopt;
  return count;
}

void HllStoreCount(char* bytes, uint64_t count) {
  std::memcpy(bytes + kHllCountAt, &count, sizeof(count));
}

void HllVoidCount(char* bytes) {
  bytes[kHllHeader - 1] = static_cast<char>(static_cast<uint8_t>(bytes[kHllHeader - 1]) | 0x80);
}

std::optional<std::string> HllDescribeRuns(std::string_view bytes) {
  std::string text;
  const bool whole = HllForEachRun(bytes, [&text](size_t, const HllRun& run) {
    if (!text.empty()) text += ' ';
    if (run.value != 0) {
      text += "v:" + std::to_string(run.value) + "," + std::to_string(run.length);
    } else {
      text += (run.bytes == 2 ? "Z:" : "z:") + std::to_string(run.length);
    }
  });
  if (!whole) return std::nullopt;
  return text;
}

bool HllSet::Merge(std::string_view bytes) {
  if (HllIsDense(bytes)) {
    // Four registers of 6 bits in three bytes.
    const char* p = bytes.data() + kHllHeader;
    for (size_t i = 0; i < kHllRegisters; i += 4, p += 3) {
      uint32_t three = 0;
      std::memcpy(&three, p, 3);
      for (size_t j = 0; j < 4; ++j) {
        const auto value = static_cast<uint8_t>((three >> (6 * j)) & 63);
        registers_[i + j] = std::max(registers_[i + j], value);
      }
    }
    return true;
  }
  return HllForEachRun(bytes, [this](size_t first, const HllRun& run) {
    if (run.value == 0) return;
    for (size_t i = first; i < first + run.length; ++i) {
      registers_[i] = std::max(registers_[i], run.value);
    }
  });
}

uint64_t HllSet::Count() const {
  std::array<uint32_t, 64> histogram{};
  for (const uint8_t value : registers_) ++histogram[value];
  constexpr double kAlphaInfinity = 0.721347520444481703680;  // 1 / (2 ln 2)
  constexpr double m = kHllRegisters;
  double z = m * HllTau((m - histogram[kHllHashBits + 1]) / m);
  for (size_t value = kHllHashBits; value >= 1; --value) {
    z += histogram[value];
    z *= 0.5;
  }
  z += m * HllSigma(histogram[0] / m);
  return static_cast<uint64_t>(std::llround(kAlphaInfinity * m * m / z));
}

}  // namespace pleiad
