// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/set/set_operation.h"

namespace pleiad {
namespace {

// SINTER key [key ...]: the members that are in all of the sets. SINTERSTORE destination key
// [key ...]: the same, kept under a key; how many there are.
//
// > SADD a 1 2 3 x
// (integer) 4
// > SADD b 2 3 4
// (integer) 3
// > SINTER a b
// 1) "2"
// 2) "3"
// > SINTER a nosuchkey
// (empty array)
// > SINTERSTORE c a b
// (integer) 2
// > SMEMBERS c
// 1) "2"
// 2) "3"
// > OBJECT ENCODING c
// "intset"
// > SINTERSTORE c a nosuchkey
// (integer) 0
// > EXISTS c
// (integer) 0
// > SET text v
// OK
// > SINTER nosuchkey text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
// > SINTERSTORE text a b
// (integer) 2
// > TYPE text
// set
void Sinter(ReadContext& ctx, const Args&, resp::Writer& out) {
  ReplyCombined(ctx, SetOperation::kIntersect, out);
}
void SinterStore(WriteContext& ctx, const Args&, resp::Writer& out) {
  StoreCombined(ctx, SetOperation::kIntersect, "sinterstore", out);
}

const CommandRegistration kSinter{{.name = "sinter",
                                   .arity = -2,
                                   .flags = kCmdReadonly,
                                   .keys = {1, -1, 1},
                                   .group = "set",
                                   .since = "1.0.0",
                                   .usage = "key [key ...]",
                                   .summary = "Returns the intersection of sets.",
                                   .complexity = "O(N*M) worst case where N is the cardinality of "
                                                 "the smallest set and M is the number of sets.",
                                   .read = Sinter}};
const CommandRegistration kSinterStore{
    {.name = "sinterstore",
     .arity = -3,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, -1, 1},
     .group = "set",
     .since = "1.0.0",
     .usage = "destination key [key ...]",
     .summary = "Stores the intersection of sets in a key.",
     .complexity = "O(N*M) worst case where N is the cardinality of the smallest set and M is the "
                   "number of sets.",
     .write = SinterStore}};

}  // namespace
}  // namespace pleiad
