// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CLIENT: who is connected, and what a connection tells of itself.
#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "command/command.h"
#include "commands/server/client_list.h"
#include "commands/server/help.h"
#include "commands/server/login.h"

namespace pleiad {
namespace {

// A subcommand that there is not.
//
// > CLIENT BOGUS
// (error) ERR unknown subcommand 'BOGUS'. Try CLIENT HELP.
void Client(ServerContext&, const Args& args, resp::Writer& out) {
  WriteUnknownSubcommand(args, out);
}

// CLIENT ID: numbers grow, and are never used again while the server runs.
//
// > CLIENT ID
// (integer) 1
void ClientId(ServerContext& ctx, const Args&, resp::Writer& out) {
  out.Integer(static_cast<int64_t>(ctx.client.id));
}

// CLIENT GETNAME
//
// > CLIENT GETNAME
// (nil)
// > CLIENT SETNAME worker-1
// OK
// > CLIENT GETNAME
// "worker-1"
// > CLIENT SETNAME ""
// OK
// > CLIENT GETNAME
// (nil)
void GetName(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (ctx.client.name.empty()) {
    out.Null();
  } else {
    out.Bulk(ctx.client.name);
  }
}

// CLIENT SETNAME connection-name: printable, no blanks.
//
// > CLIENT SETNAME "a b"
// (error) ERR Client names cannot contain spaces, newlines or special characters.
void SetName(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!CheckClientName(args[2], out)) return;
  ctx.client.name = args[2];
  out.Ok();
}

// CLIENT SETINFO <LIB-NAME libname | LIB-VER libver>: which library this is.
//
// > CLIENT SETINFO LIB-NAME redis-py
// OK
// > CLIENT SETINFO lib-ver 5.0.1
// OK
// > CLIENT INFO
// id=1 ... lib-name=redis-py lib-ver=5.0.1
// > CLIENT SETINFO LIB-VER "a b"
// (error) ERR lib-ver cannot contain spaces, newlines or special characters.
// > CLIENT SETINFO BOGUS x
// (error) ERR Unrecognized option 'BOGUS'
void SetInfo(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const bool name = args.Is(2, "lib-name");
  if (!name && !args.Is(2, "lib-ver")) {
    out.Error(fmt::format("ERR Unrecognized option '{}'", args[2]));
    return;
  }
  if (!IsPlainWord(args[3])) {
    out.Error(fmt::format("ERR {} cannot contain spaces, newlines or special characters.",
                          ToLower(args[2])));
    return;
  }
  (name ? ctx.client.lib_name : ctx.client.lib_version) = args[3];
  out.Ok();
}

// CLIENT INFO: the line of CLIENT LIST about this connection.
//
// > CLIENT INFO
// id=1 addr=... laddr=... fd=... name= age=... idle=... flags=N db=0 ... cmd=client|info ...
void ClientInfo(ServerContext& ctx, const Args&, resp::Writer& out) {
  out.Verbatim("txt", ClientLine(ctx.client, ctx.mono_now) + "\n");
}

// False: the error has been written.
bool ReadListOptions(const Args& args, ClientFilter* filter, resp::Writer& out) {
  if (args.size() == 2) return true;
  if (args.size() == 4 && args.Is(2, "type")) {
    filter->kind = ParseClientKind(args[3]);
    if (!filter->kind.has_value()) out.Error(fmt::format("ERR Unknown client type '{}'", args[3]));
    return filter->kind.has_value();
  }
  if (args.size() < 4 || !args.Is(2, "id")) {
    out.Error(kSyntaxError);
    return false;
  }
  for (size_t i = 3; i < args.size(); ++i) {
    const auto id = IntArg(args, i, out, "ERR Invalid client ID");
    if (!id.has_value()) return false;
    filter->ids.push_back(static_cast<uint64_t>(*id));
  }
  return true;
}

// CLIENT LIST [TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]: a line
// for each, by id. Connections that became replication links are not clients any more: INFO
// replication shows them.
//
// > CLIENT LIST
// id=1 addr=... cmd=client|list user=default redir=-1 resp=2 lib-name= lib-ver=
// > CLIENT LIST ID 1 7
// id=1 ...
// > CLIENT LIST TYPE normal
// id=1 ...
// > CLIENT LIST TYPE bogus
// (error) ERR Unknown client type 'bogus'
// > CLIENT LIST ID x
// (error) ERR Invalid client ID
// > CLIENT LIST BOGUS
// (error) ERR syntax error
void ClientList(ServerContext& ctx, const Args& args, resp::Writer& out) {
  ClientFilter filter;
  if (!ReadListOptions(args, &filter, out)) return;
  std::vector<std::pair<uint64_t, std::string>> lines;
  ForEachClient(ctx, [&](ClientState& client) {
    if (filter.Matches(client, ctx.mono_now))
      lines.emplace_back(client.id, ClientLine(client, ctx.mono_now));
  });
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const auto& [id, line] : lines) text += line + "\n";
  out.Verbatim("txt", text);
}

