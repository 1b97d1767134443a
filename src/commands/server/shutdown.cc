// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/log.h"
#include "command/command.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

struct ShutdownOptions {
  bool save = false;
  bool nosave = false;
  bool abort = false;
  bool other = false;  // NOW or FORCE: we never wait for replicas, and no saving can fail
};

bool ReadShutdownOptions(const Args& args, ShutdownOptions* o) {
  for (size_t i = 1; i < args.size(); ++i) {
    if (args.Is(i, "save")) {
      o->save = true;
    } else if (args.Is(i, "nosave")) {
      o->nosave = true;
    } else if (args.Is(i, "abort")) {
      o->abort = true;
    } else if (args.Is(i, "now") || args.Is(i, "force")) {
      o->other = true;
    } else {
      return false;
    }
  }
  return !(o->save && o->nosave) && !(o->abort && (o->save || o->nosave || o->other));
}

// SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]: the server ends, the connection closes without a
// reply. Data is kept in memory only, so SAVE is refused rather than ignored.
//
// > SHUTDOWN BOGUS
// (error) ERR syntax error
// > SHUTDOWN SAVE NOSAVE
// (error) ERR syntax error
// > SHUTDOWN ABORT
// (error) ERR No shutdown in progress.
// > SHUTDOWN SAVE
// (error) ERR Errors trying to SHUTDOWN. Check logs.
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
  if (options.save) {
    PLOG(kWarning, "SHUTDOWN SAVE refused: this server has no dump file to save to.");
    out.Error("ERR Errors trying to SHUTDOWN. Check logs.");
    return;
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
