// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/generic/whole_keyspace.h"

#include "base/crc.h"

namespace pleiad {

std::optional<SlotId> SlotOfPattern(std::string_view pattern) {
  const std::string_view literal = pattern.substr(0, pattern.find_first_of("*?[\\"));
  if (literal.size() == pattern.size()) return KeySlot(pattern);
  const size_t open = literal.find('{');
  if (open == std::string_view::npos) return std::nullopt;
  const size_t close = literal.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return std::nullopt;  // "{}" is no tag
  return KeySlot(literal);
}

}  // namespace pleiad
