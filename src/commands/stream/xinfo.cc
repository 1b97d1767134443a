// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "commands/server/help.h"
#include "commands/stream/stream_args.h"

namespace pleiad {
namespace {

// A reply about one key: the stream, or null when an error was written.
const Stream* XinfoStreamOf(ReadContext& ctx, resp::Writer& out) {
  const Entry* e = ctx.Find(ctx.key());
  if (e == nullptr) {
    out.Error(kNoSuchKey);
    return nullptr;
  }
  return CheckType(e, ValueType::kStream, out) ? StreamOf(e) : nullptr;
}

void WriteXinfoNumber(std::string_view name, int64_t number, resp::Writer& out) {
  out.Bulk(name);
  out.Integer(number);
}

// A number that may not be known.
void WriteXinfoMaybe(std::string_view name, std::optional<int64_t> number, resp::Writer& out) {
  out.Bulk(name);
  if (number.has_value()) {
    out.Integer(*number);
  } else {
    out.Null();
  }
}

void WriteXinfoEntriesRead(const StreamGroup& group, resp::Writer& out) {
  const bool known = group.entries_read != StreamGroup::kUnknown;
  WriteXinfoMaybe("entries-read", known ? std::optional(group.entries_read) : std::nullopt, out);
}

void WriteXinfoId(std::string_view name, StreamId id, resp::Writer& out) {
  out.Bulk(name);
  WriteStreamId(out, id);
}

// Seven pairs that both forms begin with.
void WriteXinfoHead(const Stream& stream, resp::Writer& out) {
  WriteXinfoNumber("length", static_cast<int64_t>(stream.length()), out);
  WriteXinfoNumber("radix-tree-keys", static_cast<int64_t>(stream.nodes().size()), out);
  WriteXinfoNumber("radix-tree-nodes", static_cast<int64_t>(stream.RadixTreeNodes()), out);
  WriteXinfoId("last-generated-id", stream.last_id(), out);
  WriteXinfoId("max-deleted-entry-id", stream.max_deleted_id(), out);
  WriteXinfoNumber("entries-added", static_cast<int64_t>(stream.entries_added()), out);
  WriteXinfoId("recorded-first-entry-id", stream.first_id(), out);
}

void WriteXinfoEnd(std::string_view name, const Stream& stream, bool reverse, resp::Writer& out) {
  out.Bulk(name);
  StreamIterator i(stream, {}, StreamId::Max(), reverse);
  if (i.Next()) {
    WriteStreamEntry(out, i.entry());
  } else {
    out.Null();
  }
}

void WriteXinfoGroupPending(const StreamGroup& group, size_t most, resp::Writer& out) {
  const auto& pending = group.pending();
  WriteXinfoNumber("pel-count", static_cast<int64_t>(pending.size()), out);
  out.Bulk("pending");
  size_t left = std::min(most, pending.size());
  out.Array(left);
  for (auto at = pending.Begin(); left > 0; at = pending.Next(at), --left) {
    const StreamPending& what = pending.at(at).value;
    out.Array(4);
    WriteStreamId(out, pending.at(at).id);
    out.Bulk(what.consumer->name);
    out.Integer(what.delivered_ms);
    out.Integer(static_cast<int64_t>(what.deliveries));
  }
}

void WriteXinfoFullConsumer(const StreamGroup& group, const StreamConsumer& consumer, size_t most,
                            resp::Writer& out) {
  const auto& pending = consumer.pending;
  out.Map(5);
  out.Bulk("name");
  out.Bulk(consumer.name);
  WriteXinfoNumber("seen-time", consumer.seen_ms, out);
  WriteXinfoNumber("active-time", consumer.active_ms, out);
  WriteXinfoNumber("pel-count", static_cast<int64_t>(pending.size()), out);
  out.Bulk("pending");
  size_t left = std::min(most, pending.size());
  out.Array(left);
  for (auto at = pending.Begin(); left > 0; at = pending.Next(at), --left) {
    const StreamPending& what = *group.FindPending(pending.at(at).id);
    out.Array(3);
    WriteStreamId(out, pending.at(at).id);
    out.Integer(what.delivered_ms);
    out.Integer(static_cast<int64_t>(what.deliveries));
  }
}

void WriteXinfoFull(const Stream& stream, size_t most, resp::Writer& out) {
  out.Map(9);
  WriteXinfoHead(stream, out);
  out.Bulk("entries");
  const size_t head = out.DeferArray();
  size_t written = 0;
  for (StreamIterator i(stream, {}, StreamId::Max(), false); written < most && i.Next();) {
    WriteStreamEntry(out, i.entry());
    ++written;
  }
  out.FillArray(head, written);
  out.Bulk("groups");
  out.Array(stream.groups().size());
  for (const auto& [name, group] : stream.groups()) {
    out.Map(7);
    out.Bulk("name");
    out.Bulk(name);
    WriteXinfoId("last-delivered-id", group->last_id, out);
    WriteXinfoEntriesRead(*group, out);
    WriteXinfoMaybe("lag", stream.Lag(*group), out);
    WriteXinfoGroupPending(*group, most, out);
    out.Bulk("consumers");
    out.Array(group->consumers().size());
    for (const auto& [consumer_name, consumer] : group->consumers()) {
      WriteXinfoFullConsumer(*group, *consumer, most, out);
    }
  }
}

// XINFO STREAM key [FULL [COUNT n]], XINFO GROUPS key, XINFO CONSUMERS key group, XINFO HELP: what
// there is to know of a stream. FULL also lists its first 10 (COUNT: n, 0: all) entries, and
// groups with as many pending ones.
//
// > XADD s 1-1 a b
// "1-1"
// > XADD s 1-2 c d
// "1-2"
// > XGROUP CREATE s g 0
// OK
// > XREADGROUP GROUP g alice COUNT 1 STREAMS s >
// ...
// > XINFO STREAM s
//  1) "length"
//  2) (integer) 2
//  3) "radix-tree-keys"
//  4) (integer) 1
//  5) "radix-tree-nodes"
//  6) (integer) 2
//  7) "last-generated-id"
//  8) "1-2"
//  9) "max-deleted-entry-id"
// 10) "0-0"
// 11) "entries-added"
// 12) (integer) 2
// 13) "recorded-first-entry-id"
// 14) "1-1"
// 15) "groups"
// 16) (integer) 1
// 17) "first-entry"
// 18) 1) "1-1"
//     2) 1) "a"
//        2) "b"
// 19) "last-entry"
// 20) 1) "1-2"
//     2) 1) "c"
//        2) "d"
// > XINFO GROUPS s
// 1)  1) "name"
//     2) "g"
//     3) "consumers"
//     4) (integer) 1
//     5) "pending"
//     6) (integer) 1
//     7) "last-delivered-id"
//     8) "1-1"
//     9) "entries-read"
//    10) (integer) 1
//    11) "lag"
//    12) (integer) 1
// > XINFO CONSUMERS s g
// 1) 1) "name"
//    2) "alice"
//    3) "pending"
//    4) (integer) 1
//    5) "idle"
//    6) (integer) 0
//    7) "inactive"
//    8) (integer) 0
// > XINFO STREAM s FULL COUNT 1
//  1) "length"
//  2) (integer) 2
// ...
// > XINFO STREAM s WHAT
// (error) ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.
// > XINFO STREAM nosuchkey
// (error) ERR no such key
// > XINFO CONSUMERS s other
// (error) NOGROUP No such consumer group 'other' for key name 's'
// > XINFO HELP
// 1) XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
// ...
// > XINFO WHAT s
// (error) ERR unknown subcommand 'WHAT'. Try XINFO HELP.
void Xinfo(ServerContext&, const Args& args, resp::Writer& out) {
  WriteUnknownSubcommand(args, out);
}

void XinfoStream(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const Stream* const stream = XinfoStreamOf(ctx, out);
  if (stream == nullptr) return;
  if (args.size() == 3) {
    out.Map(10);
    WriteXinfoHead(*stream, out);
    WriteXinfoNumber("groups", static_cast<int64_t>(stream->groups().size()), out);
    WriteXinfoEnd("first-entry", *stream, false, out);
    WriteXinfoEnd("last-entry", *stream, true, out);
    return;
  }
  const bool with_count = args.size() == 6 && args.Is(4, "count");
  if (!args.Is(3, "full") || (args.size() != 4 && !with_count)) {
    out.Error(
        fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try XINFO HELP.",
                    args[1].substr(0, 128)));
    return;
  }
  constexpr int64_t kCountDefault = 10;
  int64_t count = kCountDefault;
  if (with_count) {
    const auto given = IntArg(args, 5, out);
    if (!given.has_value()) return;
    count = *given < 0 ? kCountDefault : *given;
  }
  WriteXinfoFull(*stream,
                 count == 0 ? std::numeric_limits<size_t>::max() : static_cast<size_t>(count), out);
}

void XinfoGroups(ReadContext& ctx, const Args&, resp::Writer& out) {
  const Stream* const stream = XinfoStreamOf(ctx, out);
  if (stream == nullptr) return;
  out.Array(stream->groups().size());
  for (const auto& [name, group] : stream->groups()) {
    out.Map(6);
    out.Bulk("name");
    out.Bulk(name);
    WriteXinfoNumber("consumers", static_cast<int64_t>(group->consumers().size()), out);
    WriteXinfoNumber("pending", static_cast<int64_t>(group->pending().size()), out);
    WriteXinfoId("last-delivered-id", group->last_id, out);
    WriteXinfoEntriesRead(*group, out);
    WriteXinfoMaybe("lag", stream->Lag(*group), out);
  }
}

void XinfoConsumers(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const Stream* const stream = XinfoStreamOf(ctx, out);
  if (stream == nullptr) return;
  const StreamGroup* const group = stream->FindGroup(args[3]);
  if (group == nullptr) {
    out.Error(
        fmt::format("NOGROUP No such consumer group '{}' for key name '{}'", args[3], args[2]));
    return;
  }
  out.Array(group->consumers().size());
  const int64_t now = ctx.now().value;
  for (const auto& [name, consumer] : group->consumers()) {
    const bool active = consumer->active_ms != StreamConsumer::kNever;
    out.Map(4);
    out.Bulk("name");
    out.Bulk(name);
    WriteXinfoNumber("pending", static_cast<int64_t>(consumer->pending.size()), out);
    WriteXinfoNumber("idle", std::max<int64_t>(now - consumer->seen_ms, 0), out);
    WriteXinfoNumber("inactive", active ? std::max<int64_t>(now - consumer->active_ms, 0) : -1,
                     out);
  }
}

void XinfoHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp("xinfo",
            {"CONSUMERS <key> <groupname>", "    Show consumers of <groupname>.", "GROUPS <key>",
             "    Show the stream consumer groups.", "STREAM <key> [FULL [COUNT <count>]",
             "    Show information about the stream."},
            out);
}

