// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/server.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "base/log.h"
#include "base/memory.h"
#include "base/prng.h"
#include "base/text.h"
#include "command/redact.h"
#include "runtime/ack_waiters.h"
#include "runtime/clock.h"
#include "runtime/cluster_driver.h"
#include "runtime/cluster_router.h"
#include "runtime/migration_driver.h"
#include "runtime/migrator.h"
#include "runtime/net.h"
#include "runtime/persistence.h"
#include "runtime/random.h"
#include "runtime/replication_driver.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kSlowlogArgsMax = 32;
constexpr size_t kSlowlogArgBytesMax = 128;
constexpr int kReservedFiles = 32;
constexpr int64_t kDayMs = 86400 * 1000;

int DatabaseCount(const Settings& s) {
  return s.cluster_enabled ? std::max(1, s.cluster_databases) : std::max(1, s.databases);
}

EvictionPolicy ToPolicy(MaxmemoryPolicy p) {
  switch (p) {
    case MaxmemoryPolicy::kVolatileLru:
      return EvictionPolicy::kVolatileLru;
    case MaxmemoryPolicy::kVolatileLfu:
      return EvictionPolicy::kVolatileLfu;
    case MaxmemoryPolicy::kVolatileRandom:
      return EvictionPolicy::kVolatileRandom;
    case MaxmemoryPolicy::kVolatileTtl:
      return EvictionPolicy::kVolatileTtl;
    case MaxmemoryPolicy::kAllkeysLru:
      return EvictionPolicy::kAllKeysLru;
    case MaxmemoryPolicy::kAllkeysLfu:
      return EvictionPolicy::kAllKeysLfu;
    case MaxmemoryPolicy::kAllkeysRandom:
      return EvictionPolicy::kAllKeysRandom;
    case MaxmemoryPolicy::kNoEviction:
      break;
  }
  return EvictionPolicy::kNoEviction;
}

// The shorter of the two times from which on AddSlow wants to hear of a command.
uint64_t SlowCycles(const Settings& s) {
  int64_t micros = std::numeric_limits<int64_t>::max();
  if (s.slowlog_log_slower_than_us >= 0) micros = s.slowlog_log_slower_than_us;
  if (s.latency_monitor_threshold_ms > 0)
    micros = std::min(micros, std::min(s.latency_monitor_threshold_ms, kDayMs) * 1000);
  if (micros == std::numeric_limits<int64_t>::max()) return ~0ULL;
  return static_cast<uint64_t>(static_cast<double>(micros) * CyclesPerMicrosecond());
}

// From how many bytes on AddSlow wants to hear of a request or reply; it asks for more than that.
uint64_t LargeBytes(int64_t threshold) {
  if (threshold < 0) return ~0ULL;
  return threshold == 0 ? 0 : static_cast<uint64_t>(threshold - 1);
}

// The arguments as they are shown: not too many of them, and not too much of each.
std::vector<std::string> LoggedArgs(const std::vector<std::string_view>& args) {
  std::vector<std::string> logged;
  const size_t shown = std::min(args.size(), kSlowlogArgsMax);
  for (size_t i = 0; i < shown; ++i) {
    if (shown < args.size() && i + 1 == shown) {
      logged.push_back(fmt::format("... ({} more arguments)", args.size() - shown + 1));
    } else if (args[i].size() > kSlowlogArgBytesMax) {
      logged.push_back(fmt::format("{}... ({} more bytes)", args[i].substr(0, kSlowlogArgBytesMax),
                                   args[i].size() - kSlowlogArgBytesMax));
    } else {
      logged.emplace_back(args[i]);
    }
  }
  return logged;
}

}  // namespace

