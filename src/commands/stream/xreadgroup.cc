// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <limits>
#include <utility>
#include <vector>

#include "commands/stream/stream_read.h"

namespace pleiad {
namespace {

constexpr std::string_view kXreadGroupNoGroup = " in XREADGROUP with GROUP option";

struct XreadGroupStream {
  Stream* stream = nullptr;
  StreamGroup* group = nullptr;
  bool fresh = false;  // ">": what was never delivered. Otherwise: what is pending behind `behind`
  StreamId behind;
};

bool ParseXreadGroupId(const Args& args, size_t i, XreadGroupStream* s, resp::Writer& out) {
  s->fresh = args[i] == ">";
  if (s->fresh) return true;
  if (args[i] == "$" || args[i] == "+") {
    out.Error(fmt::format(
        "ERR The {0} ID is meaningless in the context of XREADGROUP: you want to read the history "
        "of this consumer by specifying a proper ID, or use the > ID to get new messages. The {0} "
        "ID would just return an empty result set.",
        args[i]));
    return false;
  }
  return StreamIdArg(args, i, false, 0, &s->behind, out);
}

bool FindXreadGroups(WriteContext& ctx, const Args& args, const StreamReadRequest& request,
                     std::vector<XreadGroupStream>* streams, resp::Writer& out) {
  for (size_t i = 0; i < request.streams; ++i) {
    ValueCell cell(&ctx, ctx.key(i), ValueType::kStream);
    if (!cell.Open(out)) return false;
    XreadGroupStream s;
    s.stream = StreamOf(&cell);
    s.group = s.stream == nullptr ? nullptr : s.stream->FindGroup(request.group);
    if (s.group == nullptr) {
      WriteNoGroup(out, ctx.key(i).bytes, request.group, kXreadGroupNoGroup);
      return false;
    }
    const size_t id_at = request.streams_at + request.streams + i;
    if (!ParseXreadGroupId(args, id_at, &s, out)) return false;
    streams->push_back(s);
  }
  return true;
}

// An entry under CLAIM: with the time since its last delivery and how many there were.
void WriteClaimable(const StreamNode::Entry& entry, int64_t idle_ms, uint64_t deliveries,
                    resp::Writer& out) {
  out.Array(4);
  WriteStreamId(out, entry.id);
  out.Array(2UL * entry.fields);
  entry.ForEachField([&](std::string_view name, std::string_view value) {
    out.Bulk(name);
    out.Bulk(value);
  });
  out.Integer(idle_ms);
  out.Integer(static_cast<int64_t>(deliveries));
}

// Pending entries of any consumer that nobody touched for long enough: they are this consumer's
// now, each with its idle time and how often it had been delivered. Returns how many.
size_t ClaimIdle(WriteContext& ctx, const Key& key, const StreamReadRequest& request,
                 XreadGroupStream* s, StreamConsumer* consumer, size_t most, resp::Writer& out) {
  std::vector<std::pair<StreamId, StreamPending>> idle;
  s->group->pending().ForEach([&](StreamId id, const StreamPending& what) {
    if (ctx.now().value - what.delivered_ms >= request.claim_idle_ms) idle.emplace_back(id, what);
  });
  size_t written = 0;
  for (const auto& [id, was] : idle) {
    if (written == most) break;
    StreamIterator entry(*s->stream, id, id, false);
    if (!entry.Next()) continue;
    WriteClaimable(entry.entry(), ctx.now().value - was.delivered_ms, was.deliveries, out);
    const StreamPending now{consumer, ctx.now().value, was.deliveries + 1};
    s->group->SetPending(id, now);
    PropagatePending(ctx, key, request.group, *s->group, id, now);
    ++written;
  }
  if (written != 0) {
    consumer->active_ms = ctx.now().value;
    ctx.Changed(key);
  }
  return written;
}

// Entries that no consumer of the group got yet. Returns how many.
size_t DeliverFresh(WriteContext& ctx, const Key& key, const StreamReadRequest& request,
                    XreadGroupStream* s, StreamConsumer* consumer, size_t most, resp::Writer& out) {
  StreamId start;
  if (!s->group->last_id.Next(&start)) return 0;
  size_t written = 0;
  for (StreamIterator i(*s->stream, start, StreamId::Max(), false); written < most && i.Next();) {
    if (request.claim_idle_ms >= 0) {
      WriteClaimable(i.entry(), 0, 0, out);
    } else {
      WriteStreamEntry(out, i.entry());
    }
    ++written;
    s->stream->Advance(s->group, i.id());
    if (request.no_ack) continue;
    const StreamPending what{consumer, ctx.now().value, 1};
    s->group->SetPending(i.id(), what);
    PropagatePending(ctx, key, request.group, *s->group, i.id(), what);
  }
  if (written == 0) return 0;
  consumer->active_ms = ctx.now().value;
  ctx.Changed(key);
  PropagateGroupPosition(ctx, key, request.group, *s->group);
  return written;
}

// What the consumer got and did not acknowledge; counts as delivered once more. What was deleted
// meanwhile has no fields.
size_t DeliverHistory(WriteContext& ctx, XreadGroupStream* s, StreamConsumer* consumer, size_t most,
                      resp::Writer& out) {
  StreamId start;
  if (!s->behind.Next(&start)) return 0;
  size_t written = 0;
  const auto& mine = consumer->pending;
  for (auto at = mine.LowerBound(start); at != mine.End() && written < most; at = mine.Next(at)) {
    const StreamId id = mine.at(at).id;
    ++written;
    if (!WriteStreamEntry(out, *s->stream, id)) {
      out.Array(2);
      WriteStreamId(out, id);
      out.NullArray();
      continue;
    }
    const StreamPending* was = s->group->FindPending(id);
    s->group->SetPending(id, {consumer, ctx.now().value, was->deliveries + 1});
  }
  return written;
}

// What one stream has for the consumer; of history also an empty list.
void ServeXreadGroup(WriteContext& ctx, const Key& key, const StreamReadRequest& request,
                     XreadGroupStream* s, StreamReadReply* reply, resp::Writer& out) {
  StreamConsumer* const consumer = SeeConsumer(ctx, key, request.group, s->group, request.consumer);
  const size_t most =
      request.count == 0 ? std::numeric_limits<size_t>::max() : static_cast<size_t>(request.count);
  if (!s->fresh) {
    reply->Key(key.bytes);
    const size_t head = out.DeferArray();
    out.FillArray(head, DeliverHistory(ctx, s, consumer, most, out));
    return;
  }
  bool idle = false;
  if (request.claim_idle_ms >= 0) {
    s->group->pending().ForEach([&](StreamId id, const StreamPending& what) {
      idle = idle || (ctx.now().value - what.delivered_ms >= request.claim_idle_ms &&
                      s->stream->Contains(id));
    });
  }
  StreamId start;
  const bool any = s->group->last_id.Next(&start) &&
                   StreamIterator(*s->stream, start, StreamId::Max(), false).Next();
  if (!idle && !any) return;
  reply->Key(key.bytes);
  const size_t head = out.DeferArray();
  size_t written = idle ? ClaimIdle(ctx, key, request, s, consumer, most, out) : 0;
  if (written < most) {
    written += DeliverFresh(ctx, key, request, s, consumer, most - written, out);
  }
  out.FillArray(head, written);
}

// XREADGROUP GROUP group consumer [COUNT n] [BLOCK ms] [CLAIM min-idle-ms] [NOACK] STREAMS key
// [key ...] id [id ...]: for ">" entries that the group has not delivered yet; they are pending for
// the consumer until XACK, unless NOACK. For any other id what is pending for the consumer behind
// it. CLAIM first takes over what is pending for anyone and idle for so long.
//
// > XGROUP CREATE s g $ MKSTREAM
// OK
// > XADD s 1-1 a b
// "1-1"
// > XADD s 1-2 c d
// "1-2"
// > XREADGROUP GROUP g alice COUNT 1 STREAMS s >
// 1) 1) "s"
//    2) 1) 1) "1-1"
//          2) 1) "a"
//             2) "b"
// > XDEL s 1-1
// (integer) 1
// > XREADGROUP GROUP g alice STREAMS s 0
// 1) 1) "s"
//    2) 1) 1) "1-1"
//          2) (nil)
// > XREADGROUP GROUP g bob NOACK STREAMS s >
// 1) 1) "s"
//    2) 1) 1) "1-2"
//          2) 1) "c"
//             2) "d"
// > XREADGROUP GROUP g bob STREAMS s 0
// 1) 1) "s"
//    2) (empty array)
// > XREADGROUP GROUP g bob BLOCK 10 STREAMS s >
// (nil)
// > XADD s 1-3 e f
// "1-3"
// > XREADGROUP GROUP g alice CLAIM 0 STREAMS s >
// 1) 1) "s"
//    2) 1) 1) "1-3"
//          2) 1) "e"
//             2) "f"
//          3) (integer) 0
//          4) (integer) 0
// > XREADGROUP GROUP g bob CLAIM 0 STREAMS s >
// 1) 1) "s"
//    2) 1) 1) "1-3"
//          2) 1) "e"
//             2) "f"
//          3) (integer) 0
//          4) (integer) 1
// > XREADGROUP GROUP g bob STREAMS s $
// (error) ERR The $ ID is meaningless in the context of XREADGROUP: ...
// > XREADGROUP GROUP other bob STREAMS s >
// (error) NOGROUP No such key 's' or consumer group 'other' in XREADGROUP with GROUP option
// > XREADGROUP COUNT 1 NOACK BLOCK 0 STREAMS s >
// (error) ERR Missing GROUP option for XREADGROUP
// > XREADGROUP GROUP g bob STREAMS s > s
// (error) ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be ...
void XreadGroup(WriteContext& ctx, const Args& args, resp::Writer& out) {
  StreamReadRequest request;
  if (!ParseStreamRead(args, true, &request, out)) return;
  std::vector<XreadGroupStream> streams;
  if (!FindXreadGroups(ctx, args, request, &streams, out)) return;
  StreamReadReply reply(&out);
  for (size_t i = 0; i < streams.size(); ++i) {
    ServeXreadGroup(ctx, ctx.key(i), request, &streams[i], &reply, out);
  }
  if (!reply.empty()) {
    reply.Finish();
  } else if (request.block_ms.has_value() && ctx.may_block()) {
    ctx.Block({.timeout_ms = *request.block_ms});
  } else {
    out.NullArray();
  }
}

const CommandRegistration kXreadGroup{
    {.name = "xreadgroup",
     .arity = -7,
     .flags = kCmdWrite | kCmdManyRecords | kCmdBlocking | kCmdMovableKeys,
     .group = "stream",
     .since = "5.0.0",
     .usage = "GROUP group consumer [COUNT count] [BLOCK milliseconds] [CLAIM min-idle-time] "
              "[NOACK] STREAMS key [key ...] id [id ...]",
     .summary = "Returns new or historical messages from a stream for a consumer in a group. "
                "Blocks until a message is available otherwise.",
     .complexity = "For each stream mentioned: O(M) with M being the number of elements returned. "
                   "With CLAIM, O(P) more for the P pending entries of the group.",
     .write = XreadGroup,
     .get_keys = StreamReadKeys}};

}  // namespace
}  // namespace pleiad
