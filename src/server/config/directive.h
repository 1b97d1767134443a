// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a configuration directive is: one row of a table. The tables are split by theme
// (directives_*.cc); adding a directive is adding a row there, and a line in settings.cc if the
// engine reads it.
//
// A directive's value is kept as *canonical text*: exactly what CONFIG GET shows. Parsing makes
// canonical text out of the words an operator wrote ("64MB" -> "67108864", "YES" -> "yes") or
// refuses with a reason in the field's words.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pleiad {

enum class DirectiveType : uint8_t {
  kBool,             // yes | no
  kInt,              // decimal, low..high
  kMemory,           // bytes, with the units of base/text.h ParseMemory, low..high
  kMemoryOrPercent,  // the same, or "0%".."100%"
  kOctal,            // octal digits, low..high
  kEnum,             // one of `choices`
  kEnumSet,          // some of `choices`; the first choice means "none"
  kString,           // any bytes
  kRange,      // kInt, or "A-B": each node draws its own number between the two, both included
  kDirectory,  // a path that the environment resolves and checks
  kSpecial,    // several words, parsed by `parse`
};

enum DirectiveFlag : uint32_t {
  kImmutable = 1,   // CONFIG SET refuses
  kHidden = 2,      // CONFIG GET shows it only by its whole name, not for a pattern
  kMultiArg = 4,    // takes several words
  kProtected = 8,   // CONFIG SET asks enable-protected-configs
  kSensitive = 16,  // the value is a secret: keep it out of logs
};

using Words = std::vector<std::string>;

struct Directive {
  // The canonical text for `words`. `current` is the canonical text before: what a repeated line
  // adds to.
  using Parse = Result<std::string> (*)(const Words& words, std::string_view current);
  // Why the string is refused; empty if it is fine.
  using Check = std::string (*)(std::string_view value);

  std::string_view name;
  std::string_view aliases;  // other spellings, separated by spaces
  DirectiveType type = DirectiveType::kString;
  uint32_t flags = 0;
  std::string_view initial;  // default, as canonical text
  int64_t low = 0;
  int64_t high = 0;
  std::string_view choices;  // "everysec, always, no"
  Check check = nullptr;
  Parse parse = nullptr;

  constexpr bool Is(DirectiveFlag flag) const { return (flags & flag) != 0; }
};

inline constexpr int64_t kIntMax = std::numeric_limits<int32_t>::max();
inline constexpr int64_t kLongMax = std::numeric_limits<int64_t>::max();
inline constexpr uint32_t kMutable = 0;

// ---- builders of rows

constexpr Directive BoolRow(std::string_view name, std::string_view initial, uint32_t flags = 0,
                            std::string_view aliases = {}) {
  Directive d;
  d.name = name;
  d.aliases = aliases;
  d.type = DirectiveType::kBool;
  d.flags = flags;
  d.initial = initial;
  return d;
}

constexpr Directive NumberRow(DirectiveType type, std::string_view name, int64_t low, int64_t high,
                              std::string_view initial, uint32_t flags, std::string_view aliases) {
  Directive d;
  d.name = name;
  d.aliases = aliases;
  d.type = type;
  d.flags = flags;
  d.initial = initial;
  d.low = low;
  d.high = high;
  return d;
}

constexpr Directive IntRow(std::string_view name, int64_t low, int64_t high,
                           std::string_view initial, uint32_t flags = 0,
                           std::string_view aliases = {}) {
  return NumberRow(DirectiveType::kInt, name, low, high, initial, flags, aliases);
}

constexpr Directive MemoryRow(std::string_view name, int64_t low, int64_t high,
                              std::string_view initial, uint32_t flags = 0,
                              std::string_view aliases = {}) {
  return NumberRow(DirectiveType::kMemory, name, low, high, initial, flags, aliases);
}

constexpr Directive StringRow(std::string_view name, std::string_view initial, uint32_t flags = 0,
                              std::string_view aliases = {}, Directive::Check check = nullptr) {
  Directive d;
  d.name = name;
  d.aliases = aliases;
  d.flags = flags;
  d.initial = initial;
  d.check = check;
  return d;
}

constexpr Directive EnumRow(std::string_view name, std::string_view choices,
                            std::string_view initial, uint32_t flags = 0,
                            std::string_view aliases = {}) {
  Directive d;
  d.name = name;
  d.aliases = aliases;
  d.type = DirectiveType::kEnum;
  d.flags = flags;
  d.initial = initial;
  d.choices = choices;
  return d;
}

constexpr Directive SpecialRow(std::string_view name, std::string_view initial, uint32_t flags,
                               Directive::Parse parse, std::string_view aliases = {}) {
  Directive d;
  d.name = name;
  d.aliases = aliases;
  d.type = DirectiveType::kSpecial;
  d.flags = flags;
  d.initial = initial;
  d.parse = parse;
  return d;
}

// ---- the table

std::span<const Directive> NetworkDirectives();
std::span<const Directive> MemoryDirectives();
std::span<const Directive> PersistenceDirectives();
std::span<const Directive> ReplicationDirectives();
std::span<const Directive> ClusterDirectives();
std::span<const Directive> LimitDirectives();
std::span<const Directive> TlsDirectives();
std::span<const Directive> MiscDirectives();

// A name an operator may write, and the directive it means.
struct DirectiveName {
  std::string_view name;
  size_t index;  // into AllDirectives()
};

// Every directive, in an order that never changes while the process lives. Any thread; built once.
const std::vector<const Directive*>& AllDirectives();

// Every name and alias, sorted by name: what CONFIG GET * walks.
const std::vector<DirectiveName>& AllDirectiveNames();

// The index of a directive by name or alias, case ignored; nullopt when nobody knows it. O(1).
std::optional<size_t> FindDirective(std::string_view name);

}  // namespace pleiad
