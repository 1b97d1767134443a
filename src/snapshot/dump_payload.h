// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// DUMP and RESTORE: one value as bytes that another server understands.
//
//     type (1) | value as in an RDB | RDB version (2, little endian) | CRC64 of all before (8, LE)
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "snapshot/rdb_value.h"
#include "snapshot/rdb_writer.h"

namespace pleiad {

// The payload of a string value, and of any.
std::string DumpString(std::string_view value, const RdbEncodeOptions& options);
std::string DumpEntry(const Entry& entry, const RdbEncodeOptions& options);

// FUNCTION DUMP and FUNCTION RESTORE: sources of libraries as one payload, and back.
//
//     (F5 string)* | RDB version (2) | CRC64 (8)
std::string DumpFunctions(std::span<const std::string_view> sources);
Result<std::vector<std::string>> RestoreFunctions(std::string_view payload);

// The texts that clients know.
inline constexpr std::string_view kDumpChecksumError = "DUMP payload version or checksum are wrong";
inline constexpr std::string_view kDumpFormatError = "Bad data format";

// Verifies the payload and hands its value to `sink` (OnString or OnValue) with `key`. The error is
// kDumpChecksumError, kDumpFormatError, or "Bad data format: it holds a hash, which this version
// cannot load yet". On an error nothing was delivered. Cost: one pass.
Status RestoreDump(std::string_view payload, const RdbKey& key, RdbSink* sink,
                   const CollectionSettings& settings = DefaultCollectionSettings(),
                   bool check_sum = true);

}  // namespace pleiad
