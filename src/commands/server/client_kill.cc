// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "base/text.h"
#include "command/command.h"
#include "commands/server/client_list.h"
#include "commands/server/login.h"
#include "runtime/connection.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

// An address to look for. The filter takes empty for "any"; no client has the empty address.
std::string Address(std::string_view text) { return text.empty() ? "-" : std::string(text); }

// One option and its value, args[i] and args[i + 1]. False: the error has been written.
bool ReadOption(const Args& args, size_t i, ClientFilter* filter, bool* skip_me,
                resp::Writer& out) {
  const std::string_view value = args[i + 1];
  if (args.Is(i, "id")) {
    const auto id = ParseInt64(value);
    if (id.has_value() && *id > 0) {
      filter->ids = {static_cast<uint64_t>(*id)};
      return true;
    }
    out.Error("ERR client-id should be greater than 0");
  } else if (args.Is(i, "addr")) {
    filter->address = Address(value);
    return true;
  } else if (args.Is(i, "laddr")) {
    filter->local_address = Address(value);
    return true;
  } else if (args.Is(i, "type")) {
    filter->kind = ParseClientKind(value);
    if (filter->kind.has_value()) return true;
    out.Error(fmt::format("ERR Unknown client type '{}'", value.substr(0, 128)));
  } else if (args.Is(i, "user")) {
    if (value == kDefaultUser) return true;
    out.Error(fmt::format("ERR No such user '{}'", value.substr(0, 128)));
  } else if (args.Is(i, "maxage")) {
    const auto age = IntArg(args, i + 1, out, "ERR maxage is not an integer or out of range");
    if (!age.has_value()) return false;
    filter->age_min_s = *age;
    if (*age > 0) return true;
    out.Error("ERR maxage should be greater than 0");
  } else if (args.Is(i, "skipme") && (args.Is(i + 1, "yes") || args.Is(i + 1, "no"))) {
    *skip_me = args.Is(i + 1, "yes");
    return true;
  } else {
    out.Error(kSyntaxError);
  }
  return false;
}

// Links to replicas have an address and no more of what can be asked for.
bool MayFitReplicaLinks(const ClientFilter& filter) {
  if (!filter.ids.empty() || !filter.local_address.empty() || filter.age_min_s != 0) return false;
  return filter.kind.has_value() ? *filter.kind == ClientKind::kReplica : !filter.address.empty();
}

// How many were closed. The caller itself is closed after its reply.
size_t Kill(ServerContext& ctx, const ClientFilter& filter, bool skip_me) {
  size_t killed = 0;
  ForEachClient(ctx, [&](ClientState& client) {
    const bool me = &client == &ctx.client;
    if (me && skip_me) return;
    if (client.close_after_reply || !filter.Matches(client, ctx.mono_now)) return;
    ++killed;
    if (me) {
      client.close_after_reply = true;
    } else {
      client.connection->Kill();
    }
  });
  if (ctx.server != nullptr && MayFitReplicaLinks(filter))
    killed += ctx.server->replication().EndReplicaLinks(filter.address);
  return killed;
}

// CLIENT KILL ip:port, and CLIENT KILL with options ID, ADDR, LADDR, TYPE, USER, SKIPME, MAXAGE:
// closes the connections that fit all of them, and says how many. Links to replicas are found by
// TYPE replica and by address; the link to a master is not among them.
//
// > CLIENT KILL 127.0.0.1:1
// (error) ERR No such client
// > CLIENT KILL ""
// (error) ERR No such client
// > CLIENT KILL ID 7
// (integer) 0
// > CLIENT KILL ID 0
// (error) ERR client-id should be greater than 0
// > CLIENT KILL TYPE friendly
// (error) ERR Unknown client type 'friendly'
// > CLIENT KILL USER somebody
// (error) ERR No such user 'somebody'
// > CLIENT KILL ID 1 SKIPME perhaps
// (error) ERR syntax error
// > CLIENT KILL ID 1 MAXAGE 1000 SKIPME no
// (integer) 0
// > CLIENT KILL ID 1
// (integer) 0
// > CLIENT KILL ID 1 SKIPME no
// (integer) 1
void ClientKill(ServerContext& ctx, const Args& args, resp::Writer& out) {
  ClientFilter filter;
  if (args.size() == 3) {
    filter.address = Address(args[2]);
    if (Kill(ctx, filter, false) == 0) {
      out.Error("ERR No such client");
    } else {
      out.Ok();
    }
    return;
  }
  if (args.size() % 2 != 0) {
    out.Error(kSyntaxError);
    return;
  }
  bool skip_me = true;
  for (size_t i = 2; i < args.size(); i += 2) {
    if (!ReadOption(args, i, &filter, &skip_me, out)) return;
  }
  out.Integer(static_cast<int64_t>(Kill(ctx, filter, skip_me)));
}

const CommandRegistration kClientKill{
    {.name = "client|kill",
     .arity = -3,
     .flags = kCmdAdmin | kCmdNoScript | kCmdLoading | kCmdStale | kCmdDangerous,
     .keys = {},
     .group = "connection",
     .since = "2.4.0",
     .usage = "<ip:port | option value [option value ...]>",
     .summary = "Terminates open connections.",
     .complexity = "O(N) where N is the number of client connections",
     .server = ClientKill}};

}  // namespace
}  // namespace pleiad
