// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What AUTH, HELLO, RESET and CLIENT SETNAME share: the check of the password and the rule for
// names. There is one user, "default"; its password is requirepass.
#pragma once

#include <string_view>

#include "command/command.h"

namespace pleiad {

inline constexpr std::string_view kDefaultUser = "default";

// Marks the client as authenticated if user and password are right; otherwise writes the error and
// returns false. Without requirepass any password of the default user is right. The comparison
// takes the same time wherever the texts differ.
bool LogIn(ServerContext& ctx, std::string_view user, std::string_view password, resp::Writer& out);

// Did the client come over loopback or the Unix socket? What "local" means in enable-debug-command
// and its like.
bool IsLocal(const ClientState& client);

// Printable, no blanks: what CLIENT LIST can show in one word.
bool IsPlainWord(std::string_view text);

// May a client be called so (empty: no name)? False: the error has been written.
bool CheckClientName(std::string_view name, resp::Writer& out);

}  // namespace pleiad
