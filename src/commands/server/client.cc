// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CLIENT: what a connection says of itself and asks of itself. LIST and KILL, which look at the
// others, have files of their own.
#include <fmt/core.h>

#include "base/text.h"
#include "command/command.h"
#include "commands/server/client_line.h"
#include "commands/server/help.h"
#include "commands/server/login.h"

namespace pleiad {
namespace {

// True for ON, false for OFF; otherwise the error has been written.
std::optional<bool> SwitchArg(const Args& args, size_t i, resp::Writer& out) {
  if (args.Is(i, "on")) return true;
  if (args.Is(i, "off")) return false;
  out.Error(kSyntaxError);
  return std::nullopt;
}

// A subcommand that there is not.
//
// > CLIENT FOO
// (error) ERR unknown subcommand 'FOO'. Try CLIENT HELP.
// > CLIENT
// (error) ERR wrong number of arguments for 'client' command
void Client(ServerContext&, const Args& args, resp::Writer& out) {
  WriteUnknownSubcommand(args, out);
}

// CLIENT ID: the number of this connection; later connections have higher ones.
//
// > CLIENT ID
// (integer) 1
void ClientId(ServerContext& ctx, const Args&, resp::Writer& out) {
  out.Integer(static_cast<int64_t>(ctx.client.id));
}

// CLIENT SETNAME name, CLIENT GETNAME: the name shows in CLIENT LIST. The empty name is none.
//
// > CLIENT GETNAME
// (nil)
// > CLIENT SETNAME worker-1
// OK
// > CLIENT GETNAME
// "worker-1"
// > CLIENT SETNAME "two words"
// (error) ERR Client names cannot contain spaces, newlines or special characters.
// > CLIENT SETNAME ""
// OK
// > CLIENT GETNAME
// (nil)
void ClientSetName(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!CheckClientName(args[2], out)) return;
  ctx.client.name = args[2];
  out.Ok();
}

void ClientGetName(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (ctx.client.name.empty()) {
    out.Null();
  } else {
    out.Bulk(ctx.client.name);
  }
}

// CLIENT SETINFO LIB-NAME name, CLIENT SETINFO LIB-VER version: client libraries say what they are.
//
// > CLIENT SETINFO LIB-NAME redis-py
// OK
// > CLIENT SETINFO lib-ver 5.0.1
// OK
// > CLIENT INFO
// id=1 ... lib-name=redis-py lib-ver=5.0.1
// > CLIENT SETINFO LIB-NAME "redis py"
// (error) ERR LIB-NAME cannot contain spaces, newlines or special characters.
// > CLIENT SETINFO COLOUR red
// (error) ERR Unrecognized option 'COLOUR'
void ClientSetInfo(ServerContext& ctx, const Args& args, resp::Writer& out) {
  std::string* field = nullptr;
  if (args.Is(2, "lib-name")) field = &ctx.client.lib_name;
  if (args.Is(2, "lib-ver")) field = &ctx.client.lib_version;
  if (field == nullptr) {
    out.Error(fmt::format("ERR Unrecognized option '{}'", args[2].substr(0, 128)));
    return;
  }
  if (!IsPlainWord(args[3])) {
    out.Error(
        fmt::format("ERR {} cannot contain spaces, newlines or special characters.", args[2]));
    return;
  }
  *field = args[3];
  out.Ok();
}

// CLIENT INFO: the line of CLIENT LIST about this connection.
//
// > CLIENT NO-TOUCH on
// OK
// > CLIENT INFO
// id=1 addr= laddr= fd=-1 name= age=0 idle=0 flags=T db=0 sub=0 ... cmd=client|info user=...
void ClientInfo(ServerContext& ctx, const Args&, resp::Writer& out) {
  out.Verbatim("txt", ClientLine(ctx.client, ctx.mono_now) + "\n");
}

// CLIENT NO-EVICT ON | OFF: whether this client may be closed when clients take too much memory.
//
// > CLIENT NO-EVICT on
// OK
// > CLIENT NO-EVICT maybe
// (error) ERR syntax error
void ClientNoEvict(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto on = SwitchArg(args, 2, out);
  if (!on.has_value()) return;
  ctx.client.no_evict = *on;
  out.Ok();
}

// CLIENT NO-TOUCH ON | OFF: on, this client's reads are no accesses for the eviction policy (but
// TOUCH is).
//
// > CLIENT NO-TOUCH on
// OK
// > CLIENT NO-TOUCH off
// OK
// > CLIENT NO-TOUCH
// (error) ERR wrong number of arguments for 'client|no-touch' command
void ClientNoTouch(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto on = SwitchArg(args, 2, out);
  if (!on.has_value()) return;
  ctx.client.no_touch = *on;
  out.Ok();
}

// CLIENT REPLY ON | OFF | SKIP: commands run, but their replies are not sent. OFF: until ON; SKIP:
// of the next command.
//
// > CLIENT REPLY SKIP
// > SET k v
// > GET k
// "v"
// > CLIENT REPLY OFF
// > SET k w
// > CLIENT REPLY ON
// OK
// > GET k
// "w"
// > CLIENT REPLY never
// (error) ERR syntax error
void ClientReply(ServerContext& ctx, const Args& args, resp::Writer& out) {
  using Mode = ClientState::ReplyMode;
  if (args.Is(2, "on")) {
    ctx.client.reply_mode = Mode::kOn;
    out.Ok();
  } else if (args.Is(2, "off")) {
    ctx.client.reply_mode = Mode::kOff;
  } else if (args.Is(2, "skip")) {
    if (ctx.client.reply_mode != Mode::kOff) ctx.client.reply_mode = Mode::kSkipNext;
  } else {
    out.Error(kSyntaxError);
  }
}

// CLIENT HELP: what there is.
//
// > CLIENT HELP
//  1) CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
//  2) GETNAME
// ...
void ClientHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp("client",
            {"GETNAME",
             "    Return the name of the current connection.",
             "ID",
             "    Return the ID of the current connection.",
             "INFO",
             "    Return information about the current client connection.",
             "KILL <ip:port>",
             "    Kill connection made from <ip:port>.",
             "KILL <option> <value> [<option> <value> ...]",
             "    Kill connections. Options are: ADDR, LADDR, TYPE, USER, SKIPME, ID, MAXAGE.",
             "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID <id> [<id> ...]]",
             "    Return information about client connections.",
             "NO-EVICT (ON|OFF)",
             "    Protect current client connection from eviction.",
             "NO-TOUCH (ON|OFF)",
             "    Will not touch LRU/LFU stats when this mode is on.",
             "REPLY (ON|OFF|SKIP)",
             "    Control the replies sent to the current connection.",
             "SETINFO <option> <value>",
             "    Set client meta attr. Options are: LIB-NAME, LIB-VER.",
             "SETNAME <name>",
             "    Assign the name <name> to the current connection."},
            out);
}

