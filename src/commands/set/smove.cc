// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/value_cell.h"
#include "commands/set/set_operation.h"

namespace pleiad {
namespace {

// SMOVE source destination member: 1 if it was in the source; it is in the destination then, and
// nowhere else.
//
// > SADD a x y
// (integer) 2
// > SADD b z
// (integer) 1
// > SMOVE a b x
// (integer) 1
// > SMEMBERS b
// 1) "z"
// 2) "x"
// > SMOVE a b x
// (integer) 0
// > SMOVE a a y
// (integer) 1
// > SMOVE a a x
// (integer) 0
// > SMOVE a new y
// (integer) 1
// > EXISTS a
// (integer) 0
// > SMOVE nosuchkey b x
// (integer) 0
// > SET text v
// OK
// > SMOVE nosuchkey text x
// (integer) 0
// > SMOVE b text x
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
// > SMOVE text b x
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Smove(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const Key& from_key = ctx.key(0);
  const Key& to_key = ctx.key(1);
  const std::string_view member = args[3];
  if (ctx.Find(from_key, false) == nullptr) {
    out.Integer(0);
    return;
  }
  ValueCell from_cell(&ctx, from_key, ValueType::kSet);
  if (!from_cell.Open(out)) return;
  if (!CheckType(ctx.Find(to_key, false), ValueType::kSet, out)) return;
  Set from(&from_cell, ctx.engine().collections);
  if (from_key.bytes == to_key.bytes) {
    out.Integer(from.view().Contains(member) ? 1 : 0);
    return;
  }
  if (!from.Remove(member)) {
    out.Integer(0);
    return;
  }
  from_cell.Changed();
  ctx.Notify(kNotifySet, "srem", from_key);
  from_cell.DeleteIf(from.size() == 0);
  ValueCell to_cell(&ctx, to_key, ValueType::kSet);
  if (!to_cell.Open(out)) return;
  Set to(&to_cell, ctx.engine().collections);
  if (to.Add(member)) {
    to_cell.Changed();
    ctx.Notify(kNotifySet, "sadd", to_key);
  }
  out.Integer(1);
}

const CommandRegistration kSmove{{.name = "smove",
                                  .arity = 4,
                                  .flags = kCmdWrite | kCmdFast,
                                  .keys = {1, 2, 1},
                                  .group = "set",
                                  .since = "1.0.0",
                                  .usage = "source destination member",
                                  .summary = "Moves a member from one set to another.",
                                  .complexity = "O(1)",
                                  .write = Smove}};

}  // namespace
}  // namespace pleiad
