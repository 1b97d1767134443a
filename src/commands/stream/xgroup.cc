// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "commands/server/help.h"
#include "commands/stream/stream_args.h"

namespace pleiad {
namespace {

struct XgroupPosition {
  bool make_stream = false;
  int64_t entries_read = StreamGroup::kUnknown;
};

// [MKSTREAM] [ENTRIESREAD n] of CREATE (SETID: the latter only).
bool ParseXgroupOptions(const Args& args, bool create, XgroupPosition* position,
                        resp::Writer& out) {
  for (size_t i = 5; i < args.size(); ++i) {
    if (create && args.Is(i, "mkstream")) {
      position->make_stream = true;
    } else if (args.Is(i, "entriesread") && i + 1 < args.size()) {
      const auto read = IntArg(args, ++i, out);
      if (!read.has_value()) return false;
      if (*read < StreamGroup::kUnknown) {
        out.Error("ERR value for ENTRIESREAD must be positive or -1");
        return false;
      }
      position->entries_read = *read;
    } else {
      out.Error(fmt::format(
          "ERR unknown subcommand or wrong number of arguments for '{}'. Try XGROUP HELP.",
          args[1].substr(0, 128)));
      return false;
    }
  }
  return true;
}

// False: the key is not there, and that is the reply.
bool RequireXgroupKey(const ValueCell& cell, resp::Writer& out) {
  if (cell.exists()) return true;
  out.Error(
      "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to "
      "use the MKSTREAM option to create an empty stream automatically.");
  return false;
}

StreamGroup* RequireXgroup(ValueCell* cell, const Args& args, resp::Writer& out) {
  if (!RequireXgroupKey(*cell, out)) return nullptr;
  StreamGroup* const group = StreamOf(cell)->FindGroup(args[3]);
  if (group == nullptr) {
    out.Error(
        fmt::format("NOGROUP No such consumer group '{}' for key name '{}'", args[3], args[2]));
  }
  return group;
}

// SETID also takes "-" and "+".
bool XgroupIdArg(const Args& args, const Stream* stream, bool ends, StreamId* id,
                 resp::Writer& out) {
  if (args[4] != "$") return StreamIdArg(args, 4, ends, 0, id, out);
  *id = stream == nullptr ? StreamId() : stream->last_id();
  return true;
}

// XGROUP CREATE key group id | $ [MKSTREAM] [ENTRIESREAD n], XGROUP SETID key group id | $
// [ENTRIESREAD n], XGROUP DESTROY key group, XGROUP CREATECONSUMER key group consumer, XGROUP
// DELCONSUMER key group consumer, XGROUP HELP: consumer groups and consumers.
//
// > XGROUP CREATE s g $
// (error) ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may ...
// > XGROUP CREATE s g $ MKSTREAM
// OK
// > XGROUP CREATE s g 0
// (error) BUSYGROUP Consumer Group name already exists
// > XGROUP CREATE s h x
// (error) ERR Invalid stream ID specified as stream command argument
// > XGROUP CREATE s h 0 WHAT
// (error) ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.
// > XGROUP CREATE s h 0 ENTRIESREAD -5
// (error) ERR value for ENTRIESREAD must be positive or -1
// > XGROUP CREATECONSUMER s g alice
// (integer) 1
// > XGROUP CREATECONSUMER s g alice
// (integer) 0
// > XADD s 1-1 a b
// "1-1"
// > XREADGROUP GROUP g alice STREAMS s >
// ...
// > XGROUP DELCONSUMER s g alice
// (integer) 1
// > XGROUP DELCONSUMER s g alice
// (integer) 0
// > XGROUP SETID s g 0 ENTRIESREAD 0
// OK
// > XGROUP SETID s other 0
// (error) NOGROUP No such consumer group 'other' for key name 's'
// > XGROUP DESTROY s g
// (integer) 1
// > XGROUP DESTROY s g
// (integer) 0
// > XGROUP HELP
//  1) XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
// ...
// > XGROUP WHAT
// (error) ERR unknown subcommand 'WHAT'. Try XGROUP HELP.
void Xgroup(ServerContext&, const Args& args, resp::Writer& out) {
  WriteUnknownSubcommand(args, out);
}

void XgroupCreate(WriteContext& ctx, const Args& args, resp::Writer& out) {
  XgroupPosition position;
  if (!ParseXgroupOptions(args, true, &position, out)) return;
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out)) return;
  if (!position.make_stream && !RequireXgroupKey(cell, out)) return;
  StreamId id;
  if (!XgroupIdArg(args, StreamOf(&cell), false, &id, out)) return;
  Stream* const stream = MakeStream(&cell);
  if (stream->CreateGroup(args[3], id, position.entries_read) == nullptr) {
    out.Error("BUSYGROUP Consumer Group name already exists");
    return;
  }
  cell.Changed();
  ctx.Notify(kNotifyStream, "xgroup-create", ctx.key());
  out.Ok();
}

