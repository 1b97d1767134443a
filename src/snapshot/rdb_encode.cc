// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_encode.h"

#include "base/check.h"
#include "snapshot/rdb_hash.h"
#include "snapshot/rdb_list.h"
#include "snapshot/rdb_set.h"
#include "snapshot/rdb_zset.h"

namespace pleiad {
namespace {

uint8_t StringType(const ValueView&) { return rdb::kTypeString; }

void AppendString(std::string* out, const ValueView& value, const RdbEncodeOptions& options) {
  AppendRdbString(out, value.bytes, options);
}

constexpr RdbEncoder kStringEncoder{StringType, AppendString};

const RdbEncoder& EncoderOf(ValueType type) {
  switch (type) {
    case ValueType::kString:
      return kStringEncoder;
    case ValueType::kList:
      return kRdbListEncoder;
    case ValueType::kSet:
      return kRdbSetEncoder;
    case ValueType::kZset:
      return kRdbZsetEncoder;
    case ValueType::kHash:
      return kRdbHashEncoder;
    default:
      break;
  }
  CHECK_MSG(false, "a value of this type can't be made yet");
  return kStringEncoder;
}

}  // namespace

uint8_t RdbTypeOf(const Entry& entry) { return EncoderOf(entry.type()).type(entry.value()); }

void AppendRdbValue(std::string* out, const Entry& entry, const RdbEncodeOptions& options) {
  EncoderOf(entry.type()).append(out, entry.value(), options);
}

}  // namespace pleiad
