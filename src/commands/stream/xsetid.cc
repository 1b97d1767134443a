// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/stream/stream_args.h"

namespace pleiad {
namespace {

struct XsetidRequest {
  StreamId id;
  int64_t entries_added = -1;
  StreamId max_deleted;
};

bool ParseXsetid(const Args& args, XsetidRequest* request, resp::Writer& out) {
  if (!StreamIdArg(args, 2, false, 0, &request->id, out)) return false;
  for (size_t i = 3; i < args.size(); i += 2) {
    const bool more = i + 1 < args.size();
    if (more && args.Is(i, "entriesadded")) {
      const auto added = IntArg(args, i + 1, out);
      if (!added.has_value()) return false;
      if (*added < 0) {
        out.Error("ERR entries_added must be positive");
        return false;
      }
      request->entries_added = *added;
    } else if (more && args.Is(i, "maxdeletedid")) {
      if (!StreamIdArg(args, i + 1, false, 0, &request->max_deleted, out)) return false;
      if (request->id < request->max_deleted) {
        out.Error(
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
        return false;
      }
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// Does the request fit to what the stream holds?
bool CheckXsetid(const XsetidRequest& request, const Stream& stream, resp::Writer& out) {
  if (request.id < stream.max_deleted_id()) {
    out.Error("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
    return false;
  }
  if (stream.length() == 0) return true;
  StreamIterator last(stream, {}, StreamId::Max(), true);
  last.Next();
  if (request.id < last.id()) {
    out.Error("ERR The ID specified in XSETID is smaller than the target stream top item");
    return false;
  }
  if (request.entries_added != -1 &&
      stream.length() > static_cast<uint64_t>(request.entries_added)) {
    out.Error("ERR The entries_added specified in XSETID is smaller than the target stream length");
    return false;
  }
  return true;
}

// XSETID key last-id [ENTRIESADDED n] [MAXDELETEDID id]: sets what a stream remembers of its past.
// Replicas and append-only files restore streams with it.
//
// > XADD s 5-1 a b
// "5-1"
// > XSETID s 9-9 ENTRIESADDED 20 MAXDELETEDID 4
// OK
// > XADD s 9-9 a b
// (error) ERR The ID specified in XADD is equal or smaller than the target stream top item
// > XSETID s 1
// (error) ERR The ID specified in XSETID is smaller than current max_deleted_entry_id
// > XSETID s 5
// (error) ERR The ID specified in XSETID is smaller than the target stream top item
// > XSETID s 9-9 ENTRIESADDED 0 MAXDELETEDID 0
// (error) ERR The entries_added specified in XSETID is smaller than the target stream length
// > XSETID s 9-9 ENTRIESADDED -1 MAXDELETEDID 0
// (error) ERR entries_added must be positive
// > XSETID s 9-9 ENTRIESADDED 5 MAXDELETEDID 10
// (error) ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id
// > XSETID s 9-9 WHAT
// (error) ERR syntax error
// > XSETID nosuchkey 1
// (error) ERR no such key
void Xsetid(WriteContext& ctx, const Args& args, resp::Writer& out) {
  XsetidRequest request;
  if (!ParseXsetid(args, &request, out)) return;
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out)) return;
  if (!cell.exists()) {
    out.Error(kNoSuchKey);
    return;
  }
  Stream* const stream = StreamOf(&cell);
  if (!CheckXsetid(request, *stream, out)) return;
  stream->SetLastId(request.id);
  if (request.entries_added != -1)
    stream->SetEntriesAdded(static_cast<uint64_t>(request.entries_added));
  if (!request.max_deleted.zero()) stream->SetMaxDeletedId(request.max_deleted);
  cell.Changed();
  ctx.Notify(kNotifyStream, "xsetid", ctx.key());
  out.Ok();
}

const CommandRegistration kXsetid{
    {.name = "xsetid",
     .arity = -3,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]",
     .summary = "An internal command for replicating stream values.",
     .complexity = "O(1)",
     .write = Xsetid}};

}  // namespace
}  // namespace pleiad
