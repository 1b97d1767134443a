// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/outside.h"
#include "runtime/cluster_driver.h"
#include "server/info/section.h"

namespace pleiad::info {

void ClientsSection(const Input& in, Lines* out) {
  size_t links = 0;
  if (runtime::ClusterDriver* cluster = in.server.cluster(); cluster != nullptr) {
    OutsideKeyspace(in.ctx, [&] { links = cluster->Links().size(); });
  }
  out->Add("connected_clients", in.server.connected_clients.load());
  out->Add("cluster_connections", links);
  out->Add("maxclients", in.settings->maxclients);
  out->Add("client_recent_max_input_buffer", in.clients.input_max);
  out->Add("client_recent_max_output_buffer", in.clients.output_max);
  out->Add("blocked_clients", in.ctx.engine.waiters.count());
  out->Add("tracking_clients", in.ctx.engine.tracking.clients());
  out->Add("pubsub_clients", in.ctx.engine.pubsub.clients());
  out->Add("clients_in_timeout_table", 0);
  out->Add("total_blocking_keys", 0);
  out->Add("total_blocking_keys_on_nokey", 0);
  const Pauses::View pause = in.ctx.engine.pauses.Look(in.ctx.mono_now);
  const bool paused = pause.level != PauseLevel::kNone;
  constexpr std::string_view kReasons[] = {"client_pause", "failover_in_progress",
                                           "shutdown_in_progress"};
  out->Add("paused_reason", paused ? kReasons[static_cast<size_t>(pause.purpose)] : "none");
  out->Add("paused_actions", pause.level == PauseLevel::kAll ? "all" : paused ? "write" : "none");
  out->Add("paused_timeout_milliseconds", paused ? pause.end_ms - in.ctx.mono_now.value : 0);
}

}  // namespace pleiad::info
