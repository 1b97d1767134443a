// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The syntax that XREAD and XREADGROUP share, and the head of their replies. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "commands/stream/stream_args.h"

namespace pleiad {

struct StreamReadRequest {
  int64_t count = 0;                // 0: all
  std::optional<int64_t> block_ms;  // 0: for ever
  bool no_ack = false;
  std::string_view group;
  std::string_view consumer;
  int64_t claim_idle_ms = -1;  // >= 0: pending entries that are idle for so long come first
  size_t streams_at = 0;       // the first key
  size_t streams = 0;          // its id is `streams` behind it
};

// False: an error was written.
bool ParseStreamRead(const Args& args, bool with_group, StreamReadRequest* request,
                     resp::Writer& out);
// Positions of the keys behind STREAMS.
bool StreamReadKeys(const Args& args, std::vector<size_t>* positions);

// The reply of both: per stream that has something a key and its entries. Nothing is written before
// the first stream.
class StreamReadReply {
 public:
  explicit StreamReadReply(resp::Writer* out) : out_(out) {}
  bool empty() const { return count_ == 0; }
  // The stream's entries are written next.
  void Key(std::string_view key) {
    if (count_++ == 0) head_ = out_->DeferArray();
    if (out_->protocol() != 3) out_->Array(2);
    out_->Bulk(key);
  }
  // REQUIRES: !empty().
  void Finish() {
    if (out_->protocol() == 3) {
      out_->FillMap(head_, count_);
    } else {
      out_->FillArray(head_, count_);
    }
  }

 private:
  resp::Writer* const out_;
  size_t head_ = 0;
  size_t count_ = 0;
};

}  // namespace pleiad
