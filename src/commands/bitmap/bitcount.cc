// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/bitmap/bit_argument.h"
#include "data/bitmap.h"

namespace pleiad {
namespace {

// Reads "[start [end [BYTE | BIT]]]". False: the error was written.
bool ParseBitCountRange(const Args& args, BitRangeArgs* range, resp::Writer& out) {
  if (args.size() > 5) {
    out.Error(kSyntaxError);
    return false;
  }
  if (args.size() > 2) {
    const auto start = IntArg(args, 2, out);
    if (!start.has_value()) return false;
    range->start = *start;
  }
  if (args.size() > 3) {
    const auto end = IntArg(args, 3, out);
    if (!end.has_value()) return false;
    range->end = *end;
  }
  if (args.size() > 4) {
    range->bits = args.Is(4, "bit");
    if (!range->bits && !args.Is(4, "byte")) {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// BITCOUNT key [start [end [BYTE | BIT]]]
//
// > SET k foobar
// OK
// > BITCOUNT k
// (integer) 26
// > BITCOUNT k 0 0
// (integer) 4
// > BITCOUNT k 1 1 BYTE
// (integer) 6
// > BITCOUNT k 5 30 BIT
// (integer) 17
// > BITCOUNT k -2
// (integer) 7
// > BITCOUNT k 5 2
// (integer) 0
// > BITCOUNT absent 0 -1
// (integer) 0
// > BITCOUNT absent 0 x
// (error) ERR value is not an integer or out of range
// > BITCOUNT k 0 1 WORD
// (error) ERR syntax error
void BitCount(ReadContext& ctx, const Args& args, resp::Writer& out) {
  BitRangeArgs wanted;
  if (!ParseBitCountRange(args, &wanted, out)) return;
  const Entry* e = ctx.Find(ctx.key());
  if (!CheckString(e, out)) return;
  if (e == nullptr) {
    out.Integer(0);
    return;
  }
  if (wanted.start < 0 && wanted.end < 0 && wanted.start > wanted.end) {
    out.Integer(0);  // though both may lie before the first byte, where BITPOS sees the first byte
    return;
  }
  const auto range = ClampBitRange(wanted, e->str().size());
  out.Integer(range ? static_cast<int64_t>(CountBits(e->str(), range->first, range->last)) : 0);
}

const CommandRegistration kBitCount{
    {.name = "bitcount",
     .arity = -2,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "bitmap",
     .since = "2.6.0",
     .usage = "key [start [end [BYTE | BIT]]]",
     .summary = "Counts the number of set bits (population counting) in a string.",
     .complexity = "O(N)",
     .read = BitCount}};

}  // namespace
}  // namespace pleiad
