// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "base/text.h"
#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

// HINCRBY key field increment: the sum. A field that is not there counts as 0. Keeps its expiry.
//
// > HINCRBY k a 5
// (integer) 5
// > HINCRBY k a -7
// (integer) -2
// > HSET k b text
// (integer) 1
// > HINCRBY k b 1
// (error) ERR hash value is not an integer
// > HINCRBY k a many
// (error) ERR value is not an integer or out of range
// > HSET k c 9223372036854775807
// (integer) 1
// > HINCRBY k c 1
// (error) ERR increment or decrement would overflow
// > SET text v
// OK
// > HINCRBY text a 1
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hincrby(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto increment = IntArg(args, 3, out);
  if (!increment.has_value()) return;
  HashEdit edit(&ctx);
  if (!edit.Open(out)) return;
  const std::string_view field = args[2];
  const auto old = edit.Find(field);
  const auto number = old.has_value() ? ParseInt64(old->value) : 0;
  if (!number.has_value()) {
    out.Error("ERR hash value is not an integer");
    return;
  }
  int64_t sum = 0;
  if (__builtin_add_overflow(*number, *increment, &sum)) {
    out.Error("ERR increment or decrement would overflow");
    return;
  }
  const int64_t expiry_ms = old.has_value() ? old->expiry_ms : FieldElement::kNoExpiry;
  edit.DropIfOver(field);
  edit.Put(field, std::to_string(sum), expiry_ms);
  edit.Finish("hincrby");
  edit.PropagateTyped(args);
  out.Integer(sum);
}

const CommandRegistration kHincrby{{.name = "hincrby",
                                    .arity = 4,
                                    .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
                                    .keys = {1, 1, 1},
                                    .group = "hash",
                                    .since = "2.0.0",
                                    .usage = "key field increment",
                                    .summary = "Adds an integer to the value of a field in a hash. "
                                               "A field that is not there counts as 0.",
                                    .complexity = "O(1)",
                                    .write = Hincrby}};

}  // namespace
}  // namespace pleiad
