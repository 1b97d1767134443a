// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <vector>

#include "commands/stream/stream_args.h"

namespace pleiad {
namespace {

// XDEL key id [id ...]: takes entries out. What groups know of them stays. The key stays, too, even
// if it is empty then.
//
// > XADD s 1-1 a b
// "1-1"
// > XADD s 1-2 a b
// "1-2"
// > XDEL s 1-1 7-7 1-1
// (integer) 1
// > XDEL s 1-2
// (integer) 1
// > XLEN s
// (integer) 0
// > EXISTS s
// (integer) 1
// > XDEL s x
// (error) ERR Invalid stream ID specified as stream command argument
// > XDEL nosuchkey 1
// (integer) 0
void Xdel(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out)) return;
  if (!cell.exists()) {
    out.Integer(0);
    return;
  }
  std::vector<StreamId> ids;
  if (!StreamIdArgs(args, 2, args.size(), &ids, out)) return;
  Stream* const stream = StreamOf(&cell);
  int64_t deleted = 0;
  for (const StreamId id : ids) deleted += stream->Delete(id) ? 1 : 0;
  if (deleted != 0) {
    cell.Changed();
    ctx.Notify(kNotifyStream, "xdel", ctx.key());
  }
  out.Integer(deleted);
}

const CommandRegistration kXdel{
    {.name = "xdel",
     .arity = -3,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key id [id ...]",
     .summary = "Returns the number of messages after removing them from a stream.",
     .complexity = "O(1) for each single item to delete in the stream, regardless of the stream "
                   "size.",
     .write = Xdel}};

}  // namespace
}  // namespace pleiad