Server::Server(std::unique_ptr<ConfigStore> config)
    : config_(std::move(config)),
      engine_(DatabaseCount(*config_->settings()), SystemSeed()),
      run_id_(Prng(SystemSeed()).Hex(40)),
      started_(MonoNow()),
      started_unix_(UnixNow()),
      sampled_at_(started_) {
  last_save_seconds = started_unix_.value / 1000;
  engine_.observer = &keyspace_events_;
  ApplySettings(*config_->settings());
  config_->AddListener(
      [this](const Settings& now, const std::vector<std::string>&) { ApplySettings(now); });
  int threads = config_->settings()->threads;
  if (threads <= 0) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  threads = std::min(threads, Keyspace::kMaxThreads - 16);
  replication_ =
      std::make_unique<ReplicationDriver>(&engine_, this, [this] { return config_->settings(); });
  persistence_ = std::make_unique<Persistence>(this);
  migrator_ = std::make_unique<Migrator>(this);
  engine_.master_address = [this] {
    const ReplicationView view = replication_->View(MonoNow());
    return view.master ? fmt::format("{}:{}", view.master->host, view.master->port) : "?";
  };
  acks_ = std::make_unique<AckWaiters>(this);
  engine_.on_monitored = [this](const ClientState& client, std::span<const std::string_view> args) {
    FeedMonitors(client, args);
  };
  replication_->set_reload_hooks(
      {[this] { persistence_->BeforeReload(); }, [this] { persistence_->AfterReload(); }});
  for (int i = 0; i < threads; ++i)
    reactors_.push_back(std::make_unique<Reactor>(this, i, SystemSeed()));
}

Server::~Server() { Stop(); }

void Server::ApplyCollectionSettings(const Settings& s) {
  CollectionSettings& c = engine_.collections;
  c.hash_max_packed_entries = s.hash_max_listpack_entries;
  c.hash_max_packed_value = s.hash_max_listpack_value;
  c.list_max_node_size = s.list_max_listpack_size;
  c.set_max_intset_entries = s.set_max_intset_entries;
  c.set_max_packed_entries = s.set_max_listpack_entries;
  c.set_max_packed_value = s.set_max_listpack_value;
  c.zset_max_packed_entries = s.zset_max_listpack_entries;
  c.zset_max_packed_value = s.zset_max_listpack_value;
  c.hll_sparse_max_bytes = s.hll_sparse_max_bytes;
  c.stream_node_max_bytes = s.stream_node_max_bytes;
  c.stream_node_max_entries = s.stream_node_max_entries;
}

void Server::ApplySettings(const Settings& s) {
  ApplyCollectionSettings(s);
  engine_.notify_flags = s.keyspace_events;
  engine_.tracking.set_keys_max(static_cast<size_t>(s.tracking_table_max_keys));
  engine_.maxmemory = s.maxmemory;
  engine_.policy = ToPolicy(s.maxmemory_policy);
  engine_.maxmemory_samples = s.maxmemory_samples;
  engine_.bulk_bytes_max = s.proto_max_bulk_len;
  engine_.lfu_log_factor = s.lfu_log_factor;
  engine_.lfu_decay_minutes = s.lfu_decay_time_minutes;
  engine_.replica_read_only = s.replica_read_only;
  engine_.require_auth = !s.requirepass.empty();
  engine_.cluster = s.cluster_enabled;
  stale_after_ms_ = StaleViewMs(s.cluster_node_timeout_ms);
  engine_.journal.SetBacklogSize(static_cast<int64_t>(s.repl_backlog_size));
  engine_.slowlog_cycles = SlowCycles(s);
  engine_.large_request_bytes = LargeBytes(s.commandlog_request_larger_than);
  engine_.large_reply_bytes = LargeBytes(s.commandlog_reply_larger_than);
  engine_.query_bytes_max = s.client_query_buffer_limit;
  engine_.slot_stats.set_enabled(s.cluster_enabled && s.cluster_slot_stats_enabled);
  engine_.rdb_compression = s.rdbcompression;
  SetLogLevel(s.loglevel);
}

// maxclients needs descriptors; where the system refuses them, serve fewer clients and say so
// loudly.
void Server::RaiseFileLimit() {
  const auto settings = config_->settings();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const auto want = static_cast<rlim_t>(settings->maxclients + kReservedFiles);
  if (limit.rlim_cur >= want) return;
  const rlim_t had = limit.rlim_cur;
  rlimit raised = limit;
  raised.rlim_cur = want;
  raised.rlim_max = std::max(limit.rlim_max, want);
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return;
  raised.rlim_cur = raised.rlim_max = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &raised);
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto clients = static_cast<int64_t>(limit.rlim_cur) - kReservedFiles;
  if (limit.rlim_cur >= want) return;
  PLOG(kWarning, "You requested maxclients of {} requiring at least {} max file descriptors.",
       settings->maxclients, want);
  PLOG(kWarning,
       "Current maximum open files is {}. maxclients has been reduced to {} to compensate for low "
       "ulimit.",
       had, std::max<int64_t>(1, clients));
  const Status set =
      config_->SetByServer({{"maxclients", std::to_string(std::max<int64_t>(1, clients))}});
  if (!set.ok()) PLOG(kWarning, "{}", set.message());
}

