// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a full synchronisation is framed on the wire, seen by the replica:
//
//     $<length>\r\n <length bytes>              the master knew the size (made on disk)
//     $EOF:<mark>\r\n <bytes> <mark>            it did not (streamed); mark: 40 random characters
//
// Finds the end in bytes that come in pieces of any size, wherever a piece cuts the mark. Holds
// back at most 39 bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pleiad {

class SnapshotPayload {
 public:
  static constexpr size_t kMarkSize = 40;

  // The head without its line end. Begins a new payload.
  Status Begin(std::string_view head);

  // Consumes from the front of *in; the payload bytes of it are the result, a view that is valid
  // until the next Take while *in's bytes live. What is behind the end stays in *in.
  std::string_view Take(std::string_view* in);

  bool done() const { return done_; }
  // -1: not told (mark form).
  int64_t size() const { return size_; }

 private:
  int64_t size_ = -1;
  int64_t left_ = 0;
  bool done_ = false;
  std::string mark_;
  std::string held_;    // could be the beginning of the mark
  std::string window_;  // held_ and the piece
};

}  // namespace pleiad
