// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <vector>

#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

// HGETDEL key FIELDS numfields field [field ...]: the values, and the fields are gone. In the
// journal: HDEL.
//
// > HSET k a 1 b 2
// (integer) 2
// > HGETDEL k FIELDS 2 a nosuchfield
// 1) "1"
// 2) (nil)
// > HGETDEL k FIELDS 1 b
// 1) "2"
// > EXISTS k
// (integer) 0
// > HGETDEL k FIELDS 2 a b
// 1) (nil)
// 2) (nil)
// > HGETDEL k FIELDS 2 a
// (error) ERR numfields should be greater than 0 and match the provided number of fields
// > HGETDEL k ALL 1 a
// (error) ERR Mandatory argument FIELDS is missing or not at the right position
// > SET text v
// OK
// > HGETDEL text FIELDS 1 a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hgetdel(WriteContext& ctx, const Args& args, resp::Writer& out) {
  FieldArguments fields;
  if (!fields.ParseAt(args, 2, out)) return;
  HashEdit edit(&ctx);
  if (!edit.Open(out)) return;
  std::vector<std::string_view> gone;
  out.Array(fields.count);
  for (size_t i = fields.first; i < args.size(); ++i) {
    const auto e = edit.Find(args[i]);
    if (!e.has_value()) {
      out.Null();
      continue;
    }
    out.Bulk(e->value);
    edit.Remove(args[i]);
    gone.push_back(args[i]);
  }
  if (gone.empty()) return;
  edit.Finish("hdel");
  edit.PropagateFields({"HDEL", args[1]}, gone);
}

const CommandRegistration kHgetdel{
    {.name = "hgetdel",
     .arity = -5,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "8.0.0",
     .usage = "key FIELDS numfields field [field ...]",
     .summary =
         "Returns the values of fields and deletes them. Deletes the hash if no fields remain.",
     .complexity = "O(N) where N is the number of fields",
     .write = Hgetdel}};

}  // namespace
}  // namespace pleiad
