// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ReplicationDriver: a server's replication as a whole: which role it has, under which history it
// serves, the link to its master if it is a replica (ReplicaDriver) and the links of its own
// replicas (PrimaryDriver).
//
// Histories. The journal records from the first replica on; from that moment writes count, so a
// fresh id begins there. A replica takes over its master's id and offsets, writes the master's
// bytes into its own journal, and can serve others from it; promoted, it begins a new id and
// remembers the old one up to that point (ReplicationIds).
//
// Threads: all methods from any thread that holds no slot lock. Follow, BecomeMaster and Stop wait
// for threads that may need the keyspace: the caller must be outside it (Keyspace::Leave).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "command/dispatch.h"
#include "command/engine.h"
#include "replication/replication_state.h"
#include "runtime/primary_driver.h"
#include "runtime/replica_driver.h"
#include "server/config/settings.h"

namespace pleiad::runtime {

class Server;

class ReplicationDriver {
 public:
  using SettingsSource = std::function<std::shared_ptr<const Settings>()>;

  // `server` may be null in tests; it is what the dispatcher of the stream hands to server
  // commands.
  ReplicationDriver(Engine* engine, Server* server, SettingsSource settings);
  ~ReplicationDriver();
  ReplicationDriver(const ReplicationDriver&) = delete;
  ReplicationDriver& operator=(const ReplicationDriver&) = delete;

  // Roles. Following the same master again changes nothing.
  void Follow(const std::string& host, int port);
  void BecomeMaster();
  void Stop();
  bool is_replica() const;

  // Commands. Replconf: the reply's bytes, empty for none.
  std::string Replconf(const ClientState& client, std::span<const std::string_view> args,
                       MonoMs now);
  // PSYNC, SYNC: the connection leaves its reactor and is this driver's from then on.
  void Sync(const ClientState& client, std::span<const std::string_view> args);

  // DEBUG CHANGE-REPL-ID: as if the data had come from nowhere.
  void ChangeId();

  // INFO replication, ROLE: FormatReplicationInfo(View(now)), FormatRole(View(now)).
  ReplicationView View(MonoMs now) const;
  // Replicas that hold everything up to `offset` (WAIT).
  int CountAcked(Offset offset) const { return primary_.CountAcked(offset); }
  // There are links to replicas.
  bool has_replicas() const { return primary_.any(); }
  // INFO stats. Thread-safe.
  SyncCounts& sync_counts() { return primary_.counts(); }
  // CLIENT KILL: see PrimaryDriver::EndLinks.
  size_t EndReplicaLinks(std::string_view address) { return primary_.EndLinks(address); }
  // Those that have it on disk (WAITAOF).
  int CountOnDisk(Offset offset) const { return primary_.CountOnDisk(offset); }
  // Asks the replicas to tell where they are now, instead of within a second. The caller is inside
  // the keyspace. Not while the journal must stand still: in a pause, or (`in_client_pause`) in one
  // that is no client's.
  void AskForAcks(bool in_client_pause = false);

  // What the cluster wants to know.
  struct Progress {
    Offset offset{0};
    bool link_up = false;
    bool ever_synced = false;
    MonoMs last_interaction;
  };
  Progress GetProgress() const;

  // Somebody needs the journal (a replica, the AOF): record from now on. Writes before the first
  // such moment were not counted, so a fresh history begins.
  void ActivateJournal();
  // A history up to a point, as a dump records it. The stream behind it goes on in database `db`.
  struct HistoryPoint {
    std::string replid;
    Offset offset;
    int db = 0;
  };
  // In the exclusive section of a dump's cut. None: nobody counts writes.
  std::optional<HistoryPoint> Here() const;
  // What was loaded is the state at `point`: who followed that history can go on with me, and I
  // with whom I follow. Before the first write and the first Follow.
  void Resume(const HistoryPoint& point);
  // Every replica has what the journal holds, or `seconds` have passed. The caller is outside the
  // keyspace, and writes are paused.
  void AwaitReplicas(int seconds);

  // Called around a full sync that replaces all data, by the link's thread, outside the keyspace.
  // Before the first Follow.
  struct ReloadHooks {
    std::function<void()> before;
    std::function<void()> after;
  };
  void set_reload_hooks(ReloadHooks hooks) { reload_hooks_ = std::move(hooks); }

  // Ten times a second, by a thread that is inside the keyspace (a reactor).
  void Cron(MonoMs now);

 private:
  PrimaryHooks MakePrimaryHooks();
  ReplicaHooks MakeReplicaHooks();
  ReplicaDriverOptions MakeReplicaOptions(const std::string& host, int port);
  void StopFollowing();
  std::string Refusal() const;
  BacklogRange Backlog() const;
  ReplicationIds Ids() const;

  Engine* const engine_;
  Server* const server_;
  const SettingsSource settings_;

  std::mutex role_mutex_;  // one change of role at a time; before all others
  mutable std::mutex
      mutex_;  // guards ids_ and the pointer replica_; leaf but for ReplicaDriver's own
  ReplicationIds ids_;
  std::shared_ptr<ReplicaDriver> replica_;
  int stream_db_ = 0;  // of the history at hand, when no link is there to ask
  MonoMs pinged_;
  ReloadHooks reload_hooks_;

  PrimaryDriver primary_;  // last: its threads use what is above
};

}  // namespace pleiad::runtime
