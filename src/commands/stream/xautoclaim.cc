// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <vector>

#include "commands/stream/stream_args.h"

namespace pleiad {
namespace {

struct XautoclaimRequest {
  int64_t min_idle_ms = 0;
  StreamId start;
  int64_t count = 100;
  bool just_id = false;
};

bool ParseXautoclaim(const Args& args, XautoclaimRequest* request, resp::Writer& out) {
  const auto idle = IntArg(args, 4, out, "ERR Invalid min-idle-time argument for XAUTOCLAIM");
  if (!idle.has_value()) return false;
  request->min_idle_ms = std::max<int64_t>(*idle, 0);
  if (!StreamStartArg(args, 5, &request->start, out)) return false;
  for (size_t i = 6; i < args.size(); ++i) {
    if (i + 1 < args.size() && args.Is(i, "count")) {
      constexpr int64_t kCountMax = std::numeric_limits<int64_t>::max() / 16;
      const auto count = IntArg(args, ++i, out, "ERR COUNT must be > 0");
      if (!count.has_value()) return false;
      if (*count < 1 || *count > kCountMax) {
        out.Error("ERR COUNT must be > 0");
        return false;
      }
      request->count = *count;
    } else if (args.Is(i, "justid")) {
      request->just_id = true;
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

struct XautoclaimRun {
  std::vector<StreamId> claimed;
  std::vector<StreamId> gone;
  StreamId next;  // 0-0: the list was seen to its end
};

// Walks the pending list. A step costs an attempt whether it gives something or not, so that a list
// of entries that are not idle is no endless walk.
XautoclaimRun RunXautoclaim(WriteContext& ctx, const Args& args, const XautoclaimRequest& request,
                            const Stream& stream, StreamGroup* group, StreamConsumer* consumer) {
  constexpr int64_t kAttemptsPerCount = 10;
  XautoclaimRun run;
  int64_t count = request.count;
  int64_t attempts = request.count * kAttemptsPerCount;
  const auto& pending = group->pending();
  auto at = pending.LowerBound(request.start);
  while (at != pending.End() && count > 0 && attempts-- > 0) {
    const StreamId id = pending.at(at).id;
    const StreamPending was = pending.at(at).value;
    if (!stream.Contains(id)) {
      PropagatePending(ctx, ctx.key(), args[2], *group, id, was);
      group->Acknowledge(id);
      run.gone.push_back(id);
      ctx.Changed(ctx.key());
      --count;
      at = pending.LowerBound(id);
      continue;
    }
    at = pending.Next(at);
    if (request.min_idle_ms != 0 && ctx.now().value - was.delivered_ms < request.min_idle_ms)
      continue;
    const StreamPending now{consumer, ctx.now().value, was.deliveries + (request.just_id ? 0 : 1)};
    group->SetPending(id, now);  // a change in place
    consumer->active_ms = ctx.now().value;
    PropagatePending(ctx, ctx.key(), args[2], *group, id, now);
    run.claimed.push_back(id);
    ctx.Changed(ctx.key());
    --count;
  }
  if (at != pending.End()) run.next = pending.at(at).id;
  return run;
}

// XAUTOCLAIM key group consumer min-idle-ms start [COUNT n] [JUSTID]: XCLAIM of what is pending for
// so long, from `start` on. The reply: where to go on (0-0: from the beginning), what was claimed,
// and which entries were pending but are deleted (they are pending no more).
//
// > XADD s 1-1 a b
// "1-1"
// > XADD s 1-2 c d
// "1-2"
// > XADD s 1-3 e f
// "1-3"
// > XGROUP CREATE s g 0
// OK
// > XREADGROUP GROUP g alice STREAMS s >
// ...
// > XDEL s 1-2
// (integer) 1
// > XAUTOCLAIM s g bob 0 - COUNT 1
// 1) "1-2"
// 2) 1) 1) "1-1"
//       2) 1) "a"
//          2) "b"
// 3) (empty array)
// > XAUTOCLAIM s g bob 0 1-2 JUSTID
// 1) "0-0"
// 2) 1) "1-3"
// 3) 1) "1-2"
// > XAUTOCLAIM s g bob 5 (1-1
// 1) "0-0"
// 2) (empty array)
// 3) (empty array)
// > XAUTOCLAIM s g bob 0 0 COUNT 0
// (error) ERR COUNT must be > 0
// > XAUTOCLAIM s g bob x 0
// (error) ERR Invalid min-idle-time argument for XAUTOCLAIM
// > XAUTOCLAIM s g bob 0 0 WHAT
// (error) ERR syntax error
// > XAUTOCLAIM s other bob 0 0
// (error) NOGROUP No such key 's' or consumer group 'other'
void Xautoclaim(WriteContext& ctx, const Args& args, resp::Writer& out) {
  XautoclaimRequest request;
  if (!ParseXautoclaim(args, &request, out)) return;
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out)) return;
  Stream* const stream = StreamOf(&cell);
  StreamGroup* const group = stream == nullptr ? nullptr : stream->FindGroup(args[2]);
  if (group == nullptr) {
    WriteNoGroup(out, args[1], args[2]);
    return;
  }
  StreamConsumer* const consumer = SeeConsumer(ctx, ctx.key(), args[2], group, args[3]);
  const XautoclaimRun run = RunXautoclaim(ctx, args, request, *stream, group, consumer);
  out.Array(3);
  WriteStreamId(out, run.next);
  out.Array(run.claimed.size());
  for (const StreamId id : run.claimed) {
    if (request.just_id) {
      WriteStreamId(out, id);
    } else {
      WriteStreamEntry(out, *stream, id);
    }
  }
  out.Array(run.gone.size());
  for (const StreamId id : run.gone) WriteStreamId(out, id);
}

const CommandRegistration kXautoclaim{
    {.name = "xautoclaim",
     .arity = -6,
     .flags = kCmdWrite | kCmdManyRecords | kCmdFast,
     .keys = {1, 1, 1},
     .group = "stream",
     .since = "6.2.0",
     .usage = "key group consumer min-idle-time start [COUNT count] [JUSTID]",
     .summary = "Changes, or acquires, ownership of messages in a consumer group, as if the "
                "messages were delivered to as consumer group member.",
     .complexity = "O(1) if COUNT is small.",
     .write = Xautoclaim}};

}  // namespace
}  // namespace pleiad
