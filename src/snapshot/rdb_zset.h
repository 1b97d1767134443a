// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Sorted sets in RDB. Small ones are written as 17, large ones as 5; read in all forms that servers
// have used.
//
//     3    count, then member and score: the score is its length (1 byte) and its text, or one
//          byte alone: 253 not a number, 254 inf, 255 -inf                        Redis to 3.2
//     5    count, then member and score: 8 bytes of a double, little endian       4.0 and later
//     12   a ziplist of members and scores in a string                            to 6.2
//     17   a listpack of the same                                                 7.0 and later
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