constexpr uint32_t kFlags = kCmdNoScript | kCmdLoading | kCmdStale;

const CommandRegistration kClient{{.name = "client",
                                   .arity = -2,
                                   .flags = 0,
                                   .keys = {},
                                   .group = "connection",
                                   .since = "2.4.0",
                                   .usage = "subcommand",
                                   .summary = "A container for client connection commands.",
                                   .complexity = "Depends on subcommand.",
                                   .server = Client}};
const CommandRegistration kClientId{{.name = "client|id",
                                     .arity = 2,
                                     .flags = kFlags,
                                     .keys = {},
                                     .group = "connection",
                                     .since = "5.0.0",
                                     .usage = "",
                                     .summary = "Returns the unique client ID of the connection.",
                                     .complexity = "O(1)",
                                     .server = ClientId}};
const CommandRegistration kClientSetName{{.name = "client|setname",
                                          .arity = 3,
                                          .flags = kFlags,
                                          .keys = {},
                                          .group = "connection",
                                          .since = "2.6.9",
                                          .usage = "connection-name",
                                          .summary = "Sets the connection name.",
                                          .complexity = "O(1)",
                                          .server = ClientSetName}};
const CommandRegistration kClientGetName{{.name = "client|getname",
                                          .arity = 2,
                                          .flags = kFlags,
                                          .keys = {},
                                          .group = "connection",
                                          .since = "2.6.9",
                                          .usage = "",
                                          .summary = "Returns the name of the connection.",
                                          .complexity = "O(1)",
                                          .server = ClientGetName}};
const CommandRegistration kClientSetInfo{
    {.name = "client|setinfo",
     .arity = 4,
     .flags = kFlags,
     .keys = {},
     .group = "connection",
     .since = "7.2.0",
     .usage = "<LIB-NAME libname | LIB-VER libver>",
     .summary = "Sets information specific to the client or connection.",
     .complexity = "O(1)",
     .server = ClientSetInfo}};
const CommandRegistration kClientInfo{{.name = "client|info",
                                       .arity = 2,
                                       .flags = kFlags,
                                       .keys = {},
                                       .group = "connection",
                                       .since = "6.2.0",
                                       .usage = "",
                                       .summary = "Returns information about the connection.",
                                       .complexity = "O(1)",
                                       .server = ClientInfo}};
const CommandRegistration kClientNoEvict{
    {.name = "client|no-evict",
     .arity = 3,
     .flags = kFlags | kCmdAdmin | kCmdDangerous,
     .keys = {},
     .group = "connection",
     .since = "7.0.0",
     .usage = "<ON | OFF>",
     .summary = "Sets the client eviction mode of the connection.",
     .complexity = "O(1)",
     .server = ClientNoEvict}};
const CommandRegistration kClientNoTouch{
    {.name = "client|no-touch",
     .arity = 3,
     .flags = kFlags,
     .keys = {},
     .group = "connection",
     .since = "7.2.0",
     .usage = "<ON | OFF>",
     .summary = "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.",
     .complexity = "O(1)",
     .server = ClientNoTouch}};
const CommandRegistration kClientReply{
    {.name = "client|reply",
     .arity = 3,
     .flags = kFlags,
     .keys = {},
     .group = "connection",
     .since = "3.2.0",
     .usage = "<ON | OFF | SKIP>",
     .summary = "Instructs the server whether to reply to commands.",
     .complexity = "O(1)",
     .server = ClientReply}};
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
