// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// COMMANDLOG: the last commands that took long (commandlog-execution-slower-than), were large
// (commandlog-request-larger-than) or had large replies (commandlog-reply-larger-than). SLOWLOG is
// the old name of the first.
#include <limits>

#include "command/command.h"
#include "commands/server/help.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

using LogKind = runtime::CommandLogKind;

constexpr int64_t kLogCountDefault = 10;

// nullopt: the error was written.
std::optional<LogKind> LogKindArg(const Args& args, size_t i, resp::Writer& out) {
  if (args.Is(i, "slow")) return LogKind::kSlow;
  if (args.Is(i, "large-request")) return LogKind::kLargeRequest;
  if (args.Is(i, "large-reply")) return LogKind::kLargeReply;
  out.Error("ERR type should be one of the following: slow, large-request, large-reply");
  return std::nullopt;
}

void WriteLog(ServerContext& ctx, LogKind kind, int64_t count, resp::Writer& out) {
  const size_t most = count < 0 ? std::numeric_limits<size_t>::max() : static_cast<size_t>(count);
  const auto entries = ctx.server->command_log().Newest(kind, most);
  out.Array(entries.size());
  for (const runtime::CommandLogEntry& entry : entries) {
    out.Array(6);
    out.Integer(static_cast<int64_t>(entry.id));
    out.Integer(entry.unix_seconds);
    out.Integer(entry.value);
    out.Array(entry.args.size());
    for (const std::string& arg : entry.args) out.Bulk(arg);
    out.Bulk(entry.address);
    out.Bulk(entry.client_name);
  }
}

std::optional<int64_t> LogCountArg(const Args& args, size_t i, resp::Writer& out) {
  constexpr std::string_view kBadCount = "ERR count should be greater than or equal to -1";
  const auto count = IntArg(args, i, out, kBadCount);
  if (count.has_value() && *count < -1) {
    out.Error(kBadCount);
    return std::nullopt;
  }
  return count;
}

// A subcommand that there is not.
//
// > SLOWLOG BOGUS
// (error) ERR unknown subcommand 'BOGUS'. Try SLOWLOG HELP.
// > COMMANDLOG BOGUS
// (error) ERR unknown subcommand 'BOGUS'. Try COMMANDLOG HELP.
void LogContainer(ServerContext&, const Args& args, resp::Writer& out) {
  WriteUnknownSubcommand(args, out);
}

// SLOWLOG GET [count]: the newest commands that took longer than slowlog-log-slower-than; -1: all
// that are kept. Of each: number, time, microseconds, arguments, client's address and name.
//
// > SLOWLOG GET
// (empty array)
// > CONFIG SET slowlog-log-slower-than 0
// OK
// > SLOWLOG GET -2
// (error) ERR count should be greater than or equal to -1
// > SLOWLOG GET x
// (error) ERR count should be greater than or equal to -1
void SlowlogGet(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (args.size() > 3) return out.Error(kSyntaxError);
  const auto count = args.size() == 3 ? LogCountArg(args, 2, out) : kLogCountDefault;
  if (count.has_value()) WriteLog(ctx, LogKind::kSlow, *count, out);
}

// SLOWLOG LEN
//
// > SLOWLOG LEN
// (integer) 0
void SlowlogLen(ServerContext& ctx, const Args&, resp::Writer& out) {
  out.Integer(static_cast<int64_t>(ctx.server->command_log().size(LogKind::kSlow)));
}

// SLOWLOG RESET
//
// > SLOWLOG RESET
// OK
void SlowlogReset(ServerContext& ctx, const Args&, resp::Writer& out) {
  ctx.server->command_log().Clear(LogKind::kSlow);
  out.Ok();
}

// SLOWLOG HELP
//
// > SLOWLOG HELP
//  1) SLOWLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
// ...
void SlowlogHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp("slowlog",
            {"GET [<count>]",
             "    Return the top <count> entries of the slow log (default: 10, -1: all):",
             "    id, timestamp, microseconds, arguments, client address and name.", "LEN",
             "    Return the length of the slow log.", "RESET", "    Reset the slow log."},
            out);
}

// COMMANDLOG GET count <SLOW | LARGE-REQUEST | LARGE-REPLY>: as SLOWLOG GET, of the log named; the
// third number of an entry is microseconds, or bytes as they were on the wire.
//
// > CONFIG SET commandlog-request-larger-than 1000 commandlog-reply-larger-than -1
// OK
// > COMMANDLOG GET -1 large-request
// (empty array)
// > COMMANDLOG LEN large-reply
// (integer) 0
// > COMMANDLOG GET 5 bogus
// (error) ERR type should be one of the following: slow, large-request, large-reply
// > COMMANDLOG GET -2 slow
// (error) ERR count should be greater than or equal to -1
void CommandlogGet(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto count = LogCountArg(args, 2, out);
  if (!count.has_value()) return;
  const auto kind = LogKindArg(args, 3, out);
  if (kind.has_value()) WriteLog(ctx, *kind, *count, out);
}

