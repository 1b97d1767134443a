// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Server: one node. Owns the engine, the configuration, the reactors and (in cluster mode) the
// drivers, and is what commands about the server talk to. Several may live in one process (tests).
#pragma once

#include <atomic>
#include <bitset>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "cluster/effects.h"
#include "cluster/event.h"
#include "cluster/view.h"
#include "command/engine.h"
#include "command/keyspace_events.h"
#include "runtime/command_log.h"
#include "runtime/latency_monitor.h"
#include "runtime/reactor.h"
#include "server/config/store.h"

namespace pleiad::runtime {

class ClusterDriver;
class ClusterRouter;
class MigrationDriver;
class ReplicationDriver;
class Migrator;
class Persistence;
class AckWaiters;

class Server {
 public:
  explicit Server(std::unique_ptr<ConfigStore> config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Opens the sockets and starts the threads. The error says which address or file and why.
  Status Start();
  // Ends everything in order. After it the object may only be destroyed.
  void Stop();

  Engine& engine() { return engine_; }
  ConfigStore& config() { return *config_; }
  std::shared_ptr<const Settings> settings() const { return config_->settings(); }
  std::vector<std::unique_ptr<Reactor>>& reactors() { return reactors_; }
  Reactor& NextReactor();

  // Null unless cluster-enabled and started.
  ClusterDriver* cluster() { return cluster_.get(); }
  // This node may not serve what it owns at `now`: its lease has run out, or the cluster driver
  // stood still for half a node timeout or more.
  bool ClusterViewIsStale(MonoMs now) const;
  // It was promoted within the last second: its claim may have to be confirmed yet.
  bool TakingOver(MonoMs now) const { return now.value - promoted_ms_.load() < 1000; }
  // By the view, this node is a replica and its master has the slot. False in no cluster, and
  // before the cluster has started. Thread-safe.
  bool OfMyMaster(SlotId slot) const;
  // Null unless in cluster mode.
  MigrationDriver* migration() { return migration_.get(); }
  ReplicationDriver& replication() { return *replication_; }
  Persistence& persistence() { return *persistence_; }
  Migrator& migrator() { return *migrator_; }
  AckWaiters& acks() { return *acks_; }
  // Ends a pause; who was held back goes on. Any thread.
  void EndPause(PausePurpose purpose);
  // MONITOR: shows a command to all who watch, in the same order. Any thread.
  void FeedMonitors(const ClientState& client, std::span<const std::string_view> args);
  // Replies that waited for the disk may go: wakes the reactors. Any thread.
  void OnJournalSynced();

  // Calls f for every connection. REQUIRES: exclusive section.
  void ForEachConnection(const std::function<void(Connection&)>& f);

  uint64_t NextClientId() { return next_client_id_.fetch_add(1) + 1; }
  std::atomic<int64_t> connected_clients{0};
  std::atomic<uint64_t> total_connections{0};
  std::atomic<uint64_t> rejected_connections{0};
  std::atomic<uint64_t> evicted_clients{0};
  std::atomic<uint64_t> output_limit_disconnections{0};
  std::atomic<uint64_t> peak_memory{0};
  std::atomic<int64_t> startup_memory{0};
  std::atomic<int64_t> instantaneous_ops{0};
  std::atomic<int64_t> instantaneous_input_bytes{0};
  std::atomic<int64_t> instantaneous_output_bytes{0};
  std::atomic<int64_t> last_save_seconds{0};
  std::atomic<uint64_t> dirty_at_last_save{0};
  std::atomic<int64_t> stat_reset_mono_ms{0};

  const std::string& run_id() const { return run_id_; }
  MonoMs started() const { return started_; }
  UnixMs started_unix() const { return started_unix_; }
  const std::string& executable() const { return executable_; }
  void set_executable(std::string path) { executable_ = std::move(path); }

  // Sum of a figure over the threads.
  uint64_t Sum(ThreadStats::Counter ThreadStats::* counter) const;
  void ResetStats();  // REQUIRES: exclusive section

  // LATENCY. Thread-safe.
  LatencyMonitor& latency() { return latency_; }

  // A command was slow, or large, or had a large reply: remembers it for COMMANDLOG, LATENCY or
  // both. Thread-safe.
  void AddSlow(const ClientState& client, const Args& args, const CommandCost& cost);
  CommandLog& command_log() { return command_log_; }

  // SHUTDOWN and signals: main waits for it.
  void RequestShutdown();
  // Waits for replicas unless `wait` is false, and writes the dump if there are save rules
  // (`force`: even if not), with writes held back from then on, so that replicas and dump end at
  // one offset.
  // False: it failed, and the server goes on. Any thread outside the keyspace.
  bool SaveBeforeExit(bool force = false, bool wait = true);
  // Before the end of a master: lets its best replica take over, if it has one, and waits for that,
  // at most cluster-manual-failover-timeout. Main thread.
  void HandOver();
  bool shutdown_requested() const { return shutdown_requested_.load(); }
  void set_shutdown_hook(std::function<void()> hook) { shutdown_hook_ = std::move(hook); }

  // Ten times a second on reactor 0.
  void Cron(MonoMs now);
  bool started_up() const { return started_up_; }

 private:
  Status Listen();
  Status StartCluster();
  void StopDrivers();
  void FlushEverything();
  void DriversCron(MonoMs now);
  cluster::ClusterConfig MakeClusterConfig() const;
  void ApplySlots(const std::vector<cluster::SlotChange>& changes);
  bool ApplySlot(const cluster::SlotChange& change);
  void RefreshShardSlots();
  void DropWhatIsNotMine();
  void RedirectWaiters(SlotId slot);
  void DropStrayChannels(const cluster::ClusterView& view);
  void ApplyRole(const cluster::ReplicationRole& role);
  void ApplySettings(const Settings& settings);
  void ApplyCollectionSettings(const Settings& settings);
  void RaiseFileLimit();
  void SampleRates(MonoMs now);

  std::unique_ptr<ConfigStore> config_;
  Engine engine_;
  KeyspaceEvents keyspace_events_{&engine_};
  std::vector<std::unique_ptr<Reactor>> reactors_;
  std::unique_ptr<ReplicationDriver> replication_;
  std::unique_ptr<AckWaiters> acks_;  // outlives persistence, whose last sync it hears of
  std::unique_ptr<Persistence> persistence_;
  std::unique_ptr<Migrator> migrator_;
  std::mutex monitor_mutex_;  // the order in which monitors see commands
  std::unique_ptr<ClusterRouter> router_;
  // My master's slots, or mine, as told last. Of the cluster driver's callbacks.
  std::bitset<kSlotCount> shard_slots_;
  std::unique_ptr<MigrationDriver> migration_;
  std::unique_ptr<ClusterDriver> cluster_;
  std::atomic<uint64_t> next_client_id_{0};
  std::atomic<size_t> next_reactor_{0};
  std::atomic<int64_t> stale_after_ms_{0};
  std::atomic<int64_t> promoted_ms_{-1000000};  // mono
  std::atomic<bool> shutdown_requested_{false};
  std::function<void()> shutdown_hook_;
  std::string run_id_;
  std::string executable_;
  MonoMs started_;
  UnixMs started_unix_;
  bool started_up_ = false;
  std::vector<int> listen_fds_;

  MonoMs sampled_at_;
  uint64_t sampled_commands_ = 0;
  uint64_t sampled_in_ = 0;
  uint64_t sampled_out_ = 0;

  LatencyMonitor latency_;
  CommandLog command_log_;
};

}  // namespace pleiad::runtime
