// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

// HPERSIST key FIELDS numfields field [field ...]: the fields expire no more. For each: 1, -1 if it
// had no expiry, -2 if there is none.
//
// > HSET k a 1 b 2
// (integer) 2
// > HEXPIRE k 100 FIELDS 1 a
// 1) (integer) 1
// > HPERSIST k FIELDS 3 a b c
// 1) (integer) 1
// 2) (integer) -1
// 3) (integer) -2
// > HTTL k FIELDS 1 a
// 1) (integer) -1
// > HPERSIST nosuchkey FIELDS 1 a
// 1) (integer) -2
// > HPERSIST k FIELDS 0
// (error) ERR wrong number of arguments for 'hpersist' command
// > HPERSIST k FIELDS 2 a
// (error) ERR numfields should be greater than 0 and match the provided number of fields
// > SET text v
// OK
// > HPERSIST text FIELDS 1 a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hpersist(WriteContext& ctx, const Args& args, resp::Writer& out) {
  FieldArguments fields;
  if (!fields.ParseAt(args, 2, out)) return;
  HashEdit edit(&ctx);
  if (!edit.Open(out)) return;
  std::vector<std::string_view> done;
  out.Array(fields.count);
  for (size_t i = fields.first; i < args.size(); ++i) {
    const auto e = edit.Find(args[i]);
    if (!e.has_value() || e->expiry_ms == FieldElement::kNoExpiry) {
      out.Integer(e.has_value() ? -1 : -2);
      continue;
    }
    edit.SetExpiry(args[i], FieldElement::kNoExpiry);
    done.push_back(args[i]);
    out.Integer(1);
  }
  if (done.empty()) return;
  edit.Finish("hpersist");
  const std::string count = std::to_string(done.size());
  edit.PropagateFields({"HPERSIST", args[1], "FIELDS", count}, done);
}

const CommandRegistration kHpersist{{.name = "hpersist",
                                     .arity = -5,
                                     .flags = kCmdWrite | kCmdFast,
                                     .keys = {1, 1, 1},
                                     .group = "hash",
                                     .since = "7.4.0",
                                     .usage = "key FIELDS numfields field [field ...]",
                                     .summary = "Removes the expiry of fields of a hash.",
                                     .complexity = "O(N) where N is the number of fields",
                                     .write = Hpersist}};

}  // namespace
}  // namespace pleiad