// COMMANDLOG LEN <SLOW | LARGE-REQUEST | LARGE-REPLY>
//
// > COMMANDLOG LEN slow
// (integer) 0
void CommandlogLen(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto kind = LogKindArg(args, 2, out);
  if (kind.has_value()) out.Integer(static_cast<int64_t>(ctx.server->command_log().size(*kind)));
}

// COMMANDLOG RESET <SLOW | LARGE-REQUEST | LARGE-REPLY>
//
// > COMMANDLOG RESET large-request
// OK
void CommandlogReset(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto kind = LogKindArg(args, 2, out);
  if (!kind.has_value()) return;
  ctx.server->command_log().Clear(*kind);
  out.Ok();
}

// COMMANDLOG HELP
//
// > COMMANDLOG HELP
//  1) COMMANDLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
// ...
void CommandlogHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp("commandlog",
            {"GET <count> <type>",
             "    Return the newest <count> entries (-1: all) of a log: id, timestamp,",
             "    microseconds or bytes, arguments, client address and name.",
             "    <type> is slow, large-request or large-reply.", "LEN <type>",
             "    Return the length of a log.", "RESET <type>", "    Reset a log."},
            out);
}

constexpr uint32_t kLogFlags = kCmdAdmin | kCmdLoading | kCmdStale;
constexpr std::string_view kLogCost = "O(N) where N is the number of entries returned";

const CommandRegistration kSlowlog{{.name = "slowlog",
                                    .arity = -2,
                                    .keys = {},
                                    .group = "server",
                                    .since = "2.2.12",
                                    .usage = "subcommand",
                                    .summary = "A container for slow log commands.",
                                    .complexity = "Depends on subcommand.",
                                    .server = LogContainer}};
const CommandRegistration kSlowlogGet{{.name = "slowlog|get",
                                       .arity = -2,
                                       .flags = kLogFlags,
                                       .keys = {},
                                       .group = "server",
                                       .since = "2.2.12",
                                       .usage = "[count]",
                                       .summary = "Returns the slow log's entries.",
                                       .complexity = kLogCost,
                                       .server = SlowlogGet}};
const CommandRegistration kSlowlogLen{{.name = "slowlog|len",
                                       .arity = 2,
                                       .flags = kLogFlags,
                                       .keys = {},
                                       .group = "server",
                                       .since = "2.2.12",
                                       .usage = "",
                                       .summary = "Returns the number of entries in the slow log.",
                                       .complexity = "O(1)",
                                       .server = SlowlogLen}};
const CommandRegistration kSlowlogReset{
    {.name = "slowlog|reset",
     .arity = 2,
     .flags = kLogFlags,
     .keys = {},
     .group = "server",
     .since = "2.2.12",
     .usage = "",
     .summary = "Clears all entries from the slow log.",
     .complexity = "O(N) where N is the number of entries in the slow log",
     .server = SlowlogReset}};
const CommandRegistration kSlowlogHelp{
    {.name = "slowlog|help",
     .arity = 2,
     .flags = kCmdLoading | kCmdStale,
     .keys = {},
     .group = "server",
     .since = "6.2.0",
     .usage = "",
     .summary = "Returns helpful text about the different subcommands.",
     .complexity = "O(1)",
     .server = SlowlogHelp}};
const CommandRegistration kCommandlog{{.name = "commandlog",
                                       .arity = -2,
                                       .keys = {},
                                       .group = "server",
                                       .since = "8.1.0",
                                       .usage = "subcommand",
                                       .summary = "A container for command log commands.",
                                       .complexity = "Depends on subcommand.",
                                       .server = LogContainer}};
const CommandRegistration kCommandlogGet{{.name = "commandlog|get",
                                          .arity = 4,
                                          .flags = kLogFlags,
                                          .keys = {},
                                          .group = "server",
                                          .since = "8.1.0",
                                          .usage = "count <SLOW | LARGE-REQUEST | LARGE-REPLY>",
                                          .summary = "Returns the entries of a command log.",
                                          .complexity = kLogCost,
                                          .server = CommandlogGet}};
const CommandRegistration kCommandlogLen{
    {.name = "commandlog|len",
     .arity = 3,
     .flags = kLogFlags,
     .keys = {},
     .group = "server",
     .since = "8.1.0",
     .usage = "<SLOW | LARGE-REQUEST | LARGE-REPLY>",
     .summary = "Returns the number of entries in a command log.",
     .complexity = "O(1)",
     .server = CommandlogLen}};
const CommandRegistration kCommandlogReset{
    {.name = "commandlog|reset",
     .arity = 3,
     .flags = kLogFlags,
     .keys = {},
     .group = "server",
     .since = "8.1.0",
     .usage = "<SLOW | LARGE-REQUEST | LARGE-REPLY>",
     .summary = "Clears all entries from a command log.",
     .complexity = "O(N) where N is the number of entries in the log",
     .server = CommandlogReset}};
const CommandRegistration kCommandlogHelp{
    {.name = "commandlog|help",
     .arity = 2,
     .flags = kCmdLoading | kCmdStale,
     .keys = {},
     .group = "server",
     .since = "8.1.0",
     .usage = "",
     .summary = "Returns helpful text about the different subcommands.",
     .complexity = "O(1)",
     .server = CommandlogHelp}};

}  // namespace
}  // namespace pleiad
