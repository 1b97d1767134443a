// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reads replies out of a byte stream, RESP2 and RESP3 alike: a server may mix them (RESP3 after
// HELLO 3), so nobody has to say which one it is.
//
//     ReplyParser parser;
//     parser.Feed(bytes_from_the_socket);
//     for (;;) {
//       Result<std::optional<Reply>> next = parser.Next();
//       if (!next.ok()) return next.error();   // not RESP: close the connection
//       if (!next->has_value()) break;         // read more bytes
//       Use(std::move(**next));
//     }
//
// The sender is not trusted: memory grows with the bytes that arrived (about 30 bytes of Reply for
// each at worst), never with a length that was only announced, and nesting is bounded. Attributes
// (|n) are read and dropped. Streamed types
// ($? *?) are errors: no server of this family sends them.
//
// Thread: one. Cost: linear in the bytes, also when they come one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "resp/reply.h"

namespace pleiad::resp {

struct ReplyLimits {
  int64_t bulk_bytes_max =
      int64_t{1} << 32;  // one string; a server's proto-max-bulk-len may be raised over 512 MB
  int64_t items_max = int64_t{1} << 31;     // announced by one aggregate, a map's pairs count once
  size_t line_bytes_max = size_t{1} << 20;  // +..., -..., and every head line
  size_t depth_max = 128;                   // aggregates inside each other
};

class ReplyParser {
 public:
  explicit ReplyParser(ReplyLimits limits = {}) : limits_(limits) {}

  // Takes over `bytes`. Nothing is parsed until Next().
  void Feed(std::string_view bytes);

  // The next whole reply; nullopt when more bytes are needed. An error is final: every later call
  // repeats it.
  Result<std::optional<Reply>> Next();

  // Bytes that were fed and do not belong to a reply handed out, except those of a reply that is
  // half read.
  size_t unread_bytes() const { return buffer_.size() - read_pos_; }

  // True between replies: no byte of a further reply was seen.
  bool idle() const { return open_.empty() && unread_bytes() == 0; }

 private:
  struct OpenAggregate {
    Reply reply;
    int64_t missing = 0;     // items still to come
    bool attribute = false;  // dropped when complete; its place is taken by the reply behind it
  };
  enum class Step { kNeedMore, kValue, kOpened, kFailed };

  Step ReadOne(Reply* reply);
  Step ReadLineValue(char kind, std::string_view line, Reply* reply);
  Step ReadBulk(char kind, std::string_view line, Reply* reply);
  Step OpenAggregateOf(char kind, std::string_view line, Reply* reply);
  bool AddToOpen(Reply* reply);
  std::optional<std::string_view> HeadLine();
  Step Fail(std::string_view what);
  void ConsumeLine(size_t line_size);
  void Compact();

  ReplyLimits limits_;
  std::string buffer_;
  size_t read_pos_ = 0;
  size_t scan_pos_ =
      0;  // no line end was found before it: a slow line is not scanned again and again
  std::vector<OpenAggregate> open_;
  std::string failure_;
};

}  // namespace pleiad::resp
