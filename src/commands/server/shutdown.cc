// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

struct ShutdownOptions {
  bool save = false;
  bool nosave = false;
  bool abort = false;
  bool force = false;
  bool now = false;  // without waiting for replicas
};

bool ReadShutdownOptions(const Args& args, ShutdownOptions* o) {
  for (size_t i = 1; i < args.size(); ++i) {
    if (args.Is(i, "save")) {
      o->save = true;
    } else if (args.Is(i, "nosave")) {
      o->nosave = true;
    } else if (args.Is(i, "abort")) {
      o->abort = true;
    } else if (args.Is(i, "now")) {
      o->now = true;
    } else if (args.Is(i, "force")) {
      o->force = true;
    } else {
      return false;
    }
  }
  return !(o->save && o->nosave) && !(o->abort && (o->save || o->nosave || o->now || o->force));
}

// SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]: the server ends, the connection closes without a
// reply. Unless NOW or NOSAVE: replicas get what they lack first, for at most `shutdown-timeout`
// seconds. The dump is written if there are save rules or SAVE says so, unless NOSAVE does. If that
// fails the server goes on, unless FORCE.
//
// > SHUTDOWN BOGUS
// (error) ERR syntax error
// > SHUTDOWN SAVE NOSAVE
// (error) ERR syntax error
// > SHUTDOWN ABORT
// (error) ERR No shutdown in progress.
void Shutdown(ServerContext& ctx, const Args& args, resp::Writer& out) {
  ShutdownOptions options;
  if (!ReadShutdownOptions(args, &options)) {
    out.Error(kSyntaxError);
    return;
  }
  if (options.abort) {
    out.Error("ERR No shutdown in progress.");
    return;
  }
  if (!options.nosave) {
    ctx.engine.keyspace.Leave(ctx.thread);
    const bool saved = ctx.server->SaveBeforeExit(options.save, !options.now);
    ctx.engine.keyspace.Enter(ctx.thread);
    if (!saved && !options.force) {
      out.Error("ERR Errors trying to SHUTDOWN. Check logs.");
      return;
    }
  }
  ctx.client.close_after_reply = true;
  ctx.server->RequestShutdown();
}

const CommandRegistration kShutdown{
    {.name = "shutdown",
     .arity = -1,
     .flags = kCmdAdmin | kCmdNoScript | kCmdLoading | kCmdStale | kCmdNoMulti | kCmdAllowBusy,
     .keys = {},
     .group = "server",
     .since = "1.0.0",
     .usage = "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
     .summary = "Shuts down the server.",
     .complexity = "O(1)",
     .server = Shutdown}};

}  // namespace
}  // namespace pleiad
