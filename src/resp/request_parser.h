// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// RequestParser: the server's side of RESP. Bytes of one connection in, commands (argument views)
// out.
//
// The parser keeps no bytes. It is given the unparsed bytes each time, starting with the command it
// is in the midst of, and remembers how far into that command it got, so a command that trickles in
// is parsed once, not once per packet. A bulk of at least kLargeBulk bytes that has not arrived is
// announced (kLargeBulk): the caller may read it straight into memory of its own and hand it over
// with FinishLarge; so a large value is copied by the kernel alone. Specification: RESP, "Sending
// commands"; error texts are those clients of this field know.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pleiad::resp {

struct RequestLimits {
  int64_t bulk_size_max = 512LL * 1024 * 1024;
  int64_t args_max = 1024 * 1024;
  size_t inline_size_max = 64 * 1024;
  bool unauthenticated = false;  // the limits are those of a client before AUTH: errors say so
};

class RequestParser {
 public:
  static constexpr size_t kLargeBulk = 32 * 1024;

  enum class Result {
    kCommand,    // args() holds a command; `consumed` bytes belong to it. An empty command (blank
                 // line, *0) has no args
    kNeedMore,   // give the same bytes again, with more behind them
    kLargeBulk,  // large_size() bytes of an argument are due from data[consumed] on; then call
                 // FinishLarge
    kError,      // error() says why; close the connection after telling
  };

  // `data`: bytes from the start of the current command on. On kCommand `*consumed` is its size.
  Result Next(std::string_view data, const RequestLimits& limits, size_t* consumed);

  // The arguments; views into `data` of the last Next (or the caller's large memory). Valid until
  // the next call.
  std::vector<std::string_view>& args() { return args_; }
  std::string_view error() const { return error_; }

  // After kLargeBulk: how many bytes the argument has, and how many of them stand in `data` already
  // (from `consumed` on).
  size_t large_size() const { return static_cast<size_t>(bulk_size_); }
  // The caller owns the large argument now, with its CRLF taken off the stream: it becomes argument
  // number args_so_far(), and the bytes of the command that were given so far, up to `consumed`,
  // are given again as the start of `data`.
  void FinishLarge(std::string_view large);
  size_t args_so_far() const { return spans_.size(); }
  // The last command was inline: its arguments are views into the parser, gone with the next call
  // of Next.
  bool last_was_inline() const { return last_was_inline_; }
  // True between commands.
  bool idle() const { return stage_ == Stage::kStart; }
  void Reset();

 private:
  enum class Stage { kStart, kBulkHead, kBulkBody };
  struct Span {
    size_t offset;
    size_t size;
    const char* large;  // not null: lies outside of data
  };
  Result ParseInline(std::string_view data, const RequestLimits& limits, size_t* consumed);
  Result ParseArrayHead(std::string_view data, const RequestLimits& limits);
  Result ParseBulkHead(std::string_view data, const RequestLimits& limits);
  Result Fail(std::string_view text);
  Result Finish(std::string_view data, size_t* consumed);

  Stage stage_ = Stage::kStart;
  size_t at_ = 0;          // parsed so far, from the start of the command
  int64_t remaining_ = 0;  // arguments still to come
  int64_t bulk_size_ = -1;
  std::vector<Span> spans_;
  std::vector<std::string_view> args_;
  std::vector<std::string> inline_words_;
  bool last_was_inline_ = false;
  std::string_view error_;
  std::string error_text_;
};

}  // namespace pleiad::resp
