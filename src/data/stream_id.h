// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// StreamId: the name of a stream's entry, "<ms>-<seq>", ordered by both. Pure values.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

namespace pleiad {

struct StreamId {
  uint64_t ms = 0;
  uint64_t seq = 0;

  constexpr auto operator<=>(const StreamId&) const = default;
  static constexpr StreamId Max() {
    return {std::numeric_limits<uint64_t>::max(), std::numeric_limits<uint64_t>::max()};
  }
  constexpr bool zero() const { return ms == 0 && seq == 0; }
  // The id before or behind this one in *out. False: there is none.
  constexpr bool Next(StreamId* out) const {
    if (seq != std::numeric_limits<uint64_t>::max()) {
      *out = {ms, seq + 1};
      return true;
    }
    if (ms == std::numeric_limits<uint64_t>::max()) return false;
    *out = {ms + 1, 0};
    return true;
  }
  constexpr bool Previous(StreamId* out) const {
    if (seq != 0) {
      *out = {ms, seq - 1};
      return true;
    }
    if (ms == 0) return false;
    *out = {ms - 1, std::numeric_limits<uint64_t>::max()};
    return true;
  }
  std::string Text() const { return std::to_string(ms) + "-" + std::to_string(seq); }
};

}  // namespace pleiad
