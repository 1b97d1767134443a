// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What CLIENT INFO, LIST and KILL share: going over the clients, their kinds, and the line that
// describes one, in the fields and the order of Redis 7.2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "command/command.h"
#include "runtime/connection.h"
#include "runtime/server.h"

namespace pleiad {

// A client's kind as TYPE of CLIENT LIST and KILL names it.
enum class ClientKind : uint8_t { kNormal, kMaster, kReplica, kPubsub };
std::optional<ClientKind> ParseClientKind(std::string_view word);  // any case; "slave" too
ClientKind ClientKindOf(const ClientState& client);

// "id=7 addr=127.0.0.1:40000 ... lib-ver=" without a line end. What a client without a connection
// has no value for is -1 or 0. REQUIRES: the client's own thread, or an exclusive section.
std::string ClientLine(const ClientState& client, MonoMs now);

// f(ClientState&) for each client, the calling one included, in no order. REQUIRES: an exclusive
// section and ctx.server. Cost: about a microsecond per client with a cheap f.
template <typename F>
void ForEachClient(ServerContext& ctx, F f) {
  ctx.server->ForEachConnection([&](runtime::Connection& c) { f(c.state); });
  if (ctx.client.connection == nullptr) f(ctx.client);  // not a socket of a reactor
}

// A client id, from 1 on; otherwise the error has been written.
std::optional<uint64_t> ClientIdArg(const Args& args, size_t i, std::string_view error,
                                    resp::Writer& out);

}  // namespace pleiad
