// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Lists in RDB. Written as type 1 (elements one after the other), which every version reads; read
// in all four forms that servers have used.
//
//     1   count, elements                              Redis 1 to 2.4, and ours
//     10  a ziplist in a string                        to 3.0
//     14  count of nodes, each a ziplist               3.2 to 6.2
//     18  count of nodes, each: 1 and an element, or 2 and a listpack      7.0 and later
#pragma once

#include <memory>

#include "snapshot/rdb_encode.h"
#include "snapshot/rdb_value.h"

namespace pleiad {

extern const RdbEncoder kRdbListEncoder;
// Null: `type` is no list.
std::unique_ptr<RdbValueDecoder> MakeRdbListDecoder(uint8_t type,
                                                    const CollectionSettings* settings);

}  // namespace pleiad
