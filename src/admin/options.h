// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The command line of `pleiad trib`.
#pragma once

#include <cstdint>
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

  // Moving slots.
  std::optional<std::string> from;  // node ids or "all"; of import: an address
  std::optional<std::string> to;
  std::optional<int64_t> slots;
  int64_t timeout_ms = 60'000;  // of a MIGRATE
  int pipeline = 10;            // keys in a MIGRATE
  bool replace = false;
  bool copy = false;      // import
  bool dry_run = false;   // show the plan, change nothing
  bool simulate = false;  // rebalance: the same, as redis-trib shows it
  bool classic = false;   // key by key even where slots could move as a whole

  // rebalance
  std::vector<std::string> weights;  // "ID=WEIGHT"
  bool use_empty_masters = false;
  double threshold_percent = 2;
  std::string by = "slots";  // slots, keys, memory or ops

  // check and fix
  bool search_multiple_owners = false;
  bool fix_with_unreachable_masters = false;

  bool only_masters = false;  // call
  bool only_replicas = false;

  std::string from_user;  // import
  std::optional<std::string> from_password;
  bool from_ask_password = false;

  bool json = false;

  // up
  int nodes = 6;
  std::string dir;
  int base_port = 7000;
};

// `words` are what follows the program's name. Options may stand before or after the command's
// arguments; for `call`, whatever follows the address belongs to the command that is called, but
// for options in redis-cli's spelling. "--cluster-X" is taken for "--X", the spelling of redis-cli.
// Error: the line to print.
Result<Options> ParseOptions(const std::vector<std::string>& words);

}  // namespace pleiad::admin
