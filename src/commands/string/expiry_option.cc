// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/string/expiry_option.h"

#include <fmt/core.h>

#include "base/text.h"

namespace pleiad {

std::optional<int64_t> ExpiryFrom(int64_t amount, bool seconds, bool absolute, UnixMs now) {
  int64_t ms = amount;
  if (seconds && __builtin_mul_overflow(amount, int64_t{1000}, &ms)) return std::nullopt;
  if (!absolute && __builtin_add_overflow(ms, now.value, &ms)) return std::nullopt;
  return ms;
}

bool ExpiryOption::Resolve(UnixMs now, std::string_view command, resp::Writer& out) {
  if (kind == Kind::kNone || kind == Kind::kKeep || kind == Kind::kPersist) return true;
  const auto amount = ParseInt64(text);
  if (!amount.has_value()) {
    out.Error(kNotInteger);
    return false;
  }
  const bool seconds = kind == Kind::kSeconds || kind == Kind::kAtSeconds;
  const bool absolute = kind == Kind::kAtSeconds || kind == Kind::kAtMillis;
  const auto at = *amount <= 0 ? std::nullopt : ExpiryFrom(*amount, seconds, absolute, now);
  if (!at.has_value()) {
    out.Error(fmt::format("ERR invalid expire time in '{}' command", command));
    return false;
  }
  at_ms = *at;
  return true;
}

bool ParseExpiryOption(const Args& args, size_t* i, ExpiryWords words, ExpiryOption* option) {
  if (option->kind != ExpiryOption::Kind::kNone) return false;
  using Kind = ExpiryOption::Kind;
  if (words == ExpiryWords::kSet && args.Is(*i, "keepttl")) {
    option->kind = Kind::kKeep;
    return true;
  }
  if (words == ExpiryWords::kGetEx && args.Is(*i, "persist")) {
    option->kind = Kind::kPersist;
    return true;
  }
  if (*i + 1 >= args.size()) return false;
  if (args.Is(*i, "ex")) option->kind = Kind::kSeconds;
  if (args.Is(*i, "px")) option->kind = Kind::kMillis;
  if (args.Is(*i, "exat")) option->kind = Kind::kAtSeconds;
  if (args.Is(*i, "pxat")) option->kind = Kind::kAtMillis;
  if (option->kind == Kind::kNone) return false;
  option->text = args[++*i];
  return true;
}

}  // namespace pleiad
