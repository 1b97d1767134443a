// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// DUMP and RESTORE: one value as bytes that another server understands.
//
//     type (1) | value as in an RDB | RDB version (2, little endian) | CRC64 of all before (8, LE)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "snapshot/rdb_value.h"
#include "snapshot/rdb_writer.h"

namespace pleiad {

// The payload of a string value, and of any.
std::string DumpString(std::string_view value, const RdbEncodeOptions& options);
std::string DumpEntry(const Entry& entry, const RdbEncodeOptions& options);

// The texts that clients know.
inline constexpr std::string_view kDumpChecksumError = "DUMP payload version or checksum are wrong";
inline constexpr std::string_view kDumpFormatError = "Bad data format";

// Verifies the payload and hands its value to `sink` (OnString or OnValue) with `key`. The error is
// kDumpChecksumError, kDumpFormatError, or "Bad data format: it holds a hash, which this version
// cannot load yet". On an error nothing was delivered. Cost: one pass.
Status RestoreDump(std::string_view payload, const RdbKey& key, RdbSink* sink,
                   const CollectionSettings& settings = DefaultCollectionSettings());

}  // namespace pleiad
