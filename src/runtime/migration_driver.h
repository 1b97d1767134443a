// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// MigrationDriver: slots on their way from this node to others and from others here, and what is
// left of slots that went.
//
//   out    one thread runs the jobs that CLUSTER MIGRATESLOTS ordered, one after another
//          (ExportLink obeys a migration::ExportSession)
//   in     a connection that said CLUSTER SYNCSLOTS ESTABLISH leaves its reactor and gets a thread
//          (ImportLink obeys a migration::ImportSession); one at a time, others are told to wait
//   purge  one thread frees the keys of slots that went away, few at a time: a slot's lock is held
//          for some 50 us, and values are freed outside it
//
// What becomes of a slot at each side:
//
//   source   kMine ............ kHeld (clients wait) ... kNotMine, kLeftover -> purged
//   target   kNotMine, kIncoming (hidden) .. kHeld ..... kMine, kOrdinary
//
// A client that waits in a held slot is a Waiter whose command is run again when the hold ends.
//
// Threads: all methods from any thread that holds no slot lock, unless they say otherwise.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cluster/effects.h"
#include "command/engine.h"
#include "migration/job.h"

namespace pleiad::runtime {

class ImportLink;
class Server;

// A job as its threads and GETSLOTMIGRATIONS know it.
struct MigrationRecord {
  migration::Job job;
  bool import = false;
  int64_t created_s = 0;
  std::atomic<bool> cancel{false};
  // How far it is, written by the job's thread. Keys are those of the snapshot, of an export; bytes
  // are of records, sent or applied; hold_us is how long clients were held, of an import the part
  // from the leave to claim on.
  std::atomic<int64_t> keys_total{0};
  std::atomic<int64_t> keys{0};
  std::atomic<int64_t> bytes{0};
  std::atomic<int64_t> hold_us{0};

  std::mutex mutex;  // a leaf; guards what follows
  int64_t updated_s = 0;
  int64_t acked_s = 0;
  std::string state = "connecting";
  std::string message;
  int64_t remaining = 0;
  bool finished = false;

  void Note(std::string_view state_text, int64_t acked, int64_t remaining_bytes);
  void Finish(migration::Outcome outcome, std::string_view text);
  bool Finished();
};

class MigrationDriver {
 public:
  MigrationDriver(Engine* engine, Server* server);
  ~MigrationDriver();  // stops
  MigrationDriver(const MigrationDriver&) = delete;
  MigrationDriver& operator=(const MigrationDriver&) = delete;

  void Start();
  // Cancels everything and waits for the threads. REQUIRES: the caller is outside the keyspace.
  void Stop();

  // CLUSTER MIGRATESLOTS: queues jobs.
  void Export(std::vector<migration::Job> jobs);
  // CLUSTER MIGRATION IMPORT: a thread says MIGRATESLOTS to the owner of the slots at that address.
  // Returns the name of the task; it stands among the imports at once.
  std::string AskFor(migration::Job job, std::string host, int port);
  // Cancels jobs that are not finished; `name` empty: all. `imports`: those into this node, too.
  // Returns how many were told to.
  size_t Cancel(std::string_view name, bool imports);
  // The newest first.
  std::vector<std::shared_ptr<MigrationRecord>> Records();
  bool Exporting(SlotId slot);
  // A migration into this node (`import`) or away from it is not over.
  bool Busy(bool import);

  // ESTABLISH: takes the connection over. An error (without '-') instead if another import is under
  // way.
  std::string Import(const ClientState& client, migration::Job job);

  // --- from the cluster driver's callbacks; the caller may hold slot locks
  // Slots changed hands, or the role did.
  void OnTable();
  // The keys of these slots (kLeftover) may be freed.
  void Purge(const std::vector<SlotId>& slots);

  // --- from the links of replicas
  // A replica told where it is.
  void OnAck() {
    if (await_acks_.load(std::memory_order_relaxed) > 0) WakeLinks();
  }

  // --- for the links
  // From now on (until it is said with `false`, as many times) acknowledgements of replicas wake
  // them.
  void AwaitAcks(bool await) { await_acks_.fetch_add(await ? 1 : -1, std::memory_order_relaxed); }
  int import_wake_fd() const { return import_wake_fd_; }
  // Sets slots whose state is `from` to `to`, `chunk` under one stay in the keyspace; waiting
  // clients are run again if `to` is not kHeld. Returns how many were in state `from`.
  size_t ChangeState(const migration::SlotSpans& slots, SlotState from, SlotState to, int thread);
  Engine& engine() { return *engine_; }
  Server& server() { return *server_; }
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  // Counts calls of OnTable.
  uint64_t table_version() const { return table_version_.load(std::memory_order_acquire); }

  // Numbers of these threads for Keyspace::Enter; reactors stay below them.
  static constexpr int kExportThread = Keyspace::kMaxThreads - 15;
  static constexpr int kImportThread = Keyspace::kMaxThreads - 14;
  static constexpr int kPurgeThread = Keyspace::kMaxThreads - 13;

 private:
  void WakeLinks();
  void RunExports();
  void Ask(const std::shared_ptr<MigrationRecord>& record, const std::string& host, int port);
  void RunPurge();
  bool PurgeSome(SlotId slot);
  void BeginImport(migration::Job job, int fd, std::string unparsed);
  std::shared_ptr<MigrationRecord> AddRecord(migration::Job job, bool import);
  void TrimRecords();
  std::shared_ptr<MigrationRecord> NextExport();

  Engine* const engine_;
  Server* const server_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> table_version_{0};
  std::atomic<int> await_acks_{0};
  const int wake_fd_;  // of the export thread
  const int import_wake_fd_;

  std::mutex mutex_;  // guards what follows; before MigrationRecord's
  std::condition_variable changed_;
  std::deque<std::shared_ptr<MigrationRecord>> records_;
  std::unique_ptr<ImportLink> import_;
  std::deque<SlotId> leftovers_;
  std::vector<std::thread> askers_;
  std::thread export_thread_;
  std::thread purge_thread_;
};

// Tells those who follow the journal (replicas, the AOF) which slots are being imported, so that
// they hide them, and drop their keys if it comes to nothing: a node that becomes master, or
// starts, and does not own such a slot. The record says all of it and may come any number of times.
// REQUIRES: an exclusive section if nobody but the caller imports (a cut: what lies behind it must
// say it again); nothing is written on a replica.
void RecordIncoming(Engine* engine);
// The record itself: CLUSTER SYNCSLOTS INCOMING first last [first last ...], from the stream or the
// AOF. What is my master's (or mine) by the bus already stays seen: the claim has overtaken the
// record. Nor does a node hide anything that is in no cluster (`server` may be null): nobody would
// tell it of the claim. REQUIRES: the caller is inside the keyspace.
void ApplyIncoming(Engine* engine, const Server* server, const migration::SlotSpans& slots);

// Runs the commands of all clients that wait in this slot again. REQUIRES: its lock.
void RunWaitersAgain(Engine* engine, SlotId slot);

}  // namespace pleiad::runtime
