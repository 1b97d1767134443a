// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb.h"

namespace pleiad::rdb {

std::string_view TypeName(uint8_t type, bool valkey) {
  switch (type) {
    case kTypeString:
      return "a string";
    case 1:
    case 10:
    case 14:
    case 18:
      return "a list";
    case 2:
    case 11:
    case 20:
      return "a set";
    case 3:
    case 5:
    case 12:
    case 17:
      return "a sorted set";
    case 4:
    case 9:
    case 13:
    case 16:
      return "a hash";
    case 6:
    case 7:
      return "a module's value";
    case 15:
    case 19:
    case 21:
      return "a stream";
    case 22:
    case 23:
    case 24:
    case 25:
      if (valkey && type != 22) return "a value of unknown type";
      return "a hash with field expiry";
    default:
      return "a value of unknown type";
  }
}

}  // namespace pleiad::rdb
