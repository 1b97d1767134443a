// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <limits>
#include <string>
#include <vector>

#include "commands/stream/stream_args.h"

namespace pleiad {
namespace {

constexpr std::string_view kXaddTooSmall =
    "ERR The ID specified in XADD is equal or smaller than the target stream top item";

struct XaddRequest {
  StreamTrimOptions trim;
  bool make = true;
  bool id_given = false;   // not "*"
  bool seq_given = false;  // not "ms-*"
  StreamId id;
  size_t id_at = 0;  // the fields are behind it
};

// The id, if args[i] is none of the options.
bool ParseXaddId(const Args& args, size_t i, XaddRequest* request, resp::Writer& out) {
  request->id_at = i;
  if (args[i] == "*") return true;
  request->id_given = true;
  std::string_view text = args[i];
  request->seq_given = !text.ends_with("-*");
  if (!request->seq_given) text.remove_suffix(2);
  const auto id = request->seq_given || text.find('-') == std::string_view::npos
                      ? ParseStreamId(text, 0)
                      : std::nullopt;
  if (!id.has_value()) {
    out.Error(kInvalidStreamId);
    return false;
  }
  request->id = *id;
  return true;
}

bool ParseXadd(WriteContext& ctx, const Args& args, XaddRequest* request, resp::Writer& out) {
  for (size_t i = 2; i < args.size() && request->id_at == 0; ++i) {
    bool taken;
    if (args.Is(i, "nomkstream")) {
      request->make = false;
      continue;
    }
    if (!ParseTrimOption(args, &i, &request->trim, &taken, out)) return false;
    if (!taken && !ParseXaddId(args, i, request, out)) return false;
  }
  if (!FinishTrimOptions(&request->trim, ctx.client().from_master, ctx.engine().collections, out))
    return false;
  const size_t left = request->id_at == 0 ? 0 : args.size() - request->id_at - 1;
  if (left < 2 || left % 2 == 1) {
    out.Error("ERR wrong number of arguments for 'xadd' command");
    return false;
  }
  if (request->id_given && request->seq_given && request->id.zero()) {
    out.Error("ERR The ID specified in XADD must be greater than 0-0");
    return false;
  }
  return true;
}

// The id of the new entry.
bool ChooseXaddId(const XaddRequest& request, StreamId last, UnixMs now, StreamId* id,
                  resp::Writer& out) {
  if (last == StreamId::Max()) {
    out.Error("ERR The stream has exhausted the last possible ID, unable to add more items");
    return false;
  }
  const auto now_ms = static_cast<uint64_t>(now.value);
  if (!request.id_given) {
    if (now_ms > last.ms) {
      *id = {now_ms, 0};
    } else {
      last.Next(id);
    }
    return true;
  }
  *id = request.id;
  if (!request.seq_given && id->ms == last.ms) {
    if (last.seq == std::numeric_limits<uint64_t>::max()) {
      out.Error(kXaddTooSmall);
      return false;
    }
    id->seq = last.seq + 1;
  }
  if (*id > last) return true;
  out.Error(kXaddTooSmall);
  return false;
}

// With the id that was made and the length or id that the trim came to.
void PropagateXadd(WriteContext& ctx, const Args& args, const XaddRequest& request,
                   const Stream& stream, StreamId id) {
  const bool approximate = request.trim.trim.approximate;
  if (!ctx.engine().journal.active() || (request.seq_given && !approximate)) return;
  const std::string id_text = id.Text();
  std::vector<std::string> trim_texts;
  std::vector<std::string_view> record{"XADD", args[1]};
  if (approximate) {
    AppendTrimRecord(request.trim, stream, &trim_texts);
    record.insert(record.end(), trim_texts.begin(), trim_texts.end());
  } else {
    for (size_t i = 2; i < request.id_at; ++i) record.push_back(args[i]);
  }
  record.emplace_back(id_text);
  for (size_t i = request.id_at + 1; i < args.size(); ++i) record.push_back(args[i]);
  ctx.Propagate(record);
}

// XADD key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] [MAXLEN | MINID [= | ~] threshold [LIMIT n]] id
// field value [field value ...]: an entry at the end of the stream, which is made if need be. The
// id is "*" (from the clock), "ms-*" or given; it must be above the last one. With a threshold the
// stream is trimmed afterwards, with ~ only as far as that is cheap.
//
// > XADD s 5-1 name value
// "5-1"
// > XADD s 5-* name value other 7
// "5-2"
// > XADD s * name value
// "...-0"
// > XADD s 5-2 a b
// (error) ERR The ID specified in XADD is equal or smaller than the target stream top item
// > XADD s 0-0 a b
// (error) ERR The ID specified in XADD must be greater than 0-0
// > XADD s MAXLEN 1 99999999999999-0 a b
// "99999999999999-0"
// > XLEN s
// (integer) 1
// > XADD t NOMKSTREAM * a b
// (nil)
// > XADD s * a
// (error) ERR wrong number of arguments for 'xadd' command
// > XADD s 5-x a b
// (error) ERR Invalid stream ID specified as stream command argument
// > XADD s MAXLEN 5 LIMIT 3 * a b
// (error) ERR syntax error, LIMIT cannot be used without the special ~ option
// > XADD s MAXLEN -1 * a b
// (error) ERR The MAXLEN argument must be >= 0.
// > XADD s MAXLEN 1 MINID 5 * a b
// (error) ERR syntax error, MAXLEN and MINID options at the same time are not compatible
// > XADD s LIMIT 1 * a b
// (error) ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
// > XADD s 18446744073709551615-18446744073709551615 a b
// "18446744073709551615-18446744073709551615"
// > XADD s * a b
// (error) ERR The stream has exhausted the last possible ID, unable to add more items
// > SET text x
// OK
// > XADD text * a b
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Xadd(WriteContext& ctx, const Args& args, resp::Writer& out) {
  XaddRequest request;
  if (!ParseXadd(ctx, args, &request, out)) return;
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out)) return;
  if (!cell.exists() && !request.make) {
    out.Null();
    return;
  }
  StreamId id;
  const StreamId last = cell.exists() ? StreamOf(&cell)->last_id() : StreamId();
  if (!ChooseXaddId(request, last, ctx.now(), &id, out)) return;
  const auto pairs = args.all().subspan(request.id_at + 1);
  size_t bytes = 0;
  for (const std::string_view part : pairs) bytes += part.size();
  if (bytes > StreamNode::kBytesMax) {
    out.Error("ERR Elements are too large to be stored");
    return;
  }
  Stream* const stream = MakeStream(&cell);
  stream->Append(id, pairs, ctx.engine().collections);
  WriteStreamId(out, id);
  cell.Changed();
  ctx.Notify(kNotifyStream, "xadd", ctx.key());
  if (stream->Trim(request.trim.trim) != 0) ctx.Notify(kNotifyStream, "xtrim", ctx.key());
  ctx.MarkReady(ctx.key());
  PropagateXadd(ctx, args, request, *stream, id);
}

const CommandRegistration kXadd{
    {.name = "xadd",
     .arity = -5,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] [MAXLEN | MINID [= | ~] threshold "
              "[LIMIT count]] * | id field value [field value ...]",
     .summary = "Appends a new message to a stream. Creates the key if it doesn't exist.",
     .complexity = "O(1) when adding a new entry, O(N) when trimming where N being the number of "
                   "entries evicted.",
     .write = Xadd}};

}  // namespace
}  // namespace pleiad
