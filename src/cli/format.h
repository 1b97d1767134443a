// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A reply as text, in the four forms people's scripts and eyes are used to from redis-cli 7. Pure
// functions.
#pragma once

#include <string>

#include "resp/reply.h"

namespace pleiad::cli {

enum class OutputMode {
  kTty,         // (integer) 1, "quoted", 1) numbered arrays, 1# maps, 1~ sets
  kRaw,         // the bytes; items parted by bulk_delimiter
  kCsv,         // one line, nested arrays flattened
  kJson,        // one line; bytes that are not UTF-8 pass through
  kQuotedJson,  // one line of ASCII: strings are escaped like in kTty before they become JSON
};

struct FormatOptions {
  OutputMode mode = OutputMode::kTty;
  std::string bulk_delimiter = "\n";   // raw: between the items of an array
  std::string reply_delimiter = "\n";  // raw: behind every reply
};

// The text to print for one reply, its line end included. `verbatim`: print a string as it is,
// whatever the mode (INFO, CLUSTER NODES: see IsVerbatimCommand), without a line end of ours.
std::string Format(const resp::Reply& reply, const FormatOptions& options, bool verbatim = false);

}  // namespace pleiad::cli
