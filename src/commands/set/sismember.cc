// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/set/set_operation.h"

namespace pleiad {
namespace {

// SISMEMBER key member: 1 if it is in the set. SMISMEMBER key member [member ...]: the same for
// each.
//
// > SADD k a 1
// (integer) 2
// > SISMEMBER k a
// (integer) 1
// > SISMEMBER k b
// (integer) 0
// > SISMEMBER nosuchkey a
// (integer) 0
// > SMISMEMBER k a b 1
// 1) (integer) 1
// 2) (integer) 0
// 3) (integer) 1
// > SMISMEMBER nosuchkey a b
// 1) (integer) 0
// 2) (integer) 0
// > SET text v
// OK
// > SISMEMBER text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
// > SMISMEMBER text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Sismember(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto set = ReadSet(ctx, ctx.key(), out);
  if (set.has_value()) out.Integer(set->Contains(args[2]) ? 1 : 0);
}

void Smismember(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto set = ReadSet(ctx, ctx.key(), out);
  if (!set.has_value()) return;
  out.Array(args.size() - 2);
  for (size_t i = 2; i < args.size(); ++i) out.Integer(set->Contains(args[i]) ? 1 : 0);
}

const CommandRegistration kSismember{{.name = "sismember",
                                      .arity = 3,
                                      .flags = kCmdReadonly | kCmdFast,
                                      .keys = {1, 1, 1},
                                      .group = "set",
                                      .since = "1.0.0",
                                      .usage = "key member",
                                      .summary = "Determines whether a member belongs to a set.",
                                      .complexity = "O(1)",
                                      .read = Sismember}};
const CommandRegistration kSmismember{
    {.name = "smismember",
     .arity = -3,
     .flags = kCmdReadonly | kCmdFast,
     .keys = {1, 1, 1},
     .group = "set",
     .since = "6.2.0",
     .usage = "key member [member ...]",
     .summary = "Determines whether several members belong to a set.",
     .complexity = "O(N) where N is the number of members asked for",
     .read = Smismember}};

}  // namespace
}  // namespace pleiad
