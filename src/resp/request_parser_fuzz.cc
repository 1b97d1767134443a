// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The request parser, fed whole and in two pieces: both must see the same commands.
#include <cstdlib>
#include <string>

#include "resp/request_parser.h"

namespace {

std::string Run(std::string_view stream, size_t first) {
  pleiad::resp::RequestParser parser;
  const pleiad::resp::RequestLimits limits{1 << 20, 1024, 4096};
  std::string out;
  size_t start = 0;
  size_t end = first;
  while (true) {
    size_t consumed = 0;
    const auto r = parser.Next(stream.substr(start, end - start), limits, &consumed);
    if (r == pleiad::resp::RequestParser::Result::kError) return out + "!";
    if (r == pleiad::resp::RequestParser::Result::kCommand) {
      for (const auto arg : parser.args()) out.append(arg).push_back('|');
      start += consumed;
    } else if (end == stream.size()) {
      return out;
    } else {
      end = stream.size();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  if (Run(stream, size) != Run(stream, size / 2)) std::abort();
  return 0;
}
