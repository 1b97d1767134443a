// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <deque>

#include "commands/generic/whole_keyspace.h"

namespace pleiad {
namespace {

// Empties database `db` (negative: all). Clients wait for no more than the detaching; the memory is
// given back outside of the exclusive section, ASYNC or not, while other threads serve their
// clients.
void Flush(ServerContext& ctx, const Args& args, std::string_view name, int db, resp::Writer& out) {
  if (!MayWrite(ctx, out)) return;
  if (args.size() > 2 || (args.size() == 2 && !args.Is(1, "async") && !args.Is(1, "sync"))) {
    out.Error(kSyntaxError);
    return;
  }
  std::deque<Table> garbage;
  ExclusiveWrite(ctx, out, [&] {
    const uint64_t keys = DetachDatabase(&ctx.engine, db, &garbage);
    ThreadStats::Add(&ctx.stats.dirty, keys);
    ctx.engine.waiters.LeaveAllOver(db);  // who reads a group hears that it is gone
    ctx.Propagate({name});                // also of an empty database: a replica's may differ
    out.Ok();
  });
  if (ctx.client.exclusive) return;
  // Nobody can reach these keys any more: free them without keeping the next exclusive section
  // waiting.
  ctx.engine.keyspace.Leave(ctx.thread);
  garbage.clear();
  ctx.engine.keyspace.Enter(ctx.thread);
}

// FLUSHALL [ASYNC | SYNC], FLUSHDB [ASYNC | SYNC]: deletes all keys of all databases, or of the
// selected one.
//
// > MSET a 1 b 2
// OK
// > SELECT 1
// OK
// > SET c 3 EX 100
// OK
// > FLUSHDB
// OK
// > DBSIZE
// (integer) 0
// > SELECT 0
// OK
// > DBSIZE
// (integer) 2
// > FLUSHALL ASYNC
// OK
// > EXISTS a b
// (integer) 0
// > FLUSHALL SYNC
// OK
// > FLUSHALL now
// (error) ERR syntax error
// > FLUSHDB SYNC ASYNC
// (error) ERR syntax error
void FlushAll(ServerContext& ctx, const Args& args, resp::Writer& out) {
  Flush(ctx, args, "FLUSHALL", -1, out);
}
void FlushDb(ServerContext& ctx, const Args& args, resp::Writer& out) {
  Flush(ctx, args, "FLUSHDB", ctx.client.db, out);
}

const CommandRegistration kFlushAll{
    {.name = "flushall",
     .arity = -1,
     .flags = kCmdWrite | kCmdDangerous,
     .group = "server",
     .since = "1.0.0",
     .usage = "[ASYNC | SYNC]",
     .summary = "Removes all keys from all databases.",
     .complexity = "O(N) where N is the total number of keys in all databases",
     .server = FlushAll}};
const CommandRegistration kFlushDb{
    {.name = "flushdb",
     .arity = -1,
     .flags = kCmdWrite | kCmdDangerous,
     .group = "server",
     .since = "1.0.0",
     .usage = "[ASYNC | SYNC]",
     .summary = "Removes all keys from the current database.",
     .complexity = "O(N) where N is the number of keys in the selected database",
     .server = FlushDb}};

}  // namespace
}  // namespace pleiad
