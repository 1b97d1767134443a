// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/set/set_operation.h"

namespace pleiad {
namespace {

// SUNION key [key ...]: the members that are in any of the sets. SUNIONSTORE destination key
// [key ...]: the same, kept under a key; how many there are.
//
// > SADD a 1 2 3
// (integer) 3
// > SADD b 3 4
// (integer) 2
// > SUNION a b nosuchkey
// 1) "1"
// 2) "2"
// 3) "3"
// 4) "4"
// > SUNIONSTORE a a b
// (integer) 4
// > SCARD a
// (integer) 4
// > SUNION nosuchkey
// (empty array)
// > SUNIONSTORE a nosuchkey
// (integer) 0
// > EXISTS a
// (integer) 0
// > SET text v
// OK
// > SUNION b text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
// > SUNIONSTORE a b text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Sunion(ReadContext& ctx, const Args&, resp::Writer& out) {
  ReplyCombined(ctx, SetOperation::kUnite, out);
}
void SunionStore(WriteContext& ctx, const Args&, resp::Writer& out) {
  StoreCombined(ctx, SetOperation::kUnite, "sunionstore", out);
}

const CommandRegistration kSunion{
    {.name = "sunion",
     .arity = -2,
     .flags = kCmdReadonly,
     .keys = {1, -1, 1},
     .group = "set",
     .since = "1.0.0",
     .usage = "key [key ...]",
     .summary = "Returns the union of sets.",
     .complexity = "O(N) where N is the total number of members in all given sets.",
     .read = Sunion}};
const CommandRegistration kSunionStore{
    {.name = "sunionstore",
     .arity = -3,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, -1, 1},
     .group = "set",
     .since = "1.0.0",
     .usage = "destination key [key ...]",
     .summary = "Stores the union of sets in a key.",
     .complexity = "O(N) where N is the total number of members in all given sets.",
     .write = SunionStore}};

}  // namespace
}  // namespace pleiad
