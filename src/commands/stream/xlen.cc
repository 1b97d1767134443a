// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/stream/stream_args.h"

namespace pleiad {
namespace {

// XLEN key: how many entries there are.
//
// > XADD s 1-1 a b
// "1-1"
// > XLEN s
// (integer) 1
// > XLEN nosuchkey
// (integer) 0
// > SET text x
// OK
// > XLEN text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Xlen(ReadContext& ctx, const Args&, resp::Writer& out) {
  const Entry* e = ctx.Find(ctx.key());
  if (!CheckType(e, ValueType::kStream, out)) return;
  const Stream* stream = StreamOf(e);
  out.Integer(stream == nullptr ? 0 : static_cast<int64_t>(stream->length()));
}

const CommandRegistration kXlen{{.name = "xlen",
                                 .arity = 2,
                                 .flags = kCmdReadonly | kCmdFast,
                                 .keys = {1, 1, 1},
                                 .group = "stream",
                                 .since = "5.0.0",
                                 .usage = "key",
                                 .summary = "Return the number of messages in a stream.",
                                 .complexity = "O(1)",
                                 .read = Xlen}};

}  // namespace
}  // namespace pleiad
