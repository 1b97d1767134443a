// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_zset.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "base/text.h"
#include "data/zset.h"
#include "snapshot/packed_formats.h"

namespace pleiad {
namespace {

constexpr uint8_t kRdbZsetText = 3;
constexpr uint8_t kRdbZsetBinary = 5;
constexpr uint8_t kRdbZsetZiplist = 12;
constexpr uint8_t kRdbZsetListpack = 17;

constexpr uint64_t kRdbScoreNan = 253;
constexpr uint64_t kRdbScoreInf = 254;
constexpr uint64_t kRdbScoreMinusInf = 255;

uint8_t RdbZsetType(const ValueView& value) {
  return ZsetView(value).is_object() ? kRdbZsetBinary : kRdbZsetListpack;
}

// Whole numbers go in as integers.
void AppendScore(ListpackBuilder* listpack, double score) {
  constexpr double kWholeMax = 4611686018427387904.0;  // 2^62
  const bool minus_zero = score == 0 && std::signbit(score);
  if (std::fabs(score) <= kWholeMax && score == std::floor(score) && !minus_zero) {
    listpack->AppendInteger(static_cast<int64_t>(score));
    return;
  }
  char text[40];
  const auto end = std::to_chars(text, text + sizeof(text), score);
  listpack->Append({text, static_cast<size_t>(end.ptr - text)});
}

void AppendRdbZset(std::string* out, const ValueView& value, const RdbEncodeOptions& options) {
  const ZsetView zset(value);
  if (!zset.is_object()) {
    ListpackBuilder listpack;
    zset.ForEach([&](std::string_view member, double score) {
      listpack.Append(member);
      AppendScore(&listpack, score);
    });
    AppendRdbString(out, listpack.Finish(), options);
    return;
  }
  AppendRdbLength(out, zset.size());
  zset.ForEach([&](std::string_view member, double score) {
    AppendRdbString(out, member, options);
    AppendRdbLittleEndian64(out, std::bit_cast<uint64_t>(score));
  });
}

class RdbZsetDecoder : public RdbValueDecoder {
 public:
  RdbZsetDecoder(uint8_t type, const CollectionSettings* settings)
      : type_(type), settings_(settings) {}

  RdbWant Start() override {
    store_ = MemoryStore();
    member_.reset();
    state_ = packed() ? State::kPacked : State::kCount;
    return packed() ? RdbWant::kString : RdbWant::kLength;
  }

  Result<RdbWant> OnToken(const RdbToken& token) override {
    switch (state_) {
      case State::kPacked:
        return TakePacked(token.text);
      case State::kCount:
        left_ = token.number;
        if (left_ == 0) return Error{"a sorted set without members"};
        state_ = State::kMember;
        return RdbWant::kString;
      case State::kMember:
        member_ = std::string(token.text);
        state_ = type_ == kRdbZsetBinary ? State::kScore : State::kTextLength;
        return type_ == kRdbZsetBinary ? RdbWant::kU64 : RdbWant::kByte;
      case State::kScore:
        return TakeScore(std::bit_cast<double>(token.number));
      case State::kTextLength:
        return TakeTextLength(token.number);
      case State::kText:
        text_.push_back(static_cast<char>(token.number));
        return text_.size() < text_size_ ? RdbWant::kByte : TakeText(text_);
    }
    return Error{"a sorted set out of step"};
  }

  Status Deliver(const RdbKey& key, RdbSink* sink) override {
    return sink->OnValue(key, ValueType::kZset, &store_);
  }

 private:
  enum class State { kPacked, kCount, kMember, kScore, kTextLength, kText };
  bool packed() const { return type_ == kRdbZsetZiplist || type_ == kRdbZsetListpack; }

  Status Add(std::string_view member, double score) {
    if (std::isnan(score)) return Error{"a score that is not a number"};
    Zset zset(&store_, *settings_);
    if (zset.Add(member, score).added) return Status::Ok();
    return Error{"a sorted set with a member twice"};
  }

  Result<RdbWant> TakePacked(std::string_view bytes) {
    const auto element = [this](std::string_view text) -> Status {
      if (!member_.has_value()) {
        member_ = std::string(text);
        return Status::Ok();
      }
      const auto score = ParseDouble(text);
      if (!score.has_value()) return Error{"a score that is not a number"};
      const Status added = Add(*member_, *score);
      member_.reset();
      return added;
    };
    const Status read = type_ == kRdbZsetListpack ? ForEachListpack(bytes, element)
                                                  : ForEachZiplist(bytes, element);
    if (!read.ok()) return read.error();
    if (member_.has_value()) return Error{"a sorted set with a member without score"};
    if (ZsetView(store_.view()).size() == 0) return Error{"a sorted set without members"};
    return RdbWant::kDone;
  }

  Result<RdbWant> TakeScore(double score) {
    const Status added = Add(*member_, score);
    if (!added.ok()) return added.error();
    if (--left_ == 0) return RdbWant::kDone;
    state_ = State::kMember;
    return RdbWant::kString;
  }

  Result<RdbWant> TakeTextLength(uint64_t length) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (length == kRdbScoreNan || length == 0) return Error{"a score that is not a number"};
    if (length == kRdbScoreInf) return TakeScore(kInfinity);
    if (length == kRdbScoreMinusInf) return TakeScore(-kInfinity);
    text_.clear();
    text_size_ = length;
    state_ = State::kText;
    return RdbWant::kByte;
  }

  Result<RdbWant> TakeText(std::string_view text) {
    const auto score = ParseDouble(text);
    if (!score.has_value()) return Error{"a score that is not a number"};
    return TakeScore(*score);
  }

  const uint8_t type_;
  const CollectionSettings* const settings_;
  MemoryStore store_;
  State state_ = State::kCount;
  uint64_t left_ = 0;  // items still to come
  std::optional<std::string> member_;
  std::string text_;
  size_t text_size_ = 0;
};

}  // namespace

const RdbEncoder kRdbZsetEncoder{RdbZsetType, AppendRdbZset};

std::unique_ptr<RdbValueDecoder> MakeRdbZsetDecoder(uint8_t type,
                                                    const CollectionSettings* settings) {
  if (type != kRdbZsetText && type != kRdbZsetBinary && type != kRdbZsetZiplist &&
      type != kRdbZsetListpack) {
    return nullptr;
  }
  return std::make_unique<RdbZsetDecoder>(type, settings);
}

}  // namespace pleiad
