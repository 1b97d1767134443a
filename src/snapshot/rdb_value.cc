// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_value.h"

namespace pleiad {
namespace {

// The text is a view into the tokenizer until Deliver: a big value is not copied here.
class StringDecoder : public RdbValueDecoder {
 public:
  RdbWant Start() override {
    value_ = {};
    return RdbWant::kString;
  }
  Result<RdbWant> OnToken(const RdbToken& token) override {
    value_ = token.text;
    return RdbWant::kDone;
  }
  Status Deliver(const RdbKey& key, RdbSink* sink) override { return sink->OnString(key, value_); }

 private:
  std::string_view value_;
};

}  // namespace

Status RdbSink::OnFunction(std::string_view) {
  return Error{"it holds a function library, which this version cannot load yet"};
}

const CollectionSettings& DefaultCollectionSettings() {
  static const CollectionSettings settings;
  return settings;
}

std::unique_ptr<RdbValueDecoder> MakeRdbValueDecoder(uint8_t type, bool /*valkey*/,
                                                     const CollectionSettings* /*settings*/) {
  if (type == rdb::kTypeString) return std::make_unique<StringDecoder>();
  return nullptr;
}

}  // namespace pleiad
