// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Persistence, continued: DEBUG RELOAD and LOADAOF: what is on disk takes the place of what is in
// memory, while every client is held back.
#include <fmt/core.h>

#include "base/log.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/files.h"
#include "runtime/persistence.h"
#include "runtime/process.h"
#include "runtime/server.h"
#include "runtime/snapshot_load.h"
#include "snapshot/rdb_reader.h"

namespace pleiad::runtime {
namespace {

// The dump's: no save runs meanwhile.
constexpr int kReloadThread = Keyspace::kMaxThreads - 4;

// Deletes the keys that a dump has.
class KeyDropper : public RdbSink {
 public:
  explicit KeyDropper(Engine* engine) : engine_(engine) { nobody_.from_master = true; }
  Status OnAux(std::string_view, std::string_view) override { return Status::Ok(); }
  Status OnSelectDb(int db) override {
    nobody_.db = db;
    if (db < engine_->keyspace.databases()) return Status::Ok();
    return Error{"it has more databases than this server"};
  }
  Status OnResize(uint64_t, uint64_t) override { return Status::Ok(); }
  Status OnString(const RdbKey& key, std::string_view) override { return Drop(key); }
  Status OnPackedString(const RdbKey& key, std::string_view, size_t) override { return Drop(key); }
  Status OnValue(const RdbKey& key, ValueType, MemoryStore*) override { return Drop(key); }
  Status OnFunction(std::string_view) override { return Status::Ok(); }
  Status OnEnd() override { return Status::Ok(); }

 private:
  Status Drop(const RdbKey& key) {
    const std::vector<Key> keys = {engine_->keyspace.MakeKey(key.key)};
    LockSet locks(&engine_->keyspace);
    locks.LockOne(keys[0].slot);
    WriteContext ctx(engine_, &engine_->stats[kReloadThread], &locks, &nobody_, UnixNow());
    ctx.set_keys(&keys);
    ctx.Delete(keys[0]);
    return Status::Ok();
  }

  Engine* const engine_;
  ClientState nobody_;
};

Status DropKeysOf(Engine* engine, const std::string& path) {
  MappedFile file;
  const Status opened = file.Open(path);
  if (!opened.ok()) return opened;
  KeyDropper dropper(engine);
  RdbReader reader(&dropper, {.collections = &engine->collections});
  std::string_view rest = file.bytes();
  while (!reader.done() && !rest.empty()) {
    engine->keyspace.Enter(kReloadThread);
    const Result<size_t> fed = reader.Feed(rest.substr(0, 1 << 20));
    engine->keyspace.Leave(kReloadThread);
    if (!fed.ok()) return Error{fed.message()};
    rest.remove_prefix(*fed);
  }
  return Status::Ok();
}

}  // namespace

// Nobody writes, saves or is answered while f runs.
Status Persistence::WhileHeldBack(const std::function<Status()>& f) {
  engine_->pauses.Begin(PausePurpose::kShutdown, PauseLevel::kAll, Pauses::kForEver);
  engine_->keyspace.EnterExclusive();
  engine_->keyspace.LeaveExclusive();
  const Status status = f();
  server_->EndPause(PausePurpose::kShutdown);
  if (!status.ok()) PLOG(kWarning, "{}", status.message());
  return status;
}

Status Persistence::ReloadDump(const ReloadOptions& options) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (save_.running) return Error{"a background save is in progress"};
    save_.running = true;
  }
  const std::string dump = Path(server_->settings()->dbfilename);
  Status status;
  if (options.flush) {
    FlushKeyspace(engine_);
  } else if (options.merge) {
    status = DropKeysOf(engine_, dump);
  }
  if (status.ok()) {
    DataLoader loader(engine_, server_, kReloadThread, &progress_);
    status = loader.LoadRdb(dump, /*drop_expired=*/true);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  save_.running = false;
  save_.running.notify_all();
  return status;
}

Status Persistence::Reload(const ReloadOptions& options) {
  return WhileHeldBack([&] {
    if (options.save) {
      const Status saved = Save();
      if (!saved.ok()) return saved;
    }
    return ReloadDump(options);
  });
}

Status Persistence::CheckAofFolder() const {
  Status status = MakeFolder(AofFolder());
  if (!status.ok()) return status;
  const std::string trial = AofFolder() + fmt::format("/temp-trial-{}", ProcessId());
  OutFile file;
  status = file.Create(trial);
  if (status.ok()) RemoveFile(trial);
  return status;
}

Status Persistence::ReloadLog() {
  return WhileHeldBack([&]() -> Status {
    const bool had_log = has_log();
    StopLog();  // writes and syncs what there is
    const auto settings = server_->settings();
    const std::string listed = AofFolder() + "/" + AofManifestName(settings->appendfilename);
    if (!FileExists(listed)) return Error{"there is no AOF"};
    FlushKeyspace(engine_);
    AofManifest manifest;
    const Status loaded = LoadFromAof(&manifest);
    if (!loaded.ok()) return loaded;
    return had_log ? StartLog(std::move(manifest)) : Status::Ok();
  });
}

}  // namespace pleiad::runtime
