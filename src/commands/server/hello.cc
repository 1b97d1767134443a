// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "base/version.h"
#include "commands/server/login.h"

namespace pleiad {
namespace {

void WriteFacts(const ServerContext& ctx, resp::Writer& out) {
  out.set_protocol(ctx.client.protocol);
  out.Map(7);
  out.Bulk("server");
  out.Bulk("redis");  // clients decide by it
  out.Bulk("version");
  out.Bulk(kRedisVersion);
  out.Bulk("proto");
  out.Integer(ctx.client.protocol);
  out.Bulk("id");
  out.Integer(static_cast<int64_t>(ctx.client.id));
  out.Bulk("mode");
  out.Bulk(ctx.engine.cluster.load(std::memory_order_relaxed) ? "cluster" : "standalone");
  out.Bulk("role");
  out.Bulk(ctx.engine.replica.load(std::memory_order_relaxed) ? "replica" : "master");
  out.Bulk("modules");
  out.Array(0);
}

struct HelloOptions {
  std::optional<std::string_view> user;
  std::string_view password;
  std::optional<std::string_view> name;
};

// False: the error has been written.
bool ReadHelloOptions(const Args& args, HelloOptions* options, resp::Writer& out) {
  for (size_t i = 2; i < args.size(); ++i) {
    const size_t more = args.size() - 1 - i;
    if (args.Is(i, "auth") && more >= 2) {
      options->user = args[i + 1];
      options->password = args[i + 2];
      i += 2;
    } else if (args.Is(i, "setname") && more >= 1) {
      options->name = args[++i];
      if (!CheckClientName(*options->name, out)) return false;
    } else {
      out.Error(fmt::format("ERR Syntax error in HELLO option '{}'", args[i]));
      return false;
    }
  }
  return true;
}

// HELLO [protover [AUTH username password] [SETNAME name]]: who the server is, and how to speak
// from now on. An error changes nothing.
//
// > HELLO
//  1) "server"
//  2) "redis"
//  3) "version"
//  4) "..."
//  5) "proto"
//  6) (integer) 2
//  7) "id"
//  8) (integer) 1
//  9) "mode"
// 10) "standalone"
// 11) "role"
// 12) "master"
// 13) "modules"
// 14) (empty array)
// > HELLO 3 SETNAME me
// 1# "server" => "redis"
// 2# "version" => "..."
// 3# "proto" => (integer) 3
// ...
// > CLIENT GETNAME
// "me"
// > HELLO 4
// (error) NOPROTO unsupported protocol version
// > HELLO x
// (error) ERR Protocol version is not an integer or out of range
// > HELLO 2 SETNAME
// (error) ERR Syntax error in HELLO option 'SETNAME'
// > HELLO 2 AUTH somebody secret
// (error) WRONGPASS invalid username-password pair or user is disabled.
// > HELLO 2 SETNAME "a b"
// (error) ERR Client names cannot contain spaces, newlines or special characters.
void Hello(ServerContext& ctx, const Args& args, resp::Writer& out) {
  int64_t version = ctx.client.protocol;
  if (args.size() > 1) {
    const auto wanted =
        IntArg(args, 1, out, "ERR Protocol version is not an integer or out of range");
    if (!wanted.has_value()) return;
    version = *wanted;
  }
  if (version < 2 || version > 3) {
    out.Error("NOPROTO unsupported protocol version");
    return;
  }
  HelloOptions options;
  if (!ReadHelloOptions(args, &options, out)) return;
  if (options.user.has_value() && !LogIn(ctx, *options.user, options.password, out)) return;
  if (!ctx.client.authenticated) {
    out.Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "<proto> AUTH <user> "
        "<pass> option can be used to authenticate the client and select the RESP protocol version "
        "at the same time");
    return;
  }
  if (options.name.has_value()) ctx.client.name = *options.name;
  ctx.client.protocol = static_cast<int>(version);
  WriteFacts(ctx, out);
}

const CommandRegistration kHello{
    {.name = "hello",
     .arity = -1,
     .flags = kCmdNoScript | kCmdLoading | kCmdStale | kCmdFast | kCmdNoAuth | kCmdAllowBusy,
     .keys = {},
     .group = "connection",
     .since = "6.0.0",
     .usage = "[protover [AUTH username password] [SETNAME clientname]]",
     .summary = "Handshakes with the server.",
     .complexity = "O(1)",
     .server = Hello}};

}  // namespace
}  // namespace pleiad
