// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "base/text.h"
#include "command/command.h"
#include "commands/server/client_line.h"
#include "commands/server/login.h"

namespace pleiad {
namespace {

// All that is set must fit.
struct Filter {
  std::optional<uint64_t> id;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<ClientKind> kind;
  int64_t age_min_s = 0;
  bool skip_me = true;
};

// One option and its value, args[i] and args[i + 1]. False: the error has been written.
bool ReadOption(const Args& args, size_t i, Filter* filter, resp::Writer& out) {
  const std::string_view value = args[i + 1];
  if (args.Is(i, "id")) {
    filter->id = ClientIdArg(args, i + 1, "ERR client-id should be greater than 0", out);
    return filter->id.has_value();
  }
  if (args.Is(i, "addr")) {
    filter->address = value;
  } else if (args.Is(i, "laddr")) {
    filter->local_address = value;
  } else if (args.Is(i, "type")) {
    filter->kind = ParseClientKind(value);
    if (!filter->kind.has_value()) {
      out.Error(fmt::format("ERR Unknown client type '{}'", value.substr(0, 128)));
      return false;
    }
  } else if (args.Is(i, "user")) {
    if (value != kDefaultUser) {
      out.Error(fmt::format("ERR No such user '{}'", value.substr(0, 128)));
      return false;
    }
  } else if (args.Is(i, "skipme")) {
    filter->skip_me = args.Is(i + 1, "yes");
    if (!filter->skip_me && !args.Is(i + 1, "no")) {
      out.Error(kSyntaxError);
      return false;
    }
  } else if (args.Is(i, "maxage")) {
    const auto age = IntArg(args, i + 1, out, "ERR maxage is not an integer or out of range");
    if (!age.has_value()) return false;
    if (*age <= 0) {
      out.Error("ERR maxage should be greater than 0");
      return false;
    }
    filter->age_min_s = *age;
  } else {
    out.Error(kSyntaxError);
    return false;
  }
  return true;
}

bool Matches(const Filter& filter, const ClientState& client, MonoMs now) {
  if (filter.id.has_value() && client.id != *filter.id) return false;
  if (filter.address.has_value() && client.address != *filter.address) return false;
  if (filter.local_address.has_value() && client.local_address != *filter.local_address)
    return false;
  if (filter.kind.has_value() && ClientKindOf(client) != *filter.kind) return false;
  return (now - client.created) / 1000 >= filter.age_min_s;
}

// How many were closed. The caller itself is closed after its reply.
size_t Kill(ServerContext& ctx, const Filter& filter) {
  size_t killed = 0;
  ctx.Exclusive([&] {
    ForEachClient(ctx, [&](ClientState& client) {
      const bool me = &client == &ctx.client;
      if (me && filter.skip_me) return;
      if (client.close_after_reply || !Matches(filter, client, ctx.mono_now)) return;
      ++killed;
      if (me) {
        client.close_after_reply = true;
      } else {
        client.connection->Kill();
      }
    });
  });
  return killed;
}

// CLIENT KILL ip:port, and CLIENT KILL with options ID, ADDR, LADDR, TYPE, USER, SKIPME, MAXAGE:
// closes the connections that fit all of them, and says how many. The links of replication are not
// among them.
//
// > CLIENT KILL 127.0.0.1:1
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
  Filter filter;
  if (args.size() == 3) {
    filter.address = args[2];
    filter.skip_me = false;
    if (Kill(ctx, filter) == 0) {
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
  for (size_t i = 2; i < args.size(); i += 2) {
    if (!ReadOption(args, i, &filter, out)) return;
  }
  out.Integer(static_cast<int64_t>(Kill(ctx, filter)));
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
