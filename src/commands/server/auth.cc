// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/server/login.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

// AUTH [username] password: the password is `requirepass`, the only user "default".
//
// > AUTH secret
// (error) ERR AUTH <password> called without any password configured for the default user. ...
// > AUTH default secret
// OK
// > AUTH somebody secret
// (error) WRONGPASS invalid username-password pair or user is disabled.
// > CONFIG SET requirepass secret
// OK
// > AUTH wrong
// (error) WRONGPASS invalid username-password pair or user is disabled.
// > AUTH secretsecret
// (error) WRONGPASS invalid username-password pair or user is disabled.
// > AUTH secret
// OK
// > AUTH default secret more
// (error) ERR syntax error
//
// Who is not logged in may do nothing else:
//
// > CONFIG SET requirepass secret
// OK
// > RESET
// RESET
// > ECHO hi
// (error) NOAUTH Authentication required.
// > AUTH secret
// OK
void Auth(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (args.size() > 3) {
    out.Error(kSyntaxError);
    return;
  }
  if (args.size() == 2 && ctx.server->settings()->requirepass.empty()) {
    out.Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your "
        "configuration is correct?");
    return;
  }
  const std::string_view user = args.size() == 3 ? args[1] : kDefaultUser;
  if (LogIn(ctx, user, args[args.size() - 1], out)) out.Ok();
}

const CommandRegistration kAuth{
    {.name = "auth",
     .arity = -2,
     .flags = kCmdNoScript | kCmdLoading | kCmdStale | kCmdFast | kCmdNoAuth | kCmdAllowBusy,
     .keys = {},
     .group = "connection",
     .since = "1.0.0",
     .usage = "[username] password",
     .summary = "Authenticates the connection.",
     .complexity = "O(N) where N is the number of passwords defined for the user",
     .server = Auth}};

}  // namespace
}  // namespace pleiad
