// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Settings: the typed values that the engine reads, as one immutable snapshot. A reactor keeps a
// `std::shared_ptr<const Settings>` and asks ConfigStore for a new one when ConfigStore::version()
// moved; so one command never sees half a CONFIG SET. Times carry their unit in the name; sizes are
// bytes; 0 means "none" or "no limit" as in the directive of the same name.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"

namespace pleiad {

inline constexpr int64_t kThreadsMax = 1024;

enum class MaxmemoryPolicy : uint8_t {
  kVolatileLru,
  kVolatileLfu,
  kVolatileRandom,
  kVolatileTtl,
  kAllkeysLru,
  kAllkeysLfu,
  kAllkeysRandom,
  kNoEviction,
};
enum class AppendFsync : uint8_t { kEverysec, kAlways, kNo };
enum class EndpointType : uint8_t { kIp, kHostname, kUnknown };
enum class DisklessLoad : uint8_t { kDisabled, kOnEmptyDb, kSwapdb, kFlushBeforeLoad };
enum class AllowFor : uint8_t { kNo, kYes, kLocal };  // enable-debug-command and its like
enum class ClientClass : uint8_t { kNormal, kReplica, kPubsub };

struct OutputBufferLimit {
  uint64_t hard_bytes = 0;
  uint64_t soft_bytes = 0;
  int64_t soft_seconds = 0;
};

struct SaveRule {
  int64_t seconds = 0;
  int64_t changes = 0;
};

// Bits of Settings::keyspace_events, one per letter of notify-keyspace-events; the same bits as
// NotifyClass of command/engine.h, which this module may not see.
enum KeyspaceEvent : uint32_t {
  kEventKeyspace = 1 << 0,  // K
  kEventKeyevent = 1 << 1,  // E
  kEventGeneric = 1 << 2,   // g
  kEventString = 1 << 3,    // $
  kEventList = 1 << 4,      // l
  kEventSet = 1 << 5,       // s
  kEventHash = 1 << 6,      // h
  kEventZset = 1 << 7,      // z
  kEventExpired = 1 << 8,   // x
  kEventEvicted = 1 << 9,   // e
  kEventStream = 1 << 10,   // t
  kEventMiss = 1 << 11,     // m
  kEventModule = 1 << 12,   // d
  kEventNew = 1 << 13,      // n
  kEventAll = kEventGeneric | kEventString | kEventList | kEventSet | kEventHash | kEventZset |
              kEventExpired | kEventEvicted | kEventStream | kEventModule,  // A
};
// "KEA" -> bits; nullopt on an unknown letter.
std::optional<uint32_t> KeyspaceEventsFromText(std::string_view text);
std::string KeyspaceEventsToText(uint32_t flags);

struct Settings {
  // Network.
  int port = 0;
  std::vector<std::string>
      bind;  // "*", "-::*", "127.0.0.1"; a leading '-' means: no matter if it can't be had
  std::string bind_source_addr;
  bool protected_mode = true;
  std::string unixsocket;
  std::string unixsocketgroup;
  int unixsocketperm = 0;
  int tcp_backlog = 0;
  int tcp_keepalive_seconds = 0;
  int timeout_seconds = 0;
  int64_t maxclients = 0;
  int max_new_connections_per_cycle = 0;
  int threads = 0;  // 0: auto, one per core
  int prefetch_batch_max_size = 0;
  uint64_t proto_max_bulk_len = 0;
  uint64_t client_query_buffer_limit = 0;
  std::array<OutputBufferLimit, 3> output_buffer_limit;  // by ClientClass
  int tls_port = 0;
  bool tls_cluster = false;
  bool tls_replication = false;

  // Memory.
  uint64_t maxmemory = 0;
  MaxmemoryPolicy maxmemory_policy = MaxmemoryPolicy::kNoEviction;
  int maxmemory_samples = 0;
  int maxmemory_eviction_tenacity = 0;
  uint64_t maxmemory_clients = 0;     // bytes ...
  int maxmemory_clients_percent = 0;  // ... or, if not 0, percent of maxmemory
  int lfu_log_factor = 0;
  int lfu_decay_time_minutes = 0;
  int active_expire_effort = 0;
  bool lazyfree_lazy_eviction = false;
  bool lazyfree_lazy_expire = false;
  bool lazyfree_lazy_server_del = false;
  bool lazyfree_lazy_user_del = false;
  bool lazyfree_lazy_user_flush = false;
  bool activerehashing = true;
  int64_t hash_max_listpack_entries = 0;
  int64_t hash_max_listpack_value = 0;
  int64_t list_max_listpack_size = 0;
  int list_compress_depth = 0;
  int64_t set_max_intset_entries = 0;
  int64_t set_max_listpack_entries = 0;
  int64_t set_max_listpack_value = 0;
  int64_t zset_max_listpack_entries = 0;
  int64_t zset_max_listpack_value = 0;
  int64_t hll_sparse_max_bytes = 0;
  int64_t stream_node_max_bytes = 0;
  int64_t stream_node_max_entries = 0;

