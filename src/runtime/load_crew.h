// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// LoadCrew: the threads that make keys out of a snapshot's records while one thread reads it. The
// reader does what must be done in order (lengths, boundaries, checksum) and hands over batches;
// unpacking, allocating and inserting, nine tenths of the work, is shared by all cores.
//
// No thread ever waits while it is inside the keyspace, so that an exclusive section can't lock it
// up: a reader that finds many batches queued runs one itself, and a worker takes a batch only when
// it is inside.
//
// Within a batch the lines of all keys are fetched before the first is used: keys come in the order
// of another server's tables, so each insertion would wait for memory two or three times.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "command/engine.h"

namespace pleiad::runtime {

// Records on their way into the keyspace. Strings are copies in `bytes`; collections are entries
// already.
struct LoadBatch {
  struct Item {
    Entry* entry = nullptr;  // null: a string, in `bytes`
    int db = 0;
    int64_t expiry_ms = Entry::kNoExpiry;
    size_t at = 0;  // in `bytes`: key, then value
    size_t key_size = 0;
    size_t value_size = 0;
    size_t full_size = 0;  // not 0: the value is an LZF block of that many bytes
  };
  static constexpr size_t kItemsMax = 64;
  static constexpr size_t kBytesMax = 256 * 1024;

  LoadBatch() = default;
  ~LoadBatch();  // frees what was not inserted
  LoadBatch(const LoadBatch&) = delete;
  LoadBatch& operator=(const LoadBatch&) = delete;
  bool full() const { return items.size() >= kItemsMax || bytes.size() >= kBytesMax; }

  std::vector<Item> items;
  std::string bytes;
};

class LoadCrew {
 public:
  // Workers have the numbers first_thread, first_thread + 1, ... among the keyspace's threads.
  LoadCrew(Engine* engine, UnixMs now, int first_thread, int workers);
  ~LoadCrew();  // drops what is queued, joins
  LoadCrew(const LoadCrew&) = delete;
  LoadCrew& operator=(const LoadCrew&) = delete;

  // The reader's thread, inside the keyspace. The error is that of some batch before.
  Status Add(std::unique_ptr<LoadBatch> batch);
  // All that was added is in the keyspace. The reader's thread.
  Status Finish();

 private:
  void Work(int thread);
  std::unique_ptr<LoadBatch> Take();
  void Run(LoadBatch* batch);
  Status MakeEntries(LoadBatch* batch);
  bool Insert(const Key& key, int db, Entry* entry);
  void Fail(const std::string& why);

  Engine* const engine_;
  const UnixMs now_;
  std::vector<std::thread> threads_;

  std::mutex mutex_;  // guards the following
  std::condition_variable work_;
  std::condition_variable idle_;
  std::deque<std::unique_ptr<LoadBatch>> queue_;
  int running_ = 0;
  bool stop_ = false;
  Status status_;
};

}  // namespace pleiad::runtime
