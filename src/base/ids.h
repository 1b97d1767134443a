// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Strong types for the numbers that must not be mixed up: two swapped uint64_t are a data loss.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pleiad {

inline constexpr int kSlotCount = 16384;

// A whole number with a meaning. Same-type arithmetic only.
template <typename Tag, typename Rep>
struct Strong {
  Rep value{};
  constexpr Strong() = default;
  constexpr explicit Strong(Rep v) : value(v) {}
  constexpr auto operator<=>(const Strong&) const = default;
};

// Monotonic time, milliseconds since an arbitrary start. Timeouts and leases.
struct MonoMs : Strong<MonoMs, int64_t> {
  using Strong::Strong;
  constexpr int64_t operator-(MonoMs other) const { return value - other.value; }
  constexpr MonoMs operator+(int64_t ms) const { return MonoMs(value + ms); }
  constexpr MonoMs operator-(int64_t ms) const { return MonoMs(value - ms); }
};

// Wall clock, milliseconds since 1970. Expiry times and what files and wires show.
struct UnixMs : Strong<UnixMs, int64_t> {
  using Strong::Strong;
  constexpr int64_t operator-(UnixMs other) const { return value - other.value; }
  constexpr UnixMs operator+(int64_t ms) const { return UnixMs(value + ms); }
};

// currentEpoch, configEpoch, lastVoteEpoch of the cluster.
struct Epoch : Strong<Epoch, uint64_t> {
  using Strong::Strong;
  constexpr Epoch Next() const { return Epoch(value + 1); }
};

// A position in the replication stream, bytes.
struct Offset : Strong<Offset, int64_t> {
  using Strong::Strong;
  constexpr int64_t operator-(Offset other) const { return value - other.value; }
  constexpr Offset operator+(int64_t bytes) const { return Offset(value + bytes); }
};

// A hash slot, 0..16383.
struct SlotId : Strong<SlotId, uint16_t> {
  using Strong::Strong;
  static constexpr std::optional<SlotId> From(int64_t n) {
    if (n < 0 || n >= kSlotCount) return std::nullopt;
    return SlotId(static_cast<uint16_t>(n));
  }
};

// The name of a node or shard: 40 lowercase hex digits. Default: all zero bytes, "no node".
class NodeId {
 public:
  NodeId() { bytes_.fill('\0'); }
  // nullopt unless `text` is exactly 40 hex digits (lowercase).
  static std::optional<NodeId> Parse(std::string_view text) {
    if (text.size() != 40) return std::nullopt;
    NodeId id;
    for (size_t i = 0; i < 40; ++i) {
      const char c = text[i];
      if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
      id.bytes_[i] = c;
    }
    return id;
  }
  bool empty() const { return bytes_[0] == '\0'; }
  std::string_view view() const {
    return empty() ? std::string_view() : std::string_view(bytes_.data(), 40);
  }
  std::string str() const { return std::string(view()); }
  auto operator<=>(const NodeId&) const = default;

 private:
  std::array<char, 40> bytes_;
};

}  // namespace pleiad

template <>
struct std::hash<pleiad::NodeId> {
  size_t operator()(const pleiad::NodeId& id) const noexcept {
    return std::hash<std::string_view>()(id.view());
  }
};
