// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

void HgetWrite(const HashView& hash, std::string_view field, resp::Writer& out) {
  const auto e = hash.Find(field);
  if (e.has_value()) {
    out.Bulk(e->value);
  } else {
    out.Null();
  }
}

// HGET key field: its value. HMGET key field [field ...]: the values of several.
//
// > HSET k a 1 b 2
// (integer) 2
// > HGET k a
// "1"
// > HGET k nosuchfield
// (nil)
// > HGET nosuchkey a
// (nil)
// > HMGET k a nosuchfield b
// 1) "1"
// 2) (nil)
// 3) "2"
// > HMGET nosuchkey a
// 1) (nil)
// > SET text v
// OK
// > HGET text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
// > HMGET text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hget(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto hash = ReadHash(ctx, out);
  if (hash.has_value()) HgetWrite(*hash, args[2], out);
}

void Hmget(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto hash = ReadHash(ctx, out);
  if (!hash.has_value()) return;
  out.Array(args.size() - 2);
  for (size_t i = 2; i < args.size(); ++i) HgetWrite(*hash, args[i], out);
}

const CommandRegistration kHget{{.name = "hget",
                                 .arity = 3,
                                 .flags = kCmdReadonly | kCmdFast,
                                 .keys = {1, 1, 1},
                                 .group = "hash",
                                 .since = "2.0.0",
                                 .usage = "key field",
                                 .summary = "Returns the value of a field in a hash.",
                                 .complexity = "O(1)",
                                 .read = Hget}};
const CommandRegistration kHmget{{.name = "hmget",
                                  .arity = -3,
                                  .flags = kCmdReadonly | kCmdFast,
                                  .keys = {1, 1, 1},
                                  .group = "hash",
                                  .since = "2.0.0",
                                  .usage = "key field [field ...]",
                                  .summary = "Returns the values of several fields in a hash.",
                                  .complexity = "O(N) where N is the number of fields",
                                  .read = Hmget}};

}  // namespace
}  // namespace pleiad
