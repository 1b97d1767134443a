// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Facts about commands and error replies that the shell acts upon.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pleiad::cli {

// "MOVED 3999 127.0.0.1:7001" or "ASK 3999 127.0.0.1:7001".
struct Redirect {
  bool ask = false;
  int slot = 0;
  std::string host;  // empty: the host that answered (the server does not know its own address)
  int port = 0;
};

// nullopt: the error is something else, or malformed. IPv6 addresses come with or without brackets.
std::optional<Redirect> ParseRedirect(std::string_view error);

// True for commands whose reply is a page for people (INFO, CLUSTER NODES, CLIENT LIST ...): print
// it as it is.
bool IsVerbatimCommand(std::span<const std::string> args);

// True for commands after which the server keeps sending: SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE,
// MONITOR.
bool IsStreamingCommand(std::span<const std::string> args);

// True when the line holds a password, so it must not get into the history file.
bool HoldsSecret(std::span<const std::string> args);

}  // namespace pleiad::cli
