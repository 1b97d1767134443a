// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <optional>
#include <string>

#include "commands/stream/stream_args.h"

namespace pleiad {
namespace {

struct XpendingRequest {
  int64_t min_idle_ms = 0;
  StreamId start;
  StreamId end;
  int64_t count = 0;
  std::optional<std::string_view> consumer;
};

// The long form, from args[3] on.
bool ParseXpending(const Args& args, XpendingRequest* request, resp::Writer& out) {
  size_t at = 3;
  if (args.size() < 6 || args.size() > 9) {
    out.Error(kSyntaxError);
    return false;
  }
  if (args.Is(at, "idle")) {
    const auto idle = IntArg(args, at + 1, out);
    if (!idle.has_value()) return false;
    request->min_idle_ms = *idle;
    at += 2;
  }
  if (args.size() < at + 3) {
    out.Error(kSyntaxError);
    return false;
  }
  const auto count = StreamCountArg(args, at + 2, out);
  if (!count.has_value()) return false;
  request->count = *count;
  if (!StreamStartArg(args, at, &request->start, out)) return false;
  if (!StreamEndArg(args, at + 1, &request->end, out)) return false;
  if (at + 3 < args.size()) request->consumer = args[at + 3];
  return true;
}

// How many, from where to where, and whose.
void WriteXpendingSummary(const StreamGroup& group, resp::Writer& out) {
  const auto& pending = group.pending();
  out.Array(4);
  out.Integer(static_cast<int64_t>(pending.size()));
  if (pending.empty()) {
    out.Null();
    out.Null();
    out.NullArray();
    return;
  }
  WriteStreamId(out, pending.at(pending.Begin()).id);
  WriteStreamId(out, pending.at(pending.Last()).id);
  const size_t head = out.DeferArray();
  size_t consumers = 0;
  for (const auto& [name, consumer] : group.consumers()) {
    if (consumer->pending.empty()) continue;
    out.Array(2);
    out.Bulk(name);
    out.BulkInteger(static_cast<int64_t>(consumer->pending.size()));
    ++consumers;
  }
  out.FillArray(head, consumers);
}

// False: its idle time is too short.
bool WriteXpendingEntry(StreamId id, const StreamPending& what, UnixMs now, int64_t min_idle_ms,
                        resp::Writer& out) {
  const int64_t idle = now.value - what.delivered_ms;
  if (min_idle_ms != 0 && idle < min_idle_ms) return false;
  out.Array(4);
  WriteStreamId(out, id);
  out.Bulk(what.consumer->name);
  out.Integer(std::max<int64_t>(idle, 0));
  out.Integer(static_cast<int64_t>(what.deliveries));
  return true;
}

// The entries of a pending list (the group's, or a consumer's) in the range.
template <typename List>
void WriteXpendingRange(const StreamGroup& group, const List& list, const XpendingRequest& request,
                        UnixMs now, resp::Writer& out) {
  const size_t head = out.DeferArray();
  size_t written = 0;
  for (auto at = list.LowerBound(request.start);
       at != list.End() && static_cast<int64_t>(written) < request.count; at = list.Next(at)) {
    const StreamId id = list.at(at).id;
    if (id > request.end) break;
    written +=
        WriteXpendingEntry(id, *group.FindPending(id), now, request.min_idle_ms, out) ? 1 : 0;
  }
  out.FillArray(head, written);
}

// XPENDING key group [[IDLE min-idle-ms] start end count [consumer]]: what the group has delivered
// and nobody acknowledged. Short form: how many, the lowest and highest id, and how many for whom.
// Long form: each with its consumer, milliseconds since the last delivery and how many there were.
//
// > XADD s 1-1 a b
// "1-1"
// > XADD s 1-2 a b
// "1-2"
// > XGROUP CREATE s g 0
// OK
// > XPENDING s g
// 1) (integer) 0
// 2) (nil)
// 3) (nil)
// 4) (nil)
// > XREADGROUP GROUP g alice COUNT 1 STREAMS s >
// ...
// > XREADGROUP GROUP g bob STREAMS s >
// ...
// > XPENDING s g
// 1) (integer) 2
// 2) "1-1"
// 3) "1-2"
// 4) 1) 1) "alice"
//       2) "1"
//    2) 1) "bob"
//       2) "1"
// > XPENDING s g (1-1 + 10
// 1) 1) "1-2"
//    2) "bob"
//    3) (integer) 0
//    4) (integer) 1
// > XPENDING s g IDLE 0 - + 10 alice
// 1) 1) "1-1"
//    2) "alice"
//    3) (integer) 0
//    4) (integer) 1
// > XPENDING s g IDLE 5 - + 10
// (empty array)
// > XPENDING s g - + 10 nobody
// (empty array)
// > XPENDING s g - +
// (error) ERR syntax error
// > XPENDING s g IDLE 5 - +
// (error) ERR syntax error
// > XPENDING s other
// (error) NOGROUP No such key 's' or consumer group 'other'
// > XPENDING nosuchkey g
// (error) NOGROUP No such key 'nosuchkey' or consumer group 'g'
void Xpending(ReadContext& ctx, const Args& args, resp::Writer& out) {
  if (args.size() != 3 && (args.size() < 6 || args.size() > 9)) {
    out.Error(kSyntaxError);
    return;
  }
  XpendingRequest request;
  if (args.size() != 3 && !ParseXpending(args, &request, out)) return;
  const Entry* e = ctx.Find(ctx.key());
  if (!CheckType(e, ValueType::kStream, out)) return;
  const StreamGroup* group = e == nullptr ? nullptr : StreamOf(e)->FindGroup(args[2]);
  if (group == nullptr) {
    WriteNoGroup(out, args[1], args[2]);
    return;
  }
  if (args.size() == 3) {
    WriteXpendingSummary(*group, out);
  } else if (!request.consumer.has_value()) {
    WriteXpendingRange(*group, group->pending(), request, ctx.now(), out);
  } else if (const StreamConsumer* consumer = group->FindConsumer(*request.consumer)) {
    WriteXpendingRange(*group, consumer->pending, request, ctx.now(), out);
  } else {
    out.Array(0);
  }
}

const CommandRegistration kXpending{
    {.name = "xpending",
     .arity = -3,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key group [[IDLE min-idle-time] start end count [consumer]]",
     .summary = "Returns the information and entries from a stream consumer group's pending "
                "entries list.",
     .complexity = "O(N) with N being the number of elements returned, so asking for a small fixed "
                   "number of entries per call is O(1). O(M), where M is the total number of "
                   "entries scanned when used with the IDLE filter.",
     .read = Xpending}};

}  // namespace
}  // namespace pleiad
