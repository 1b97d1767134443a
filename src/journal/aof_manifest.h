// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The manifest of a multi-part AOF: which files make up the log, in the format of Redis 7.
//
//     file appendonly.aof.2.base.rdb seq 2 type b        at most one base
//     file appendonly.aof.3.incr.aof seq 3 type i        increments, seq ascending
//     file appendonly.aof.1.incr.aof seq 1 type h        history: no longer needed, to be deleted
//
// A name with blanks or control characters stands in double quotes with \n \xHH and the like. A
// line that begins with # is a comment. Pure: reading and writing files is the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pleiad {

struct AofFile {
  std::string name;
  int64_t seq = 0;
};

struct AofManifest {
  std::optional<AofFile> base;
  std::vector<AofFile> increments;
  std::vector<AofFile> history;

  // The next sequence numbers, greater than any used.
  int64_t NextBaseSeq() const;
  int64_t NextIncrementSeq() const;
  std::string Format() const;
};

// The error names the line: "line 3: ...".
Result<AofManifest> ParseAofManifest(std::string_view text);

// "appendonly.aof.2.base.rdb", "appendonly.aof.2.incr.aof", "appendonly.aof.manifest".
std::string AofBaseName(std::string_view stem, int64_t seq, bool rdb);
std::string AofIncrementName(std::string_view stem, int64_t seq);
std::string AofManifestName(std::string_view stem);

}  // namespace pleiad
