// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/value_cell.h"
#include "data/set.h"

namespace pleiad {
namespace {

// SADD key member [member ...]: how many were not there yet.
//
// > SADD k a b a
// (integer) 2
// > SADD k b c
// (integer) 1
// > SCARD k
// (integer) 3
// > OBJECT ENCODING k
// "listpack"
// > SADD numbers 3 1 2
// (integer) 3
// > OBJECT ENCODING numbers
// "intset"
// > SADD numbers three
// (integer) 1
// > OBJECT ENCODING numbers
// "listpack"
// > SET text v
// OK
// > SADD text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
// > SADD k
// (error) ERR wrong number of arguments for 'sadd' command
void Sadd(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kSet);
  if (!cell.Open(out)) return;
  // What is new is put together first: the key is made once.
  MemoryStore fresh;
  const bool all_new = !cell.exists() && args.size() > 3;
  Set set(all_new ? static_cast<ValueStore*>(&fresh) : &cell, ctx.engine().collections);
  set.Expect(args.size() - 2);
  int64_t added = 0;
  for (size_t i = 2; i < args.size(); ++i) added += set.Add(args[i]) ? 1 : 0;
  if (all_new) cell.Create(&fresh);
  if (added != 0) {
    cell.Changed();
    ctx.Notify(kNotifySet, "sadd", ctx.key());
  }
  out.Integer(added);
}

const CommandRegistration kSadd{
    {.name = "sadd",
     .arity = -3,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "set",
     .since = "1.0.0",
     .usage = "key member [member ...]",
     .summary = "Adds members to a set. The set is created if it doesn't exist.",
     .complexity = "O(N) where N is the number of members to be added",
     .write = Sadd}};

}  // namespace
}  // namespace pleiad
