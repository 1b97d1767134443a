// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/set/set_operation.h"

namespace pleiad {
namespace {

// SDIFF key [key ...]: the members of the first set that are in none of the others. SDIFFSTORE
// destination key [key ...]: the same, kept under a key; how many there are.
//
// > SADD a 1 2 3 x
// (integer) 4
// > SADD b 2 y
// (integer) 2
// > SADD c x
// (integer) 1
// > SDIFF a b c nosuchkey
// 1) "1"
// 2) "3"
// > SDIFF nosuchkey a
// (empty array)
// > SDIFFSTORE d a b c
// (integer) 2
// > SMEMBERS d
// 1) "1"
// 2) "3"
// > SDIFFSTORE d a a
// (integer) 0
// > EXISTS d
// (integer) 0
// > SET text v
// OK
// > SDIFF a text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
// > SDIFFSTORE d a text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Sdiff(ReadContext& ctx, const Args&, resp::Writer& out) {
  ReplyCombined(ctx, SetOperation::kSubtract, out);
}
void SdiffStore(WriteContext& ctx, const Args&, resp::Writer& out) {
  StoreCombined(ctx, SetOperation::kSubtract, "sdiffstore", out);
}

const CommandRegistration kSdiff{
    {.name = "sdiff",
     .arity = -2,
     .flags = kCmdReadonly,
     .keys = {1, -1, 1},
     .group = "set",
     .since = "1.0.0",
     .usage = "key [key ...]",
     .summary = "Returns the difference of sets.",
     .complexity =
         "O(N*M) where N is the cardinality of the first set and M is the number of sets.",
     .read = Sdiff}};
const CommandRegistration kSdiffStore{
    {.name = "sdiffstore",
     .arity = -3,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, -1, 1},
     .group = "set",
     .since = "1.0.0",
     .usage = "destination key [key ...]",
     .summary = "Stores the difference of sets in a key.",
     .complexity =
         "O(N*M) where N is the cardinality of the first set and M is the number of sets.",
     .write = SdiffStore}};

}  // namespace
}  // namespace pleiad
