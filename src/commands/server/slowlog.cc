// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "command/command.h"
#include "commands/server/help.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

constexpr int64_t kDefaultCount = 10;

// A subcommand that there is not.
//
// > SLOWLOG BOGUS
// (error) ERR unknown subcommand 'BOGUS'. Try SLOWLOG HELP.
void Slowlog(ServerContext&, const Args& args, resp::Writer& out) {
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
  constexpr std::string_view kBadCount = "ERR count should be greater than or equal to -1";
  if (args.size() > 3) {
    out.Error(kSyntaxError);
    return;
  }
  int64_t count = kDefaultCount;
  if (args.size() == 3) {
    const auto wanted = IntArg(args, 2, out, kBadCount);
    if (!wanted.has_value()) return;
    if (*wanted < -1) {
      out.Error(kBadCount);
      return;
    }
    count = *wanted;
  }
  const std::deque<runtime::SlowlogEntry> entries = ctx.server->Slowlog();
  const size_t shown =
      count < 0 ? entries.size() : std::min(entries.size(), static_cast<size_t>(count));
  out.Array(shown);
  for (size_t i = 0; i < shown; ++i) {
    const runtime::SlowlogEntry& entry = entries[i];
    out.Array(6);
    out.Integer(static_cast<int64_t>(entry.id));
    out.Integer(entry.unix_seconds);
    out.Integer(entry.micros);
    out.Array(entry.args.size());
    for (const std::string& arg : entry.args) out.Bulk(arg);
    out.Bulk(entry.address);
    out.Bulk(entry.client_name);
  }
}

// SLOWLOG LEN
//
// > SLOWLOG LEN
// (integer) 0
void SlowlogLen(ServerContext& ctx, const Args&, resp::Writer& out) {
  out.Integer(static_cast<int64_t>(ctx.server->Slowlog().size()));
}

// SLOWLOG RESET
//
// > SLOWLOG RESET
// OK
void SlowlogReset(ServerContext& ctx, const Args&, resp::Writer& out) {
  ctx.server->ClearSlowlog();
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

constexpr uint32_t kSlowlogFlags = kCmdAdmin | kCmdLoading | kCmdStale;

const CommandRegistration kSlowlog{{.name = "slowlog",
                                    .arity = -2,
                                    .keys = {},
                                    .group = "server",
                                    .since = "2.2.12",
                                    .usage = "subcommand",
                                    .summary = "A container for slow log commands.",
                                    .complexity = "Depends on subcommand.",
                                    .server = Slowlog}};
const CommandRegistration kGet{{.name = "slowlog|get",
                                .arity = -2,
                                .flags = kSlowlogFlags,
                                .keys = {},
                                .group = "server",
                                .since = "2.2.12",
                                .usage = "[count]",
                                .summary = "Returns the slow log's entries.",
                                .complexity = "O(N) where N is the number of entries returned",
                                .server = SlowlogGet}};
const CommandRegistration kLen{{.name = "slowlog|len",
                                .arity = 2,
                                .flags = kSlowlogFlags,
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
     .flags = kSlowlogFlags,
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

}  // namespace
}  // namespace pleiad
