// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Persistence: a server's data on disk. Loads it at start, runs SAVE, BGSAVE and AOF rewrites in
// threads that walk snapshots (no fork: snapshot/, slot/keyspace.h), applies `save` rules and
// auto-aof-rewrite, and owns the AOF's log.
//
// Two jobs may run at once: one that writes the dump, one that rewrites the AOF. A job is a thread
// that begins with the cut and ends with the rename; a failed one leaves the old file.
//
// Threads: each method says. Lock: mutex_, a leaf.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "command/engine.h"
#include "runtime/aof_log.h"
#include "runtime/data_load.h"

namespace pleiad::runtime {

class Server;

// For INFO persistence and the commands.
struct PersistenceView {
  bool loading = false;
  bool bgsave_running = false;
  bool bgsave_ok = true;
  int64_t bgsave_last_seconds = -1;
  int64_t bgsave_started_seconds = -1;  // unix; of the running one
  uint64_t saves = 0;
  int64_t last_save_seconds = 0;  // unix
  uint64_t changes_since_save = 0;
  bool aof_enabled = false;
  bool rewrite_running = false;
  bool rewrite_scheduled = false;
  bool rewrite_ok = true;
  int64_t rewrite_last_seconds = -1;
  int64_t rewrite_started_seconds = -1;
  uint64_t rewrites = 0;
  uint64_t rewrite_failures = 0;  // in a row
  bool aof_write_ok = true;
  AofLog::Sizes aof;
};

// DEBUG RELOAD.
struct ReloadOptions {
  bool save = true;    // first, so that the dump is what is in memory
  bool flush = true;   // what is in memory goes
  bool merge = false;  // keys of the dump take the place of those in memory
};

class Persistence {
 public:
  explicit Persistence(Server* server);
  ~Persistence();
  Persistence(const Persistence&) = delete;
  Persistence& operator=(const Persistence&) = delete;

  // Reads what is on disk and starts the log. Before anything else changes data. The error is
  // final: the server must not start over a file it can't read.
  Status Start();
  // Ends jobs, then the log with all it has still to write. After the last change.
  void Stop();

  // SAVE and the save of SHUTDOWN: when it returns, the dump is on disk. Any thread outside the
  // keyspace.
  Status Save();
  // Begins in the background; the error is the reply's. The first returns when the cut is made: any
  // thread outside the keyspace. The second: any thread.
  Status BackgroundSave(bool schedule, std::string* said);
  Status RewriteAof(std::string* said);
  // At the next Cron, or when the running one is over.
  void ScheduleSave();

  // DEBUG RELOAD and LOADAOF: what is on disk takes the place of what is in memory; clients are
  // held back meanwhile. On an error the data set is incomplete. Any thread outside the keyspace.
  Status Reload(const ReloadOptions& options);
  Status ReloadLog();

  // Whether the append only file could be begun: its folder takes files. Any thread.
  Status CheckAofFolder() const;

  // A full sync is about to replace all data, or did. The link's thread, outside the keyspace.
  void BeforeReload();
  void AfterReload();

  PersistenceView View() const;
  const LoadProgress& load_progress() const { return progress_; }

  // Replies to writes must wait until synced() has reached them: appendfsync always. Any thread.
  bool gating() const { return gating_.load(std::memory_order_relaxed); }
  Offset synced() const;
  // For WAITAOF: what a restart would find here, up to where; before everything if there is no log
  // (with a base) to find.
  Offset on_disk() const;
  bool has_log() const;

  // Ten times a second on reactor 0, inside the keyspace.
  void Cron(MonoMs now);

 private:
  struct JobState {
    std::thread thread;
    std::atomic<bool> running{false};
    bool ok = true;
    bool scheduled = false;
    int64_t started_seconds = -1;
    int64_t last_seconds = -1;
    uint64_t done = 0;
    uint64_t failures = 0;
    MonoMs tried;
  };
  Status WhileHeldBack(const std::function<Status()>& f);
  Status ReloadDump(const ReloadOptions& options);
  Status LoadAll(AofManifest* manifest);
  Status LoadFromAof(AofManifest* manifest);
  void RemoveLeftovers(const AofManifest& manifest) const;
  Status StartLog(AofManifest manifest);
  void Begin(JobState* job, std::function<Status()> work);
  Status WriteDump(const std::function<void()>& at_cut);
  Status WriteBase();
  Status WriteLoneBase();
  AofManifest ReadOldManifest() const;
  void SaveIfDue(const Settings& settings, MonoMs now);
  void RewriteIfDue(const Settings& settings, MonoMs now);
  void OnSettings(const Settings& settings);
  void SetAof(bool on);
  void StopLog();
  void UpdateRefusal(const Settings& settings);
  std::string AofFolder() const;
  std::string Path(const std::string& name) const;

  Server* const server_;
  Engine* const engine_;
  LoadProgress progress_;
  std::atomic<bool> gating_{false};
  std::atomic<bool> stopping_{false};

  mutable std::mutex mutex_;  // guards the following
  std::shared_ptr<AofLog> log_;
  JobState save_;
  JobState rewrite_;
  bool aof_wanted_ = false;
  int growth_percent_ = 0;
};

}  // namespace pleiad::runtime
