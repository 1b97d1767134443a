// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/generic/other_database.h"

namespace pleiad {
namespace {

constexpr std::string_view kRefused = "ERR MOVE is not allowed in cluster mode";

// MOVE key db: 1 if the key, with its expiry, is in that database now; 0 if there is none or the
// other database has one.
//
// > SET k v EX 100
// OK
// > MOVE k 1
// (integer) 1
// > MOVE k 1
// (integer) 0
// > SET k w
// OK
// > MOVE k 1
// (integer) 0
// > MOVE k 0
// (error) ERR source and destination objects are the same
// > MOVE k 16
// (error) ERR DB index is out of range
// > MOVE k x
// (error) ERR value is not an integer or out of range
// > SELECT 1
// OK
// > GET k
// "v"
// > TTL k
// (integer) 100
void Move(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const Engine& engine = ctx.engine();
  if (engine.cluster.load(std::memory_order_relaxed) && engine.keyspace.databases() == 1) {
    out.Error(kRefused);
    return;
  }
  const auto db = DatabaseArg(ctx, args, 2, kRefused, out);
  if (!db.has_value()) return;
  if (*db == ctx.db()) {
    out.Error(kSameObject);
    return;
  }
  const Key& key = ctx.key();
  if (ctx.Find(key, false) == nullptr || ctx.Find(key, *db, false) != nullptr) {
    out.Integer(0);
    return;
  }
  ctx.Put(key, ctx.Extract(key), *db);
  ctx.Notify(kNotifyGeneric, "move_from", key);
  ctx.Notify(kNotifyGeneric, "move_to", key, *db);
  out.Integer(1);
}

const CommandRegistration kMove{{.name = "move",
                                 .arity = 3,
                                 .flags = kCmdWrite | kCmdFast,
                                 .keys = {1, 1, 1},
                                 .group = "generic",
                                 .since = "1.0.0",
                                 .usage = "key db",
                                 .summary = "Moves a key to another database.",
                                 .complexity = "O(1)",
                                 .write = Move}};

}  // namespace
}  // namespace pleiad
