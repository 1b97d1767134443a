// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The size limit that APPEND and SETRANGE share.
#pragma once

#include <cstdint>

#include "command/command.h"

namespace pleiad {

// False, and the error is written, if `offset` + `bytes` is more than a string may hold
// (proto-max-bulk-len). What a master sends has passed its own limit.
inline bool CheckStringSize(ReadContext& ctx, uint64_t offset, uint64_t bytes, resp::Writer& out) {
  uint64_t size;
  if (ctx.client().from_master) return true;
  if (!__builtin_add_overflow(offset, bytes, &size) &&
      size <= ctx.engine().bulk_bytes_max.load(std::memory_order_relaxed)) {
    return true;
  }
  out.Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  return false;
}

}  // namespace pleiad
