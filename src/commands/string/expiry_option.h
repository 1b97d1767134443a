// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The expiry options that SET, GETEX and their kin share: EX s, PX ms, EXAT s, PXAT ms, KEEPTTL,
// PERSIST.
#pragma once

#include <string_view>

#include "command/command.h"

namespace pleiad {

enum class ExpiryWords { kSet, kGetEx };  // KEEPTTL belongs to SET, PERSIST to GETEX

struct ExpiryOption {
  enum class Kind { kNone, kSeconds, kMillis, kAtSeconds, kAtMillis, kKeep, kPersist };
  Kind kind = Kind::kNone;
  std::string_view text;             // the number as given
  int64_t at_ms = Entry::kNoExpiry;  // set by Resolve: unix ms

  // Turns the number into unix ms. False: "not an integer" or "invalid expire time in '<command>'
  // command" was written.
  bool Resolve(UnixMs now, std::string_view command, resp::Writer& out);
};

// If args[*i] is one of the words (and its number follows), stores it and leaves *i on its last
// argument. False: it is none, or a second one.
bool ParseExpiryOption(const Args& args, size_t* i, ExpiryWords words, ExpiryOption* option);

// An expiry as unix ms from `amount` in the unit and against the base of EXPIRE, PEXPIRE, EXPIREAT,
// PEXPIREAT. nullopt: out of range.
std::optional<int64_t> ExpiryFrom(int64_t amount, bool seconds, bool absolute, UnixMs now);

}  // namespace pleiad
