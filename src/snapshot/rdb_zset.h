// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Sorted sets in RDB. Written as type 5, which Redis 4 and everything later reads; read in all four
// forms that servers have used.
//
//     3   count; member, score as text behind a length byte (253 nan, 254 inf, 255 -inf)  to 3.2
//     5   count; member, score as 8 bytes little endian                                   4.0 on
//     12  a ziplist of member, score, ...                                                 to 6.2
//     17  a listpack of member, score, ...                                                7.0 on
#pragma once

#include <memory>

#include "snapshot/rdb_encode.h"
#include "snapshot/rdb_value.h"

namespace pleiad {

extern const RdbEncoder kRdbZsetEncoder;
// Null: `type` is no sorted set.
std::unique_ptr<RdbValueDecoder> MakeRdbZsetDecoder(uint8_t type,
                                                    const CollectionSettings* settings);

}  // namespace pleiad
