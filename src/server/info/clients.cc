// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/cluster_driver.h"
#include "server/info/section.h"

namespace pleiad::info {

void ClientsSection(const Input& in, Lines* out) {
  size_t links = 0;
  // Not in a transaction: who has the keyspace for himself must not wait for the driver.
  runtime::ClusterDriver* const cluster = in.server.cluster();
  if (cluster != nullptr && !in.ctx.client.exclusive) {
    in.ctx.engine.keyspace.Leave(in.ctx.thread);  // the driver's lock may be held for long
    links = cluster->Links().size();
    in.ctx.engine.keyspace.Enter(in.ctx.thread);
  }
  out->Add("connected_clients", in.server.connected_clients.load());
  out->Add("cluster_connections", links);
  out->Add("maxclients", in.settings->maxclients);
  out->Add("client_recent_max_input_buffer", in.clients.input_max);
  out->Add("client_recent_max_output_buffer", in.clients.output_max);
  out->Add("blocked_clients", in.ctx.engine.waiters.count());
  out->Add("tracking_clients", 0);
  out->Add("clients_in_timeout_table", 0);
  out->Add("total_blocking_keys", 0);
  out->Add("total_blocking_keys_on_nokey", 0);
}

}  // namespace pleiad::info
