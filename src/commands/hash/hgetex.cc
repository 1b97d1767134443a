// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <vector>

#include "commands/hash/field_expiry_option.h"
#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

// What happens to a field besides being read.
enum class HgetexAct { kNothing, kExpire, kRemove, kPersist };

HgetexAct HgetexActOf(WriteContext& ctx, const ExpiryOption& option) {
  if (option.kind == ExpiryOption::Kind::kNone) return HgetexAct::kNothing;
  if (option.kind == ExpiryOption::Kind::kPersist) return HgetexAct::kPersist;
  // A replica never deletes on its own account.
  const bool over =
      option.at_ms <= ctx.now().value && !ctx.engine().replica.load(std::memory_order_relaxed);
  return over ? HgetexAct::kRemove : HgetexAct::kExpire;
}

void HgetexPropagate(const Args& args, HgetexAct act, int64_t at_ms,
                     const std::vector<std::string_view>& done, HashEdit* edit) {
  const std::string at = std::to_string(at_ms);
  const std::string count = std::to_string(done.size());
  if (act == HgetexAct::kRemove) {
    edit->PropagateFields({"HDEL", args[1]}, done);
  } else if (act == HgetexAct::kPersist) {
    edit->PropagateFields({"HPERSIST", args[1], "FIELDS", count}, done);
  } else {
    edit->PropagateFields({"HPEXPIREAT", args[1], at, "FIELDS", count}, done);
  }
}

// HGETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST] FIELDS numfields field [field ...]: the
// values; the fields get another expiry, or none. In the journal: HPEXPIREAT, HPERSIST, HDEL if the
// moment has passed, or nothing.
//
// > HSET k a 1 b 2
// (integer) 2
// > HGETEX k EX 100 FIELDS 2 a nosuchfield
// 1) "1"
// 2) (nil)
// > HTTL k FIELDS 2 a b
// 1) (integer) 100
// 2) (integer) -1
// > HGETEX k FIELDS 1 a
// 1) "1"
// > HGETEX k PERSIST FIELDS 2 a b
// 1) "1"
// 2) "2"
// > HTTL k FIELDS 1 a
// 1) (integer) -1
// > HGETEX k PXAT 1 FIELDS 2 a b
// 1) "1"
// 2) "2"
// > EXISTS k
// (integer) 0
// > HGETEX k EX 10 FIELDS 1 a
// 1) (nil)
// > HGETEX k EX -1 FIELDS 1 a
// (error) ERR invalid expire time in 'hgetex' command
// > HGETEX k EX soon FIELDS 1 a
// (error) ERR value is not an integer or out of range
// > HGETEX k EX 10 PX 10 FIELDS 1 a
// (error) ERR syntax error
// > HGETEX k EX FIELDS 1 a
// (error) ERR syntax error
// > HGETEX k KEEPTTL FIELDS 1 a
// (error) ERR syntax error
// > HGETEX k EX 10 FIELDS 2 a
// (error) ERR numfields should be greater than 0 and match the provided number of fields
// > SET text v
// OK
// > HGETEX text FIELDS 1 a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hgetex(WriteContext& ctx, const Args& args, resp::Writer& out) {
  FieldArguments fields;
  ExpiryOption option;
  if (!fields.Parse(args, 2, false, out)) return;
  for (size_t i = 2; i < fields.word; ++i) {
    if (!ParseExpiryOption(args, &i, ExpiryWords::kGetEx, &option) || i >= fields.word) {
      out.Error(kSyntaxError);
      return;
    }
  }
  if (!ResolveFieldExpiry(&option, ctx.now(), "hgetex", out)) return;
  HashEdit edit(&ctx);
  if (!edit.Open(out)) return;
  const HgetexAct act = HgetexActOf(ctx, option);
  std::vector<std::string_view> done;
  out.Array(fields.count);
  for (size_t i = fields.first; i < args.size(); ++i) {
    const auto e = edit.Find(args[i]);
    if (!e.has_value()) {
      out.Null();
      continue;
    }
    out.Bulk(e->value);
    if (act == HgetexAct::kNothing) continue;
    if (act == HgetexAct::kPersist && e->expiry_ms == FieldElement::kNoExpiry) continue;
    if (act == HgetexAct::kRemove) {
      edit.Remove(args[i]);
    } else {
      edit.SetExpiry(args[i], act == HgetexAct::kPersist ? FieldElement::kNoExpiry : option.at_ms);
    }
    done.push_back(args[i]);
  }
  if (done.empty()) return;
  edit.Finish(act == HgetexAct::kRemove    ? "hexpired"
              : act == HgetexAct::kPersist ? "hpersist"
                                           : "hexpire");
  HgetexPropagate(args, act, option.at_ms, done, &edit);
}

const CommandRegistration kHgetex{
    {.name = "hgetex",
     .arity = -5,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "8.0.0",
     .usage = "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT "
              "unix-time-milliseconds | PERSIST] FIELDS numfields field [field ...]",
     .summary = "Returns the values of fields and sets, changes or removes their expiry.",
     .complexity = "O(N) where N is the number of fields",
     .write = Hgetex}};

}  // namespace
}  // namespace pleiad
