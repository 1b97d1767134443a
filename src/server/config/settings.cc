// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/config/settings.h"

#include <array>

#include "base/check.h"
#include "base/text.h"
#include "server/config/values.h"

namespace pleiad {
namespace {

struct EventLetter {
  char letter;
  uint32_t bit;
};

// In the order CONFIG GET shows them, without those of "A".
constexpr std::array<EventLetter, 14> kEventLetters = {{
    {'g', kEventGeneric},
    {'$', kEventString},
    {'l', kEventList},
    {'s', kEventSet},
    {'h', kEventHash},
    {'z', kEventZset},
    {'x', kEventExpired},
    {'e', kEventEvicted},
    {'t', kEventStream},
    {'d', kEventModule},
    {'n', kEventNew},
    {'K', kEventKeyspace},
    {'E', kEventKeyevent},
    {'m', kEventMiss},
}};

// Reads canonical texts as types. They were checked when they were assigned, so a failure here is
// our own bug.
class Reader {
 public:
  explicit Reader(const ConfigValues& values) : values_(values) {}

  const std::string& Text(std::string_view name) const { return values_.Text(name); }
  bool Bool(std::string_view name) const { return Text(name) == "yes"; }
  int64_t Long(std::string_view name) const {
    const auto value = ParseInt64(Text(name));
    CHECK_MSG(value.has_value(), name);
    return *value;
  }
  int Int(std::string_view name) const { return static_cast<int>(Long(name)); }
  uint64_t Bytes(std::string_view name) const { return static_cast<uint64_t>(Long(name)); }
  std::vector<std::string> List(std::string_view name) const {
    std::vector<std::string> out;
    for (std::string_view word : Split(Text(name), ' ')) {
      if (!word.empty()) out.emplace_back(word);
    }
    return out;
  }
  // The position of the value among the directive's choices, which is the order of the C++ enum.
  template <typename T>
  T Enum(std::string_view name) const {
    const Directive& directive = *AllDirectives()[*FindDirective(name)];
    const auto choices = Split(directive.choices, ',');
    for (size_t i = 0; i < choices.size(); ++i) {
      if (Trim(choices[i]) == Text(name)) return static_cast<T>(i);
    }
    CHECK_MSG(false, name);
    return T{};
  }

