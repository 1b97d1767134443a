// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the bitmap commands share: bit offsets, ranges, and a string to write bits into.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "command/command.h"

namespace pleiad {

// A bit offset that lies inside a string of at most proto-max-bulk-len bytes; "#n" is n fields of
// `hash_bits` bits (0: not allowed). nullopt: the error was written.
inline std::optional<uint64_t> BitOffsetArg(ReadContext& ctx, std::string_view text,
                                            unsigned hash_bits, resp::Writer& out) {
  int64_t unit = 1;
  if (hash_bits != 0 && text.starts_with('#')) {
    unit = hash_bits;
    text.remove_prefix(1);
  }
  const auto number = ParseInt64(text);
  int64_t offset = 0;
  // What a master sends has passed its own limit.
  const uint64_t bytes_max = ctx.client().from_master
                                 ? UINT64_MAX
                                 : ctx.engine().bulk_bytes_max.load(std::memory_order_relaxed);
  if (!number.has_value() || *number < 0 || __builtin_mul_overflow(*number, unit, &offset) ||
      static_cast<uint64_t>(offset) / 8 >= bytes_max) {
    out.Error("ERR bit offset is not an integer or out of range");
    return std::nullopt;
  }
  return static_cast<uint64_t>(offset);
}

// The string under a key, at least `size` bytes long (zero behind the old end), to write into.
struct BitString {
  Entry* entry = nullptr;
  char* bytes = nullptr;
  bool grew = false;     // longer than before, or new
  bool created = false;  // new, which was counted as a change
};

// nullopt: WRONGTYPE was written.
inline std::optional<BitString> OpenBitString(WriteContext& ctx, const Key& key, size_t size,
                                              resp::Writer& out) {
  BitString s;
  s.entry = ctx.FindForWrite(key);
  if (!CheckString(s.entry, out)) return std::nullopt;
  s.grew = s.entry == nullptr || s.entry->str().size() < size;
  if (s.entry == nullptr) {
    ctx.SetString(key, "", Entry::kNoExpiry);
    s.created = true;
    s.entry = ctx.FindForWrite(key);
  }
  const Entry* const before = s.entry;
  s.bytes = Entry::Resize(&s.entry, std::max(size, s.entry->str().size()));
  s.entry->set_modified();
  ctx.ReplaceMoved(key, before, s.entry);
  return s;
}

// "start end [BYTE | BIT]" of BITCOUNT and BITPOS.
struct BitRangeArgs {
  int64_t start = 0;
  int64_t end = -1;
  bool bits = false;  // positions are of bits, not bytes
};

struct BitRange {
  uint64_t first = 0;  // bits, both included
  uint64_t last = 0;
};

// The range within a string of `size` bytes; nullopt if it is empty. Negative positions count from
// the end.
inline std::optional<BitRange> ClampBitRange(const BitRangeArgs& args, size_t size) {
  const auto total = static_cast<int64_t>(args.bits ? size * 8 : size);
  int64_t start = args.start;
  int64_t end = args.end;
  if (start < 0) start = std::max<int64_t>(start + total, 0);
  if (end < 0) end = std::max<int64_t>(end + total, 0);
  end = std::min(end, total - 1);
  if (start > end) return std::nullopt;
  if (args.bits) return BitRange{static_cast<uint64_t>(start), static_cast<uint64_t>(end)};
  return BitRange{static_cast<uint64_t>(start) * 8, static_cast<uint64_t>(end) * 8 + 7};
}

}  // namespace pleiad
