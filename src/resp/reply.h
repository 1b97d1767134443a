// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A reply as a value: what a client reads from a server, RESP2 or RESP3. Shared by the shell, the
// admin tool, the client, the replication handshake and the tests. Specification: the RESP
// protocol, versions 2 and 3.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pleiad::resp {

struct Reply {
  enum class Type {
    kSimple,     // +OK            text
    kError,      // -ERR ...       text (without the '-'); also !blob errors
    kInteger,    // :1             integer
    kBulk,       // $3 foo         text
    kNil,        // $-1 *-1 _
    kArray,      // *n             items
    kMap,        // %n             items: key, value, key, value ...
    kSet,        // ~n             items
    kDouble,     // ,1.5           number, text as sent
    kBool,       // #t             integer 0 or 1
    kBigNumber,  // (123           text
    kVerbatim,   // =txt:...       text without the "txt:" head
    kPush,       // >n             items
  };
  Type type = Type::kNil;
  std::string text;
  int64_t integer = 0;
  double number = 0;
  std::vector<Reply> items;

  bool is_error() const { return type == Type::kError; }
  bool is_nil() const { return type == Type::kNil; }
};

}  // namespace pleiad::resp
