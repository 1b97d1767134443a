// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_token.h"

#include <fmt/format.h>
#include <lzf.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace pleiad {
namespace {

constexpr int kNoEncoding = -1;

uint64_t LittleEndian(const unsigned char* p, size_t bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes; ++i) number |= static_cast<uint64_t>(p[i]) << (8 * i);
  return number;
}

uint64_t BigEndian(const unsigned char* p, size_t bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes; ++i) number = (number << 8) | p[i];
  return number;
}

// A buffer that served one huge string is not worth keeping for small ones.
constexpr size_t kKeepBytesMax = 1 << 20;

void Recycle(std::string* buffer) {
  if (buffer->capacity() > kKeepBytesMax) {
    std::string().swap(*buffer);
  } else {
    buffer->clear();
  }
}

}  // namespace

Result<bool> RdbTokenizer::Read(RdbWant want, std::string_view* in, RdbToken* token) {
  switch (want) {
    case RdbWant::kByte:
    case RdbWant::kU32:
    case RdbWant::kU64: {
      const size_t bytes = want == RdbWant::kByte ? 1 : want == RdbWant::kU32 ? 4 : 8;
      if (!ReadFixed(bytes, in)) return false;
      token->number = LittleEndian(fixed_.data(), bytes);
      fixed_have_ = 0;
      return true;
    }
    case RdbWant::kHeader:
      if (!ReadFixed(rdb::kHeaderBytes, in)) return false;
      token->text = {reinterpret_cast<const char*>(fixed_.data()), rdb::kHeaderBytes};
      fixed_have_ = 0;
      return true;
    case RdbWant::kLength: {
      int encoding = kNoEncoding;
      Result<bool> ready = ReadLength(in, &token->number, &encoding);
      if (ready.ok() && *ready && encoding != kNoEncoding) {
        return Error{fmt::format("a length was expected, found string encoding {}", encoding)};
      }
      return ready;
    }
    case RdbWant::kString:
    case RdbWant::kPacked:
      keep_packed_ = want == RdbWant::kPacked;
      return ReadString(in, token);
    case RdbWant::kDone:
      break;
  }
  CHECK_MSG(false, "Read(kDone)");
  return false;
}

// True when `bytes` bytes are in fixed_. The caller sets fixed_have_ back to 0 when it has used
// them.
bool RdbTokenizer::ReadFixed(size_t bytes, std::string_view* in) {
  const size_t take = std::min(bytes - fixed_have_, in->size());
  std::copy_n(in->data(), take, fixed_.data() + fixed_have_);
  fixed_have_ += take;
  in->remove_prefix(take);
  return fixed_have_ == bytes;
}

Result<bool> RdbTokenizer::ReadLength(std::string_view* in, uint64_t* length, int* encoding) {
  if (fixed_have_ == 0 && !ReadFixed(1, in)) return false;
  const unsigned head = fixed_[0];
  *encoding = kNoEncoding;
  switch (head >> 6) {
    case 0:
      *length = head & 0x3f;
      break;
    case 1:
      if (!ReadFixed(2, in)) return false;
      *length = (static_cast<uint64_t>(head & 0x3f) << 8) | fixed_[1];
      break;
    case 2: {
      if (head != rdb::kLen32 && head != rdb::kLen64) {
        return Error{fmt::format("unknown length byte 0x{:02x}", head)};
      }
      const size_t bytes = head == rdb::kLen32 ? 4 : 8;
      if (!ReadFixed(1 + bytes, in)) return false;
      *length = BigEndian(fixed_.data() + 1, bytes);
      break;
    }
    default:
      *encoding = static_cast<int>(head & 0x3f);
      *length = 0;
      break;
  }
  fixed_have_ = 0;
  return true;
}

