// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// PrimaryDriver: this server as the master of its replicas. A connection that says PSYNC leaves its
// reactor and gets a thread here, which feeds a PrimarySession and obeys it: a snapshot from the
// walker, then the journal's bytes. A thread each, because a slow replica then waits in its own
// send and touches nobody; there are few of them.
//
// Memory: what a replica has not taken stays in the journal. client-output-buffer-limit replica
// bounds it: a replica that is further behind is disconnected (it comes back and tries a partial
// sync). Threads: all methods from any, outside slot locks; those that wait for threads say so.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "command/engine.h"
#include "replication/primary_session.h"
#include "server/config/settings.h"

namespace pleiad::runtime {

class ReplicaLink;

// What the driver asks of its owner (ReplicationDriver). Called from the links' threads.
struct PrimaryHooks {
  std::function<std::shared_ptr<const Settings>()> settings;
  std::function<ReplicationIds()> ids;
  std::function<BacklogRange()> backlog;
  // Not empty: this server can't synchronise anyone now (an error line without '-').
  std::function<std::string()> refusal;
  // A replica is about to need the journal: record from now on.
  std::function<void()> activate_journal;
  // The database that the stream has selected at this instant; asked in an exclusive section.
  std::function<int()> stream_db;
  // A replica said how far it is. May be empty. Called without a lock held.
  std::function<void()> acked;
};

// Since the start, or CONFIG RESETSTAT.
struct SyncCounts {
  std::atomic<uint64_t> full{0};         // full syncs that were begun
  std::atomic<uint64_t> partial_ok{0};   // replicas that went on where they were
  std::atomic<uint64_t> partial_err{0};  // and those that wished to, and got a full sync
  std::atomic<uint64_t> bytes_out{0};    // to replicas, of snapshots and the stream
};

class PrimaryDriver {
 public:
  PrimaryDriver(Engine* engine, PrimaryHooks hooks);
  ~PrimaryDriver();
  PrimaryDriver(const PrimaryDriver&) = delete;
  PrimaryDriver& operator=(const PrimaryDriver&) = delete;

  // REPLCONF of an ordinary client; the reply, empty for none. Forgotten after repl-timeout without
  // a PSYNC.
  std::string Replconf(uint64_t client_id, std::span<const std::string_view> args, MonoMs now);
  // A connection that said PSYNC or SYNC. Takes over `fd` (non-blocking). `unparsed`: bytes read
  // behind the command.
  void Adopt(int fd, uint64_t client_id, std::string address, std::vector<std::string> args,
             std::string unparsed);

  // Ends the link to the replica at `address` ("ip:port", the connection's far end), or all if it
  // is empty, without waiting for the threads; they may come again at once. How many. Any thread.
  size_t EndLinks(std::string_view address);
  // Ends all links and waits for their threads; refuses new ones until Open. REQUIRES: the caller
  // is outside the keyspace.
  void Close();
  void Open();

  std::vector<ReplicaView> Views(MonoMs now) const;
  SyncCounts& counts() { return counts_; }
  // Replicas that are online and have acknowledged at least `offset`, or whose last ACK is at most
  // `lag_s` old.
  int CountAcked(Offset offset) const;
  // Online replicas that do not.
  int CountBehind(Offset offset) const;
  // Those that have everything up to `offset` on disk, as they said.
  int CountOnDisk(Offset offset) const;
  int CountGood(MonoMs now, int64_t lag_s) const;
  bool any() const;

  // Ten times a second: frees the threads of links that ended, forgets old greetings.
  void Cron(MonoMs now);

 private:
  friend class ReplicaLink;
  struct Greeting {
    std::unique_ptr<PrimarySession> session;
    MonoMs at;
  };
  PrimarySessionOptions SessionOptions() const;
  std::unique_ptr<PrimarySession> TakeGreeting(uint64_t client_id);
  void WakeAll();
  // A place among those that make a snapshot at the same time, and the thread number that goes with
  // it; -1: none is free.
  int BeginSync();
  void EndSync(int thread);

  Engine* const engine_;
  const PrimaryHooks hooks_;
  SyncCounts counts_;
  std::atomic<uint32_t> syncs_{0};  // bit i: place i is taken

  mutable std::mutex mutex_;  // guards the following; before ReplicaLink's
  bool open_ = true;
  std::vector<std::unique_ptr<ReplicaLink>> links_;
  std::map<uint64_t, Greeting> greetings_;

  std::mutex wake_mutex_;  // leaf: taken with the journal's lock held
  std::vector<int> wake_fds_;
};

}  // namespace pleiad::runtime
