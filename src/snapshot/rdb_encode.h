// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Values as RDB writes them: the type byte and the bytes behind the key. One file a type
// (rdb_list.cc, ...), entered in rdb_encode.cc; its decoder stands beside it. What is written is
// what Redis 7.0 reads, but where a value can't be said in its format (field expiry).
//
// Threads: the holder of the slot's lock. Cost: one pass over the value.
#pragma once

#include <cstdint>
#include <string>

#include "slot/entry.h"
#include "snapshot/rdb_writer.h"

namespace pleiad {

// What a type plugs in.
struct RdbEncoder {
  uint8_t (*type)(const ValueView& value);
  void (*append)(std::string* out, const ValueView& value, const RdbEncodeOptions& options);
};

uint8_t RdbTypeOf(const Entry& entry);
void AppendRdbValue(std::string* out, const Entry& entry, const RdbEncodeOptions& options);

}  // namespace pleiad
