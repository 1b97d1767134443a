// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/server/client_line.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "commands/server/login.h"

namespace pleiad {
namespace {

std::string Flags(const ClientState& client) {
  std::string flags;
  if (client.replica) flags += 'S';
  if (client.from_master) flags += 'M';
  if (client.close_after_reply) flags += 'c';
  if (client.address.starts_with('/')) flags += 'U';
  if (client.readonly) flags += 'r';
  if (client.no_evict) flags += 'e';
  if (client.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

int64_t SecondsSince(MonoMs then, MonoMs now) {
  // Another reactor's clock of the round may be ahead of ours.
  return std::max<int64_t>(0, now - then) / 1000;
}

}  // namespace

std::optional<ClientKind> ParseClientKind(std::string_view word) {
  if (EqualsIgnoreCase(word, "normal")) return ClientKind::kNormal;
  if (EqualsIgnoreCase(word, "master")) return ClientKind::kMaster;
  if (EqualsIgnoreCase(word, "replica")) return ClientKind::kReplica;
  if (EqualsIgnoreCase(word, "slave")) return ClientKind::kReplica;
  if (EqualsIgnoreCase(word, "pubsub")) return ClientKind::kPubsub;
  return std::nullopt;
}

ClientKind ClientKindOf(const ClientState& client) {
  if (client.from_master) return ClientKind::kMaster;
  if (client.replica) return ClientKind::kReplica;
  return ClientKind::kNormal;  // there is no publish/subscribe yet
}

// Replies wait in one piece here, so obl says all and oll is 0; a client has no buffers of its own
// while nothing of it is half read or half sent.
std::string ClientLine(const ClientState& client, MonoMs now) {
  const runtime::Connection* c = client.connection;
  const size_t unread = c == nullptr ? 0 : c->input_size();
  const size_t unsent = c == nullptr ? 0 : c->output_size();
  std::string line = fmt::format(
      "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub=0 psub=0 ssub=0 "
      "multi=-1 watch=0 ",
      client.id, client.address, client.local_address, c == nullptr ? -1 : c->fd(), client.name,
      SecondsSince(client.created, now), SecondsSince(client.last_interaction, now), Flags(client),
      client.db);
  line += fmt::format(
      "qbuf={} qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl={} oll=0 omem={} tot-mem={} "
      "events={} cmd={} user={} redir=-1 resp={} lib-name={} lib-ver={}",
      unread, unsent, unsent, c == nullptr ? sizeof(client) : c->MemoryUsage(),
      unsent > 0 ? "rw" : "r", client.last_command == nullptr ? "NULL" : client.last_command->name,
      kDefaultUser, client.protocol, client.lib_name, client.lib_version);
  return line;
}

std::optional<uint64_t> ClientIdArg(const Args& args, size_t i, std::string_view error,
                                    resp::Writer& out) {
  const auto id = ParseInt64(args[i]);
  if (id.has_value() && *id > 0) return static_cast<uint64_t>(*id);
  out.Error(error);
  return std::nullopt;
}

}  // namespace pleiad
