// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What is on disk becomes data: an RDB file, a multi-part AOF, or a plain AOF of Redis 3 to 6.
//
// Nobody else changes the keyspace meanwhile. Errors name file and offset; nothing that was read is
// left half applied: a transaction at a torn end is dropped as a whole. Threads: one, outside the
// keyspace; `thread` is its number there.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "command/dispatch.h"
#include "command/engine.h"
#include "journal/aof_manifest.h"
#include "runtime/snapshot_load.h"

namespace pleiad::runtime {

// Figures for INFO, while it runs and afterwards.
struct LoadProgress {
  std::atomic<int64_t> started_seconds{0};  // unix
  std::atomic<int64_t> total_bytes{0};
  std::atomic<int64_t> loaded_bytes{0};
  std::atomic<uint64_t> keys_loaded{0};
  std::atomic<uint64_t> keys_expired{0};
};

class DataLoader {
 public:
  DataLoader(Engine* engine, Server* server, int thread, LoadProgress* progress);

  // `drop_expired`: keys whose time is over are not loaded (a master's dump); in the base of an AOF
  // they stay, because the commands behind it may need them.
  Status LoadRdb(const std::string& path, bool drop_expired);
  // `truncate`: a torn end of the last file is cut off (aof-load-truncated), else an error.
  Status LoadAof(const std::string& folder, const AofManifest& manifest, bool truncate);
  // One file that holds all: commands, perhaps behind an RDB.
  Status LoadPlainAof(const std::string& path, bool truncate);

  // The database that the last file had selected.
  int db() const { return client_.db; }
  // Of the last RDB.
  const std::optional<SnapshotHistory>& history() const { return history_; }

 private:
  Status LoadAofFile(const std::string& path, bool may_truncate);
  Status FeedRdb(const std::string& path, std::string_view bytes, bool drop_expired, size_t* used);
  Status RunCommands(const std::string& path, std::string_view bytes, size_t begin, size_t* good);
  Status RunBatch(const std::string& path);
  static bool IsForReplicasAlone(const std::vector<std::string_view>& args);
  Status Take(const std::string& path, size_t offset, std::vector<std::string_view>* args);
  Status RunTransaction(const std::string& path);

  Engine* const engine_;
  const int thread_;
  LoadProgress* const progress_;
  Dispatcher dispatcher_;
  ClientState client_;
  std::optional<SnapshotHistory> history_;
  resp::OutBuffer replies_;
  size_t batch_ = 0;
  size_t batch_offset_ = 0;  // where the first command of the batch stands
  bool in_transaction_ = false;
  std::vector<std::vector<std::string_view>> transaction_;
};

}  // namespace pleiad::runtime
