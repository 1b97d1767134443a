// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "journal/aof_scan.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "journal/aof_annotation.h"

namespace pleiad {
namespace {

// One pass. `at` is the next byte, `line` counts as it moves.
class AofScanner {
 public:
  AofScanner(std::string_view bytes, size_t begin) : bytes_(bytes), at_(begin) {}

  bool end() const { return at_ == bytes_.size(); }
  size_t at() const { return at_; }
  char peek() const { return bytes_[at_]; }
  int64_t line() const { return line_; }
  const std::string& error() const { return error_; }
  size_t error_at() const { return error_at_; }

  // Up to the line's end, which is passed over.
  std::optional<std::string_view> Line() {
    const size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) {
      Fail(at_, "the file ends in the middle of a line");
      return std::nullopt;
    }
    std::string_view text = bytes_.substr(at_, end - at_);
    if (text.ends_with('\r')) text.remove_suffix(1);
    at_ = end + 1;
    ++line_;
    return text;
  }

  // "*3" or "$5".
  std::optional<int64_t> Number(char prefix) {
    const size_t start = at_;
    if (end()) return FailNumber(start, fmt::format("Expected prefix '{}', the file ends", prefix));
    if (peek() != prefix)
      return FailNumber(start, fmt::format("Expected prefix '{}', got: '{}'", prefix, peek()));
    const std::optional<std::string_view> text = Line();
    if (!text) return std::nullopt;
    const std::optional<int64_t> number = ParseInt64(text->substr(1));
    if (!number || *number < 0)
      return FailNumber(start, fmt::format("{} is not a length", Quoted(text->substr(1))));
    return number;
  }

  std::optional<std::string_view> String() {
    const std::optional<int64_t> length = Number('$');
    if (!length) return std::nullopt;
    const size_t size = static_cast<size_t>(*length);
    const size_t left = bytes_.size() - at_;
    if (size > left || left - size < 2) {
      Fail(at_, fmt::format("Expected to read {} bytes, got {} bytes", *length + 2, left));
      return std::nullopt;
    }
    const std::string_view text = bytes_.substr(at_, size);
    if (bytes_.substr(at_ + size, 2) != "\r\n") {
      Fail(at_ + size, "Expected \\r\\n behind a string");
      return std::nullopt;
    }
    at_ += size + 2;
    ++line_;
    return text;
  }

  void Fail(size_t at, std::string why) {
    error_at_ = at;
    error_ = std::move(why);
  }

 private:
  std::optional<int64_t> FailNumber(size_t at, std::string why) {
    Fail(at, std::move(why));
    return std::nullopt;
  }

  const std::string_view bytes_;
  size_t at_;
  int64_t line_ = 1;
  std::string error_;
  size_t error_at_ = 0;
};

// A command's name; nullopt: it is not whole.
std::optional<std::string_view> TakeCommand(AofScanner* in) {
  const size_t start = in->at();
  const std::optional<int64_t> count = in->Number('*');
  if (!count) return std::nullopt;
  if (*count == 0) {
    in->Fail(start, "a command without a name");
    return std::nullopt;
  }
  std::string_view name;
  for (int64_t i = 0; i < *count; ++i) {
    const std::optional<std::string_view> arg = in->String();
    if (!arg) return std::nullopt;
    if (i == 0) name = *arg;
  }
  return name;
}

// False: the scan ends here.
bool TakeAnnotation(AofScanner* in, std::string_view bytes, int64_t unix_seconds_max,
                    AofScan* scan) {
  const size_t start = in->at();
  const std::optional<std::string_view> text = in->Line();
  if (!text) return false;
  const AofAnnotation annotation = ReadAofAnnotation(bytes.substr(0, start), *text);
  if (!annotation.error.empty()) {
    in->Fail(start, annotation.error);
    return false;
  }
  if (annotation.unix_seconds.value_or(0) <= unix_seconds_max) return true;
  scan->later = start;
  return false;
}

}  // namespace

AofScan ScanAof(std::string_view bytes, size_t begin, int64_t unix_seconds_max) {
  AofScan scan;
  AofScanner in(bytes, begin);
  bool multi = false;
  for (;;) {
    if (!multi) scan.good = in.at();
    if (in.end()) {
      if (multi) in.Fail(in.at(), "Reached EOF before reading EXEC for MULTI");
      break;
    }
    if (in.peek() == '#') {
      if (!TakeAnnotation(&in, bytes, unix_seconds_max, &scan)) break;
      continue;
    }
    if (in.peek() != '*') {
      in.Fail(in.at(),
              fmt::format("Expected prefix '*', got: {}", Quoted(bytes.substr(in.at(), 1))));
      scan.no_command = true;
      break;
    }
    const size_t start = in.at();
    const std::optional<std::string_view> name = TakeCommand(&in);
    if (!name) break;
    if (EqualsIgnoreCase(*name, "MULTI")) {
      if (multi) {
        in.Fail(start, "Unexpected MULTI");
        break;
      }
      multi = true;
    } else if (EqualsIgnoreCase(*name, "EXEC")) {
      if (!multi) {
        in.Fail(start, "Unexpected EXEC");
        break;
      }
      multi = false;
    }
  }
  if (scan.later) scan.good = std::min(scan.good, *scan.later);
  scan.line = in.line();
  scan.error = in.error();
  scan.error_at = in.error_at();
  return scan;
}

}  // namespace pleiad
