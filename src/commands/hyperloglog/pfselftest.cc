// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <cmath>
#include <memory>
#include <string>

#include "base/prng.h"
#include "command/command.h"
#include "data/hyperloglog.h"

namespace pleiad {
namespace {

constexpr uint64_t kPfSelfTestElements = 200'000;
constexpr uint64_t kPfSelfTestSeed = 0x5eed;
// Six standard errors of 1.04 / sqrt(16384).
constexpr double kPfSelfTestErrorMax = 6 * 0.008125;
constexpr size_t kPfSelfTestSparseMax = 3000;

// Registers raised in random order read back, in a string that turns from sparse to dense.
std::string PfTestRegisters(Prng* prng) {
  std::string bytes = HllEmpty();
  std::string expected(kHllRegisters, '\0');
  for (int i = 0; i < 20'000; ++i) {
    const size_t index = prng->Next() % kHllRegisters;
    const auto value = static_cast<uint8_t>(1 + prng->Next() % 51);
    if (HllRaise(&bytes, index, value, kPfSelfTestSparseMax) == HllChange::kDamaged) {
      return "TESTFAILED a register could not be raised";
    }
    expected[index] = static_cast<char>(std::max<int>(expected[index], value));
  }
  const auto set = std::make_unique<HllSet>();
  if (!set->Merge(bytes)) return "TESTFAILED the registers can't be read";
  for (size_t i = 0; i < kHllRegisters; ++i) {
    if (set->at(i) == static_cast<uint8_t>(expected[i])) continue;
    return fmt::format("TESTFAILED Register {} should be {} but is {}", i, int{expected[i]},
                       set->at(i));
  }
  return {};
}

// Sparse and dense agree, and the count is near the truth, at every power of two.
std::string PfTestCounts(Prng* prng) {
  std::string sparse = HllEmpty();
  std::string dense = HllEmpty();
  if (!HllMakeDense(&dense)) return "TESTFAILED an empty one can't be made dense";
  for (uint64_t n = 1; n <= kPfSelfTestElements; ++n) {
    const std::string element = std::to_string(prng->Next());
    (void)HllAdd(&sparse, element, kPfSelfTestSparseMax);
    (void)HllAddDense(dense.data(), element);
    if ((n & (n - 1)) != 0) continue;
    const auto one = std::make_unique<HllSet>();
    const auto other = std::make_unique<HllSet>();
    if (!one->Merge(sparse) || !other->Merge(dense) || one->Count() != other->Count()) {
      return "TESTFAILED dense/sparse disagree";
    }
    const double error = std::abs(static_cast<double>(one->Count()) - static_cast<double>(n));
    if (error > static_cast<double>(n) * kPfSelfTestErrorMax + 1) {
      return fmt::format("TESTFAILED Too big error. card:{} abserr:{}", n, error);
    }
  }
  return {};
}

// PFSELFTEST: does the implementation work on this machine?
//
// > PFSELFTEST
// OK
void PfSelfTest(ServerContext&, const Args&, resp::Writer& out) {
  Prng prng(kPfSelfTestSeed);
  std::string failure = PfTestRegisters(&prng);
  if (failure.empty()) failure = PfTestCounts(&prng);
  if (failure.empty()) {
    out.Ok();
  } else {
    out.Error(failure);
  }
}

const CommandRegistration kPfSelfTest{
    {.name = "pfselftest",
     .arity = 1,
     .flags = kCmdAdmin,
     .keys = {},
     .group = "hyperloglog",
     .since = "2.8.9",
     .usage = "",
     .summary = "An internal command for testing HyperLogLog values.",
     .complexity = "N/A",
     .server = PfSelfTest}};

}  // namespace
}  // namespace pleiad
