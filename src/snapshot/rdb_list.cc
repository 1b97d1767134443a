// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_list.h"

#include "data/list.h"
#include "snapshot/packed_formats.h"

namespace pleiad {
namespace {

constexpr uint8_t kRdbListPlain = 1;
constexpr uint8_t kRdbListZiplist = 10;
constexpr uint8_t kRdbListQuicklist = 14;
constexpr uint8_t kRdbListQuicklist2 = 18;
constexpr uint64_t kNodeIsElement = 1;
constexpr uint64_t kNodeIsListpack = 2;

uint8_t RdbListType(const ValueView&) { return kRdbListPlain; }

void AppendRdbList(std::string* out, const ValueView& value, const RdbEncodeOptions& options) {
  const ListReader list(value);
  AppendRdbLength(out, list.size());
  list.ForEach([&](std::string_view element) { AppendRdbString(out, element, options); });
}

class RdbListDecoder : public RdbValueDecoder {
 public:
  RdbListDecoder(uint8_t type, const CollectionSettings* settings)
      : type_(type), settings_(settings) {}

  RdbWant Start() override {
    store_ = MemoryStore();
    left_ = 1;
    counted_ = type_ == kRdbListZiplist;
    container_ = 0;
    return counted_ ? RdbWant::kString : RdbWant::kLength;
  }

  Result<RdbWant> OnToken(const RdbToken& token) override {
    if (!counted_) {
      counted_ = true;
      left_ = token.number;
      if (left_ == 0) return Error{"a list without elements"};
      return NextNode();
    }
    if (type_ == kRdbListQuicklist2 && container_ == 0) {
      container_ = token.number;
      if (container_ == kNodeIsElement || container_ == kNodeIsListpack) return RdbWant::kString;
      return Error{"a list node of unknown kind"};
    }
    const Status taken = Take(token.text);
    if (!taken.ok()) return taken.error();
    container_ = 0;
    if (--left_ != 0) return NextNode();
    if (ListReader(store_.view()).empty()) return Error{"a list without elements"};
    return RdbWant::kDone;
  }

  Status Deliver(const RdbKey& key, RdbSink* sink) override {
    return sink->OnValue(key, ValueType::kList, &store_);
  }

 private:
  RdbWant NextNode() const {
    return type_ == kRdbListQuicklist2 ? RdbWant::kLength : RdbWant::kString;
  }

  Status Take(std::string_view bytes) {
    List list(&store_, *settings_);
    const auto push = [&list](std::string_view element) {
      list.Push(ListEnd::kTail, element);
      return Status::Ok();
    };
    if (type_ == kRdbListPlain || container_ == kNodeIsElement) return push(bytes);
    return type_ == kRdbListQuicklist2 ? ForEachListpack(bytes, push) : ForEachZiplist(bytes, push);
  }

  const uint8_t type_;
  const CollectionSettings* const settings_;
  MemoryStore store_;
  uint64_t left_ = 0;       // elements or nodes still to come
  bool counted_ = false;    // left_ was read
  uint64_t container_ = 0;  // kind of the node at hand; 0: not read yet
};

}  // namespace

const RdbEncoder kRdbListEncoder{RdbListType, AppendRdbList};

std::unique_ptr<RdbValueDecoder> MakeRdbListDecoder(uint8_t type,
                                                    const CollectionSettings* settings) {
  if (type != kRdbListPlain && type != kRdbListZiplist && type != kRdbListQuicklist &&
      type != kRdbListQuicklist2) {
    return nullptr;
  }
  return std::make_unique<RdbListDecoder>(type, settings);
}

}  // namespace pleiad
