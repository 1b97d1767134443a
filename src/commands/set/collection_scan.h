// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What SSCAN and HSCAN share: their arguments, and the shape of the reply.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command/command.h"

namespace pleiad {

struct CollectionScan {
  uint64_t cursor = 0;
  std::optional<std::string_view> match;
  size_t count = 10;
  bool no_values = false;  // HSCAN's NOVALUES

  // args[2]. False: the error was written.
  bool ParseCursor(const Args& args, resp::Writer& out);
  // What follows. `hash`: NOVALUES is known. False: the error was written.
  bool ParseOptions(const Args& args, bool hash, resp::Writer& out);
  bool Wants(std::string_view element) const;
};

// The next cursor and what was found.
void WriteScanStep(uint64_t cursor, const std::vector<std::string>& found, resp::Writer& out);

}  // namespace pleiad
