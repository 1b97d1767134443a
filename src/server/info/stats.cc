// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/info/section.h"

namespace pleiad::info {
namespace {

std::string Kbps(int64_t bytes_per_second) {
  return fmt::format("{:.2f}", static_cast<double>(bytes_per_second) / 1024);
}

}  // namespace

void StatsSection(const Input& in, Lines* out) {
  const runtime::Server& server = in.server;
  const auto sum = [&](ThreadStats::Counter ThreadStats::* counter) { return server.Sum(counter); };
  out->Add("total_connections_received", server.total_connections.load());
  out->Add("total_commands_processed", sum(&ThreadStats::commands));
  out->Add("instantaneous_ops_per_sec", server.instantaneous_ops.load());
  out->Add("total_net_input_bytes", sum(&ThreadStats::bytes_in));
  out->Add("total_net_output_bytes", sum(&ThreadStats::bytes_out));
  const runtime::SyncCounts& syncs = in.server.replication().sync_counts();
  out->Add("total_net_repl_output_bytes", syncs.bytes_out.load());
  out->Add("instantaneous_input_kbps", Kbps(server.instantaneous_input_bytes.load()));
  out->Add("instantaneous_output_kbps", Kbps(server.instantaneous_output_bytes.load()));
  out->Add("rejected_connections", server.rejected_connections.load());
  out->Add("sync_full", syncs.full.load());
  out->Add("sync_partial_ok", syncs.partial_ok.load());
  out->Add("sync_partial_err", syncs.partial_err.load());
  out->Add("expired_keys", sum(&ThreadStats::expired));
  out->Add("evicted_keys", sum(&ThreadStats::evicted));
  out->Add("evicted_clients", server.evicted_clients.load());
  out->Add("keyspace_hits", sum(&ThreadStats::hits));
  out->Add("keyspace_misses", sum(&ThreadStats::misses));
  const PubSub& pubsub = in.ctx.engine.pubsub;
  out->Add("pubsub_channels", pubsub.count(ChannelKind::kChannel));
  out->Add("pubsub_patterns", pubsub.count(ChannelKind::kPattern));
  out->Add("pubsubshard_channels", pubsub.count(ChannelKind::kShard));
  for (const std::string_view name :
       {"latest_fork_usec", "total_forks", "migrate_cached_sockets", "slave_expires_tracked_keys",
        "active_defrag_hits", "active_defrag_misses", "active_defrag_key_hits",
        "active_defrag_key_misses", "total_active_defrag_time", "current_active_defrag_time",

        "unexpected_error_replies"}) {
    out->Add(name, 0);
  }
  const Tracking& tracking = in.ctx.engine.tracking;
  out->Add("tracking_total_keys", tracking.keys());
  out->Add("tracking_total_items", tracking.items());
  out->Add("tracking_total_prefixes", tracking.prefixes());
  out->Add("total_error_replies", sum(&ThreadStats::errors));
  out->Add("dump_payload_sanitizations", 0);
  out->Add("total_reads_processed", sum(&ThreadStats::reads_processed));
  out->Add("total_writes_processed", sum(&ThreadStats::writes_processed));
  out->Add("io_threaded_reads_processed", 0);
  out->Add("io_threaded_writes_processed", 0);
  out->Add("client_output_buffer_limit_disconnections", server.output_limit_disconnections.load());
}

}  // namespace pleiad::info
