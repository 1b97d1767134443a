// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/hash/field_expiry_option.h"

#include <fmt/core.h>

#include "base/text.h"

namespace pleiad {

bool ResolveFieldExpiry(ExpiryOption* option, UnixMs now, std::string_view command,
                        resp::Writer& out) {
  using Kind = ExpiryOption::Kind;
  if (option->text.empty()) return true;
  const auto amount = ParseInt64(option->text);
  if (!amount.has_value()) {
    out.Error(kNotInteger);
    return false;
  }
  const bool seconds = option->kind == Kind::kSeconds || option->kind == Kind::kAtSeconds;
  const bool absolute = option->kind == Kind::kAtSeconds || option->kind == Kind::kAtMillis;
  const auto at = *amount < 0 ? std::nullopt : ExpiryFrom(*amount, seconds, absolute, now);
  if (!at.has_value()) {
    out.Error(fmt::format("ERR invalid expire time in '{}' command", command));
    return false;
  }
  option->at_ms = *at;
  return true;
}

}  // namespace pleiad
