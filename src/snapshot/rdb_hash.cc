// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_hash.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "base/text.h"
#include "data/hash.h"
#include "snapshot/packed_formats.h"

namespace pleiad {
namespace {

constexpr uint8_t kRdbHashPairs = 4;
constexpr uint8_t kRdbHashZipmap = 9;
constexpr uint8_t kRdbHashZiplist = 13;
constexpr uint8_t kRdbHashListpack = 16;
constexpr uint8_t kRdbHashTtlPreGa = 22;  // and Valkey's
constexpr uint8_t kRdbHashListpackTtlPreGa = 23;
constexpr uint8_t kRdbHashTtl = 24;
constexpr uint8_t kRdbHashListpackTtl = 25;

// What both kinds of decoders build, and give to the sink.
class RdbHashDecoder : public RdbValueDecoder {
 public:
  explicit RdbHashDecoder(const CollectionSettings* settings) : settings_(*settings) {}
  Status Deliver(const RdbKey& key, RdbSink* sink) override {
    return sink->OnValue(key, ValueType::kHash, &value_);
  }

 protected:
  void Clear() { value_ = MemoryStore(); }
  Hash hash() { return Hash(&value_, settings_); }
  Status Put(std::string_view field, std::string_view value, int64_t expiry_ms) {
    if (!hash().Put(field, value, expiry_ms)) return Error{"a hash has a field twice"};
    return Status::Ok();
  }

 private:
  const CollectionSettings& settings_;
  MemoryStore value_;
};

// A count, then field by field. What stands between is told by three flags.
struct RdbHashLayout {
  bool first_expiry = false;   // 8 bytes in front of the count
  bool ttl_in_front = false;   // a length in front of the field: 0, or the expiry
  bool expiry_behind = false;  // 8 bytes behind the value
};

class RdbHashFieldsDecoder : public RdbHashDecoder {
 public:
  RdbHashFieldsDecoder(RdbHashLayout layout, const CollectionSettings* settings)
      : RdbHashDecoder(settings), layout_(layout) {}

  RdbWant Start() override {
    Clear();
    first_ms_ = 1;  // so that without a first expiry, what is told is absolute
    state_ = layout_.first_expiry ? State::kFirstExpiry : State::kCount;
    return layout_.first_expiry ? RdbWant::kU64 : RdbWant::kLength;
  }

  Result<RdbWant> OnToken(const RdbToken& token) override {
    switch (state_) {
      case State::kFirstExpiry:
        first_ms_ = static_cast<int64_t>(token.number);
        if (first_ms_ < 0) return Error{"a field's expiry is out of range"};
        state_ = State::kCount;
        return RdbWant::kLength;
      case State::kCount:
        left_ = token.number;
        if (left_ == 0) return Error{"an empty hash"};
        hash().Expect(left_);
        return NextField();
      case State::kTtl:
        expiry_ms_ = FieldElement::kNoExpiry;
        if (token.number != 0 && (__builtin_add_overflow(static_cast<int64_t>(token.number),
                                                         first_ms_ - 1, &expiry_ms_) ||
                                  expiry_ms_ < 0)) {
          return Error{"a field's expiry is out of range"};
        }
        state_ = State::kField;
        return RdbWant::kString;
      case State::kField:
        field_ = token.text;
        state_ = State::kValue;
        return RdbWant::kString;
      case State::kValue:
        if (!layout_.expiry_behind) return Finish(token.text, expiry_ms_);
        text_ = token.text;
        state_ = State::kExpiry;
        return RdbWant::kU64;
      case State::kExpiry:
        return Finish(text_, std::max(static_cast<int64_t>(token.number), FieldElement::kNoExpiry));
    }
    return Error{"a hash is damaged"};
  }

 private:
  enum class State { kFirstExpiry, kCount, kTtl, kField, kValue, kExpiry };

  RdbWant NextField() {
    expiry_ms_ = FieldElement::kNoExpiry;
    state_ = layout_.ttl_in_front ? State::kTtl : State::kField;
    return layout_.ttl_in_front ? RdbWant::kLength : RdbWant::kString;
  }
  Result<RdbWant> Finish(std::string_view value, int64_t expiry_ms) {
    if (Status s = Put(field_, value, expiry_ms); !s.ok()) return s.error();
    return --left_ == 0 ? RdbWant::kDone : NextField();
  }

  const RdbHashLayout layout_;
  State state_ = State::kCount;
  uint64_t left_ = 0;
  int64_t first_ms_ = 1;
  int64_t expiry_ms_ = FieldElement::kNoExpiry;
  std::string field_;
  std::string text_;
};

// One string with all of it.
class RdbHashPackedDecoder : public RdbHashDecoder {
 public:
  RdbHashPackedDecoder(uint8_t type, const CollectionSettings* settings)
      : RdbHashDecoder(settings), type_(type) {}

