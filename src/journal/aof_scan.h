// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ScanAof: how far an append only file of commands is whole, without running it. What check-aof
// knows. Stricter than the loader, which parses what clients may send as well: a log has commands
// as arrays of strings, and annotations (aof_annotation.h) between them.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace pleiad {

struct AofScan {
  size_t good = 0;          // here the last whole command or transaction ends
  int64_t line = 1;         // where the scan ended, as a text editor counts (a string is one line)
  std::string error;        // empty: the file is whole
  size_t error_at = 0;      // the byte that `error` is about
  bool no_command = false;  // the error: something else than a command begins at `good`
  // Here stands the first annotation of a time after the limit; the scan ended there.
  std::optional<size_t> later;
};

// From byte `begin` on (an RDB may stand in front). `unix_seconds_max`: where to stop.
AofScan ScanAof(std::string_view bytes, size_t begin,
                int64_t unix_seconds_max = std::numeric_limits<int64_t>::max());

}  // namespace pleiad
