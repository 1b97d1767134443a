// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What all containers (CLIENT, MEMORY, ...) answer alike: HELP, and a subcommand that there is not.
// Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/text.h"
#include "command/command.h"

namespace pleiad {

// The reply of "<NAME> HELP": a heading, `lines`, and the line about HELP itself.
inline void WriteHelp(std::string_view name, std::initializer_list<std::string_view> lines,
                      resp::Writer& out) {
  out.Array(lines.size() + 3);
  out.Simple(ToUpper(name) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const std::string_view line : lines) out.Simple(line);
  out.Simple("HELP");
  out.Simple("    Print this help.");
}

// REQUIRES: args.size() >= 2.
inline void WriteUnknownSubcommand(const Args& args, resp::Writer& out) {
  constexpr size_t kShown = 128;
  out.Error("ERR unknown subcommand '" + std::string(args[1].substr(0, kShown)) + "'. Try " +
            ToUpper(args[0]) + " HELP.");
}

}  // namespace pleiad
