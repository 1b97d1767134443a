// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <limits>

#include "commands/stream/stream_args.h"

namespace pleiad {
namespace {

void WriteXrange(ReadContext& ctx, const Args& args, bool reverse, resp::Writer& out) {
  StreamId start;
  StreamId end;
  if (!StreamStartArg(args, reverse ? 3 : 2, &start, out)) return;
  if (!StreamEndArg(args, reverse ? 2 : 3, &end, out)) return;
  int64_t count = std::numeric_limits<int64_t>::max();
  for (size_t i = 4; i < args.size(); i += 2) {
    if (i + 1 == args.size() || !args.Is(i, "count")) {
      out.Error(kSyntaxError);
      return;
    }
    const auto given = StreamCountArg(args, i + 1, out);
    if (!given.has_value()) return;
    count = *given;
  }
  const Entry* e = ctx.Find(ctx.key());
  if (!CheckType(e, ValueType::kStream, out)) return;
  if (e == nullptr) {
    out.Array(0);
    return;
  }
  if (count == 0) {
    out.NullArray();
    return;
  }
  const size_t head = out.DeferArray();
  size_t written = 0;
  for (StreamIterator i(*StreamOf(e), start, end, reverse); count > 0 && i.Next(); --count) {
    WriteStreamEntry(out, i.entry());
    ++written;
  }
  out.FillArray(head, written);
}

// XRANGE key start end [COUNT n], XREVRANGE key end start [COUNT n]: the entries between two ids,
// "-" and "+" being the lowest and highest; "(" in front of an id leaves it out.
//
// > XADD s 1-1 a b
// "1-1"
// > XADD s 1-2 c 12
// "1-2"
// > XADD s 3-0 e f g h
// "3-0"
// > XRANGE s - + COUNT 1
// 1) 1) "1-1"
//    2) 1) "a"
//       2) "b"
// > XRANGE s (1-1 1
// 1) 1) "1-2"
//    2) 1) "c"
//       2) "12"
// > XREVRANGE s + (1-2
// 1) 1) "3-0"
//    2) 1) "e"
//       2) "f"
//       3) "g"
//       4) "h"
// > XRANGE s +01-01 1-1
// 1) 1) "1-1"
//    2) 1) "a"
//       2) "b"
// > XRANGE s - + COUNT 0
// (nil)
// > XRANGE nosuchkey - +
// (empty array)
// > XRANGE s (- +
// (error) ERR Invalid stream ID specified as stream command argument
// > XRANGE s (18446744073709551615-18446744073709551615 +
// (error) ERR invalid start ID for the interval
// > XRANGE s - (0-0
// (error) ERR invalid end ID for the interval
// > XRANGE s - + COUNT
// (error) ERR syntax error
// > XRANGE s - + COUNT x
// (error) ERR value is not an integer or out of range
void Xrange(ReadContext& ctx, const Args& args, resp::Writer& out) {
  WriteXrange(ctx, args, false, out);
}

void XrevRange(ReadContext& ctx, const Args& args, resp::Writer& out) {
  WriteXrange(ctx, args, true, out);
}

constexpr std::string_view kXrangeComplexity =
    "O(N) with N being the number of elements being returned. If N is constant (e.g. always asking "
    "for the first 10 elements with COUNT), you can consider it O(1).";

const CommandRegistration kXrange{
    {.name = "xrange",
     .arity = -4,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key start end [COUNT count]",
     .summary = "Returns the messages from a stream within a range of IDs.",
     .complexity = kXrangeComplexity,
     .read = Xrange}};
const CommandRegistration kXrevRange{
    {.name = "xrevrange",
     .arity = -4,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key end start [COUNT count]",
     .summary = "Returns the messages from a stream within a range of IDs in reverse order.",
     .complexity = kXrangeComplexity,
     .read = XrevRange}};

}  // namespace
}  // namespace pleiad