const CommandRegistration kXinfo{{.name = "xinfo",
                                  .arity = -2,
                                  .flags = 0,
                                  .group = "stream",
                                  .since = "5.0.0",
                                  .usage = "subcommand",
                                  .summary = "A container for stream introspection commands.",
                                  .complexity = "Depends on subcommand.",
                                  .server = Xinfo}};
const CommandRegistration kXinfoStream{{.name = "xinfo|stream",
                                        .arity = -3,
                                        .flags = kCmdReadonly,
                                        .keys = {2, 2, 1},
                                        .group = "stream",
                                        .since = "5.0.0",
                                        .usage = "key [FULL [COUNT count]]",
                                        .summary = "Returns information about a stream.",
                                        .complexity = "O(N) with N being the number of nodes",
                                        .read = XinfoStream}};
const CommandRegistration kXinfoGroups{
    {.name = "xinfo|groups",
     .arity = 3,
     .flags = kCmdReadonly,
     .keys = {2, 2, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key",
     .summary = "Returns a list of the consumer groups of a stream.",
     .complexity = "O(1)",
     .read = XinfoGroups}};
const CommandRegistration kXinfoConsumers{
    {.name = "xinfo|consumers",
     .arity = 4,
     .flags = kCmdReadonly,
     .keys = {2, 2, 1},
     .group = "stream",
     .since = "5.0.0",
     .usage = "key group",
     .summary = "Returns a list of the consumers in a consumer group.",
     .complexity = "O(1)",
     .read = XinfoConsumers}};
const CommandRegistration kXinfoHelp{
    {.name = "xinfo|help",
     .arity = 2,
     .flags = kCmdLoading | kCmdStale,
     .group = "stream",
     .since = "5.0.0",
     .usage = "",
     .summary = "Returns helpful text about the different subcommands.",
     .complexity = "O(1)",
     .server = XinfoHelp}};

}  // namespace
}  // namespace pleiad
