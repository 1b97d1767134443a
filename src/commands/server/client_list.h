// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What CLIENT LIST, INFO and KILL share: the kinds of clients, the choice of some, and the line
// about one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command/command.h"

namespace pleiad {

enum class ClientKind { kNormal, kMaster, kReplica, kPubsub };

// "normal", "master", "replica" or "slave", "pubsub"; any case.
std::optional<ClientKind> ParseClientKind(std::string_view text);
ClientKind KindOf(const ClientState& client);

// Conditions that must all hold; empty: every client.
struct ClientFilter {
  std::vector<uint64_t> ids;
  std::optional<ClientKind> kind;
  std::string address;
  std::string local_address;
  std::string user;
  int64_t age_min_s = 0;

  bool Matches(const ClientState& client, MonoMs now) const;
};

// "id=3 addr=127.0.0.1:40592 ... resp=2 lib-name= lib-ver=", no line end. REQUIRES: the client's
// reactor or an exclusive section.
std::string ClientLine(const ClientState& client, MonoMs now);

// Calls f for every client, the caller among them, in an exclusive section.
void ForEachClient(ServerContext& ctx, const std::function<void(ClientState&)>& f);

}  // namespace pleiad