Result<bool> RdbTokenizer::ReadString(std::string_view* in, RdbToken* token) {
  if (string_state_ == StringState::kHead) {
    uint64_t length = 0;
    int encoding = kNoEncoding;
    Result<bool> ready = ReadLength(in, &length, &encoding);
    if (!ready.ok() || !*ready) return ready;
    ready = StartString(length, encoding);
    if (!ready.ok()) return ready;
  }
  while (string_state_ == StringState::kPackedLength || string_state_ == StringState::kFullLength) {
    uint64_t length = 0;
    int encoding = kNoEncoding;
    Result<bool> ready = ReadLength(in, &length, &encoding);
    if (!ready.ok() || !*ready) return ready;
    const bool packed = string_state_ == StringState::kPackedLength;
    if (encoding != kNoEncoding || length == 0 || length > string_max_) {
      return Error{fmt::format("a compressed string has a bad length ({})", length)};
    }
    (packed ? body_bytes_ : full_bytes_) = length;
    if (!packed && full_bytes_ / rdb::kLzfRatioMax > body_bytes_) {
      return Error{fmt::format("a compressed string of {} bytes claims to hold {}", body_bytes_,
                               full_bytes_)};
    }
    string_state_ = packed ? StringState::kFullLength : StringState::kPacked;
  }
  std::string_view body;
  if (!ReadBody(in, &body)) return false;
  const StringState was = string_state_;
  string_state_ = StringState::kHead;
  token->number = 0;
  if (was == StringState::kPacked && keep_packed_) {
    token->number = full_bytes_;
    token->text = body;
    return true;
  }
  if (was == StringState::kPacked) return Unpack(body, token);
  if (was == StringState::kPlain) {
    token->text = body;
    return true;
  }
  const uint64_t bits =
      LittleEndian(reinterpret_cast<const unsigned char*>(body.data()), body.size());
  const int64_t number = encoding_ == rdb::kEncInt8    ? static_cast<int8_t>(bits)
                         : encoding_ == rdb::kEncInt16 ? static_cast<int16_t>(bits)
                                                       : static_cast<int32_t>(bits);
  const auto end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), number).ptr;
  token->text = {digits_.data(), static_cast<size_t>(end - digits_.data())};
  return true;
}

// What follows the head of a string.
Result<bool> RdbTokenizer::StartString(uint64_t length, int encoding) {
  Recycle(&body_);
  Recycle(&unpacked_);
  encoding_ = encoding;
  switch (encoding) {
    case kNoEncoding:
      if (length > string_max_) {
        return Error{
            fmt::format("a string of {} bytes is above the limit of {}", length, string_max_)};
      }
      string_state_ = StringState::kPlain;
      body_bytes_ = length;
      return true;
    case rdb::kEncInt8:
    case rdb::kEncInt16:
    case rdb::kEncInt32:
      string_state_ = StringState::kInteger;
      body_bytes_ = 1ULL << encoding;
      return true;
    case rdb::kEncLzf:
      string_state_ = StringState::kPackedLength;
      return true;
    default:
      return Error{fmt::format("unknown string encoding {}", encoding)};
  }
}

// True when the body is complete; *body is a view into the piece, or into body_ when it came in
// several.
bool RdbTokenizer::ReadBody(std::string_view* in, std::string_view* body) {
  const auto missing = static_cast<size_t>(body_bytes_ - body_.size());
  if (body_.empty() && in->size() >= missing) {
    *body = in->substr(0, missing);
    in->remove_prefix(missing);
    return true;
  }
  const size_t take = std::min(missing, in->size());
  body_.append(in->substr(0, take));
  in->remove_prefix(take);
  *body = body_;
  return body_.size() == body_bytes_;
}

bool UnpackRdbString(std::string_view packed, char* to, size_t size) {
  return lzf_decompress(packed.data(), static_cast<unsigned>(packed.size()), to,
                        static_cast<unsigned>(size)) == size;
}

Result<bool> RdbTokenizer::Unpack(std::string_view packed, RdbToken* token) {
  unpacked_.resize(static_cast<size_t>(full_bytes_));
  if (!UnpackRdbString(packed, unpacked_.data(), unpacked_.size()))
    return Error{"a compressed string is damaged"};
  token->text = unpacked_;
  return true;
}

}  // namespace pleiad