Status Server::Listen() {
  const auto s = config_->settings();
  if (s->port != 0) {
    for (const std::string& address : s->bind) {
      const bool optional = !address.empty() && address[0] == '-';
      Result<int> fd = ListenTcp(address, s->port, s->tcp_backlog);
      if (!fd.ok()) {
        if (optional) continue;
        PLOG(kWarning, "{}", fd.message());
        return Error{fmt::format("Failed listening on port {} (TCP), aborting.", s->port)};
      }
      listen_fds_.push_back(*fd);
      reactors_[0]->AddListener(*fd, false);
    }
  }
  if (!s->unixsocket.empty()) {
    Result<int> fd =
        ListenUnix(s->unixsocket, static_cast<unsigned>(s->unixsocketperm), s->tcp_backlog);
    if (!fd.ok()) return fd.error();
    listen_fds_.push_back(*fd);
    reactors_[0]->AddListener(*fd, true);
  }
  return Status::Ok();
}

Status Server::Start() {
  RaiseFileLimit();
  startup_memory = static_cast<int64_t>(UsedMemory());
  Status status = Listen();
  if (!status.ok()) return status;
  status = persistence_->Start();
  if (!status.ok()) return status;
  status = StartCluster();
  if (!status.ok()) return status;
  for (auto& reactor : reactors_) reactor->Start();
  started_up_ = true;
  return Status::Ok();
}

void Server::Stop() {
  StopDrivers();
  for (auto& reactor : reactors_) reactor->Stop();
  persistence_->Stop();
  for (const int fd : listen_fds_) ::close(fd);
  if (started_up_ && !config_->settings()->unixsocket.empty())
    ::unlink(config_->settings()->unixsocket.c_str());
  listen_fds_.clear();
  started_up_ = false;
}

Reactor& Server::NextReactor() {
  return *reactors_[next_reactor_.fetch_add(1, std::memory_order_relaxed) % reactors_.size()];
}

void Server::ForEachConnection(const std::function<void(Connection&)>& f) {
  for (auto& reactor : reactors_) {
    for (Connection* c : reactor->connections()) f(*c);
  }
}

uint64_t Server::Sum(ThreadStats::Counter ThreadStats::* counter) const {
  uint64_t sum = 0;
  for (const ThreadStats& s : engine_.stats) sum += (s.*counter).load(std::memory_order_relaxed);
  return sum;
}

void Server::ResetStats() {
  for (ThreadStats& s : engine_.stats) {
    for (auto counter :
         {&ThreadStats::commands, &ThreadStats::hits, &ThreadStats::misses, &ThreadStats::expired,
          &ThreadStats::evicted, &ThreadStats::bytes_in, &ThreadStats::bytes_out,
          &ThreadStats::errors, &ThreadStats::reads_processed, &ThreadStats::writes_processed}) {
      (s.*counter).store(0, std::memory_order_relaxed);
    }
  }
  for (auto& reactor : reactors_) reactor->dispatcher().ResetStats();
  engine_.slot_stats.ResetAll();
  total_connections = 0;
  rejected_connections = 0;
  SyncCounts& syncs = replication_->sync_counts();
  syncs.full = syncs.partial_ok = syncs.partial_err = syncs.bytes_out = 0;
  sampled_commands_ = sampled_in_ = sampled_out_ = 0;
}

