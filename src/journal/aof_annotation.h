// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Lines between the commands of an AOF, which other servers pass over:
//
//     #TS:1628217470        what follows was written at that second or later
//     #SUM:4100:9f3c22a1    CRC32C of the 4100 bytes in front of this line
//
// Sums make a flipped byte in the midst of a log an error instead of a wrong value: without them a
// log of commands is whole as long as it parses. A log written by others has none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pleiad {

void AppendAofTime(std::string* out, int64_t unix_seconds);
void AppendAofSum(std::string* out, uint64_t bytes, uint32_t crc);

// `line` is an annotation without its end.
struct AofAnnotation {
  std::optional<int64_t> unix_seconds;
  std::string error;  // not empty: it is malformed, or a wrong sum
};
// `before`: the file up to the line.
AofAnnotation ReadAofAnnotation(std::string_view before, std::string_view line);

}  // namespace pleiad