  RdbWant Start() override {
    Clear();
    number_ = 0;
    first_ = type_ == kRdbHashListpackTtl;
    return first_ ? RdbWant::kU64 : RdbWant::kString;
  }
  Result<RdbWant> OnToken(const RdbToken& token) override {
    if (std::exchange(first_, false)) return RdbWant::kString;  // the first expiry is a hint
    if (Status s = Unpack(token.text); !s.ok()) return s.error();
    if (number_ % Stride() != 0) return Error{"a hash's last field has no value"};
    if (number_ == 0) return Error{"an empty hash"};
    return RdbWant::kDone;
  }

 private:
  bool WithTtl() const { return type_ == kRdbHashListpackTtlPreGa || type_ == kRdbHashListpackTtl; }
  size_t Stride() const { return WithTtl() ? 3 : 2; }

  Status Unpack(std::string_view bytes) {
    const PackedElementSink sink = [this](std::string_view element) { return Take(element); };
    if (type_ == kRdbHashZipmap) return ForEachZipmap(bytes, sink);
    if (type_ == kRdbHashZiplist) return ForEachZiplist(bytes, sink);
    return ForEachListpack(bytes, sink);
  }
  Status Take(std::string_view element) {
    const size_t which = number_++ % Stride();
    if (which == 0) {
      field_ = element;
      return Status::Ok();
    }
    if (which == 1 && WithTtl()) {
      text_ = element;
      return Status::Ok();
    }
    if (which == 1) return Put(field_, element, FieldElement::kNoExpiry);
    const auto at = ParseInt64(element);
    if (!at.has_value() || *at < 0) return Error{"a field's expiry is no number"};
    return Put(field_, text_, *at == 0 ? FieldElement::kNoExpiry : *at);
  }

  const uint8_t type_;
  bool first_ = false;
  size_t number_ = 0;  // elements so far
  std::string field_;
  std::string text_;
};

HashView RdbHashView(const ValueView& value) { return {value, HashView::kHideNothing}; }

uint8_t RdbHashType(const ValueView& value) {
  if (value.form == kHashFormExpiry) return kRdbHashTtl;
  return value.object == nullptr ? kRdbHashListpack : kRdbHashPairs;
}

void AppendRdbHashTtl(std::string* out, const HashView& hash, const RdbEncodeOptions& options) {
  int64_t first_ms = HashView::kNever;
  hash.ForEach([&](const FieldElement& e) {
    if (e.expiry_ms != FieldElement::kNoExpiry) first_ms = std::min(first_ms, e.expiry_ms);
  });
  AppendRdbLittleEndian64(out, static_cast<uint64_t>(first_ms));
  AppendRdbLength(out, hash.size());
  hash.ForEach([&](const FieldElement& e) {
    const int64_t ttl = e.expiry_ms == FieldElement::kNoExpiry ? 0 : e.expiry_ms - first_ms + 1;
    AppendRdbLength(out, static_cast<uint64_t>(ttl));
    AppendRdbString(out, e.field, options);
    AppendRdbString(out, e.value, options);
  });
}

void AppendRdbHash(std::string* out, const ValueView& value, const RdbEncodeOptions& options) {
  const HashView hash = RdbHashView(value);
  if (hash.with_expiry()) {
    AppendRdbHashTtl(out, hash, options);
    return;
  }
  if (value.object == nullptr) {
    ListpackBuilder listpack;
    PackedView(value.bytes).ForEach([&](std::string_view s) { listpack.Append(s); });
    AppendRdbString(out, listpack.Finish(), options);
    return;
  }
  AppendRdbLength(out, hash.size());
  hash.ForEach([&](const FieldElement& e) {
    AppendRdbString(out, e.field, options);
    AppendRdbString(out, e.value, options);
  });
}

}  // namespace

std::unique_ptr<RdbValueDecoder> MakeRdbHashDecoder(uint8_t type, bool valkey,
                                                    const CollectionSettings* settings) {
  const auto fields = [&](RdbHashLayout layout) {
    return std::make_unique<RdbHashFieldsDecoder>(layout, settings);
  };
  switch (type) {
    case kRdbHashPairs:
      return fields({});
    case kRdbHashTtlPreGa:
      return valkey ? fields({.expiry_behind = true}) : fields({.ttl_in_front = true});
    case kRdbHashTtl:
      return valkey ? nullptr : fields({.first_expiry = true, .ttl_in_front = true});
    case kRdbHashListpackTtlPreGa:
    case kRdbHashListpackTtl:
      if (valkey) return nullptr;
      break;
    case kRdbHashZipmap:
    case kRdbHashZiplist:
    case kRdbHashListpack:
      break;
    default:
      return nullptr;
  }
  return std::make_unique<RdbHashPackedDecoder>(type, settings);
}

const RdbEncoder kRdbHashEncoder{RdbHashType, AppendRdbHash};

}  // namespace pleiad
