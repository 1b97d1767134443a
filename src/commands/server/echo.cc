// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// ECHO message
//
// > ECHO "a b"
// "a b"
void Echo(ServerContext&, const Args& args, resp::Writer& out) { out.Bulk(args[1]); }

const CommandRegistration kEcho{{.name = "echo",
                                 .arity = 2,
                                 .flags = kCmdFast | kCmdLoading | kCmdStale,
                                 .keys = {},
                                 .group = "connection",
                                 .since = "1.0.0",
                                 .usage = "message",
                                 .summary = "Returns the given string.",
                                 .complexity = "O(1)",
                                 .server = Echo}};

}  // namespace
}  // namespace pleiad
