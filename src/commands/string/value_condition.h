// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Conditions on the value that is there: IFEQ, IFNE (its text), IFDEQ, IFDNE (its digest). SET and
// DELEX.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "command/command.h"

namespace pleiad {

// The XXH3 hash of the value as 16 lower-case hex digits: what DIGEST replies.
std::string ValueDigest(std::string_view value);

struct ValueCondition {
  enum class Kind { kNone, kEqual, kNotEqual, kDigestEqual, kDigestNotEqual };
  Kind kind = Kind::kNone;
  std::string_view text;

  bool negated() const { return kind == Kind::kNotEqual || kind == Kind::kDigestNotEqual; }
  // nullopt: the digest is none, the error was written.
  std::optional<bool> Holds(std::string_view value, resp::Writer& out) const;
};

// If args[*i] is one of the words and its argument follows, stores it and leaves *i on the latter.
// False: it is none.
bool ParseValueCondition(const Args& args, size_t* i, ValueCondition* condition);

}  // namespace pleiad
