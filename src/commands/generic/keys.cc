// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/text.h"
#include "commands/generic/whole_keyspace.h"

namespace pleiad {
namespace {

// Writes the keys of one slot that match. Returns how many.
size_t WriteMatching(ServerContext& ctx, SlotId id, std::string_view pattern, resp::Writer& out) {
  LockSet locks(&ctx.engine.keyspace);
  locks.LockOne(id);
  const SlotDb* db = ctx.engine.keyspace.Db(locks.slot(id), ctx.client.db, false);
  if (db == nullptr || db->table.size() == 0 || locks.slot(id).hidden()) return 0;
  const bool all = pattern == "*";
  size_t found = 0;
  db->table.ForEach([&](const Entry* e) {
    if (Expired(*e, ctx.now) || !(all || GlobMatch(pattern, e->key()))) return;
    out.Bulk(e->key());
    ++found;
  });
  return found;
}

// KEYS pattern: the keys of this node that match, in no order. A pattern with a hash tag before its
// first special character looks at one slot only.
//
// > MSET {user}:1 a {user}:2 b other c
// OK
// > KEYS o*
// 1) "other"
// > KEYS {user}:[2-9]
// 1) "{user}:2"
// > KEYS other
// 1) "other"
// > SET gone v PXAT 1
// OK
// > KEYS g*
// (empty array)
// > KEYS
// (error) ERR wrong number of arguments for 'keys' command
void Keys(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto only = SlotOfPattern(args[1]);
  const size_t head = out.DeferArray();
  size_t found = 0;
  const int first = only.has_value() ? only->value : 0;
  const int last = only.has_value() ? only->value : kSlotCount - 1;
  for (int i = first; i <= last; ++i) {
    found += WriteMatching(ctx, SlotId(static_cast<uint16_t>(i)), args[1], out);
  }
  out.FillArray(head, found);
}

const CommandRegistration kKeys{
    {.name = "keys",
     .arity = 2,
     .flags = kCmdReadonly | kCmdDangerous,
     .group = "generic",
     .since = "1.0.0",
     .usage = "pattern",
     .summary = "Returns all key names that match a pattern.",
     .complexity = "O(N) with N being the number of keys in the database",
     .server = Keys}};

}  // namespace
}  // namespace pleiad
