// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "commands/stream/stream_args.h"

namespace pleiad {
namespace {

struct XclaimRequest {
  int64_t min_idle_ms = 0;
  std::vector<StreamId> ids;
  bool force = false;
  bool just_id = false;
  std::optional<int64_t> delivered_ms;
  int64_t deliveries = -1;  // -1: one more than before
  StreamId last_id;
};

std::optional<int64_t> XclaimNumber(const Args& args, size_t i, std::string_view what,
                                    resp::Writer& out) {
  return IntArg(args, i, out, fmt::format("ERR Invalid {} argument for XCLAIM", what));
}

bool ParseXclaimOption(WriteContext& ctx, const Args& args, size_t* i, XclaimRequest* request,
                       resp::Writer& out) {
  const bool more = *i + 1 < args.size();
  if (args.Is(*i, "force")) {
    request->force = true;
    return true;
  }
  if (args.Is(*i, "justid")) {
    request->just_id = true;
    return true;
  }
  if (more && (args.Is(*i, "idle") || args.Is(*i, "time"))) {
    const bool idle = args.Is(*i, "idle");
    const auto number = XclaimNumber(args, ++*i, idle ? "IDLE option" : "TIME option", out);
    if (!number.has_value()) return false;
    request->delivered_ms = idle ? ctx.now().value - *number : *number;
    return true;
  }
  if (more && args.Is(*i, "retrycount")) {
    const auto number = XclaimNumber(args, ++*i, "RETRYCOUNT option", out);
    if (!number.has_value()) return false;
    request->deliveries = *number;
    return true;
  }
  if (more && args.Is(*i, "lastid"))
    return StreamIdArg(args, ++*i, false, 0, &request->last_id, out);
  out.Error(fmt::format("ERR Unrecognized XCLAIM option '{}'", args[*i]));
  return false;
}

bool ParseXclaim(WriteContext& ctx, const Args& args, XclaimRequest* request, resp::Writer& out) {
  const auto idle = XclaimNumber(args, 4, "min-idle-time", out);
  if (!idle.has_value()) return false;
  request->min_idle_ms = std::max<int64_t>(*idle, 0);
  size_t i = 5;
  for (; i < args.size(); ++i) {
    const auto id = ParseStreamId(args[i], 0);
    if (!id.has_value()) break;
    request->ids.push_back(*id);
  }
  for (; i < args.size(); ++i) {
    if (!ParseXclaimOption(ctx, args, &i, request, out)) return false;
  }
  const int64_t now = ctx.now().value;
  const int64_t at = request->delivered_ms.value_or(now);
  request->delivered_ms = at < 0 || at > now ? now : at;
  return true;
}

// What is to be written of `id`: true if the consumer has it now.
bool ClaimOne(WriteContext& ctx, const Args& args, const XclaimRequest& request,
              const Stream& stream, StreamGroup* group, StreamConsumer* consumer, StreamId id) {
  const StreamPending* was = group->FindPending(id);
  if (!stream.Contains(id)) {
    if (was == nullptr) return false;
    // The entry was deleted: nobody can work on it any more.
    PropagatePending(ctx, ctx.key(), args[2], *group, id, *was);
    group->Acknowledge(id);
    ctx.Changed(ctx.key());
    return false;
  }
  if (was == nullptr && !request.force) return false;
  if (was != nullptr && request.min_idle_ms != 0 &&
      ctx.now().value - was->delivered_ms < request.min_idle_ms) {
    return false;
  }
  uint64_t deliveries = was == nullptr ? 1 : was->deliveries;
  if (request.deliveries >= 0) {
    deliveries = static_cast<uint64_t>(request.deliveries);
  } else if (!request.just_id) {
    ++deliveries;
  }
  const StreamPending now{consumer, *request.delivered_ms, deliveries};
  group->SetPending(id, now);
  consumer->active_ms = ctx.now().value;
  PropagatePending(ctx, ctx.key(), args[2], *group, id, now);
  ctx.Changed(ctx.key());
  return true;
}

// XCLAIM key group consumer min-idle-ms id [id ...] [IDLE ms | TIME unix-ms] [RETRYCOUNT n] [FORCE]
// [JUSTID] [LASTID id]: makes entries that are pending for anyone, for at least so long, pending
// for this consumer. FORCE also those that are pending for nobody. JUSTID writes ids only and does
// not count as a delivery.
//
// > XADD s 1-1 a b
// "1-1"
// > XADD s 1-2 c d
// "1-2"
// > XGROUP CREATE s g 0
// OK
// > XREADGROUP GROUP g alice COUNT 1 STREAMS s >
// ...
// > XCLAIM s g bob 0 1-1 1-2
// 1) 1) "1-1"
//    2) 1) "a"
//       2) "b"
// > XCLAIM s g bob 5 1-1
// (empty array)
// > XCLAIM s g bob 0 1-2 FORCE JUSTID RETRYCOUNT 7 IDLE 1000
// 1) "1-2"
// > XPENDING s g - + 10
// 1) 1) "1-1"
//    2) "bob"
//    3) (integer) 0
//    4) (integer) 2
// 2) 1) "1-2"
//    2) "bob"
//    3) (integer) 1000
//    4) (integer) 7
// > XDEL s 1-1
// (integer) 1
// > XCLAIM s g bob 0 1-1
// (empty array)
// > XPENDING s g - + 10 bob
// 1) 1) "1-2"
// ...
// > XCLAIM s g bob 0 1-2 WHAT
// (error) ERR Unrecognized XCLAIM option 'WHAT'
// > XCLAIM s g bob x 1-2
// (error) ERR Invalid min-idle-time argument for XCLAIM
// > XCLAIM s g bob 0 1-2 IDLE x
// (error) ERR Invalid IDLE option argument for XCLAIM
// > XCLAIM s g bob 0 1-2 LASTID x
// (error) ERR Invalid stream ID specified as stream command argument
// > XCLAIM s other bob 0 1-2
// (error) NOGROUP No such key 's' or consumer group 'other'
void Xclaim(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out)) return;
  Stream* const stream = StreamOf(&cell);
  StreamGroup* const group = stream == nullptr ? nullptr : stream->FindGroup(args[2]);
  if (group == nullptr) {
    WriteNoGroup(out, args[1], args[2]);
    return;
  }
  XclaimRequest request;
  if (!ParseXclaim(ctx, args, &request, out)) return;
  const bool moved = request.last_id > group->last_id;
  if (moved) group->last_id = request.last_id;
  StreamConsumer* const consumer = SeeConsumer(ctx, ctx.key(), args[2], group, args[3]);
  const size_t head = out.DeferArray();
  size_t written = 0;
  for (const StreamId id : request.ids) {
    if (!ClaimOne(ctx, args, request, *stream, group, consumer, id)) continue;
    ++written;
    if (request.just_id) {
      WriteStreamId(out, id);
    } else {
      WriteStreamEntry(out, *stream, id);
    }
  }
  out.FillArray(head, written);
  if (moved) {
    cell.Changed();
    PropagateGroupPosition(ctx, ctx.key(), args[2], *group);
  }
}

const CommandRegistration kXclaim{
    {.name = "xclaim",
     .arity = -6,
     .flags = kCmdWrite | kCmdManyRecords | kCmdFast,
     .keys = {1, 1, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage =
         "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] "
         "[RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
     .summary = "Changes, or acquires, ownership of a message in a consumer group, as if the "
                "message was delivered a consumer group member.",
     .complexity = "O(log N) with N being the number of messages in the PEL of the consumer group.",
     .write = Xclaim}};

}  // namespace
}  // namespace pleiad
