// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_zset.h"

#include <bit>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "data/zset.h"
#include "snapshot/packed_formats.h"

namespace pleiad {
namespace {

constexpr uint8_t kRdbZsetText = 3;
constexpr uint8_t kRdbZsetBinary = 5;
constexpr uint8_t kRdbZsetZiplist = 12;
constexpr uint8_t kRdbZsetListpack = 17;
constexpr uint64_t kScoreNan = 253;
constexpr uint64_t kScoreInf = 254;
constexpr uint64_t kScoreMinusInf = 255;

uint8_t RdbZsetType(const ValueView&) { return kRdbZsetBinary; }

// From the greatest down, as Redis does: a reader that builds its index from one end has it easy.
void AppendRdbZset(std::string* out, const ValueView& value, const RdbEncodeOptions& options) {
  const ZsetView zset(value);
  AppendRdbLength(out, zset.size());
  zset.Visit({0, zset.size()}, true, [&](std::string_view member, double score) {
    AppendRdbString(out, member, options);
    AppendRdbLittleEndian64(out, std::bit_cast<uint64_t>(score));
  });
}

class RdbZsetDecoder : public RdbValueDecoder {
 public:
  RdbZsetDecoder(uint8_t type, const CollectionSettings* settings)
      : type_(type), settings_(*settings) {}

  RdbWant Start() override {
    value_ = MemoryStore();
    stage_ = Stage::kCount;
    const bool counted = type_ == kRdbZsetText || type_ == kRdbZsetBinary;
    return counted ? RdbWant::kLength : RdbWant::kString;
  }

  Result<RdbWant> OnToken(const RdbToken& token) override {
    switch (stage_) {
      case Stage::kCount:
        if (type_ == kRdbZsetZiplist || type_ == kRdbZsetListpack) return Unpack(token.text);
        left_ = token.number;
        if (left_ == 0) return Error{"an empty sorted set"};
        stage_ = Stage::kMember;
        return RdbWant::kString;
      case Stage::kMember:
        member_ = token.text;
        stage_ = Stage::kScore;
        return type_ == kRdbZsetBinary ? RdbWant::kU64 : RdbWant::kByte;
      case Stage::kScore:
        if (type_ == kRdbZsetBinary) return Add(std::bit_cast<double>(token.number));
        return BeginText(token.number);
      case Stage::kText:
        text_.push_back(static_cast<char>(token.number));
        return --text_left_ == 0 ? AddText(text_) : Result<RdbWant>(RdbWant::kByte);
    }
    return Error{"a sorted set goes on behind its end"};
  }

  Status Deliver(const RdbKey& key, RdbSink* sink) override {
    return sink->OnValue(key, ValueType::kZset, &value_);
  }

 private:
  enum class Stage { kCount, kMember, kScore, kText };

  Result<RdbWant> BeginText(uint64_t size) {
    if (size == kScoreNan) return Add(std::numeric_limits<double>::quiet_NaN());
    if (size == kScoreInf) return Add(std::numeric_limits<double>::infinity());
    if (size == kScoreMinusInf) return Add(-std::numeric_limits<double>::infinity());
    if (size == 0) return Error{"a score without digits"};
    text_.clear();
    text_left_ = size;
    stage_ = Stage::kText;
    return RdbWant::kByte;
  }

  Result<RdbWant> AddText(std::string_view text) {
    const auto score = ParseDouble(text);
    if (!score.has_value()) return Error{"a score that is not a number"};
    return Add(*score);
  }

  Result<RdbWant> Add(double score) {
    const Status put = Put(member_, score);
    if (!put.ok()) return put.error();
    stage_ = Stage::kMember;
    return --left_ == 0 ? RdbWant::kDone : RdbWant::kString;
  }

  Status Put(std::string_view member, double score) {
    if (std::isnan(score)) return Error{"a score that is not a number"};
    if (!Zset(&value_, settings_).Add(member, score).added)
      return Error{"a sorted set has a member twice"};
    return Status::Ok();
  }

  Result<RdbWant> Unpack(std::string_view bytes) {
    bool have_member = false;
    const auto take = [&](std::string_view element) -> Status {
      have_member = !have_member;
      if (have_member) {
        member_ = element;
        return Status::Ok();
      }
      const auto score = ParseDouble(element);
      if (!score.has_value()) return Error{"a score that is not a number"};
      return Put(member_, *score);
    };
    const Status read =
        type_ == kRdbZsetListpack ? ForEachListpack(bytes, take) : ForEachZiplist(bytes, take);
    if (!read.ok()) return read.error();
    if (have_member) return Error{"a member without a score"};
    if (Zset(&value_, settings_).empty()) return Error{"an empty sorted set"};
    return RdbWant::kDone;
  }

  const uint8_t type_;
  const CollectionSettings& settings_;
  MemoryStore value_;
  Stage stage_ = Stage::kCount;
  uint64_t left_ = 0;
  std::string member_;
  std::string text_;
  uint64_t text_left_ = 0;
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
