// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Migrator: the threads behind MIGRATE. A handler can't wait for another server, so the command is
// handed over as a job; its client waits like one of BLPOP, and nobody else does.
//
// A job sends its keys in portions: takes payloads (runtime/key_move.h), sends them in one go,
// reads the replies, deletes what arrived. While a portion is under way, writes to its keys wait.
// Jobs about the same slot run one after the other, in no order; others side by side, up to four.
// Sockets are kept for ten seconds. What a job was about when a server ends stays here, and may be
// on the target too.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/ids.h"
#include "runtime/client_connection.h"

namespace pleiad::runtime {

class Server;

struct MigrateJob {
  std::string host;
  int port = 0;
  int source_db = 0;
  std::string target_db;
  int64_t timeout_ms = 1000;  // for each wait on the target
  bool copy = false;
  bool replace = false;
  std::string user;
  std::optional<std::string> password;
  std::vector<std::string> keys;
  // The reply, in RESP. Any thread; once.
  std::function<void(std::string reply)> deliver;
};

// Idle sockets to other servers. Threads: any.
class MigrateSockets {
 public:
  struct Socket {
    std::unique_ptr<ClientConnection> connection;
    std::string database;  // that it has selected; empty: not known
    std::string user;      // who it is logged in as
    std::optional<std::string> password;
    bool reused = false;
    MonoMs used;
  };
  // Null: there is none that is alive and logged in the same way.
  std::unique_ptr<Socket> Take(const MigrateJob& job);
  void Give(const MigrateJob& job, std::unique_ptr<Socket> socket);
  // Closes what was not used for ten seconds.
  void Prune();
  void Clear();

 private:
  struct Idle {
    std::string peer;
    std::unique_ptr<Socket> socket;
  };
  std::mutex mutex_;
  std::deque<Idle> idle_;  // the longest unused first
};

class Migrator {
 public:
  explicit Migrator(Server* server);
  ~Migrator();
  Migrator(const Migrator&) = delete;
  Migrator& operator=(const Migrator&) = delete;

  // Any thread. After Stop() the job is dropped.
  void Submit(MigrateJob job);
  // Interrupts the jobs and joins the threads.
  void Stop();

 private:
  void Work(int number);
  std::optional<MigrateJob> Next();

  Server* const server_;
  const int stop_fd_;
  MigrateSockets sockets_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<MigrateJob> jobs_;
  std::set<uint16_t> busy_slots_;
  std::vector<std::thread> threads_;
  size_t idle_threads_ = 0;
  bool stopping_ = false;
};

}  // namespace pleiad::runtime
