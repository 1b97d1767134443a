// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/set/collection_scan.h"

#include <algorithm>

#include "base/text.h"

namespace pleiad {
namespace {

// A call returns in bounded time, whatever COUNT says.
constexpr size_t kCollectionScanCountMax = 1 << 20;

}  // namespace

bool CollectionScan::ParseCursor(const Args& args, resp::Writer& out) {
  const auto number = ParseUint64(args[2]);
  if (!number.has_value()) {
    out.Error("ERR invalid cursor");
    return false;
  }
  cursor = *number;
  return true;
}

bool CollectionScan::ParseOptions(const Args& args, bool hash, resp::Writer& out) {
  for (size_t i = 3; i < args.size(); ++i) {
    if (args.Is(i, "novalues")) {
      if (!hash) {
        out.Error("ERR NOVALUES option can only be used in HSCAN");
        return false;
      }
      no_values = true;
    } else if (args.Is(i, "match") && i + 1 < args.size()) {
      match = args[++i];
      if (*match == "*") match.reset();
    } else if (args.Is(i, "count") && i + 1 < args.size()) {
      const auto number = IntArg(args, ++i, out);
      if (!number.has_value()) return false;
      if (*number < 1) {
        out.Error(kSyntaxError);
        return false;
      }
      count = std::min(static_cast<size_t>(*number), kCollectionScanCountMax);
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

bool CollectionScan::Wants(std::string_view element) const {
  return !match.has_value() || GlobMatch(*match, element);
}

void WriteScanStep(uint64_t cursor, const std::vector<std::string>& found, resp::Writer& out) {
  out.Array(2);
  out.Bulk(std::to_string(cursor));
  out.Array(found.size());
  for (const std::string& element : found) out.Bulk(element);
}

}  // namespace pleiad
