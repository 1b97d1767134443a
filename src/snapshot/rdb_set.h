// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Sets as RDB values: read as members (2), intset (11) and listpack (20); written as an intset if
// all members are numbers and they are few, else as members.
#pragma once

#include <memory>

#include "snapshot/rdb_encode.h"
#include "snapshot/rdb_value.h"

namespace pleiad {

// Null: not a type of sets.
std::unique_ptr<RdbValueDecoder> MakeRdbSetDecoder(uint8_t type,
                                                   const CollectionSettings* settings);
extern const RdbEncoder kRdbSetEncoder;

}  // namespace pleiad
