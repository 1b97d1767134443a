// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <utility>
#include <vector>

#include "commands/stream/stream_read.h"

namespace pleiad {
namespace {

struct XreadStream {
  const Stream* stream = nullptr;
  StreamId behind;  // entries behind this one
};

// What the id of a stream means now.
bool ResolveXreadId(const Args& args, size_t i, XreadStream* s, resp::Writer& out) {
  if (args[i] == ">") {
    out.Error(
        "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> "
        "<consumer> option.");
    return false;
  }
  if (args[i] != "$" && args[i] != "+") return StreamIdArg(args, i, false, 0, &s->behind, out);
  if (s->stream == nullptr) return true;
  s->behind = s->stream->last_id();
  if (args[i] == "+" && s->stream->length() != 0) {
    StreamIterator last(*s->stream, {}, StreamId::Max(), true);
    last.Next();
    last.id().Previous(&s->behind);
  }
  return true;
}

void BlockXread(ReadContext& ctx, const Args& args, const StreamReadRequest& request,
                const std::vector<XreadStream>& streams) {
  ReadContext::BlockSpec spec;
  spec.timeout_ms = *request.block_ms;
  for (const std::string_view arg : args.all()) spec.args.emplace_back(arg);
  const size_t ids_at = request.streams_at + request.streams;
  for (size_t i = 0; i < streams.size(); ++i) spec.args[ids_at + i] = streams[i].behind.Text();
  ctx.Block(std::move(spec));
}

// XREAD [COUNT n] [BLOCK ms] STREAMS key [key ...] id [id ...]: of each stream the entries behind
// an id; "$" is the last there is now, "+" means the last entry itself. With BLOCK it waits if
// there is none.
//
// > XADD s 1-1 a b
// "1-1"
// > XADD s 1-2 c d
// "1-2"
// > XADD t 5-0 e f
// "5-0"
// > XREAD COUNT 1 STREAMS s t 0 0
// 1) 1) "s"
//    2) 1) 1) "1-1"
//          2) 1) "a"
//             2) "b"
// 2) 1) "t"
//    2) 1) 1) "5-0"
//          2) 1) "e"
//             2) "f"
// > XREAD STREAMS s t + 5
// 1) 1) "s"
//    2) 1) 1) "1-2"
//          2) 1) "c"
//             2) "d"
// > XREAD STREAMS s $
// (nil)
// > XREAD BLOCK 10 STREAMS nosuchkey s 0 9
// (nil)
// > XREAD STREAMS s t 0
// (error) ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be ...
// > XREAD STREAMS s >
// (error) ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> ...
// > XREAD STREAMS s x
// (error) ERR Invalid stream ID specified as stream command argument
// > XREAD BLOCK -1 STREAMS s 0
// (error) ERR timeout is negative
// > XREAD GROUP g c STREAMS s 0
// (error) ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.
// > XREAD NOACK STREAMS s 0
// (error) ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.
// > XREAD COUNT 1 s 0
// (error) ERR syntax error
// > SET text x
// OK
// > XREAD STREAMS text 0
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Xread(ReadContext& ctx, const Args& args, resp::Writer& out) {
  StreamReadRequest request;
  if (!ParseStreamRead(args, false, &request, out)) return;
  std::vector<XreadStream> streams(request.streams);
  for (size_t i = 0; i < streams.size(); ++i) {
    const Entry* e = ctx.Find(ctx.key(i));
    if (!CheckType(e, ValueType::kStream, out)) return;
    streams[i].stream = StreamOf(e);
    if (!ResolveXreadId(args, request.streams_at + request.streams + i, &streams[i], out)) return;
  }
  StreamReadReply reply(&out);
  for (size_t i = 0; i < streams.size(); ++i) {
    StreamId start;
    if (streams[i].stream == nullptr || !streams[i].behind.Next(&start)) continue;
    StreamIterator entries(*streams[i].stream, start, StreamId::Max(), false);
    if (!entries.Next()) continue;
    reply.Key(ctx.key(i).bytes);
    const size_t head = out.DeferArray();
    size_t written = 0;
    do {
      WriteStreamEntry(out, entries.entry());
      ++written;
    } while (static_cast<int64_t>(written) != request.count && entries.Next());
    out.FillArray(head, written);
  }
  if (!reply.empty()) {
    reply.Finish();
  } else if (request.block_ms.has_value() && ctx.may_block()) {
    BlockXread(ctx, args, request, streams);
  } else {
    out.NullArray();
  }
}

const CommandRegistration kXread{
    {.name = "xread",
     .arity = -4,
     .flags = kCmdReadonly | kCmdBlocking | kCmdMovableKeys,
     .group = "stream",
     .since = "5.0.0",
     .usage = "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
     .summary = "Returns messages from multiple streams with IDs greater than the ones requested. "
                "Blocks until a message is available otherwise.",
     .complexity = "For each stream mentioned: O(N) with N being the number of elements being "
                   "returned, it means that XREAD-ing with a fixed COUNT is O(1).",
     .read = Xread,
     .get_keys = StreamReadKeys}};

}  // namespace
}  // namespace pleiad