// CLIENT HELP
//
// > CLIENT HELP
//  1) CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
// ...
void ClientHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp("client",
            {"CACHING (YES|NO)",
             "    With OPTIN or OPTOUT: track the keys of the next command, or don't.",
             "CAPA <capability> [<capability> ...]",
             "    Say what the current connection can do.",
             "GETREDIR",
             "    Return the ID that invalidations are redirected to.",
             "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT]",
             "         [NOLOOP]",
             "    Tell the current connection when keys change that it keeps copies of.",
             "TRACKINGINFO",
             "    Return how the current connection tracks keys.",
             "GETNAME",
             "    Return the name of the current connection.",
             "ID",
             "    Return the ID of the current connection.",
             "INFO",
             "    Return information about the current connection.",
             "KILL <ip:port>",
             "    Kill the connection made from <ip:port>.",
             "KILL <option> <value> [<option> <value> [...]]",
             "    Kill connections for which all options hold:",
             "    * ADDR (<ip:port>|<unixsocket>:0): made from that address",
             "    * LADDR (<ip:port>|<unixsocket>:0): made to that address",
             "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB): of that type",
             "    * USER <username>: authenticated as that user",
             "    * ID <client-id>: with that ID",
             "    * MAXAGE <seconds>: at least that old",
             "    * SKIPME (YES|NO): spare the current connection (default: yes)",
             "LIST [options ...]",
             "    Return information about connections. Options:",
             "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB): those of that type",
             "    * ID <client-id> [<client-id> ...]: those with these IDs",
             "NO-EVICT (ON|OFF)",
             "    Protect the current connection from eviction.",
             "NO-TOUCH (ON|OFF)",
             "    Don't let reads of the current connection count as uses of keys.",
             "PAUSE <timeout> [WRITE|ALL]",
             "    Hold commands back (all, or those that write) for <timeout> milliseconds.",
             "REPLY (ON|OFF|SKIP)",
             "    Control the replies sent to the current connection.",
             "SETINFO <LIB-NAME|LIB-VER> <value>",
             "    Say which library the current connection uses.",
             "SETNAME <name>",
             "    Name the current connection.",
             "UNBLOCK <clientid> [TIMEOUT|ERROR]",
             "    End the wait of a client, as its time-out would or with an error.",
             "UNPAUSE",
             "    End CLIENT PAUSE before its time."},
            out);
}

constexpr uint32_t kOwn = kCmdNoScript | kCmdLoading | kCmdStale;
constexpr uint32_t kAll = kOwn | kCmdAdmin;

const CommandRegistration kClient{{.name = "client",
                                   .arity = -2,
                                   .keys = {},
                                   .group = "connection",
                                   .since = "2.4.0",
                                   .usage = "subcommand",
                                   .summary = "A container for client connection commands.",
                                   .complexity = "Depends on subcommand.",
                                   .server = Client}};
const CommandRegistration kId{{.name = "client|id",
                               .arity = 2,
                               .flags = kOwn,
                               .keys = {},
                               .group = "connection",
                               .since = "5.0.0",
                               .usage = "",
                               .summary = "Returns the unique client ID of the connection.",
                               .complexity = "O(1)",
                               .server = ClientId}};
const CommandRegistration kGetName{{.name = "client|getname",
                                    .arity = 2,
                                    .flags = kOwn,
                                    .keys = {},
                                    .group = "connection",
                                    .since = "2.6.9",
                                    .usage = "",
                                    .summary = "Returns the name of the connection.",
                                    .complexity = "O(1)",
                                    .server = GetName}};
const CommandRegistration kSetName{{.name = "client|setname",
                                    .arity = 3,
                                    .flags = kOwn,
                                    .keys = {},
                                    .group = "connection",
                                    .since = "2.6.9",
                                    .usage = "connection-name",
                                    .summary = "Sets the connection name.",
                                    .complexity = "O(1)",
                                    .server = SetName}};
const CommandRegistration kSetInfo{
    {.name = "client|setinfo",
     .arity = 4,
     .flags = kOwn,
     .keys = {},
     .group = "connection",
     .since = "7.2.0",
     .usage = "<LIB-NAME libname | LIB-VER libver>",
     .summary = "Sets information specific to the client or connection.",
     .complexity = "O(1)",
     .server = SetInfo}};
const CommandRegistration kClientInfo{{.name = "client|info",
                                       .arity = 2,
                                       .flags = kOwn,
                                       .keys = {},
                                       .group = "connection",
                                       .since = "6.2.0",
                                       .usage = "",
                                       .summary = "Returns information about the connection.",
                                       .complexity = "O(1)",
                                       .server = ClientInfo}};
const CommandRegistration kClientList{
    {.name = "client|list",
     .arity = -2,
     .flags = kAll,
     .keys = {},
     .group = "connection",
     .since = "2.4.0",
     .usage = "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
     .summary = "Lists open connections.",
     .complexity = "O(N) where N is the number of client connections",
     .server = ClientList}};
const CommandRegistration kClientHelp{
    {.name = "client|help",
     .arity = 2,
     .flags = kCmdLoading | kCmdStale,
     .keys = {},
     .group = "connection",
     .since = "5.0.0",
     .usage = "",
     .summary = "Returns helpful text about the different subcommands.",
     .complexity = "O(1)",
     .server = ClientHelp}};

}  // namespace
}  // namespace pleiad
