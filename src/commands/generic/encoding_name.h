// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The names that clients know for how a value could be kept: OBJECT ENCODING, DEBUG OBJECT.
#pragma once

#include <string_view>

#include "base/text.h"
#include "slot/entry.h"

namespace pleiad {

// Form of a set that holds integers only, packed or as an object.
inline constexpr uint8_t kSetInts = 1;

// Form of a list that is an object, but within list-max-listpack-size.
inline constexpr uint8_t kListOneNode = 1;

// The names that clients know for how a string could be kept. Here all strings up to 1024 bytes
// lie in their entry.
inline std::string_view StringEncoding(const Entry& e) {
  const std::string_view value = e.str();
  if (e.modified()) return "raw";
  if (ParseInt64(value).has_value()) return "int";
  return value.size() <= Entry::kEmbstrMax ? "embstr" : "raw";
}

// A set of form kSetInts holds integers only.
inline std::string_view EncodingName(const Entry& e) {
  switch (e.type()) {
    case ValueType::kString:
      return StringEncoding(e);
    case ValueType::kList:
      return e.is_object() && e.form() != kListOneNode ? "quicklist" : "listpack";
    case ValueType::kSet:
      if (e.form() == kSetInts) return "intset";
      return e.is_object() ? "hashtable" : "listpack";
    case ValueType::kZset:
      return e.is_object() ? "skiplist" : "listpack";
    case ValueType::kHash:
      return e.is_object() ? "hashtable" : "listpack";
    case ValueType::kStream:
      return "stream";
  }
  return "unknown";
}

}  // namespace pleiad
