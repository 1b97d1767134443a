// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// From the usage line of a command ("key value [NX | XX] [EX seconds | KEEPTTL]") to the tree of
// arguments that COMMAND DOCS shows. Pure.
//
// The language: lower-case words are arguments, upper-case words tokens; [...] optional, <...> or
// (...) a group, | parts alternatives; "..." says that what stands before it repeats: "key [key
// ...]" is one argument that may come several times,
// "[field value ...]" a block that may.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pleiad {

struct UsageArg {
  enum class Type {
    kString,
    kInteger,
    kDouble,
    kKey,
    kPattern,
    kUnixTime,
    kPureToken,
    kOneOf,
    kBlock
  };

  std::string name;
  Type type = Type::kString;
  std::string token;  // upper case; empty: none
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;  // the token comes again each time
  std::vector<UsageArg> args;   // of kOneOf and kBlock

  bool operator==(const UsageArg&) const = default;
};

// "string", "pure-token", ... as COMMAND DOCS says it.
std::string_view UsageTypeName(UsageArg::Type type);

// The arguments of a usage line, in order. Never fails: brackets that don't match close at the end.
std::vector<UsageArg> ParseUsage(std::string_view usage);

}  // namespace pleiad
