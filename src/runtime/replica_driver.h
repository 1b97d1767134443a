// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ReplicaDriver: this server as a replica of one master. One thread owns the link: it feeds a
// ReplicaSession, obeys it, puts snapshots into the keyspace and runs the stream through the
// command layer.
//
// A snapshot is received into a file without a name and checked as it comes (format, checksum,
// types, databases). Only when it is whole is the old data dropped and the file loaded: a master
// that dies in the midst, or sends what this version can't load, costs nothing.
//
// The journal gets the master's bytes as they are, within the same keyspace section as their
// effect: its offset is the master's at every instant that an exclusive section can see.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "command/dispatch.h"
#include "command/engine.h"
#include "replication/replica_session.h"
#include "replication/replication_state.h"
#include "snapshot/rdb_reader.h"

namespace pleiad::runtime {

struct ReplicaDriverOptions {
  std::string host;
  int port = 0;
  int thread = 0;         // this thread's number for Keyspace::Enter and the dispatcher
  int db = 0;             // the database that the history to go on with has selected
  std::string dir = ".";  // where a snapshot is received
  int keepalive_seconds = 0;
  bool serve_stale_data = true;
  ReplicaSessionOptions session;
};

// Called from the link's thread.
struct ReplicaHooks {
  struct Credentials {
    std::string user;
    std::string password;
  };
  // The data is about to be dropped: nobody may copy from here until the next call says what is
  // there.
  std::function<void()> before_load;
  // A snapshot was loaded; the stream begins at `offset` of the master's history. Called inside the
  // keyspace.
  std::function<void(const std::string& replid, Offset offset)> loaded;
  // Asked at each connection.
  std::function<Credentials()> credentials;
  // The stream goes on where it was, perhaps under a new id.
  std::function<void(const std::string& replid)> continued;
  // How far the log on disk is; before everything: there is none. May be empty.
  std::function<Offset()> on_disk;
};

class ReplicaDriver {
 public:
  ReplicaDriver(Engine* engine, runtime::Server* server, ReplicaDriverOptions options,
                ReplicaHooks hooks);
  ~ReplicaDriver();  // stops
  ReplicaDriver(const ReplicaDriver&) = delete;
  ReplicaDriver& operator=(const ReplicaDriver&) = delete;

  void Start();
  // Ends the link and waits for the thread. A half loaded snapshot is dropped. REQUIRES: outside
  // the keyspace.
  void Stop();

  // Any thread.
  MasterLinkView View(MonoMs now) const;
  bool link_up() const { return link_up_.load(std::memory_order_acquire); }
  bool ever_synced() const { return ever_synced_.load(std::memory_order_acquire); }
  // Last byte from the master, or when the link broke; 0: never.
  MonoMs last_interaction() const {
    return MonoMs(last_interaction_.load(std::memory_order_acquire));
  }
  // The database that the stream has selected. Exact in an exclusive section and after Stop.
  int db() const { return db_.load(std::memory_order_relaxed); }
  const std::string& host() const { return options_.host; }
  int port() const { return options_.port; }

 private:
  void Run();
  void Step(ReplicaInput input);
  void Obey(const ReplicaEffects& effects);
  void ObeyLink(const ReplicaEffect& effect);
  void ObeySnapshot(const ReplicaEffect& effect);
  void ObeyCommand(std::span<const std::string_view> args, const ReplicaEffect& effect);
  void PublishStatus();

  void Connect();
  void FinishConnect();
  void CloseLink();
  void WaitIo();
  void Receive();
  void Flush();

  void BeginSnapshot();
  Status LoadSnapshot();
  Status LoadFile(RdbReader* reader);

  void ApplyInBatch(std::span<const std::string_view> args, std::string_view raw);
  void RunBatch();
  void Select(std::string_view number);
  void CollectTransaction(std::span<const std::string_view> args, std::string_view raw);
  static bool ChangesWholeKeyspace(std::string_view name);
  void RunTransaction();
  void ReportErrors(uint64_t errors_before);

  Engine* const engine_;
  const ReplicaDriverOptions options_;
  const ReplicaHooks hooks_;
  Dispatcher dispatcher_;
  ReplicaSession session_;
  std::thread thread_;
  const int wake_fd_;
  std::atomic<bool> stop_{false};

  // What others read.
  std::atomic<bool> link_up_{false};
  std::atomic<bool> ever_synced_{false};
  std::atomic<int64_t> last_interaction_{0};
  std::atomic<int> db_;
  mutable std::mutex mutex_;  // guards status_
  MasterLinkView status_;
  MonoMs status_last_io_;
  MonoMs status_down_since_;

  // The thread's own.
  int fd_ = -1;
  bool connecting_ = false;
  std::string connect_error_;  // of an attempt that failed at once; told to the session when its
                               // effects are done
  size_t address_attempt_ = 0;
  std::string out_;
  std::vector<char> read_buffer_;
  int snapshot_fd_ = -1;
  int64_t snapshot_bytes_ = 0;
  std::string snapshot_replid_;
  Offset snapshot_offset_;
  std::unique_ptr<RdbSink> checker_;
  std::unique_ptr<RdbReader> check_;
  std::string snapshot_error_;
  bool snapshot_ended_ = false;

  ClientState client_;
  resp::OutBuffer replies_;
  size_t batch_ = 0;
  std::string_view batch_raw_;
  bool in_transaction_ = false;
  std::vector<std::vector<std::string>> transaction_;
  std::string transaction_raw_;
};

}  // namespace pleiad::runtime
