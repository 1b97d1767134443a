// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/string/value_condition.h"

#include <fmt/core.h>

#include "base/text.h"
#include "slot/hash.h"

namespace pleiad {

std::string ValueDigest(std::string_view value) {
  return fmt::format("{:016x}", HashKey(value, /*seed=*/0));
}

std::optional<bool> ValueCondition::Holds(std::string_view value, resp::Writer& out) const {
  switch (kind) {
    case Kind::kNone:
      return true;
    case Kind::kEqual:
    case Kind::kNotEqual:
      return (value == text) != negated();
    case Kind::kDigestEqual:
    case Kind::kDigestNotEqual:
      break;
  }
  const std::string digest = ValueDigest(value);
  if (text.size() != digest.size()) {
    out.Error("ERR must be exactly 16 hexadecimal characters");
    return std::nullopt;
  }
  return EqualsIgnoreCase(digest, text) != negated();
}

bool ParseValueCondition(const Args& args, size_t* i, ValueCondition* condition) {
  using Kind = ValueCondition::Kind;
  if (*i + 1 >= args.size()) return false;
  Kind kind = Kind::kNone;
  if (args.Is(*i, "ifeq")) kind = Kind::kEqual;
  if (args.Is(*i, "ifne")) kind = Kind::kNotEqual;
  if (args.Is(*i, "ifdeq")) kind = Kind::kDigestEqual;
  if (args.Is(*i, "ifdne")) kind = Kind::kDigestNotEqual;
  if (kind == Kind::kNone) return false;
  condition->kind = kind;
  condition->text = args[++*i];
  return true;
}

}  // namespace pleiad
