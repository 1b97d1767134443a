// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/bitmap/bit_argument.h"
#include "data/bitmap.h"

namespace pleiad {
namespace {

// SETBIT key offset value: what the bit was before. Grows the string with zero bytes.
//
// > SETBIT k 7 1
// (integer) 0
// > SETBIT k 7 0
// (integer) 1
// > GET k
// "\x00"
// > SETBIT k 16 1
// (integer) 0
// > GET k
// "\x00\x00\x80"
// > SETBIT k 4294967296 1
// (error) ERR bit offset is not an integer or out of range
// > SETBIT k -1 1
// (error) ERR bit offset is not an integer or out of range
// > SETBIT k 0 2
// (error) ERR bit is not an integer or out of range
// > SETBIT k 0 01
// (error) ERR bit is not an integer or out of range
void SetBit(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto offset = BitOffsetArg(ctx, args[2], 0, out);
  if (!offset.has_value()) return;
  if (args[3] != "0" && args[3] != "1") {
    out.Error("ERR bit is not an integer or out of range");
    return;
  }
  const Key& key = ctx.key();
  const bool on = args[3] == "1";
  const auto string = OpenBitString(ctx, key, *offset / 8 + 1, out);
  if (!string.has_value()) return;
  const bool before = BitAt(string->entry->str(), *offset);
  if (before != on) {
    BitField{.bits = 1, .offset = *offset}.Write(string->bytes, on ? 1 : 0);
  }
  if (before != on || string->grew) {
    if (!string->created) ctx.Changed(key);
    ctx.Notify(kNotifyString, "setbit", key);
  }
  out.Integer(before ? 1 : 0);
}

const CommandRegistration kSetBit{
    {.name = "setbit",
     .arity = 4,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 1, 1},
     .group = "bitmap",
     .since = "2.2.0",
     .usage = "key offset value",
     .summary = "Sets or clears the bit at offset of the string value. Creates the key if it "
                "doesn't exist.",
     .complexity = "O(1), and O(N) where N is the number of bytes the string grows by.",
     .write = SetBit}};

}  // namespace
}  // namespace pleiad
