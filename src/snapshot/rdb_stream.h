// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Streams in RDB: types 15 (Redis 5), 19 (7.0) and 21 (7.2) are read, 19 is written.
//
//     nodes: | count | id 16 bytes big endian, listpack | ... |          strings
//     length, last id, 19: first id, max deleted id, entries added       lengths
//     groups: | count |, each:
//         name, last id, 19: entries read
//         pending:   | count | id 16 bytes raw, time 8 bytes, deliveries | ... |
//         consumers: | count |, each:
//             name, seen time 8 bytes, 21: active time 8 bytes
//             | count | id 16 bytes raw | ... |                          of the group's pending
//
// Bytes from outside are checked: nodes element by element (data/stream_node.h), ids for their
// order, and every pending entry for having one consumer. Memory grows with what arrived, not with
// what was claimed. What the file says of length and first id is not needed and not believed.
#pragma once

#include <memory>

#include "snapshot/rdb_encode.h"
#include "snapshot/rdb_value.h"

namespace pleiad {

// REQUIRES: `type` is one of the three.
std::unique_ptr<RdbValueDecoder> MakeRdbStreamDecoder(uint8_t type);
extern const RdbEncoder kRdbStreamEncoder;

}  // namespace pleiad
