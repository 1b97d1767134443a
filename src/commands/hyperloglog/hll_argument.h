// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the PF commands share: is the key's string a HyperLogLog, and how is it written back.
#pragma once

#include <cstring>
#include <string_view>

#include "command/command.h"
#include "data/hyperloglog.h"

namespace pleiad {

inline constexpr std::string_view kHllDamaged = "INVALIDOBJ Corrupted HLL object detected";

// True if `e` is null or a HyperLogLog; else the error was written.
inline bool CheckHll(const Entry* e, resp::Writer& out) {
  if (!CheckString(e, out)) return false;
  if (e == nullptr || HllIsValid(e->str())) return true;
  out.Error("WRONGTYPE Key is not a valid HyperLogLog string value.");
  return false;
}

inline size_t HllSparseBytesMax(ReadContext& ctx) {
  return static_cast<size_t>(int64_t{ctx.engine().collections.hll_sparse_max_bytes});
}

// Makes `bytes` the value under the key, keeping its expiry. `e` is what FindForWrite gave.
inline void WriteHll(WriteContext& ctx, const Key& key, Entry* e, std::string_view bytes) {
  if (e == nullptr) {
    ctx.SetString(key, bytes, Entry::kNoExpiry);
    ctx.FindForWrite(key)->set_modified();  // OBJECT ENCODING says raw
    return;
  }
  const Entry* const before = e;
  std::memcpy(Entry::Resize(&e, bytes.size()), bytes.data(), bytes.size());
  e->set_modified();
  ctx.ReplaceMoved(key, before, e);
  ctx.Changed(key);
}

}  // namespace pleiad
