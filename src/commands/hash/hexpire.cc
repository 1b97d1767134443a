// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <string>
#include <vector>

#include "commands/hash/hash_access.h"
#include "commands/string/expiry_option.h"

namespace pleiad {
namespace {

struct HexpireUnit {
  std::string_view name;
  bool seconds;
  bool absolute;
};

struct HexpireCondition {
  bool nx = false;  // only if the field has no expiry
  bool xx = false;  // only if it has one
  bool gt = false;  // only to a later moment; no expiry is the latest
  bool lt = false;  // only to an earlier one

  bool Parse(const Args& args, size_t from, size_t to, resp::Writer& out) {
    for (size_t i = from; i < to; ++i) {
      bool* const flag = args.Is(i, "nx")   ? &nx
                         : args.Is(i, "xx") ? &xx
                         : args.Is(i, "gt") ? &gt
                         : args.Is(i, "lt") ? &lt
                                            : nullptr;
      if (flag == nullptr) {
        out.Error(fmt::format("ERR Unsupported option {}", args[i]));
        return false;
      }
      *flag = true;
    }
    if (nx && (xx || gt || lt)) {
      out.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
      return false;
    }
    if (gt && lt) {
      out.Error("ERR GT and LT options at the same time are not compatible");
      return false;
    }
    return true;
  }
  bool Allows(const FieldElement& e, int64_t at_ms) const {
    const bool has = e.expiry_ms != FieldElement::kNoExpiry;
    if ((nx && has) || (xx && !has)) return false;
    if (gt && (!has || at_ms <= e.expiry_ms)) return false;
    return !lt || !has || at_ms < e.expiry_ms;
  }
};

// Gives each field its moment, or removes it if the moment has passed, and replies for each.
void HexpireFields(WriteContext& ctx, const Args& args, const FieldArguments& fields,
                   const HexpireCondition& condition, int64_t at_ms, HashEdit* edit,
                   resp::Writer& out) {
  // A replica never deletes on its own account.
  const bool over =
      at_ms <= ctx.now().value && !ctx.engine().replica.load(std::memory_order_relaxed);
  std::vector<std::string_view> done;
  out.Array(fields.count);
  for (size_t i = fields.first; i < args.size(); ++i) {
    const auto e = edit->Find(args[i]);
    if (!e.has_value() || !condition.Allows(*e, at_ms)) {
      out.Integer(e.has_value() ? 0 : -2);
      continue;
    }
    if (over) {
      edit->Remove(args[i]);
    } else {
      edit->SetExpiry(args[i], at_ms);
    }
    done.push_back(args[i]);
    out.Integer(over ? 2 : 1);
  }
  if (done.empty()) return;
  edit->Finish(over ? "hexpired" : "hexpire");
  const std::string at = std::to_string(at_ms);
  const std::string count = std::to_string(done.size());
  if (over) {
    edit->PropagateFields({"HDEL", args[1]}, done);
  } else {
    edit->PropagateFields({"HPEXPIREAT", args[1], at, "FIELDS", count}, done);
  }
}

void HexpireBy(WriteContext& ctx, const Args& args, HexpireUnit unit, resp::Writer& out) {
  FieldArguments fields;
  HexpireCondition condition;
  if (!fields.Parse(args, 3, false, out) || !condition.Parse(args, 3, fields.word, out)) return;
  const auto amount = IntArg(args, 2, out);
  if (!amount.has_value()) return;
  const auto at_ms =
      *amount < 0 ? std::nullopt : ExpiryFrom(*amount, unit.seconds, unit.absolute, ctx.now());
  if (!at_ms.has_value()) {
    out.Error(fmt::format("ERR invalid expire time in '{}' command", unit.name));
    return;
  }
  HashEdit edit(&ctx);
  if (edit.Open(out)) HexpireFields(ctx, args, fields, condition, *at_ms, &edit, out);
}

// HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]; HPEXPIRE with
// milliseconds, HEXPIREAT and HPEXPIREAT with Unix times. For each field: 1 if the expiry was set,
// 2 if the moment has passed and the field is gone, 0 if the condition did not hold, -2 if there is
// none. In the journal: HPEXPIREAT or HDEL.
//
// > HSET k a 1 b 2 c 3
// (integer) 3
// > HEXPIRE k 100 FIELDS 2 a nosuchfield
// 1) (integer) 1
// 2) (integer) -2
// > HPEXPIRE k 200000 NX FIELDS 2 a b
// 1) (integer) 0
// 2) (integer) 1
// > HEXPIRE k 50 GT FIELDS 2 a c
// 1) (integer) 0
// 2) (integer) 0
// > HEXPIRE k 50 LT FIELDS 2 a c
// 1) (integer) 1
// 2) (integer) 1
// > HEXPIREAT k 33177117420 XX FIELDS 1 a
// 1) (integer) 1
// > HTTL k FIELDS 2 b c
// 1) (integer) 200
// 2) (integer) 50
// > HPEXPIREAT k 1 FIELDS 1 a
// 1) (integer) 2
// > HEXPIRE k 0 FIELDS 2 b c
// 1) (integer) 2
// 2) (integer) 2
// > EXISTS k
// (integer) 0
// > HEXPIRE nosuchkey 10 FIELDS 1 a
// 1) (integer) -2
// > HEXPIRE k 10 FIELDS 2 a
// (error) ERR numfields should be greater than 0 and match the provided number of fields
// > HEXPIRE k -1 FIELDS 1 a
// (error) ERR invalid expire time in 'hexpire' command
// > HEXPIRE k 9223372036854775807 FIELDS 1 a
// (error) ERR invalid expire time in 'hexpire' command
// > HEXPIRE k soon FIELDS 1 a
// (error) ERR value is not an integer or out of range
// > HEXPIRE k 10 NX LT FIELDS 1 a
// (error) ERR NX and XX, GT or LT options at the same time are not compatible
// > HEXPIRE k 10 GT LT FIELDS 1 a
// (error) ERR GT and LT options at the same time are not compatible
// > HEXPIRE k 10 soon FIELDS 1 a
// (error) ERR Unsupported option soon
// > SET text v
// OK
// > HEXPIRE text 10 FIELDS 1 a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hexpire(WriteContext& ctx, const Args& args, resp::Writer& out) {
  HexpireBy(ctx, args, {"hexpire", true, false}, out);
}
void Hpexpire(WriteContext& ctx, const Args& args, resp::Writer& out) {
  HexpireBy(ctx, args, {"hpexpire", false, false}, out);
}
void Hexpireat(WriteContext& ctx, const Args& args, resp::Writer& out) {
  HexpireBy(ctx, args, {"hexpireat", true, true}, out);
}
void Hpexpireat(WriteContext& ctx, const Args& args, resp::Writer& out) {
  HexpireBy(ctx, args, {"hpexpireat", false, true}, out);
}

const CommandRegistration kHexpire{
    {.name = "hexpire",
     .arity = -6,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "7.4.0",
     .usage = "key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
     .summary = "Lets fields of a hash expire in so many seconds.",
     .complexity = "O(N) where N is the number of fields",
     .write = Hexpire}};
const CommandRegistration kHpexpire{
    {.name = "hpexpire",
     .arity = -6,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "7.4.0",
     .usage = "key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
     .summary = "Lets fields of a hash expire in so many milliseconds.",
     .complexity = "O(N) where N is the number of fields",
     .write = Hpexpire}};
const CommandRegistration kHexpireat{
    {.name = "hexpireat",
     .arity = -6,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "7.4.0",
     .usage = "key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
     .summary = "Lets fields of a hash expire at a Unix time in seconds.",
     .complexity = "O(N) where N is the number of fields",
     .write = Hexpireat}};
const CommandRegistration kHpexpireat{
    {.name = "hpexpireat",
     .arity = -6,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "7.4.0",
     .usage = "key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
     .summary = "Lets fields of a hash expire at a Unix time in milliseconds.",
     .complexity = "O(N) where N is the number of fields",
     .write = Hpexpireat}};

}  // namespace
}  // namespace pleiad
