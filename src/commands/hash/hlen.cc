// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

// HLEN key: the number of fields (in a large hash, those whose time is over count until they are
// swept). HSTRLEN key field: the length of a value. HEXISTS key field: 1 if it is there.
//
// > HSET k a hello b ""
// (integer) 2
// > HLEN k
// (integer) 2
// > HSTRLEN k a
// (integer) 5
// > HSTRLEN k nosuchfield
// (integer) 0
// > HEXISTS k b
// (integer) 1
// > HEXISTS k c
// (integer) 0
// > HLEN nosuchkey
// (integer) 0
// > HSTRLEN nosuchkey a
// (integer) 0
// > HEXISTS nosuchkey a
// (integer) 0
// > SET text v
// OK
// > HLEN text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
// > HSTRLEN text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
// > HEXISTS text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hlen(ReadContext& ctx, const Args&, resp::Writer& out) {
  const auto hash = ReadHash(ctx, out);
  if (hash.has_value()) out.Integer(static_cast<int64_t>(hash->size()));
}

void Hstrlen(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto hash = ReadHash(ctx, out);
  if (!hash.has_value()) return;
  const auto e = hash->Find(args[2]);
  out.Integer(e.has_value() ? static_cast<int64_t>(e->value.size()) : 0);
}

void Hexists(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto hash = ReadHash(ctx, out);
  if (hash.has_value()) out.Integer(hash->Find(args[2]).has_value() ? 1 : 0);
}

const CommandRegistration kHlen{{.name = "hlen",
                                 .arity = 2,
                                 .flags = kCmdReadonly | kCmdFast,
                                 .keys = {1, 1, 1},
                                 .group = "hash",
                                 .since = "2.0.0",
                                 .usage = "key",
                                 .summary = "Returns the number of fields in a hash.",
                                 .complexity = "O(1)",
                                 .read = Hlen}};
const CommandRegistration kHstrlen{{.name = "hstrlen",
                                    .arity = 3,
                                    .flags = kCmdReadonly | kCmdFast,
                                    .keys = {1, 1, 1},
                                    .group = "hash",
                                    .since = "3.2.0",
                                    .usage = "key field",
                                    .summary = "Returns the length of the value of a field.",
                                    .complexity = "O(1)",
                                    .read = Hstrlen}};
const CommandRegistration kHexists{{.name = "hexists",
                                    .arity = 3,
                                    .flags = kCmdReadonly | kCmdFast,
                                    .keys = {1, 1, 1},
                                    .group = "hash",
                                    .since = "2.0.0",
                                    .usage = "key field",
                                    .summary = "Determines whether a field exists in a hash.",
                                    .complexity = "O(1)",
                                    .read = Hexists}};

}  // namespace
}  // namespace pleiad
