// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// AofLog: the journal's sink on disk. A thread reads the journal at its own pace and appends to the
// current increment of a multi-part AOF; nobody waits for it but replies under `appendfsync
// always`.
//
//   always     write and fsync as soon as there is something: all that came meanwhile is one group
//   everysec   gather for some ms, write; fsync once a second
//   no         gather, write; the kernel decides when
//
// Increments and base. A rewrite cuts the journal at an offset (in the exclusive section of its
// snapshot): what lies before goes to the old increment, what lies behind to a new one. The new one
// is in the manifest before the first byte goes into it; once the base is written, one manifest
// write puts base and new increment in the place of all that was, and the old files are deleted.
// A crash at any step leaves a manifest whose files are whole.
//
// *Detached*: started without a base that fits (appendonly switched on, or a full sync brought
// other data): the increment is kept out of the manifest until InstallBase. The old log stays as it
// was until then.
//
// Between records stand annotations (journal/aof_annotation.h): a sum at least every 64 KB and
// before a file is left, so that a flipped byte is found, and times if they are wanted.
//
// Errors. `always`: the process ends (nothing unsynced was acknowledged). Otherwise: what could not
// be written is cut off, kept and tried again every second, and healthy() is false meanwhile, so
// that writes are refused. After a failed fsync nobody knows what the disk has: healthy() is false
// until a new base is installed.
//
// Threads: each method says. Locks: the journal's comes before mutex_ (the waker), marks_mutex_
// before the journal's.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "command/engine.h"
#include "journal/aof_manifest.h"
#include "runtime/disk.h"
#include "server/config/settings.h"

namespace pleiad::runtime {

struct AofLogOptions {
  std::string folder;  // of the AOF's files
  std::string stem;    // appendfilename
  AppendFsync fsync = AppendFsync::kEverysec;
};

class AofLog {
 public:
  // `on_synced` is called on the log's thread whenever synced() moved, under `always` only.
  AofLog(Engine* engine, AofLogOptions options, std::function<void()> on_synced);
  ~AofLog();  // stops
  AofLog(const AofLog&) = delete;
  AofLog& operator=(const AofLog&) = delete;

  // Writes what the journal holds from `from` on. `manifest`: what is on disk. REQUIRES: the
  // journal is active; no other thread appends until it returns.
  Status Start(AofManifest manifest, Offset from, bool detached);
  // Writes and syncs what is there, then ends the thread.
  void Stop();

  // What is appended to the journal from now on goes to a new increment; its number. REQUIRES: an
  // exclusive section.
  int64_t Cut();
  // `temporary` (in the folder) becomes the base, and increments before `first` are history. Waits
  // for the writer to reach the cut. Any thread outside the keyspace.
  Status InstallBase(const std::string& temporary, bool rdb, int64_t first);

  void set_fsync(AppendFsync fsync) { fsync_.store(fsync, std::memory_order_relaxed); }
  AppendFsync fsync() const { return fsync_.load(std::memory_order_relaxed); }
  // fsync is left out while a rewrite runs (no-appendfsync-on-rewrite).
  void set_hold_fsync(bool hold) { hold_fsync_.store(hold, std::memory_order_relaxed); }

  // What is appended to the journal from now on is of this second or later: noted in the file
  // (aof-timestamp-enabled). Any thread; the same second twice costs nothing.
  void NoteTime(int64_t unix_seconds);

  // Everything before it is on disk. Any thread.
  Offset synced() const { return Offset(synced_.load(std::memory_order_acquire)); }
  bool healthy() const { return healthy_.load(std::memory_order_acquire); }
  // A failed fsync asks for a new base.
  bool wants_rewrite() const { return sync_lost_.load(std::memory_order_acquire); }
  bool detached() const { return detached_.load(std::memory_order_acquire); }

  struct Sizes {
    int64_t current = 0;  // base and increments
    int64_t base = 0;     // the log's size when its base was installed
    int64_t unwritten = 0;
  };
  Sizes sizes() const;

 private:
  struct Switch {
    Offset at;
    int64_t seq;
  };
  struct TimeMark {
    Offset at;
    int64_t unix_seconds;
  };
  void Loop();
  void Wait();
  void WriteAvailable();
  int64_t ReadToMark(bool* whole);
  void AppendSum();
  bool WritePending();
  bool SwitchIncrement(int64_t seq);
  void SyncIfDue(bool stopping);
  void OnWriteError(const Status& status);
  Status WriteManifest();
  std::string Path(const std::string& name) const { return options_.folder + "/" + name; }

  Engine* const engine_;
  const AofLogOptions options_;
  const std::function<void()> on_synced_;
  std::atomic<AppendFsync> fsync_;
  std::atomic<bool> hold_fsync_{false};
  std::atomic<int64_t> synced_{0};
  std::atomic<bool> healthy_{true};
  std::atomic<bool> sync_lost_{false};
  std::atomic<bool> detached_{false};
  std::atomic<int64_t> increment_bytes_{0};  // of all increments
  std::atomic<int64_t> base_bytes_{0};
  std::atomic<int64_t> size_at_base_{0};

  std::thread thread_;
  std::unique_ptr<Journal::Reader> reader_;  // the thread's
  OutFile file_;                             // the thread's
  std::string pending_;                      // what the file gets next; the thread's
  int64_t pending_journal_ = 0;              // how much of it the journal had
  uint64_t sum_bytes_ = 0;                   // in the file behind its last sum (or our opening it)
  uint32_t sum_ = 0;                         // of these
  int64_t summed_at_ms_ = 0;                 // mono
  bool ends_with_sum_ = false;               // pending_ does
  int64_t written_ = 0;                      // offset up to which the file holds the journal
  int64_t synced_at_ms_ = 0;                 // mono
  int64_t retry_at_ms_ = 0;

  std::mutex marks_mutex_;        // guards the following
  std::vector<Switch> switches_;  // not reached yet
  std::vector<TimeMark> times_;   // not reached yet
  int64_t noted_seconds_ = 0;     // the last NoteTime
  int64_t last_seq_ = 0;          // the greatest number of an increment handed out

  mutable std::mutex mutex_;          // guards the following
  std::condition_variable wake_;      // for the thread
  std::condition_variable switched_;  // for InstallBase
  bool woken_ = false;
  bool stop_ = false;
  AofManifest manifest_;
  int64_t current_seq_ = 0;   // of the increment being written
  int64_t detached_seq_ = 0;  // the first of those kept out of the manifest
};

}  // namespace pleiad::runtime
