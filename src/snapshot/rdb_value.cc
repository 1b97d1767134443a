// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_value.h"

#include "snapshot/rdb_hash.h"
#include "snapshot/rdb_list.h"
#include "snapshot/rdb_set.h"
#include "snapshot/rdb_zset.h"

namespace pleiad {
namespace {

// The text is a view into the tokenizer until Deliver: a big value is not copied here.
class StringDecoder : public RdbValueDecoder {
 public:
  RdbWant Start() override {
    value_ = {};
    return RdbWant::kPacked;
  }
  Result<RdbWant> OnToken(const RdbToken& token) override {
    value_ = token.text;
    size_ = token.number;
    return RdbWant::kDone;
  }
  Status Deliver(const RdbKey& key, RdbSink* sink) override {
    if (size_ == 0) return sink->OnString(key, value_);
    return sink->OnPackedString(key, value_, static_cast<size_t>(size_));
  }

 private:
  std::string_view value_;
  uint64_t size_ = 0;  // of the unpacked value; 0: it is not packed
};

}  // namespace

Status RdbSink::OnPackedString(const RdbKey& key, std::string_view packed, size_t size) {
  std::string value(size, '\0');
  if (!UnpackRdbString(packed, value.data(), size)) return Error{"a compressed string is damaged"};
  return OnString(key, value);
}

Status RdbSink::OnFunction(std::string_view) {
  return Error{"it holds a function library, which this version cannot load yet"};
}

const CollectionSettings& DefaultCollectionSettings() {
  static const CollectionSettings settings;
  return settings;
}

std::unique_ptr<RdbValueDecoder> MakeRdbValueDecoder(uint8_t type, bool valkey,
                                                     const CollectionSettings* settings) {
  if (type == rdb::kTypeString) return std::make_unique<StringDecoder>();
  if (auto decoder = MakeRdbSetDecoder(type, settings)) return decoder;
  if (auto decoder = MakeRdbHashDecoder(type, valkey, settings)) return decoder;
  if (auto decoder = MakeRdbZsetDecoder(type, settings)) return decoder;
  return MakeRdbListDecoder(type, settings);
}

}  // namespace pleiad
