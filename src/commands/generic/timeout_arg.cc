// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/generic/timeout_arg.h"

#include <cmath>

#include "base/text.h"

namespace pleiad {
namespace {

// Far enough below 2^63 that a moment that long after now is still one.
constexpr long double kTimeoutMsMax = 1LL << 62;

}  // namespace

std::optional<int64_t> TimeoutArg(const Args& args, size_t i, resp::Writer& out) {
  const auto seconds = ParseLongDouble(args[i]);
  if (!seconds.has_value()) {
    out.Error("ERR timeout is not a float or out of range");
    return std::nullopt;
  }
  const long double ms = std::ceil(*seconds * 1000);
  if (ms > kTimeoutMsMax) {
    out.Error("ERR timeout is out of range");
    return std::nullopt;
  }
  if (ms < 0) {
    out.Error("ERR timeout is negative");
    return std::nullopt;
  }
  return static_cast<int64_t>(ms);
}

}  // namespace pleiad
