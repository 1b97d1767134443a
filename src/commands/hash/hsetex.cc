// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <vector>

#include "commands/hash/field_expiry_option.h"
#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

struct HsetexOptions {
  bool nx = false;   // only if there is no key
  bool xx = false;   // only if there is one
  bool fnx = false;  // only if there is none of the fields
  bool fxx = false;  // only if there are all of them
  ExpiryOption expiry;

  bool Parse(const Args& args, size_t end, resp::Writer& out) {
    for (size_t i = 2; i < end; ++i) {
      bool* const flag = args.Is(i, "nx")    ? &nx
                         : args.Is(i, "xx")  ? &xx
                         : args.Is(i, "fnx") ? &fnx
                         : args.Is(i, "fxx") ? &fxx
                                             : nullptr;
      if (flag != nullptr) {
        *flag = true;
      } else if (!ParseExpiryOption(args, &i, ExpiryWords::kSet, &expiry) || i >= end) {
        out.Error(kSyntaxError);
        return false;
      }
    }
    if ((nx && xx) || (fnx && fxx)) {
      out.Error(kSyntaxError);
      return false;
    }
    return true;
  }
};

bool HsetexAllowed(const HsetexOptions& options, const Args& args, const FieldArguments& fields,
                   const HashEdit& edit) {
  if ((options.nx && edit.exists()) || (options.xx && !edit.exists())) return false;
  if (!options.fnx && !options.fxx) return true;
  for (size_t i = fields.first; i < args.size(); i += 2) {
    if (edit.Find(args[i]).has_value() == options.fnx) return false;
  }
  return true;
}

// The moment has passed: the fields go, as if they had come and expired.
void HsetexRemove(WriteContext& ctx, const Args& args, const FieldArguments& fields,
                  HashEdit* edit) {
  std::vector<std::string_view> gone;
  for (size_t i = fields.first; i < args.size() && edit->exists(); i += 2) {
    edit->DropIfOver(args[i]);
    if (edit->Remove(args[i])) gone.push_back(args[i]);
  }
  ctx.Notify(kNotifyHash, "hset", ctx.key());
  ctx.Notify(kNotifyHash, "hexpire", ctx.key());
  if (gone.empty()) {
    ctx.Notify(kNotifyHash, "hexpired", ctx.key());
    return;
  }
  edit->Finish("hexpired");
  edit->PropagateFields({"HDEL", args[1]}, gone);
}

void HsetexPut(WriteContext& ctx, const Args& args, const FieldArguments& fields,
               const ExpiryOption& expiry, HashEdit* edit) {
  const bool keep = expiry.kind == ExpiryOption::Kind::kKeep;
  const bool expires = expiry.at_ms != Entry::kNoExpiry;
  edit->Expect(fields.count);
  for (size_t i = fields.first; i < args.size(); i += 2) {
    int64_t at_ms = expires ? expiry.at_ms : FieldElement::kNoExpiry;
    if (keep) {
      edit->DropIfOver(args[i]);
      const auto e = edit->Find(args[i]);
      if (e.has_value()) at_ms = e->expiry_ms;
    }
    edit->Put(args[i], args[i + 1], at_ms);
  }
  edit->Finish("hset");
  if (expires) ctx.Notify(kNotifyHash, "hexpire", ctx.key());
  const std::string at = std::to_string(expiry.at_ms);
  std::vector<std::string_view> record = {"HSETEX", args[1]};
  if (keep) record.emplace_back("KEEPTTL");
  if (expires) record.insert(record.end(), {"PXAT", at});
  record.insert(record.end(), {"FIELDS", args[fields.word + 1]});
  if (!keep && !expires) record = {"HSET", args[1]};
  for (size_t i = fields.first; i < args.size(); ++i) record.push_back(args[i]);
  ctx.Propagate(record);
}

// HSETEX key [NX | XX] [FNX | FXX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL] FIELDS numfields
// field value [field value ...]: 1 if the fields were set, all with that expiry; 0 if a condition
// did not hold (NX, XX: on the key; FNX, FXX: on all the fields). In the journal: HSETEX with PXAT,
// HSET, or HDEL if the moment has passed.
//
// > HSETEX k EX 100 FIELDS 2 a 1 b 2
// (integer) 1
// > HTTL k FIELDS 2 a b
// 1) (integer) 100
// 2) (integer) 100
// > HSETEX k FNX FIELDS 2 b 3 c 3
// (integer) 0
// > HSETEX k FXX KEEPTTL FIELDS 1 b 3
// (integer) 1
// > HTTL k FIELDS 1 b
// 1) (integer) 100
// > HSETEX k FXX FIELDS 2 b 3 c 3
// (integer) 0
// > HSETEX k NX FIELDS 1 c 3
// (integer) 0
// > HSETEX k XX FIELDS 1 b 4
// (integer) 1
// > HMGET k a b c
// 1) "1"
// 2) "4"
// 3) (nil)
// > HTTL k FIELDS 1 b
// 1) (integer) -1
// > HSETEX k PXAT 1 FIELDS 2 a 1 b 2
// (integer) 1
// > EXISTS k
// (integer) 0
// > HSETEX k EX -1 FIELDS 1 a 1
// (error) ERR invalid expire time in 'hsetex' command
// > HSETEX k EX soon FIELDS 1 a 1
// (error) ERR value is not an integer or out of range
// > HSETEX k FNX FXX FIELDS 1 a 1
// (error) ERR syntax error
// > HSETEX k EX 10 KEEPTTL FIELDS 1 a 1
// (error) ERR syntax error
// > HSETEX k FIELDS 2 a 1
// (error) ERR numfields should be greater than 0 and match the provided number of fields
// > HSETEX k FIELDS 1 a 1 b
// (error) ERR numfields should be greater than 0 and match the provided number of fields
// > SET text v
// OK
// > HSETEX text FIELDS 1 a 1
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hsetex(WriteContext& ctx, const Args& args, resp::Writer& out) {
  FieldArguments fields;
  HsetexOptions options;
  if (!fields.Parse(args, 2, true, out) || !options.Parse(args, fields.word, out)) return;
  if (!ResolveFieldExpiry(&options.expiry, ctx.now(), "hsetex", out)) return;
  HashEdit edit(&ctx);
  if (!edit.Open(out)) return;
  if (!HsetexAllowed(options, args, fields, edit)) {
    out.Integer(0);
    return;
  }
  // A replica never deletes on its own account.
  if (options.expiry.at_ms != Entry::kNoExpiry && options.expiry.at_ms <= ctx.now().value &&
      !ctx.engine().replica.load(std::memory_order_relaxed)) {
    HsetexRemove(ctx, args, fields, &edit);
  } else {
    HsetexPut(ctx, args, fields, options.expiry, &edit);
  }
  out.Integer(1);
}

const CommandRegistration kHsetex{
    {.name = "hsetex",
     .arity = -6,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "8.0.0",
     .usage =
         "key [NX | XX] [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT "
         "unix-time-milliseconds | KEEPTTL] FIELDS numfields field value [field value ...]",
     .summary = "Sets the values of fields, with an expiry if one is given.",
     .complexity = "O(N) where N is the number of fields",
     .write = Hsetex}};

}  // namespace
}  // namespace pleiad
