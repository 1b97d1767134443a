// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "resp/request_parser.h"

#include <cstring>
#include <utility>

#include "base/text.h"

namespace pleiad::resp {
namespace {

// A head line may not be longer than this; what is longer without a line end is not RESP.
constexpr size_t kHeadMax = 64 * 1024;

enum class Head { kOk, kNeedMore, kTooLong, kBad };

// Reads "<digits>\r\n" at data[*at]; *at moves behind it.
inline Head ReadNumber(std::string_view data, size_t* at, int64_t* number) {
  const char* p = data.data() + *at;
  const char* const end = data.data() + data.size();
  // The common case: up to 9 digits and the line end are here.
  int64_t n = 0;
  const char* q = p;
  while (q < end && *q >= '0' && *q <= '9' && q - p < 10) n = n * 10 + (*q++ - '0');
  if (q > p && q + 1 < end && q[0] == '\r' && q[1] == '\n' && (*p != '0' || q - p == 1))
      [[likely]] {
    *number = n;
    *at = static_cast<size_t>(q + 2 - data.data());
    return Head::kOk;
  }
  const auto* line_end =
      static_cast<const char*>(std::memchr(p, '\r', static_cast<size_t>(end - p)));
  if (line_end == nullptr)
    return static_cast<size_t>(end - p) > kHeadMax ? Head::kTooLong : Head::kNeedMore;
  if (line_end + 1 >= end) return Head::kNeedMore;
  const auto value = ParseInt64(std::string_view(p, static_cast<size_t>(line_end - p)));
  if (!value.has_value() || line_end[1] != '\n') return Head::kBad;
  *number = *value;
  *at = static_cast<size_t>(line_end + 2 - data.data());
  return Head::kOk;
}

}  // namespace

void RequestParser::Reset() {
  stage_ = Stage::kStart;
  at_ = 0;
  remaining_ = 0;
  bulk_size_ = -1;
  spans_.clear();
}

RequestParser::Result RequestParser::Fail(std::string_view text) {
  error_text_ = "ERR Protocol error: ";
  error_text_ += text;
  error_ = error_text_;
  return Result::kError;
}

RequestParser::Result RequestParser::Finish(std::string_view data, size_t* consumed) {
  last_was_inline_ = false;
  args_.clear();
  for (const Span& span : spans_) {
    args_.emplace_back(span.large != nullptr ? span.large : data.data() + span.offset, span.size);
  }
  *consumed = at_;
  Reset();
  return Result::kCommand;
}

RequestParser::Result RequestParser::ParseInline(std::string_view data, const RequestLimits& limits,
                                                 size_t* consumed) {
  const size_t end = data.find('\n');
  if (end == std::string_view::npos) {
    return data.size() > limits.inline_size_max ? Fail("too big inline request")
                                                : Result::kNeedMore;
  }
  if (end > limits.inline_size_max) return Fail("too big inline request");
  std::string_view line = data.substr(0, end);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  auto words = SplitArgs(line);
  if (!words.has_value()) return Fail("unbalanced quotes in request");
  inline_words_ = std::move(*words);
  args_.assign(inline_words_.begin(), inline_words_.end());
  *consumed = end + 1;
  last_was_inline_ = true;
  Reset();
  return Result::kCommand;
}

RequestParser::Result RequestParser::ParseArrayHead(std::string_view data,
                                                    const RequestLimits& limits) {
  at_ = 1;
  const Head head = ReadNumber(data, &at_, &remaining_);
  if (head == Head::kOk && remaining_ <= limits.args_max) {
    stage_ = Stage::kBulkHead;
    if (remaining_ < 0) remaining_ = 0;
    return Result::kCommand;
  }
  if (head == Head::kNeedMore) {
    at_ = 0;
    return Result::kNeedMore;
  }
  if (head == Head::kOk && limits.unauthenticated) return Fail("unauthenticated multibulk length");
  return Fail(head == Head::kTooLong ? "too big mbulk count string" : "invalid multibulk length");
}

RequestParser::Result RequestParser::ParseBulkHead(std::string_view data,
                                                   const RequestLimits& limits) {
  if (at_ >= data.size()) return Result::kNeedMore;
  if (data[at_] != '$') {
    const std::string text = std::string("expected '$', got '") + data[at_] + "'";
    return Fail(text);
  }
  size_t next = at_ + 1;
  const Head head = ReadNumber(data, &next, &bulk_size_);
  if (head == Head::kNeedMore) return Result::kNeedMore;
  if (head == Head::kTooLong) return Fail("too big bulk count string");
  if (head == Head::kOk && limits.unauthenticated && bulk_size_ > limits.bulk_size_max) {
    return Fail("unauthenticated bulk length");
  }
  if (head == Head::kBad || bulk_size_ < 0 || bulk_size_ > limits.bulk_size_max) {
    return Fail("invalid bulk length");
  }
  at_ = next;
  stage_ = Stage::kBulkBody;
  return Result::kCommand;
}

RequestParser::Result RequestParser::Next(std::string_view data, const RequestLimits& limits,
                                          size_t* consumed) {
  if (stage_ == Stage::kStart) {
    if (data.empty()) return Result::kNeedMore;
    if (data[0] != '*') return ParseInline(data, limits, consumed);
    const Result head = ParseArrayHead(data, limits);
    if (head != Result::kCommand) return head;
  }
  while (remaining_ > 0) {
    if (stage_ == Stage::kBulkHead) {
      const Result head = ParseBulkHead(data, limits);
      if (head != Result::kCommand) return head;
    }
    const auto size = static_cast<size_t>(bulk_size_);
    if (data.size() < at_ + size + 2) {
      if (size >= kLargeBulk) {
        *consumed = at_;
        return Result::kLargeBulk;
      }
      return Result::kNeedMore;
    }
    if (data[at_ + size] != '\r' || data[at_ + size + 1] != '\n') {
      return Fail("invalid bulk length");
    }
    spans_.push_back({at_, size, nullptr});
    at_ += size + 2;
    stage_ = Stage::kBulkHead;
    --remaining_;
  }
  return Finish(data, consumed);
}

void RequestParser::FinishLarge(std::string_view large) {
  spans_.push_back({0, large.size(), large.data()});
  stage_ = Stage::kBulkHead;
  --remaining_;
}

}  // namespace pleiad::resp
