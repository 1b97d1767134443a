// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_set.h"

#include "data/set.h"
#include "snapshot/packed_formats.h"

namespace pleiad {
namespace {

constexpr uint8_t kRdbSetMembers = 2;
constexpr uint8_t kRdbSetIntset = 11;
constexpr uint8_t kRdbSetListpack = 20;

class RdbSetDecoder : public RdbValueDecoder {
 public:
  RdbSetDecoder(uint8_t type, const CollectionSettings* settings)
      : type_(type), settings_(*settings) {}

  RdbWant Start() override {
    value_ = MemoryStore();
    begun_ = false;
    return type_ == kRdbSetMembers ? RdbWant::kLength : RdbWant::kString;
  }
  Result<RdbWant> OnToken(const RdbToken& token) override {
    if (type_ != kRdbSetMembers) {
      if (Status s = Unpack(token.text); !s.ok()) return s.error();
      if (Set(&value_, settings_).size() == 0) return Error{"an empty set"};
      return RdbWant::kDone;
    }
    if (!begun_) {
      begun_ = true;
      left_ = token.number;
      if (left_ == 0) return Error{"an empty set"};
      Set(&value_, settings_).Expect(left_);
      return RdbWant::kString;
    }
    if (Status s = Add(token.text); !s.ok()) return s.error();
    return --left_ == 0 ? RdbWant::kDone : RdbWant::kString;
  }
  Status Deliver(const RdbKey& key, RdbSink* sink) override {
    return sink->OnValue(key, ValueType::kSet, &value_);
  }

 private:
  Status Add(std::string_view member) {
    if (!Set(&value_, settings_).Add(member)) return Error{"a set has a member twice"};
    return Status::Ok();
  }
  Status Unpack(std::string_view bytes) {
    if (type_ == kRdbSetListpack)
      return ForEachListpack(bytes, [this](std::string_view member) { return Add(member); });
    return ForEachIntset(bytes, [this](int64_t number) { return Add(IntText(number).view()); });
  }

  const uint8_t type_;
  const CollectionSettings& settings_;
  MemoryStore value_;
  uint64_t left_ = 0;
  bool begun_ = false;
};

uint8_t RdbSetType(const ValueView& value) {
  return SetView(value).ints() ? kRdbSetIntset : kRdbSetMembers;
}

void AppendRdbSet(std::string* out, const ValueView& value, const RdbEncodeOptions& options) {
  const SetView set(value);
  if (set.ints()) {
    IntsetBuilder intset;
    const IntRun run(value.bytes);
    for (size_t i = 0; i < run.count(); ++i) intset.Append(run.Get(i));
    AppendRdbString(out, intset.Finish(), options);
    return;
  }
  AppendRdbLength(out, set.size());
  set.ForEach([&](std::string_view member) { AppendRdbString(out, member, options); });
}

}  // namespace

std::unique_ptr<RdbValueDecoder> MakeRdbSetDecoder(uint8_t type,
                                                   const CollectionSettings* settings) {
  if (type != kRdbSetMembers && type != kRdbSetIntset && type != kRdbSetListpack) return nullptr;
  return std::make_unique<RdbSetDecoder>(type, settings);
}

const RdbEncoder kRdbSetEncoder{RdbSetType, AppendRdbSet};

}  // namespace pleiad
