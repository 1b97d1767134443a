// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

struct HttlUnit {
  bool seconds;
  bool absolute;
};

void HttlBy(ReadContext& ctx, const Args& args, HttlUnit unit, resp::Writer& out) {
  FieldArguments fields;
  if (!fields.ParseAt(args, 2, out)) return;
  const auto hash = ReadHash(ctx, out);
  if (!hash.has_value()) return;
  out.Array(fields.count);
  for (size_t i = fields.first; i < args.size(); ++i) {
    const auto e = hash->Find(args[i]);
    if (!e.has_value()) {
      out.Integer(-2);
    } else if (e->expiry_ms == FieldElement::kNoExpiry) {
      out.Integer(-1);
    } else {
      const int64_t ms = unit.absolute ? e->expiry_ms : e->expiry_ms - ctx.now().value;
      out.Integer(unit.seconds ? (ms + 500) / 1000 : ms);
    }
  }
}

// HTTL key FIELDS numfields field [field ...]: in how many seconds each of the fields expires; -1:
// never, -2: there is none. HPTTL: milliseconds. HEXPIRETIME, HPEXPIRETIME: when, in Unix time.
//
// > HSET k a 1 b 2
// (integer) 2
// > HEXPIREAT k 33177117420 FIELDS 1 a
// 1) (integer) 1
// > HEXPIRETIME k FIELDS 3 a b c
// 1) (integer) 33177117420
// 2) (integer) -1
// 3) (integer) -2
// > HPEXPIRETIME k FIELDS 1 a
// 1) (integer) 33177117420000
// > HEXPIRE k 100 FIELDS 1 a
// 1) (integer) 1
// > HTTL k FIELDS 1 a
// 1) (integer) 100
// > HPTTL k FIELDS 1 a
// 1) (integer) 100000
// > HTTL nosuchkey FIELDS 1 a
// 1) (integer) -2
// > HTTL k FIELDS 2 a
// (error) ERR numfields should be greater than 0 and match the provided number of fields
// > HTTL k FIELDS many a
// (error) ERR value is not an integer or out of range
// > HTTL k FIELD 1 a
// (error) ERR Mandatory argument FIELDS is missing or not at the right position
// > SET text v
// OK
// > HTTL text FIELDS 1 a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Httl(ReadContext& ctx, const Args& args, resp::Writer& out) {
  HttlBy(ctx, args, {true, false}, out);
}
void Hpttl(ReadContext& ctx, const Args& args, resp::Writer& out) {
  HttlBy(ctx, args, {false, false}, out);
}
void Hexpiretime(ReadContext& ctx, const Args& args, resp::Writer& out) {
  HttlBy(ctx, args, {true, true}, out);
}
void Hpexpiretime(ReadContext& ctx, const Args& args, resp::Writer& out) {
  HttlBy(ctx, args, {false, true}, out);
}

const CommandRegistration kHttl{
    {.name = "httl",
     .arity = -5,
     .flags = kCmdReadonly | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "7.4.0",
     .usage = "key FIELDS numfields field [field ...]",
     .summary = "Returns the time until fields of a hash expire in seconds.",
     .complexity = "O(N) where N is the number of fields",
     .read = Httl}};
const CommandRegistration kHpttl{
    {.name = "hpttl",
     .arity = -5,
     .flags = kCmdReadonly | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "7.4.0",
     .usage = "key FIELDS numfields field [field ...]",
     .summary = "Returns the time until fields of a hash expire in milliseconds.",
     .complexity = "O(N) where N is the number of fields",
     .read = Hpttl}};
const CommandRegistration kHexpiretime{
    {.name = "hexpiretime",
     .arity = -5,
     .flags = kCmdReadonly | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "7.4.0",
     .usage = "key FIELDS numfields field [field ...]",
     .summary = "Returns when fields of a hash expire as a Unix time in seconds.",
     .complexity = "O(N) where N is the number of fields",
     .read = Hexpiretime}};
const CommandRegistration kHpexpiretime{
    {.name = "hpexpiretime",
     .arity = -5,
     .flags = kCmdReadonly | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "7.4.0",
     .usage = "key FIELDS numfields field [field ...]",
     .summary = "Returns when fields of a hash expire as a Unix time in milliseconds.",
     .complexity = "O(N) where N is the number of fields",
     .read = Hpexpiretime}};

}  // namespace
}  // namespace pleiad
