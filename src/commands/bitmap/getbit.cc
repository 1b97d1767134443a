// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/bitmap/bit_argument.h"
#include "data/bitmap.h"

namespace pleiad {
namespace {

// GETBIT key offset: 0 behind the end, too.
//
// > SET k A
// OK
// > GETBIT k 1
// (integer) 1
// > GETBIT k 0
// (integer) 0
// > GETBIT k 100
// (integer) 0
// > GETBIT absent 1
// (integer) 0
// > GETBIT k x
// (error) ERR bit offset is not an integer or out of range
// > GETBIT k 4294967296
// (error) ERR bit offset is not an integer or out of range
void GetBit(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto offset = BitOffsetArg(ctx, args[2], 0, out);
  if (!offset.has_value()) return;
  const Entry* e = ctx.Find(ctx.key());
  if (!CheckString(e, out)) return;
  out.Integer(e != nullptr && BitAt(e->str(), *offset) ? 1 : 0);
}

const CommandRegistration kGetBit{{.name = "getbit",
                                   .arity = 3,
                                   .flags = kCmdReadonly | kCmdFast,
                                   .keys = {1, 1, 1},
                                   .group = "bitmap",
                                   .since = "2.2.0",
                                   .usage = "key offset",
                                   .summary = "Returns a bit value by offset.",
                                   .complexity = "O(1)",
                                   .read = GetBit}};

}  // namespace
}  // namespace pleiad
