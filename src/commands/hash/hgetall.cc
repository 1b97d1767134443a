// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

// Writes what `write` makes of each field. The head is known at once unless fields are hidden.
template <typename Write>
void HgetallList(ReadContext& ctx, resp::Writer& out, Write write) {
  const auto hash = ReadHash(ctx, out);
  if (!hash.has_value()) return;
  if (!hash->AnyHidden()) {
    out.Array(hash->size());
    hash->ForEach(write);
    return;
  }
  const size_t place = out.DeferArray();
  size_t count = 0;
  hash->ForEach([&](const FieldElement& e) {
    write(e);
    ++count;
  });
  out.FillArray(place, count);
}

// HGETALL key: all fields with their values. HKEYS key: the fields. HVALS key: the values.
//
// > HSET k a 1 b 2
// (integer) 2
// > HGETALL k
// 1) "a"
// 2) "1"
// 3) "b"
// 4) "2"
// > HKEYS k
// 1) "a"
// 2) "b"
// > HVALS k
// 1) "1"
// 2) "2"
// > HGETALL nosuchkey
// (empty array)
// > HKEYS nosuchkey
// (empty array)
// > HELLO 3
// ...
// > HGETALL k
// 1# "a" => "1"
// 2# "b" => "2"
// > HGETALL nosuchkey
// (empty hash)
// > SET text v
// OK
// > HGETALL text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
// > HVALS text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hgetall(ReadContext& ctx, const Args&, resp::Writer& out) {
  const auto hash = ReadHash(ctx, out);
  if (!hash.has_value()) return;
  const bool hidden = hash->AnyHidden();
  size_t place = 0;
  if (hidden) {
    place = out.DeferArray();
  } else {
    out.Map(hash->size());
  }
  size_t count = 0;
  hash->ForEach([&](const FieldElement& e) {
    out.Bulk(e.field);
    out.Bulk(e.value);
    ++count;
  });
  if (hidden) out.FillMap(place, count);
}

void Hkeys(ReadContext& ctx, const Args&, resp::Writer& out) {
  HgetallList(ctx, out, [&](const FieldElement& e) { out.Bulk(e.field); });
}

void Hvals(ReadContext& ctx, const Args&, resp::Writer& out) {
  HgetallList(ctx, out, [&](const FieldElement& e) { out.Bulk(e.value); });
}

const CommandRegistration kHgetall{{.name = "hgetall",
                                    .arity = 2,
                                    .flags = kCmdReadonly,
                                    .keys = {1, 1, 1},
                                    .group = "hash",
                                    .since = "2.0.0",
                                    .usage = "key",
                                    .summary = "Returns all fields and values in a hash.",
                                    .complexity = "O(N) where N is the size of the hash",
                                    .read = Hgetall}};
const CommandRegistration kHkeys{{.name = "hkeys",
                                  .arity = 2,
                                  .flags = kCmdReadonly,
                                  .keys = {1, 1, 1},
                                  .group = "hash",
                                  .since = "2.0.0",
                                  .usage = "key",
                                  .summary = "Returns all fields in a hash.",
                                  .complexity = "O(N) where N is the size of the hash",
                                  .read = Hkeys}};
const CommandRegistration kHvals{{.name = "hvals",
                                  .arity = 2,
                                  .flags = kCmdReadonly,
                                  .keys = {1, 1, 1},
                                  .group = "hash",
                                  .since = "2.0.0",
                                  .usage = "key",
                                  .summary = "Returns all values in a hash.",
                                  .complexity = "O(N) where N is the size of the hash",
                                  .read = Hvals}};

}  // namespace
}  // namespace pleiad
