// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the COMMAND family derives from a CommandSpec. Pure; texts live as long as the process.
#pragma once

#include <string_view>
#include <vector>

#include "command/command.h"

namespace pleiad {

// "write", "denyoom", ... in the order of the field.
std::vector<std::string_view> FlagNames(const CommandSpec& spec);
// Names of ACL categories without '@': "keyspace", "read", ...
std::vector<std::string_view> CategoryNames(const CommandSpec& spec);
// How the command treats its keys: "RO", "access"; "RW", "update"; ...
std::vector<std::string_view> KeyFlagNames(const CommandSpec& spec);
// Has keys at positions that its arguments decide.
bool HasMovableKeys(const CommandSpec& spec);
bool HasKeys(const CommandSpec& spec);
// Is it a subcommand ("config|get") of `container`?
bool IsSubcommandOf(const CommandSpec& spec, const CommandSpec& container);
bool IsSubcommand(const CommandSpec& spec);

}  // namespace pleiad
