// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <vector>

#include "commands/stream/stream_args.h"

namespace pleiad {
namespace {

bool ParseXtrim(WriteContext& ctx, const Args& args, StreamTrimOptions* options,
                resp::Writer& out) {
  for (size_t i = 2; i < args.size(); ++i) {
    bool taken;
    if (!ParseTrimOption(args, &i, options, &taken, out)) return false;
    if (!taken) {
      out.Error(kSyntaxError);
      return false;
    }
  }
  if (options->trim.kind == StreamTrim::Kind::kNone && options->trim.limit == 0) {
    out.Error("ERR syntax error, XTRIM must be called with a trimming strategy");
    return false;
  }
  return FinishTrimOptions(options, ctx.client().from_master, ctx.engine().collections, out);
}

// XTRIM key MAXLEN | MINID [= | ~] threshold [LIMIT n] [KEEPREF | DELREF | ACKED]: drops the oldest
// entries until so many are left, or none below that id. With ~ only as far as that is cheap, and
// at most LIMIT of them.
//
// > XADD s 1-1 a b
// "1-1"
// > XADD s 2-1 a b
// "2-1"
// > XADD s 3-1 a b
// "3-1"
// > XTRIM s MAXLEN ~ 1
// (integer) 0
// > XTRIM s MAXLEN = 2
// (integer) 1
// > XTRIM s MINID 3
// (integer) 1
// > XTRIM s MAXLEN 0
// (integer) 1
// > XTRIM nosuchkey MAXLEN 1
// (integer) 0
// > XTRIM s MAXLEN x
// (error) ERR value is not an integer or out of range
// > XTRIM s MAXLEN 1 LIMIT 5
// (error) ERR syntax error, LIMIT cannot be used without the special ~ option
// > XTRIM s MAXLEN ~ 1 LIMIT -5
// (error) ERR The LIMIT argument must be >= 0.
// > XTRIM s KEEPREF ACKED
// (error) ERR syntax error
// > XTRIM s NOT 1
// (error) ERR syntax error
void Xtrim(WriteContext& ctx, const Args& args, resp::Writer& out) {
  StreamTrimOptions options;
  if (!ParseXtrim(ctx, args, &options, out)) return;
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out)) return;
  Stream* const stream = StreamOf(&cell);
  const uint64_t deleted = stream == nullptr ? 0 : stream->Trim(options.trim);
  if (deleted != 0) {
    cell.Changed();
    ctx.Notify(kNotifyStream, "xtrim", ctx.key());
    if (options.trim.approximate) {
      std::vector<std::string> record{"XTRIM", std::string(args[1])};
      AppendTrimRecord(options, *stream, &record);
      const std::vector<std::string_view> views(record.begin(), record.end());
      ctx.Propagate(views);
    }
  }
  out.Integer(static_cast<int64_t>(deleted));
}

const CommandRegistration kXtrim{
    {.name = "xtrim",
     .arity = -4,
     .flags = kCmdWrite,
     .keys = {1, 1, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key MAXLEN | MINID [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]",
     .summary = "Deletes messages from the beginning of a stream.",
     .complexity =
         "O(N), with N being the number of evicted entries. Constant times are very small "
         "however, since entries are organized in macro nodes containing multiple entries "
         "that can be released with a single deallocation.",
     .write = Xtrim}};

}  // namespace
}  // namespace pleiad
