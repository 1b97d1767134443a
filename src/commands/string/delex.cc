// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/string/value_condition.h"

namespace pleiad {
namespace {

void DeleteIfMatched(WriteContext& ctx, bool matched, resp::Writer& out) {
  if (matched) {
    ctx.Delete(ctx.key());
    ctx.Notify(kNotifyGeneric, "del", ctx.key());
    ctx.Propagate({"DEL", ctx.key().bytes});
  }
  out.Integer(matched ? 1 : 0);
}

// DELEX key [IFEQ value | IFNE value | IFDEQ digest | IFDNE digest]: deletes the key if its string
// is (not) that; without a condition whatever it holds. In the journal: DEL.
//
// > SET k v
// OK
// > DELEX k IFEQ w
// (integer) 0
// > DELEX k IFNE v
// (integer) 0
// > DELEX k IFEQ v
// (integer) 1
// > DELEX k IFNE v
// (integer) 0
// > SET k hello
// OK
// > DELEX k IFDNE 9555E8555C62DCFD
// (integer) 0
// > DELEX k IFDEQ 9555e8555c62dcf
// (error) ERR must be exactly 16 hexadecimal characters
// > DELEX k IFDEQ 9555e8555c62dcfd
// (integer) 1
// > SET k v
// OK
// > DELEX k WHEN v
// (error) ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE
// > DELEX k IFEQ
// (error) ERR wrong number of arguments for 'delex' command
// > DELEX k
// (integer) 1
// > DELEX k
// (integer) 0
void DelEx(WriteContext& ctx, const Args& args, resp::Writer& out) {
  if (args.size() != 2 && args.size() != 4) {
    out.Error(WrongArity(*CommandTable::Get().Find("delex")));
    return;
  }
  const Entry* e = ctx.Find(ctx.key(), false);
  if (e == nullptr || args.size() == 2) return DeleteIfMatched(ctx, e != nullptr, out);
  if (e->type() != ValueType::kString) {
    out.Error("ERR Key should be of string type if conditions are specified");
    return;
  }
  ValueCondition condition;
  size_t i = 2;
  if (!ParseValueCondition(args, &i, &condition)) {
    out.Error("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");
    return;
  }
  const auto holds = condition.Holds(e->str(), out);
  if (holds.has_value()) DeleteIfMatched(ctx, *holds, out);
}

// DELIFEQ key value: deletes the key if that is its string. In the journal: DEL.
//
// > SET k v
// OK
// > DELIFEQ k w
// (integer) 0
// > DELIFEQ k v
// (integer) 1
// > DELIFEQ k v
// (integer) 0
void DelIfEq(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const Entry* e = ctx.Find(ctx.key(), false);
  if (!CheckString(e, out)) return;
  DeleteIfMatched(ctx, e != nullptr && e->str() == args[2], out);
}

const CommandRegistration kDelEx{
    {.name = "delex",
     .arity = -2,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "8.4.0",
     .usage = "key [IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest]",
     .summary = "Deletes a key if its string value or the value's digest fulfils a condition.",
     .complexity = "O(1) for IFEQ and IFNE, O(N) for IFDEQ and IFDNE where N is the length of the "
                   "string value.",
     .write = DelEx}};
const CommandRegistration kDelIfEq{{.name = "delifeq",
                                    .arity = 3,
                                    .flags = kCmdWrite | kCmdFast,
                                    .keys = {1, 1, 1},
                                    .group = "string",
                                    .since = "9.0.0",
                                    .usage = "key value",
                                    .summary = "Deletes a key if its string value is that one.",
                                    .complexity = "O(1)",
                                    .write = DelIfEq}};

}  // namespace
}  // namespace pleiad
