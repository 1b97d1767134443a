// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/server/client_list.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "commands/server/login.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

const TrackingState* TrackingOf(const ClientState& client) {
  return client.subscriber == nullptr ? nullptr : client.subscriber->tracking.get();
}

std::string FlagsOf(const ClientState& client) {
  std::string flags;
  if (client.from_master) flags += 'M';
  if (client.replica) flags += 'S';
  if (client.monitor) flags += 'O';
  if (client.transaction) flags += 'x';
  if (client.waiter) flags += 'b';
  if (client.subscribed) flags += 'P';
  if (client.close_after_reply) flags += 'c';
  if (client.readonly) flags += 'r';
  if (client.address.starts_with('/')) flags += 'U';
  const TrackingState* const tracking = TrackingOf(client);
  if (tracking != nullptr) flags += 't';
  if (tracking != nullptr && tracking->broken) flags += 'R';
  if (tracking != nullptr && tracking->broadcast) flags += 'B';
  if (client.no_evict) flags += 'e';
  if (client.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

size_t Subscriptions(const ClientState& client, ChannelKind kind) {
  return client.subscriber == nullptr ? 0 : client.subscriber->names(kind).size();
}

}  // namespace

std::optional<ClientKind> ParseClientKind(std::string_view text) {
  if (EqualsIgnoreCase(text, "normal")) return ClientKind::kNormal;
  if (EqualsIgnoreCase(text, "master")) return ClientKind::kMaster;
  if (EqualsIgnoreCase(text, "replica") || EqualsIgnoreCase(text, "slave"))
    return ClientKind::kReplica;
  if (EqualsIgnoreCase(text, "pubsub")) return ClientKind::kPubsub;
  return std::nullopt;
}

ClientKind KindOf(const ClientState& client) {
  if (client.from_master) return ClientKind::kMaster;
  if (client.replica) return ClientKind::kReplica;
  return client.subscribed ? ClientKind::kPubsub : ClientKind::kNormal;
}

bool ClientFilter::Matches(const ClientState& client, MonoMs now) const {
  if (!ids.empty() && std::find(ids.begin(), ids.end(), client.id) == ids.end()) return false;
  if (kind.has_value() && *kind != KindOf(client)) return false;
  if (!address.empty() && address != client.address) return false;
  if (!local_address.empty() && local_address != client.local_address) return false;
  if (!user.empty() && (user != kDefaultUser || !client.authenticated)) return false;
  return (now - client.created) / 1000 >= age_min_s;
}

std::string ClientLine(const ClientState& client, MonoMs now) {
  const runtime::Connection* c = client.connection;
  const size_t input = c == nullptr ? 0 : c->input_size();
  const size_t output = c == nullptr ? 0 : c->output_size();
  const size_t memory = c == nullptr ? 0 : c->MemoryUsage();
  std::string line = fmt::format(
      "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} "
      "ssub={} multi=-1",
      client.id, client.address, client.local_address, c == nullptr ? -1 : c->fd(), client.name,
      (now - client.created) / 1000, (now - client.last_interaction) / 1000, FlagsOf(client),
      client.db, Subscriptions(client, ChannelKind::kChannel),
      Subscriptions(client, ChannelKind::kPattern), Subscriptions(client, ChannelKind::kShard));
  line += fmt::format(
      " qbuf={} qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll={} omem={} tot-mem={} "
      "events={}",
      input, output == 0 ? 0 : 1, output, memory, output == 0 ? "r" : "rw");
  line += fmt::format(
      " cmd={} user={} redir={} resp={} lib-name={} lib-ver={}",
      client.last_command == nullptr ? "NULL" : client.last_command->name, kDefaultUser,
      TrackingOf(client) == nullptr ? -1 : static_cast<int64_t>(TrackingOf(client)->redirect),
      client.protocol, client.lib_name, client.lib_version);
  return line;
}

void ForEachClient(ServerContext& ctx, const std::function<void(ClientState&)>& f) {
  ctx.Exclusive([&] {
    ctx.server->ForEachConnection([&](runtime::Connection& c) { f(c.state); });
    if (ctx.client.connection == nullptr) f(ctx.client);
  });
}

}  // namespace pleiad
