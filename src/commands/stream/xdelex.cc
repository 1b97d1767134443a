// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <optional>
#include <vector>

#include "commands/stream/stream_args.h"

namespace pleiad {
namespace {

constexpr int64_t kXdelexNotFound = -1;
constexpr int64_t kXdelexDeleted = 1;
constexpr int64_t kXdelexReferenced = 2;

struct XdelexRequest {
  StreamReferences references = StreamReferences::kKeep;
  std::vector<StreamId> ids;
};

// [KEEPREF | DELREF | ACKED] IDS n id [id ...], from args[i] on.
bool ParseXdelex(const Args& args, size_t i, XdelexRequest* request, resp::Writer& out) {
  std::optional<StreamReferences> word;
  for (; i < args.size(); ++i) {
    const auto references = ReferencesWord(args, i);
    if (references.has_value() && !word.has_value()) {
      word = references;
    } else if (args.Is(i, "ids") && request->ids.empty() && i + 1 < args.size()) {
      const auto count = IntArg(args, i + 1, out, "ERR Number of IDs must be a positive integer");
      if (!count.has_value()) return false;
      if (*count <= 0) {
        out.Error("ERR Number of IDs must be a positive integer");
        return false;
      }
      const size_t left = args.size() - i - 2;
      if (static_cast<uint64_t>(*count) > left) {
        out.Error("ERR The `numids` parameter must match the number of arguments");
        return false;
      }
      const size_t end = i + 2 + static_cast<size_t>(*count);
      if (!StreamIdArgs(args, i + 2, end, &request->ids, out)) return false;
      i = end - 1;
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  if (request->ids.empty()) {
    out.Error(kSyntaxError);
    return false;
  }
  request->references = word.value_or(StreamReferences::kKeep);
  return true;
}

int64_t DeleteWithReferences(Stream* stream, StreamId id, StreamReferences references) {
  if (!stream->Contains(id)) return kXdelexNotFound;
  if (references == StreamReferences::kAcknowledged && stream->Referenced(id))
    return kXdelexReferenced;
  if (references == StreamReferences::kDelete) stream->DropReferences(id);
  stream->Delete(id);
  return kXdelexDeleted;
}

void WriteNotFound(size_t count, resp::Writer& out) {
  out.Array(count);
  for (size_t i = 0; i < count; ++i) out.Integer(kXdelexNotFound);
}

// XDELEX key [KEEPREF | DELREF | ACKED] IDS n id [id ...]: XDEL that says for each id what became
// of it: 1 deleted, 2 kept because a group is not done with it (ACKED), -1 not there. DELREF takes
// it out of all pending lists, too.
//
// > XADD s 1-1 a b
// "1-1"
// > XADD s 1-2 a b
// "1-2"
// > XGROUP CREATE s g 0
// OK
// > XREADGROUP GROUP g alice COUNT 1 STREAMS s >
// ...
// > XDELEX s ACKED IDS 2 1-1 1-2
// 1) (integer) 2
// 2) (integer) 2
// > XDELEX s DELREF IDS 2 1-1 9-9
// 1) (integer) 1
// 2) (integer) -1
// > XPENDING s g
// 1) (integer) 0
// 2) (nil)
// 3) (nil)
// 4) (nil)
// > XDELEX nosuchkey IDS 1 5-5
// 1) (integer) -1
// > XDELEX s IDS 0 1-1
// (error) ERR Number of IDs must be a positive integer
// > XDELEX s IDS 2 1-1
// (error) ERR The `numids` parameter must match the number of arguments
// > XDELEX s KEEPREF ACKED IDS 1 1-1
// (error) ERR syntax error
void Xdelex(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out)) return;
  XdelexRequest request;
  if (!ParseXdelex(args, 2, &request, out)) return;
  Stream* const stream = StreamOf(&cell);
  if (stream == nullptr) {
    WriteNotFound(request.ids.size(), out);
    return;
  }
  bool any = false;
  out.Array(request.ids.size());
  for (const StreamId id : request.ids) {
    const int64_t result = DeleteWithReferences(stream, id, request.references);
    any = any || result == kXdelexDeleted;
    out.Integer(result);
  }
  if (!any) return;
  cell.Changed();
  ctx.Notify(kNotifyStream, "xdel", ctx.key());
}

// XACKDEL key group [KEEPREF | DELREF | ACKED] IDS n id [id ...]: XACK and XDELEX in one step. Per
// id: 1 acknowledged and deleted, 2 acknowledged and kept because a group is not done with it, -1
// not pending.
//
// > XADD s 1-1 a b
// "1-1"
// > XADD s 1-2 a b
// "1-2"
// > XGROUP CREATE s g 0
// OK
// > XGROUP CREATE s h 0
// OK
// > XREADGROUP GROUP g alice STREAMS s >
// ...
// > XACKDEL s g ACKED IDS 1 1-1
// 1) (integer) 2
// > XACKDEL s g IDS 2 1-1 1-2
// 1) (integer) -1
// 2) (integer) 1
// > XLEN s
// (integer) 1
// > XACKDEL s other IDS 1 1-1
// 1) (integer) -1
void Xackdel(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out)) return;
  XdelexRequest request;
  if (!ParseXdelex(args, 3, &request, out)) return;
  Stream* const stream = StreamOf(&cell);
  StreamGroup* const group = stream == nullptr ? nullptr : stream->FindGroup(args[2]);
  if (group == nullptr) {
    WriteNotFound(request.ids.size(), out);
    return;
  }
  bool acknowledged = false;
  bool deleted = false;
  out.Array(request.ids.size());
  for (const StreamId id : request.ids) {
    if (!group->Acknowledge(id)) {
      out.Integer(kXdelexNotFound);
      continue;
    }
    acknowledged = true;
    const bool there = stream->Contains(id);
    const int64_t result = DeleteWithReferences(stream, id, request.references);
    deleted = deleted || result == kXdelexDeleted;
    out.Integer(there ? result : kXdelexDeleted);
  }
  if (acknowledged) cell.Changed();
  if (deleted) ctx.Notify(kNotifyStream, "xdel", ctx.key());
}

const CommandRegistration kXdelex{
    {.name = "xdelex",
     .arity = -5,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "stream",
     .since = "8.2.0",
     .usage = "key [KEEPREF | DELREF | ACKED] IDS numids id [id ...]",
     .summary = "Deletes one or multiple entries from the stream.",
     .complexity = "O(1) for each single item to delete in the stream, regardless of the stream "
                   "size.",
     .write = Xdelex}};
const CommandRegistration kXackdel{
    {.name = "xackdel",
     .arity = -6,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "stream",
     .since = "8.2.0",
     .usage = "key group [KEEPREF | DELREF | ACKED] IDS numids id [id ...]",
     .summary = "Acknowledges and deletes one or multiple messages for a stream consumer group.",
     .complexity = "O(1) for each message ID processed.",
     .write = Xackdel}};

}  // namespace
}  // namespace pleiad