  // Persistence.
  std::string dir;
  std::string dbfilename;
  std::vector<SaveRule> save;
  bool rdbcompression = true;
  bool rdbchecksum = true;
  bool rdb_del_sync_files = false;
  bool stop_writes_on_bgsave_error = true;
  bool appendonly = false;
  std::string appendfilename;
  std::string appenddirname;
  AppendFsync appendfsync = AppendFsync::kEverysec;
  bool no_appendfsync_on_rewrite = false;
  int auto_aof_rewrite_percentage = 0;
  uint64_t auto_aof_rewrite_min_size = 0;
  bool aof_load_truncated = true;
  bool aof_use_rdb_preamble = true;
  bool aof_timestamp_enabled = false;

  // Replication.
  std::string replicaof_host;  // empty: a primary
  int replicaof_port = 0;
  std::string masterauth;
  std::string masteruser;
  bool replica_read_only = true;
  bool replica_serve_stale_data = true;
  bool replica_lazy_flush = false;
  bool replica_ignore_maxmemory = true;
  int replica_priority = 0;
  std::string replica_announce_ip;
  int replica_announce_port = 0;
  bool replica_announced = true;
  int min_replicas_to_write = 0;
  int min_replicas_max_lag_seconds = 0;
  uint64_t repl_backlog_size = 0;
  int64_t repl_backlog_ttl_seconds = 0;
  int repl_timeout_seconds = 0;
  int repl_ping_replica_period_seconds = 0;
  bool repl_disable_tcp_nodelay = false;
  bool repl_diskless_sync = true;
  int repl_diskless_sync_delay_seconds = 0;
  int repl_diskless_sync_max_replicas = 0;
  DisklessLoad repl_diskless_load = DisklessLoad::kDisabled;

  // Cluster.
  bool cluster_enabled = false;
  std::string cluster_config_file;
  int64_t cluster_node_timeout_ms = 0;
  int cluster_port = 0;  // 0: port + 10000
  std::string cluster_announce_ip;
  int cluster_announce_port = 0;
  int cluster_announce_tls_port = 0;
  int cluster_announce_bus_port = 0;
  int cluster_announce_client_port = 0;
  int cluster_announce_client_tls_port = 0;
  std::string cluster_announce_client_ipv4;
  std::string cluster_announce_client_ipv6;
  std::string cluster_announce_hostname;
  std::string cluster_announce_human_nodename;
  std::string availability_zone;
  EndpointType cluster_preferred_endpoint_type = EndpointType::kIp;
  int cluster_migration_barrier = 0;
  bool cluster_allow_replica_migration = true;
  bool cluster_require_full_coverage = true;
  bool cluster_allow_reads_when_down = false;
  bool cluster_allow_pubsubshard_when_down = true;
  bool cluster_replica_no_failover = false;
  int cluster_replica_validity_factor = 0;
  uint64_t cluster_link_sendbuf_limit = 0;
  int64_t cluster_blacklist_ttl_seconds = 0;
  int cluster_manual_failover_timeout_ms = 0;
  bool cluster_fast_failover = false;
  bool failover_on_sigterm = false;  // shutdown-on-sigterm names it
  bool failover_on_sigint = false;
  int cluster_message_gossip_perc = 0;
  bool cluster_slot_stats_enabled = false;
  int64_t cluster_ping_interval_ms = 0;  // 0: the protocol's own
  int64_t cluster_slot_migration_log_max_len = 0;
  int64_t slot_migration_max_failover_repl_bytes = 0;  // -1: no limit
  int cluster_databases = 0;

  // Limits, slow log, latency, notification.
  int databases = 0;
  int64_t slowlog_log_slower_than_us = 0;  // -1: never
  int64_t slowlog_max_len = 0;
  int64_t commandlog_request_larger_than = 0;  // bytes; -1: never
  int64_t commandlog_large_request_max_len = 0;
  int64_t commandlog_reply_larger_than = 0;
  int64_t commandlog_large_reply_max_len = 0;
  int64_t latency_monitor_threshold_ms = 0;
  bool latency_tracking = true;
  std::vector<double> latency_tracking_info_percentiles;
  int64_t tracking_table_max_keys = 0;
  int64_t busy_reply_threshold_ms = 0;
  uint32_t keyspace_events = 0;  // KeyspaceEvent bits

  // Process, log, security.
  bool daemonize = false;
  std::string pidfile;
  std::string logfile;
  LogLevel loglevel = LogLevel::kNotice;
  bool syslog_enabled = false;
  std::string syslog_ident;
  int hz = 0;
  int shutdown_timeout_seconds = 0;
  std::string requirepass;
  std::string aclfile;
  AllowFor enable_protected_configs = AllowFor::kNo;
  AllowFor enable_debug_command = AllowFor::kNo;
  AllowFor enable_module_command = AllowFor::kNo;

  // Repeated directives without a CONFIG GET name, in the order of the files.
  std::vector<std::pair<std::string, std::string>>
      rename_commands;                                 // from -> to; empty "to" removes
  std::vector<std::vector<std::string>> users;         // the words behind "user"
  std::vector<std::vector<std::string>> load_modules;  // path and arguments
};

struct ConfigValues;

// The typed view of `values`. Cost: some microseconds; at start and at each CONFIG SET only.
std::shared_ptr<const Settings> BuildSettings(const ConfigValues& values);

}  // namespace pleiad
