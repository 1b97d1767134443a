// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "resp/reply_parser.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace pleiad::resp {

namespace {

constexpr size_t kCompactBytes = 64 * 1024;
constexpr int64_t kReserveItems = 256;  // announced counts are not trusted with memory

// RESP3 allows nan, which ParseDouble refuses.
std::optional<double> ParseReplyDouble(std::string_view text) {
  if (EqualsIgnoreCase(text, "nan") || EqualsIgnoreCase(text, "-nan")) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return ParseDouble(text);
}

Reply::Type AggregateType(char kind) {
  switch (kind) {
    case '%':
      return Reply::Type::kMap;
    case '~':
      return Reply::Type::kSet;
    case '>':
      return Reply::Type::kPush;
    default:
      return Reply::Type::kArray;
  }
}

// A sign and digits: some servers write ":+1".
std::optional<int64_t> ParseReplyInteger(std::string_view text) {
  if (text.size() > 1 && text[0] == '+') {
    if (text[1] == '-') return std::nullopt;
    text.remove_prefix(1);
  }
  return ParseInt64(text);
}

bool IsBigNumber(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void ReplyParser::Feed(std::string_view bytes) {
  if (!failure_.empty()) return;
  buffer_.append(bytes);
}

Result<std::optional<Reply>> ReplyParser::Next() {
  while (failure_.empty()) {
    Reply reply;
    const Step step = ReadOne(&reply);
    if (step == Step::kNeedMore) {
      Compact();
      return std::optional<Reply>();
    }
    if (step == Step::kValue && AddToOpen(&reply)) return std::optional<Reply>(std::move(reply));
  }
  return Error{failure_};
}

// True when `*reply` is a whole top-level reply; else it went into the innermost open aggregate.
bool ReplyParser::AddToOpen(Reply* reply) {
  while (!open_.empty()) {
    OpenAggregate& parent = open_.back();
    if (!parent.attribute) parent.reply.items.push_back(std::move(*reply));
    if (--parent.missing > 0) return false;
    Reply whole = std::move(parent.reply);
    const bool attribute = parent.attribute;
    open_.pop_back();
    if (attribute) return false;
    *reply = std::move(whole);
  }
  return true;
}

ReplyParser::Step ReplyParser::ReadOne(Reply* reply) {
  const std::optional<std::string_view> head = HeadLine();
  if (!failure_.empty()) return Step::kFailed;
  if (!head) return Step::kNeedMore;
  if (head->empty()) return Fail("an empty line where a reply should start");
  const char kind = (*head)[0];
  const std::string_view line = head->substr(1);
  switch (kind) {
    case '$':
    case '!':
    case '=':
      return ReadBulk(kind, line, reply);
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
      return OpenAggregateOf(kind, line, reply);
    default:
      return ReadLineValue(kind, line, reply);
  }
}

ReplyParser::Step ReplyParser::ReadLineValue(char kind, std::string_view line, Reply* reply) {
  switch (kind) {
    case '+':
      reply->type = Reply::Type::kSimple;
      break;
    case '-':
      reply->type = Reply::Type::kError;
      break;
    case '_':
      if (!line.empty()) return Fail("a null with content");
      reply->type = Reply::Type::kNil;
      break;
    case ':': {
      const std::optional<int64_t> number = ParseReplyInteger(line);
      if (!number) return Fail("a bad integer");
      reply->type = Reply::Type::kInteger;
      reply->integer = *number;
      ConsumeLine(line.size() + 1);
      return Step::kValue;
    }
    case ',': {
      const std::optional<double> number = ParseReplyDouble(line);
      if (!number) return Fail("a bad double");
      reply->type = Reply::Type::kDouble;
      reply->number = *number;
      break;
    }
    case '#':
      if (line != "t" && line != "f") return Fail("a bad boolean");
      reply->type = Reply::Type::kBool;
      reply->integer = line == "t" ? 1 : 0;
      ConsumeLine(line.size() + 1);
      return Step::kValue;
    case '(':
      if (!IsBigNumber(line)) return Fail("a bad big number");
      reply->type = Reply::Type::kBigNumber;
      break;
    default:
      return Fail("an unknown type byte");
  }
  reply->text.assign(line);
  ConsumeLine(line.size() + 1);
  return Step::kValue;
}

ReplyParser::Step ReplyParser::ReadBulk(char kind, std::string_view line, Reply* reply) {
  const std::optional<int64_t> length = ParseInt64(line);
  if (!length || *length < -1 || *length > limits_.bulk_bytes_max) return Fail("a bad bulk length");
  if (*length == -1) {
    if (kind != '$') return Fail("a bad bulk length");
    ConsumeLine(line.size() + 1);
    return Step::kValue;  // the RESP2 nil
  }
  const size_t size = static_cast<size_t>(*length);
  const size_t start = read_pos_ + 1 + line.size() + 2;
  if (buffer_.size() - start < size + 2) return Step::kNeedMore;
  if (buffer_.compare(start + size, 2, "\r\n") != 0)
    return Fail("a bulk string without its line end");
  std::string_view body = std::string_view(buffer_).substr(start, size);
  reply->type = kind == '!' ? Reply::Type::kError : Reply::Type::kBulk;
  if (kind == '=') {
    if (size < 4 || body[3] != ':') return Fail("a verbatim string without its format");
    reply->type = Reply::Type::kVerbatim;
    body.remove_prefix(4);
  }
  reply->text.assign(body);
  read_pos_ = start + size + 2;
  scan_pos_ = read_pos_;
  return Step::kValue;
}

ReplyParser::Step ReplyParser::OpenAggregateOf(char kind, std::string_view line, Reply* reply) {
  const std::optional<int64_t> count = ParseInt64(line);
  if (!count || *count < -1 || *count > limits_.items_max) return Fail("a bad count of items");
  if (*count == -1 && kind != '*') return Fail("a bad count of items");
  const bool attribute = kind == '|';
  ConsumeLine(line.size() + 1);
  if (*count == -1) return Step::kValue;  // the RESP2 nil array
  if (*count == 0) {
    reply->type = AggregateType(kind);
    return attribute ? Step::kOpened : Step::kValue;
  }
  if (open_.size() >= limits_.depth_max) return Fail("replies nested too deep");
  OpenAggregate aggregate;
  aggregate.attribute = attribute;
  aggregate.missing = kind == '%' || attribute ? *count * 2 : *count;
  aggregate.reply.type = AggregateType(kind);
  if (!attribute)
    aggregate.reply.items.reserve(static_cast<size_t>(std::min(aggregate.missing, kReserveItems)));
  open_.push_back(std::move(aggregate));
  return Step::kOpened;
}

// The line at read_pos_ without its end; not consumed. nullopt: incomplete, or failed.
std::optional<std::string_view> ReplyParser::HeadLine() {
  scan_pos_ = std::max(scan_pos_, read_pos_);
  const size_t end = buffer_.find("\r\n", scan_pos_);
  size_t length = (end == std::string::npos ? buffer_.size() : end) - read_pos_;
  if (end == std::string::npos && length > 0 && buffer_.back() == '\r')
    --length;  // half of the line end
  if (length > limits_.line_bytes_max) {
    Fail("a line over the limit");
    return std::nullopt;
  }
  if (end == std::string::npos) {
    // The last byte may be the '\r' of an end that is still under way.
    if (!buffer_.empty()) scan_pos_ = std::max(read_pos_, buffer_.size() - 1);
    return std::nullopt;
  }
  scan_pos_ = end;
  return std::string_view(buffer_).substr(read_pos_, length);
}

void ReplyParser::ConsumeLine(size_t line_size) {
  read_pos_ += line_size + 2;
  scan_pos_ = read_pos_;
}

ReplyParser::Step ReplyParser::Fail(std::string_view what) {
  failure_ = "Protocol error: " + std::string(what);
  if (unread_bytes() > 0) {
    failure_ += " at ";
    failure_ += Quoted(std::string_view(buffer_).substr(read_pos_, 32));
  }
  return Step::kFailed;
}

void ReplyParser::Compact() {
  if (read_pos_ == buffer_.size()) {
    buffer_.clear();
    if (buffer_.capacity() > (size_t{1} << 20)) buffer_.shrink_to_fit();
  } else if (read_pos_ >= kCompactBytes && read_pos_ >= buffer_.size() / 2) {
    buffer_.erase(0, read_pos_);
  } else {
    return;
  }
  scan_pos_ = scan_pos_ > read_pos_ ? scan_pos_ - read_pos_ : 0;
  read_pos_ = 0;
}

}  // namespace pleiad::resp
