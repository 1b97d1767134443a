// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Any bytes, cut anywhere: the parser must say the same for one big piece as for single bytes, and
// never crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "resp/reply_parser.h"

namespace {

struct Outcome {
  size_t replies = 0;
  bool failed = false;
};

void Drain(pleiad::resp::ReplyParser* parser, Outcome* outcome) {
  while (!outcome->failed) {
    const auto next = parser->Next();
    if (!next.ok()) {
      outcome->failed = true;
    } else if (!next->has_value()) {
      return;
    } else {
      ++outcome->replies;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  pleiad::resp::ReplyLimits limits;
  limits.line_bytes_max = 64;
  limits.depth_max = 8;
  pleiad::resp::ReplyParser whole(limits);
  Outcome of_whole;
  whole.Feed(bytes);
  Drain(&whole, &of_whole);
  pleiad::resp::ReplyParser pieces(limits);
  Outcome of_pieces;
  for (const char& byte : bytes) {
    pieces.Feed(std::string_view(&byte, 1));
    Drain(&pieces, &of_pieces);
  }
  CHECK(of_whole.replies == of_pieces.replies);
  CHECK(of_whole.failed == of_pieces.failed);
  return 0;
}
