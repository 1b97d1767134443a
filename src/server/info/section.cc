// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/info/section.h"

#include <array>

namespace pleiad::info {

std::string HumanBytes(uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"K", "M", "G", "T", "P"};
  if (bytes < 1024) return fmt::format("{}B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.2f}{}", value, kUnits[unit]);
}

void Lines::AddBytes(std::string_view name, uint64_t bytes) {
  Add(name, bytes);
  text_ += fmt::format("{}_human:{}\r\n", name, HumanBytes(bytes));
}

void Lines::AddRatio(std::string_view name, double part, double whole) {
  text_ += fmt::format("{}:{:.2f}\r\n", name, whole == 0 ? 0 : part / whole);
}

}  // namespace pleiad::info
