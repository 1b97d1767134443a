// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The command line of `pleiad trib`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace pleiad::admin {

struct Options {
  std::string command;  // "create", "check", ...; empty: none was given
  std::vector<std::string> args;
  int replicas = 0;
  bool yes = false;    // don't ask
  bool slave = false;  // add-node
  std::optional<std::string> master_id;
  std::string user;
  std::optional<std::string> password;
};

// `words` are what follows the program's name. Options may stand before or after the command's
// arguments; for `call`, whatever follows the address belongs to the command that is called.
// "--cluster-X" is taken for "--X", the spelling of redis-cli. Error: the line to print.
Result<Options> ParseOptions(const std::vector<std::string>& words);

}  // namespace pleiad::admin