void XgroupSetId(WriteContext& ctx, const Args& args, resp::Writer& out) {
  XgroupPosition position;
  if (!ParseXgroupOptions(args, false, &position, out)) return;
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out)) return;
  StreamGroup* const group = RequireXgroup(&cell, args, out);
  StreamId id;
  if (group == nullptr || !XgroupIdArg(args, StreamOf(&cell), true, &id, out)) return;
  group->last_id = id;
  group->entries_read = position.entries_read;
  cell.Changed();
  ctx.Notify(kNotifyStream, "xgroup-setid", ctx.key());
  out.Ok();
}

void XgroupDestroy(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out) || !RequireXgroupKey(cell, out)) return;
  auto& groups = StreamOf(&cell)->groups();
  const auto found = groups.find(args[3]);
  if (found == groups.end()) {
    out.Integer(0);
    return;
  }
  groups.erase(found);
  cell.Changed();
  ctx.Notify(kNotifyStream, "xgroup-destroy", ctx.key());
  // Who waits in XREADGROUP for this group is told that it is gone.
  ctx.MarkReady(ctx.key());
  out.Integer(1);
}

void XgroupCreateConsumer(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out)) return;
  StreamGroup* const group = RequireXgroup(&cell, args, out);
  if (group == nullptr) return;
  const bool fresh = group->FindConsumer(args[4]) == nullptr;
  if (fresh) {
    group->CreateConsumer(args[4], ctx.now().value);
    cell.Changed();
    ctx.Notify(kNotifyStream, "xgroup-createconsumer", ctx.key());
  }
  out.Integer(fresh ? 1 : 0);
}

void XgroupDelConsumer(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kStream);
  if (!cell.Open(out)) return;
  StreamGroup* const group = RequireXgroup(&cell, args, out);
  if (group == nullptr) return;
  size_t pending = 0;
  if (StreamConsumer* const consumer = group->FindConsumer(args[4])) {
    pending = group->RemoveConsumer(consumer);
    cell.Changed();
    ctx.Notify(kNotifyStream, "xgroup-delconsumer", ctx.key());
  }
  out.Integer(static_cast<int64_t>(pending));
}

void XgroupHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp(
      "xgroup",
      {"CREATE <key> <groupname> <id|$> [option]",
       "    Create a new consumer group. Options are:", "    * MKSTREAM",
       "      Create the empty stream if it does not exist.", "    * ENTRIESREAD entries_read",
       "      Set the group's entries_read counter (internal use).",
       "CREATECONSUMER <key> <groupname> <consumer>",
       "    Create a new consumer in the specified group.",
       "DELCONSUMER <key> <groupname> <consumer>", "    Remove the specified consumer.",
       "DESTROY <key> <groupname>", "    Remove the specified group.",
       "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
       "    Set the current group ID and entries_read counter."},
      out);
}

const CommandRegistration kXgroup{{.name = "xgroup",
                                   .arity = -2,
                                   .flags = 0,
                                   .group = "stream",
                                   .since = "5.0.0",
                                   .usage = "subcommand",
                                   .summary = "A container for consumer groups commands.",
                                   .complexity = "Depends on subcommand.",
                                   .server = Xgroup}};
const CommandRegistration kXgroupCreate{
    {.name = "xgroup|create",
     .arity = -5,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {2, 2, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key group id | $ [MKSTREAM] [ENTRIESREAD entries-read]",
     .summary = "Creates a consumer group.",
     .complexity = "O(1)",
     .write = XgroupCreate}};
const CommandRegistration kXgroupSetId{
    {.name = "xgroup|setid",
     .arity = -5,
     .flags = kCmdWrite,
     .keys = {2, 2, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key group id | $ [ENTRIESREAD entries-read]",
     .summary = "Sets the last-delivered ID of a consumer group.",
     .complexity = "O(1)",
     .write = XgroupSetId}};
const CommandRegistration kXgroupDestroy{
    {.name = "xgroup|destroy",
     .arity = 4,
     .flags = kCmdWrite,
     .keys = {2, 2, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key group",
     .summary = "Destroys a consumer group.",
     .complexity = "O(N) where N is the number of entries in the group's pending entries list "
                   "(PEL).",
     .write = XgroupDestroy}};
const CommandRegistration kXgroupCreateConsumer{
    {.name = "xgroup|createconsumer",
     .arity = 5,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {2, 2, 1},
     .group = "stream",
     .since = "6.2.0",
     .usage = "key group consumer",
     .summary = "Creates a consumer in a consumer group.",
     .complexity = "O(1)",
     .write = XgroupCreateConsumer}};
const CommandRegistration kXgroupDelConsumer{
    {.name = "xgroup|delconsumer",
     .arity = 5,
     .flags = kCmdWrite,
     .keys = {2, 2, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key group consumer",
     .summary = "Deletes a consumer from a consumer group.",
     .complexity = "O(1)",
     .write = XgroupDelConsumer}};
const CommandRegistration kXgroupHelp{
    {.name = "xgroup|help",
     .arity = 2,
     .flags = kCmdLoading | kCmdStale,
     .group = "stream",
     .since = "5.0.0",
     .usage = "",
     .summary = "Returns helpful text about the different subcommands.",
     .complexity = "O(1)",
     .server = XgroupHelp}};

}  // namespace
}  // namespace pleiad
