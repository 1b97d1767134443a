// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Hashes as RDB values. Read:
//
//     4        count, then field and value for each
//     9        a zipmap, 13 a ziplist, 16 a listpack of fields and values
//     22 - 25  with field expiry, as release candidates of Redis 7.4 (22, 23) and 7.4 (24, 25) have
//              it: 24: the first expiry (8 bytes), count, then for each: 0 or expiry - first + 1,
//              field, value; 25: the first expiry, a listpack of fields, values and expiries (0:
//              none). 22 and 23: the same without the first expiry, all of them absolute
//     22       in a file of Valkey: count, then field, value and expiry (8 bytes, -1: none)
//
// Written: 16 if it is packed here, else 4; 24 if a field expires, which Redis 7.4 can read.
#pragma once

#include <memory>

#include "snapshot/rdb_encode.h"
#include "snapshot/rdb_value.h"

namespace pleiad {

// Null: not a type of hashes.
std::unique_ptr<RdbValueDecoder> MakeRdbHashDecoder(uint8_t type, bool valkey,
                                                    const CollectionSettings* settings);
extern const RdbEncoder kRdbHashEncoder;

}  // namespace pleiad