 private:
  const ConfigValues& values_;
};

int64_t Number(std::string_view text) {
  const auto value = ParseInt64(text);
  CHECK_MSG(value.has_value(), text);
  return *value;
}

void ReadNetwork(const Reader& in, Settings* s) {
  s->port = in.Int("port");
  s->bind = in.List("bind");
  s->bind_source_addr = in.Text("bind-source-addr");
  s->protected_mode = in.Bool("protected-mode");
  s->unixsocket = in.Text("unixsocket");
  s->unixsocketgroup = in.Text("unixsocketgroup");
  for (char c : in.Text("unixsocketperm")) s->unixsocketperm = s->unixsocketperm * 8 + (c - '0');
  s->tcp_backlog = in.Int("tcp-backlog");
  s->tcp_keepalive_seconds = in.Int("tcp-keepalive");
  s->timeout_seconds = in.Int("timeout");
  s->maxclients = in.Long("maxclients");
  s->max_new_connections_per_cycle = in.Int("max-new-connections-per-cycle");
  s->threads = in.Text("threads") == "auto" ? 0 : in.Int("threads");
  s->prefetch_batch_max_size = in.Int("prefetch-batch-max-size");
  s->proto_max_bulk_len = in.Bytes("proto-max-bulk-len");
  s->client_query_buffer_limit = in.Bytes("client-query-buffer-limit");
  const auto limits = in.List("client-output-buffer-limit");
  for (size_t i = 0; i < s->output_buffer_limit.size(); ++i) {
    OutputBufferLimit& limit = s->output_buffer_limit[i];
    limit.hard_bytes = *ParseMemory(limits[4 * i + 1]);
    limit.soft_bytes = *ParseMemory(limits[4 * i + 2]);
    limit.soft_seconds = Number(limits[4 * i + 3]);
  }
  s->tls_port = in.Int("tls-port");
  s->tls_cluster = in.Bool("tls-cluster");
  s->tls_replication = in.Bool("tls-replication");
}

void ReadMemory(const Reader& in, Settings* s) {
  s->maxmemory = in.Bytes("maxmemory");
  s->maxmemory_policy = in.Enum<MaxmemoryPolicy>("maxmemory-policy");
  s->maxmemory_samples = in.Int("maxmemory-samples");
  s->maxmemory_eviction_tenacity = in.Int("maxmemory-eviction-tenacity");
  const std::string& clients = in.Text("maxmemory-clients");
  if (clients.back() == '%') {
    s->maxmemory_clients_percent = static_cast<int>(Number(clients.substr(0, clients.size() - 1)));
  } else {
    s->maxmemory_clients = in.Bytes("maxmemory-clients");
  }
  s->lfu_log_factor = in.Int("lfu-log-factor");
  s->lfu_decay_time_minutes = in.Int("lfu-decay-time");
  s->active_expire_effort = in.Int("active-expire-effort");
  s->lazyfree_lazy_eviction = in.Bool("lazyfree-lazy-eviction");
  s->lazyfree_lazy_expire = in.Bool("lazyfree-lazy-expire");
  s->lazyfree_lazy_server_del = in.Bool("lazyfree-lazy-server-del");
  s->lazyfree_lazy_user_del = in.Bool("lazyfree-lazy-user-del");
  s->lazyfree_lazy_user_flush = in.Bool("lazyfree-lazy-user-flush");
  s->activerehashing = in.Bool("activerehashing");
  s->hash_max_listpack_entries = in.Long("hash-max-listpack-entries");
  s->hash_max_listpack_value = in.Long("hash-max-listpack-value");
  s->list_max_listpack_size = in.Long("list-max-listpack-size");
  s->list_compress_depth = in.Int("list-compress-depth");
  s->set_max_intset_entries = in.Long("set-max-intset-entries");
  s->set_max_listpack_entries = in.Long("set-max-listpack-entries");
  s->set_max_listpack_value = in.Long("set-max-listpack-value");
  s->zset_max_listpack_entries = in.Long("zset-max-listpack-entries");
  s->zset_max_listpack_value = in.Long("zset-max-listpack-value");
  s->hll_sparse_max_bytes = in.Long("hll-sparse-max-bytes");
  s->stream_node_max_bytes = in.Long("stream-node-max-bytes");
  s->stream_node_max_entries = in.Long("stream-node-max-entries");
}

void ReadPersistence(const Reader& in, Settings* s) {
  s->dir = in.Text("dir");
  s->dbfilename = in.Text("dbfilename");
  const auto save = in.List("save");
  for (size_t i = 0; i + 1 < save.size(); i += 2) {
    s->save.push_back({Number(save[i]), Number(save[i + 1])});
  }
  s->rdbcompression = in.Bool("rdbcompression");
  s->rdbchecksum = in.Bool("rdbchecksum");
  s->rdb_del_sync_files = in.Bool("rdb-del-sync-files");
  s->stop_writes_on_bgsave_error = in.Bool("stop-writes-on-bgsave-error");
  s->appendonly = in.Bool("appendonly");
  s->appendfilename = in.Text("appendfilename");
  s->appenddirname = in.Text("appenddirname");
  s->appendfsync = in.Enum<AppendFsync>("appendfsync");
  s->no_appendfsync_on_rewrite = in.Bool("no-appendfsync-on-rewrite");
  s->auto_aof_rewrite_percentage = in.Int("auto-aof-rewrite-percentage");
  s->auto_aof_rewrite_min_size = in.Bytes("auto-aof-rewrite-min-size");
  s->aof_load_truncated = in.Bool("aof-load-truncated");
  s->aof_use_rdb_preamble = in.Bool("aof-use-rdb-preamble");
  s->aof_timestamp_enabled = in.Bool("aof-timestamp-enabled");
}

void ReadReplication(const Reader& in, Settings* s) {
  const auto replicaof = in.List("replicaof");
  if (replicaof.size() == 2) {
    s->replicaof_host = replicaof[0];
    s->replicaof_port = static_cast<int>(Number(replicaof[1]));
  }
  s->masterauth = in.Text("masterauth");
  s->masteruser = in.Text("masteruser");
  s->replica_read_only = in.Bool("replica-read-only");
  s->replica_serve_stale_data = in.Bool("replica-serve-stale-data");
  s->replica_lazy_flush = in.Bool("replica-lazy-flush");
  s->replica_ignore_maxmemory = in.Bool("replica-ignore-maxmemory");
  s->replica_priority = in.Int("replica-priority");
  s->replica_announce_ip = in.Text("replica-announce-ip");
  s->replica_announce_port = in.Int("replica-announce-port");
  s->replica_announced = in.Bool("replica-announced");
  s->min_replicas_to_write = in.Int("min-replicas-to-write");
  s->min_replicas_max_lag_seconds = in.Int("min-replicas-max-lag");
  s->repl_backlog_size = in.Bytes("repl-backlog-size");
  s->repl_backlog_ttl_seconds = in.Long("repl-backlog-ttl");
  s->repl_timeout_seconds = in.Int("repl-timeout");
  s->repl_ping_replica_period_seconds = in.Int("repl-ping-replica-period");
  s->repl_disable_tcp_nodelay = in.Bool("repl-disable-tcp-nodelay");
  s->repl_diskless_sync = in.Bool("repl-diskless-sync");
  s->repl_diskless_sync_delay_seconds = in.Int("repl-diskless-sync-delay");
  s->repl_diskless_sync_max_replicas = in.Int("repl-diskless-sync-max-replicas");
  s->repl_diskless_load = in.Enum<DisklessLoad>("repl-diskless-load");
}

void ReadCluster(const Reader& in, Settings* s) {
  s->cluster_enabled = in.Bool("cluster-enabled");
  s->cluster_config_file = in.Text("cluster-config-file");
  s->cluster_node_timeout_ms = in.Long("cluster-node-timeout");
  s->cluster_port = in.Int("cluster-port");
  s->cluster_announce_ip = in.Text("cluster-announce-ip");
  s->cluster_announce_port = in.Int("cluster-announce-port");
  s->cluster_announce_tls_port = in.Int("cluster-announce-tls-port");
  s->cluster_announce_bus_port = in.Int("cluster-announce-bus-port");
  s->cluster_announce_client_port = in.Int("cluster-announce-client-port");
  s->cluster_announce_client_tls_port = in.Int("cluster-announce-client-tls-port");
  s->cluster_announce_client_ipv4 = in.Text("cluster-announce-client-ipv4");
  s->cluster_announce_client_ipv6 = in.Text("cluster-announce-client-ipv6");
  s->cluster_announce_hostname = in.Text("cluster-announce-hostname");
  s->cluster_announce_human_nodename = in.Text("cluster-announce-human-nodename");
  s->availability_zone = in.Text("availability-zone");
  s->cluster_preferred_endpoint_type = in.Enum<EndpointType>("cluster-preferred-endpoint-type");
  s->cluster_migration_barrier = in.Int("cluster-migration-barrier");
  s->cluster_allow_replica_migration = in.Bool("cluster-allow-replica-migration");
  s->cluster_require_full_coverage = in.Bool("cluster-require-full-coverage");
  s->cluster_allow_reads_when_down = in.Bool("cluster-allow-reads-when-down");
  s->cluster_allow_pubsubshard_when_down = in.Bool("cluster-allow-pubsubshard-when-down");
  s->cluster_replica_no_failover = in.Bool("cluster-replica-no-failover");
  s->cluster_replica_validity_factor = in.Int("cluster-replica-validity-factor");
  s->cluster_link_sendbuf_limit = in.Bytes("cluster-link-sendbuf-limit");
  s->cluster_blacklist_ttl_seconds = in.Long("cluster-blacklist-ttl");
  const auto names_failover = [&](std::string_view directive) {
    return in.Text(directive).find("failover") != std::string_view::npos;
  };
  s->failover_on_sigterm = names_failover("shutdown-on-sigterm");
  s->failover_on_sigint = names_failover("shutdown-on-sigint");
  s->cluster_fast_failover = in.Bool("cluster-fast-failover");
  s->cluster_manual_failover_timeout_ms = in.Int("cluster-manual-failover-timeout");
  s->cluster_message_gossip_perc = in.Int("cluster-message-gossip-perc");
  s->cluster_slot_stats_enabled = in.Bool("cluster-slot-stats-enabled");
  s->cluster_ping_interval_ms = in.Long("cluster-ping-interval");
  s->cluster_slot_migration_log_max_len = in.Long("cluster-slot-migration-log-max-len");
  s->slot_migration_max_failover_repl_bytes = in.Long("slot-migration-max-failover-repl-bytes");
  s->cluster_databases = in.Int("cluster-databases");
}

void ReadMisc(const Reader& in, Settings* s) {
  s->databases = in.Int("databases");
  s->slowlog_log_slower_than_us = in.Long("slowlog-log-slower-than");
  s->slowlog_max_len = in.Long("slowlog-max-len");
  s->commandlog_request_larger_than = in.Long("commandlog-request-larger-than");
  s->commandlog_large_request_max_len = in.Long("commandlog-large-request-max-len");
  s->commandlog_reply_larger_than = in.Long("commandlog-reply-larger-than");
  s->commandlog_large_reply_max_len = in.Long("commandlog-large-reply-max-len");
  s->latency_monitor_threshold_ms = in.Long("latency-monitor-threshold");
  s->latency_tracking = in.Bool("latency-tracking");
  for (const std::string& word : in.List("latency-tracking-info-percentiles")) {
    s->latency_tracking_info_percentiles.push_back(*ParseDouble(word));
  }
  s->tracking_table_max_keys = in.Long("tracking-table-max-keys");
  s->busy_reply_threshold_ms = in.Long("busy-reply-threshold");
  s->keyspace_events = *KeyspaceEventsFromText(in.Text("notify-keyspace-events"));
  s->daemonize = in.Bool("daemonize");
  s->pidfile = in.Text("pidfile");
  s->logfile = in.Text("logfile");
  s->loglevel = in.Enum<LogLevel>("loglevel");
  s->syslog_enabled = in.Bool("syslog-enabled");
  s->syslog_ident = in.Text("syslog-ident");
  s->hz = in.Int("hz");
  s->shutdown_timeout_seconds = in.Int("shutdown-timeout");
  s->requirepass = in.Text("requirepass");
  s->aclfile = in.Text("aclfile");
  s->enable_protected_configs = in.Enum<AllowFor>("enable-protected-configs");
  s->enable_debug_command = in.Enum<AllowFor>("enable-debug-command");
  s->enable_module_command = in.Enum<AllowFor>("enable-module-command");
}

void ReadRepeated(const std::vector<RepeatedLine>& lines, Settings* s) {
  for (const RepeatedLine& line : lines) {
    const std::string& name = line.words[0];
    Words rest(line.words.begin() + 1, line.words.end());
    if (name == "rename-command") s->rename_commands.emplace_back(rest[0], rest[1]);
    if (name == "user") s->users.push_back(std::move(rest));
    if (name == "loadmodule") s->load_modules.push_back(std::move(rest));
  }
}

}  // namespace

std::optional<uint32_t> KeyspaceEventsFromText(std::string_view text) {
  uint32_t flags = 0;
  for (char c : text) {
    uint32_t bit = c == 'A' ? static_cast<uint32_t>(kEventAll) : 0;
    for (const EventLetter& entry : kEventLetters) {
      if (entry.letter == c) bit = entry.bit;
    }
    if (bit == 0) return std::nullopt;
    flags |= bit;
  }
  return flags;
}

std::string KeyspaceEventsToText(uint32_t flags) {
  std::string out;
  if ((flags & kEventAll) == kEventAll) {
    out += 'A';
    flags &= ~static_cast<uint32_t>(kEventAll);
  }
  for (const EventLetter& entry : kEventLetters) {
    if ((flags & entry.bit) != 0) out += entry.letter;
  }
  return out;
}

std::shared_ptr<const Settings> BuildSettings(const ConfigValues& values) {
  auto settings = std::make_shared<Settings>();
  const Reader in(values);
  ReadNetwork(in, settings.get());
  ReadMemory(in, settings.get());
  ReadPersistence(in, settings.get());
  ReadReplication(in, settings.get());
  ReadCluster(in, settings.get());
  ReadMisc(in, settings.get());
  ReadRepeated(values.repeated, settings.get());
  return settings;
}

}  // namespace pleiad
