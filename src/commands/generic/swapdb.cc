// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/generic/whole_keyspace.h"

namespace pleiad {
namespace {

// SWAPDB index1 index2: clients of the one database see the keys of the other from now on.
//
// > SET k v
// OK
// > SWAPDB 0 1
// OK
// > EXISTS k
// (integer) 0
// > SELECT 1
// OK
// > GET k
// "v"
// > SWAPDB 1 1
// OK
// > SWAPDB x 1
// (error) ERR invalid first DB index
// > SWAPDB 1 x
// (error) ERR invalid second DB index
// > SWAPDB 0 16
// (error) ERR DB index is out of range
void SwapDb(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!MayWrite(ctx, out)) return;
  if (OneDatabaseCluster(ctx.engine)) {
    out.Error("ERR SWAPDB is not allowed in cluster mode");
    return;
  }
  const auto first = IntArg(args, 1, out, "ERR invalid first DB index");
  if (!first.has_value()) return;
  const auto second = IntArg(args, 2, out, "ERR invalid second DB index");
  if (!second.has_value()) return;
  const int databases = ctx.engine.keyspace.databases();
  if (*first < 0 || *first >= databases || *second < 0 || *second >= databases) {
    out.Error("ERR DB index is out of range");
    return;
  }
  ExclusiveWrite(ctx, out, [&] {
    SwapDatabases(&ctx.engine, static_cast<int>(*first), static_cast<int>(*second));
    ctx.engine.waiters.LeaveAllOver(static_cast<int>(*first));
    ctx.engine.waiters.LeaveAllOver(static_cast<int>(*second));
    ThreadStats::Add(&ctx.stats.dirty, 1);
    ctx.Propagate({"SWAPDB", args[1], args[2]});
    out.Ok();
  });
}

const CommandRegistration kSwapDb{
    {.name = "swapdb",
     .arity = 3,
     .flags = kCmdWrite | kCmdFast | kCmdDangerous,
     .group = "server",
     .since = "4.0.0",
     .usage = "index1 index2",
     .summary = "Swaps two databases.",
     .complexity = "O(1): the tables of the 16384 slots are exchanged one by one.",
     .server = SwapDb}};

}  // namespace
}  // namespace pleiad
