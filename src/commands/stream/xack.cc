// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <vector>

#include "commands/stream/stream_args.h"

namespace pleiad {
namespace {

// XACK key group id [id ...]: the group is done with these entries; they are pending no more.
//
// > XADD s 1-1 a b
// "1-1"
// > XGROUP CREATE s g 0
// OK
// > XREADGROUP GROUP g alice STREAMS s >
// ...
// > XACK s g 1-1 7-7
// (integer) 1
// > XACK s g 1-1
// (integer) 0
// > XACK s other 1-1
// (integer) 0
// > XACK s g x
// (error) ERR Invalid stream ID specified as stream command argument
// > XACK nosuchkey g x
// (integer) 0
void Xack(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out)) return;
  StreamGroup* const group = cell.exists() ? StreamOf(&cell)->FindGroup(args[2]) : nullptr;
  if (group == nullptr) {
    out.Integer(0);
    return;
  }
  std::vector<StreamId> ids;
  if (!StreamIdArgs(args, 3, args.size(), &ids, out)) return;
  int64_t acknowledged = 0;
  for (const StreamId id : ids) acknowledged += group->Acknowledge(id) ? 1 : 0;
  if (acknowledged != 0) cell.Changed();
  out.Integer(acknowledged);
}

const CommandRegistration kXack{
    {.name = "xack",
     .arity = -4,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key group id [id ...]",
     .summary = "Returns the number of messages that were successfully acknowledged by the "
                "consumer group member of a stream.",
     .complexity = "O(1) for each message ID processed.",
     .write = Xack}};

}  // namespace
}  // namespace pleiad
