// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/bitmap/bit_argument.h"
#include "data/bitmap.h"

namespace pleiad {
namespace {

struct BitPosArgs {
  bool bit = false;
  bool end_given = false;
  BitRangeArgs range;
};

bool ParseBitPosArgs(const Args& args, BitPosArgs* parsed, resp::Writer& out) {
  const auto bit = IntArg(args, 2, out);
  if (!bit.has_value()) return false;
  if (*bit != 0 && *bit != 1) {
    out.Error("ERR The bit argument must be 1 or 0.");
    return false;
  }
  parsed->bit = *bit == 1;
  if (args.size() > 6) {
    out.Error(kSyntaxError);
    return false;
  }
  if (args.size() > 3) {
    const auto start = IntArg(args, 3, out);
    if (!start.has_value()) return false;
    parsed->range.start = *start;
  }
  if (args.size() > 5) {
    parsed->range.bits = args.Is(5, "bit");
    if (!parsed->range.bits && !args.Is(5, "byte")) {
      out.Error(kSyntaxError);
      return false;
    }
  }
  if (args.size() > 4) {
    const auto end = IntArg(args, 4, out);
    if (!end.has_value()) return false;
    parsed->range.end = *end;
    parsed->end_given = true;
  }
  return true;
}

// BITPOS key bit [start [end [BYTE | BIT]]]: -1 if there is none. A string without an end given is
// followed by zero bits.
//
// > SETRANGE k 0 "\xff\xf0\x00"
// (integer) 3
// > BITPOS k 0
// (integer) 12
// > BITPOS k 1 2
// (integer) -1
// > BITPOS k 1 0 -1 BYTE
// (integer) 0
// > BITPOS k 1 7 15 BIT
// (integer) 7
// > BITPOS k 1 -24 -13 BIT
// (integer) 0
// > SETRANGE ones 0 "\xff\xff"
// (integer) 2
// > BITPOS ones 0
// (integer) 16
// > BITPOS ones 0 0 -1
// (integer) -1
// > BITPOS absent 0
// (integer) 0
// > BITPOS absent 1
// (integer) -1
// > BITPOS k 1 -30 -50
// (integer) 0
// > BITPOS k 2
// (error) ERR The bit argument must be 1 or 0.
// > BITPOS absent 1 x
// (error) ERR value is not an integer or out of range
// > BITPOS k 1 0 1 WORD
// (error) ERR syntax error
void BitPos(ReadContext& ctx, const Args& args, resp::Writer& out) {
  BitPosArgs parsed;
  if (!ParseBitPosArgs(args, &parsed, out)) return;
  const Entry* e = ctx.Find(ctx.key());
  if (!CheckString(e, out)) return;
  if (e == nullptr) {
    out.Integer(parsed.bit ? -1 : 0);
    return;
  }
  const std::string_view bytes = e->str();
  const auto range = ClampBitRange(parsed.range, bytes.size());
  if (!range.has_value()) {
    out.Integer(-1);
    return;
  }
  const auto found = FindBit(bytes, parsed.bit, range->first, range->last);
  if (found.has_value()) {
    out.Integer(static_cast<int64_t>(*found));
  } else {
    out.Integer(parsed.bit || parsed.end_given ? -1 : static_cast<int64_t>(bytes.size() * 8));
  }
}

const CommandRegistration kBitPos{
    {.name = "bitpos",
     .arity = -3,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "bitmap",
     .since = "2.8.7",
     .usage = "key bit [start [end [BYTE | BIT]]]",
     .summary = "Finds the first set (1) or clear (0) bit in a string.",
     .complexity = "O(N)",
     .read = BitPos}};

}  // namespace
}  // namespace pleiad