void Server::AddSlow(const ClientState& client, const Args& args, const CommandCost& cost) {
  const auto settings = config_->settings();
  const uint32_t flags = client.last_command == nullptr ? 0 : client.last_command->flags;
  const auto micros =
      static_cast<int64_t>(static_cast<double>(cost.cycles) / CyclesPerMicrosecond());
  CommandLogEntry entry;
  entry.unix_seconds = UnixNow().value / 1000;
  const int64_t ms = micros / 1000;
  if (settings->latency_monitor_threshold_ms > 0 && ms >= settings->latency_monitor_threshold_ms)
    latency_.Add(flags & kCmdFast ? "fast-command" : "command", entry.unix_seconds, ms);
  if (flags & kCmdSkipSlowlog) return;
  struct Rule {
    CommandLogKind kind;
    int64_t value;
    int64_t threshold;
    int64_t max;
  };
  const Rule rules[] = {
      {CommandLogKind::kSlow, micros, settings->slowlog_log_slower_than_us,
       settings->slowlog_max_len},
      {CommandLogKind::kLargeRequest, static_cast<int64_t>(cost.request_bytes),
       settings->commandlog_request_larger_than, settings->commandlog_large_request_max_len},
      {CommandLogKind::kLargeReply, static_cast<int64_t>(cost.reply_bytes),
       settings->commandlog_reply_larger_than, settings->commandlog_large_reply_max_len}};
  for (const Rule& rule : rules) {
    if (rule.threshold < 0 || rule.value < rule.threshold) continue;
    if (entry.args.empty()) {
      entry.address = client.address;
      entry.client_name = client.name;
      entry.args = LoggedArgs(Redacted(args.all()));
    }
    entry.value = rule.value;
    command_log_.Add(rule.kind, entry, static_cast<size_t>(std::max<int64_t>(0, rule.max)));
  }
}

void Server::OnJournalSynced() {
  for (auto& reactor : reactors_) {
    Reactor* const r = reactor.get();
    r->Post([r] { r->ReleaseGated(); });
  }
  acks_->Poll();
}

void Server::EndPause(PausePurpose purpose) {
  engine_.pauses.End(purpose);
  for (auto& reactor : reactors_) {
    Reactor* const r = reactor.get();
    r->Post([r] { r->ResumePaused(); });
  }
}

void Server::FeedMonitors(const ClientState& client, std::span<const std::string_view> args) {
  std::string words;
  for (const std::string_view arg : Redacted(args)) words += " " + Quoted(arg);
  const std::string address =
      client.address.starts_with('/') ? "unix:" + client.address : client.address;
  const std::lock_guard<std::mutex> lock(monitor_mutex_);
  const int64_t now = UnixMicros();
  const auto line = std::make_shared<const std::string>(fmt::format(
      "+{}.{:06} [{} {}]{}\r\n", now / 1000000, now % 1000000, client.db, address, words));
  for (auto& reactor : reactors_) {
    Reactor* const r = reactor.get();
    if (r->has_monitors()) r->Post([r, line] { r->SendToMonitors(*line); });
  }
}

bool Server::SaveBeforeExit(bool force, bool wait) {
  // Nothing is acknowledged that the dump does not have.
  engine_.pauses.Begin(PausePurpose::kShutdown, PauseLevel::kWrites, Pauses::kForEver);
  // Writes that were past the check are in the journal when the section is entered.
  engine_.keyspace.EnterExclusive();
  engine_.keyspace.LeaveExclusive();
  if (wait) replication_->AwaitReplicas(settings()->shutdown_timeout_seconds);
  if (!force && settings()->save.empty()) return true;
  const Status saved = persistence_->Save();
  if (!saved.ok()) EndPause(PausePurpose::kShutdown);
  return saved.ok();
}

void Server::RequestShutdown() {
  shutdown_requested_ = true;
  if (shutdown_hook_) shutdown_hook_();
}

void Server::SampleRates(MonoMs now) {
  const int64_t passed = now - sampled_at_;
  if (passed < 1000) return;
  const uint64_t commands = Sum(&ThreadStats::commands);
  const uint64_t in = Sum(&ThreadStats::bytes_in);
  const uint64_t out = Sum(&ThreadStats::bytes_out);
  instantaneous_ops = static_cast<int64_t>(commands - sampled_commands_) * 1000 / passed;
  instantaneous_input_bytes = static_cast<int64_t>(in - sampled_in_) * 1000 / passed;
  instantaneous_output_bytes = static_cast<int64_t>(out - sampled_out_) * 1000 / passed;
  sampled_at_ = now;
  sampled_commands_ = commands;
  sampled_in_ = in;
  sampled_out_ = out;
}

void Server::Cron(MonoMs now) {
  SampleRates(now);
  const uint64_t used = UsedMemory();
  if (used > peak_memory.load()) peak_memory = used;
  engine_.tracking.Trim(static_cast<size_t>(settings()->tracking_table_max_keys));
  DriversCron(now);
}

}  // namespace pleiad::runtime
