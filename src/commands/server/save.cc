// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "command/command.h"
#include "runtime/persistence.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

// SAVE: the reply comes when the dump (dbfilename) is on disk. Other clients are served meanwhile:
// a snapshot is walked, nothing is forked and nothing stands still.
//
// > SAVE now
// (error) ERR wrong number of arguments for 'save' command
void Save(ServerContext& ctx, const Args&, resp::Writer& out) {
  // This thread waits for the job, which needs moments without anyone inside.
  ctx.engine.keyspace.Leave(ctx.thread);
  const Status saved = ctx.server->persistence().Save();
  ctx.engine.keyspace.Enter(ctx.thread);
  if (saved.ok()) {
    out.Ok();
  } else {
    out.Error(saved.message().starts_with("ERR ") ? saved.message() : "ERR " + saved.message());
  }
}

// BGSAVE [SCHEDULE]: the dump is written in the background.
//
// > BGSAVE NOW
// (error) ERR syntax error
void BgSave(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const bool schedule = args.size() == 2 && args.Is(1, "schedule");
  if (args.size() > 2 || (args.size() == 2 && !schedule)) {
    out.Error(kSyntaxError);
    return;
  }
  std::string said;
  if (ctx.client.exclusive) {
    // In a transaction that has the keyspace for itself: the cut can't be made before it ends.
    ctx.server->persistence().ScheduleSave();
    out.Simple("Background saving started");
    return;
  }
  ctx.engine.keyspace.Leave(ctx.thread);
  const Status begun = ctx.server->persistence().BackgroundSave(schedule, &said);
  ctx.engine.keyspace.Enter(ctx.thread);
  if (begun.ok()) {
    out.Simple(said);
  } else {
    out.Error(begun.message());
  }
}

// BGREWRITEAOF: the AOF begins anew with a base that holds the data of now. Begun by itself by
// auto-aof-rewrite-percentage.
//
// > BGREWRITEAOF now
// (error) ERR wrong number of arguments for 'bgrewriteaof' command
void BgRewriteAof(ServerContext& ctx, const Args&, resp::Writer& out) {
  std::string said;
  const Status begun = ctx.server->persistence().RewriteAof(&said);
  if (begun.ok()) {
    out.Simple(said);
  } else {
    out.Error(begun.message());
  }
}

const CommandRegistration kSave{
    {.name = "save",
     .arity = 1,
     .flags = kCmdAdmin | kCmdNoScript | kCmdNoAsync | kCmdNoMulti,
     .keys = {},
     .group = "server",
     .since = "1.0.0",
     .usage = "",
     .summary = "Synchronously saves the database(s) to disk.",
     .complexity = "O(N) where N is the total number of keys in all databases",
     .server = Save}};
const CommandRegistration kBgSave{{.name = "bgsave",
                                   .arity = -1,
                                   .flags = kCmdAdmin | kCmdNoScript | kCmdNoAsync,
                                   .keys = {},
                                   .group = "server",
                                   .since = "1.0.0",
                                   .usage = "[SCHEDULE]",
                                   .summary = "Asynchronously saves the database(s) to disk.",
                                   .complexity = "O(1)",
                                   .server = BgSave}};
const CommandRegistration kBgRewriteAof{
    {.name = "bgrewriteaof",
     .arity = 1,
     .flags = kCmdAdmin | kCmdNoScript | kCmdNoAsync,
     .keys = {},
     .group = "server",
     .since = "1.0.0",
     .usage = "",
     .summary = "Asynchronously rewrites the append-only file to disk.",
     .complexity = "O(1)",
     .server = BgRewriteAof}};

}  // namespace
}  // namespace pleiad
