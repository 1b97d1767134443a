// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/persistence.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "runtime/clock.h"
#include "runtime/files.h"
#include "runtime/migration_driver.h"
#include "runtime/process.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"
#include "runtime/snapshot_stream.h"

namespace pleiad::runtime {
namespace {

// Numbers among the keyspace's threads (reactors stay below kMaxThreads - 16; full syncs have the
// first four of these eight, the drivers the last two).
constexpr int kSaveThread = Keyspace::kMaxThreads - 4;
constexpr int kRewriteThread = Keyspace::kMaxThreads - 3;
constexpr int64_t kSyncEveryBytes = 32 << 20;
constexpr int64_t kRetryFailedJobMs = 5000;

// A snapshot as a file: whole and durable under `path`, or not there.
Status WriteSnapshotFile(Engine* engine, int thread, const std::string& path, bool aof_base,
                         const Settings& settings, const std::function<void(RdbFacts*)>& at_cut) {
  OutFile file;
  Status status = file.Create(path);
  const bool commands = aof_base && !settings.aof_use_rdb_preamble;
  SnapshotStream stream(engine, thread,
                        {.commands = commands,
                         .checksum = settings.rdbchecksum,
                         .compress = settings.rdbcompression});
  RdbFacts facts;
  stream.Cut([&] { at_cut(&facts); });  // even if the file failed: the caller counts on it
  facts.created = UnixNow();
  facts.used_memory = UsedMemory();
  facts.aof_base = aof_base;
  int64_t synced = 0;
  const auto append = [&](std::string_view bytes) {
    status = file.Append(bytes);
    if (status.ok() && file.size() - synced >= kSyncEveryBytes) {
      status = file.Sync();
      synced = file.size();
    }
    return status.ok();
  };
  if (status.ok()) commands ? stream.WriteCommands(append) : stream.Write(facts, append);
  if (status.ok()) status = file.Sync();
  if (!status.ok()) RemoveFile(path);
  return status;
}

void NoteHistory(const ReplicationDriver& replication, RdbFacts* facts) {
  const std::optional<ReplicationDriver::HistoryPoint> here = replication.Here();
  if (!here) return;
  facts->repl_id = here->replid;
  facts->repl_offset = here->offset;
  facts->repl_stream_db = here->db;
}

}  // namespace

Persistence::Persistence(Server* server) : server_(server), engine_(&server->engine()) {
  server->config().AddListener(
      [this](const Settings& now, const std::vector<std::string>&) { OnSettings(now); });
}

Persistence::~Persistence() { Stop(); }

std::string Persistence::Path(const std::string& name) const {
  const std::string& dir = server_->settings()->dir;
  return dir.empty() ? name : dir + "/" + name;
}

std::string Persistence::AofFolder() const { return Path(server_->settings()->appenddirname); }

Offset Persistence::synced() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return log_ ? log_->synced() : engine_->journal.end();
}

Offset Persistence::on_disk() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return log_ && !log_->detached() ? log_->synced() : Offset(-1);
}

bool Persistence::has_log() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return log_ != nullptr;
}

// ---- start

Status Persistence::Start() {
  const auto settings = server_->settings();
  engine_->loading = true;
  AofManifest manifest;
  const MonoMs begin = MonoNow();
  const Status loaded = LoadAll(&manifest);
  engine_->loading = false;
  if (!loaded.ok()) return loaded;
  if (progress_.total_bytes != 0)
    PLOG(kNotice, "DB loaded from disk: {:.3f} seconds",
         static_cast<double>(MonoNow() - begin) / 1000);
  server_->dirty_at_last_save = server_->Sum(&ThreadStats::dirty);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    aof_wanted_ = settings->appendonly;
    growth_percent_ = settings->auto_aof_rewrite_percentage;
  }
  return settings->appendonly ? StartLog(std::move(manifest)) : Status::Ok();
}

// The AOF is the fuller record where there is one; without one the dump is better than nothing.
Status Persistence::LoadAll(AofManifest* manifest) {
  const auto settings = server_->settings();
  const std::string plain = Path(settings->appendfilename);
  const std::string listed = AofFolder() + "/" + AofManifestName(settings->appendfilename);
  if (settings->appendonly && FileExists(listed)) return LoadFromAof(manifest);
  DataLoader loader(engine_, server_, kSaveThread, &progress_);
  if (settings->appendonly && FileExists(plain)) {
    PLOG(kNotice, "Loading the single-file AOF {}; it becomes the base of a multi-part one", plain);
    return loader.LoadPlainAof(plain, settings->aof_load_truncated);
  }
  const std::string dump = Path(settings->dbfilename);
  if (!FileExists(dump)) return Status::Ok();
  const Status loaded = loader.LoadRdb(dump, settings->replicaof_host.empty());
  const std::optional<SnapshotHistory>& history = loader.history();
  if (loaded.ok() && history)
    server_->replication().Resume({history->replid, history->offset, loader.db()});
  return loaded;
}

Status Persistence::LoadFromAof(AofManifest* manifest) {
  const auto settings = server_->settings();
  const std::string path = AofFolder() + "/" + AofManifestName(settings->appendfilename);
  const Result<std::string> text = ReadFile(path);
  if (!text.ok()) return Error{fmt::format("can't read {}: {}", path, text.message())};
  Result<AofManifest> parsed = ParseAofManifest(*text);
  if (!parsed.ok()) {
    return Error{fmt::format("Invalid AOF manifest file format: {}: {}", path, parsed.message())};
  }
  *manifest = std::move(*parsed);
  for (const AofFile& file : manifest->history) RemoveFile(AofFolder() + "/" + file.name);
  manifest->history.clear();
  RemoveLeftovers(*manifest);
  DataLoader loader(engine_, server_, kSaveThread, &progress_);
  return loader.LoadAof(AofFolder(), *manifest, settings->aof_load_truncated);
}

// What a run that ended in the midst of a rewrite left: unfinished files, and those that would have
// come next. Nobody else makes such names.
void Persistence::RemoveLeftovers(const AofManifest& manifest) const {
  const std::string& stem = server_->settings()->appendfilename;
  std::vector<std::string> found = GlobFiles(AofFolder() + "/temp-rewriteaof-*");
  const std::string listed = AofFolder() + "/" + AofManifestName(stem);
  for (const std::string& path : GlobFiles(listed + ".tmp-*")) found.push_back(path);
  const int64_t base = manifest.NextBaseSeq();
  for (const std::string& name : {AofBaseName(stem, base, true), AofBaseName(stem, base, false),
                                  AofIncrementName(stem, manifest.NextIncrementSeq())}) {
    if (FileExists(AofFolder() + "/" + name)) found.push_back(AofFolder() + "/" + name);
  }
  for (const std::string& path : found) {
    PLOG(kNotice, "Removing {}, which an unfinished rewrite left", path);
    RemoveFile(path);
  }
}

// A log that has no base yet gets one before the first client is served, so that nothing is
// acknowledged that a restart would not find.
Status Persistence::StartLog(AofManifest manifest) {
  const auto settings = server_->settings();
  Status status = MakeFolder(AofFolder());
  if (!status.ok()) return status;
  server_->replication().ActivateJournal();
  const bool fresh = !manifest.base.has_value() && manifest.increments.empty();
  auto log = std::make_shared<AofLog>(
      engine_, AofLogOptions{AofFolder(), settings->appendfilename, settings->appendfsync},
      [this] { server_->OnJournalSynced(); });
  engine_->journal.ForgetDatabase();
  status = log->Start(std::move(manifest), engine_->journal.end(), fresh);
  if (!status.ok()) return status;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    log_ = log;
  }
  if (fresh) {
    status = WriteBase();
    if (!status.ok()) return status;
    const std::string plain = Path(settings->appendfilename);
    if (FileExists(plain)) {
      PLOG(kNotice, "The single-file AOF {} is no longer needed and was renamed to {}.old", plain,
           plain);
      status = RenameDurably(plain, plain + ".old");
    }
  }
  gating_ = settings->appendfsync == AppendFsync::kAlways;
  return status;
}

void Persistence::Stop() {
  stopping_ = true;
  // The log first: a rewrite may wait for it to reach its cut, which a full disk keeps it from.
  StopLog();
  for (JobState* job : {&save_, &rewrite_}) {
    if (job->thread.joinable()) job->thread.join();
  }
}

void Persistence::StopLog() {
  std::shared_ptr<AofLog> log;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    log.swap(log_);
  }
  if (log) log->Stop();
  gating_ = false;
  server_->OnJournalSynced();
}

// ---- jobs

void Persistence::Begin(JobState* job, std::function<Status()> work) {
  if (job->thread.joinable()) job->thread.join();
  job->running = true;
  job->scheduled = false;
  job->started_seconds = UnixNow().value / 1000;
  job->tried = MonoNow();
  job->thread = std::thread([this, job, work = std::move(work)] {
    RegisterMemoryThread();
    const MonoMs begin = MonoNow();
    const Status status = work();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      job->ok = status.ok();
      job->last_seconds = (MonoNow() - begin) / 1000;
      job->started_seconds = -1;
      job->failures = status.ok() ? 0 : job->failures + 1;
      if (status.ok()) ++job->done;
    }
    if (!status.ok()) PLOG(kWarning, "{}", status.message());
    UnregisterMemoryThread();
    job->running = false;
    job->running.notify_all();
  });
}

Status Persistence::WriteDump(const std::function<void()>& at_cut) {
  const auto settings = server_->settings();
  const std::string temporary = Path(fmt::format("temp-{}.rdb", ProcessId()));
  uint64_t dirty = 0;
  const auto note = [&](RdbFacts* facts) {
    dirty = server_->Sum(&ThreadStats::dirty);
    NoteHistory(server_->replication(), facts);
    at_cut();
  };
  Status status =
      WriteSnapshotFile(engine_, kSaveThread, temporary, /*aof_base=*/false, *settings, note);
  if (status.ok()) status = RenameDurably(temporary, Path(settings->dbfilename));
  if (!status.ok()) return Error{fmt::format("Saving the DB failed: {}", status.message())};
  server_->dirty_at_last_save = dirty;
  server_->last_save_seconds = UnixNow().value / 1000;
  PLOG(kNotice, "DB saved on disk");
  return status;
}

Status Persistence::WriteBase() {
  std::shared_ptr<AofLog> log;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    log = log_;
  }
  const auto settings = server_->settings();
  if (!log) return WriteLoneBase();
  const std::string temporary = AofFolder() + fmt::format("/temp-rewriteaof-{}.rdb", ProcessId());
  int64_t first = 0;
  log->set_hold_fsync(settings->no_appendfsync_on_rewrite);
  Status status = WriteSnapshotFile(engine_, kRewriteThread, temporary, /*aof_base=*/true,
                                    *settings, [&](RdbFacts*) {
                                      first = log->Cut();
                                      RecordIncoming(engine_);
                                    });
  if (status.ok()) status = log->InstallBase(temporary, settings->aof_use_rdb_preamble, first);
  log->set_hold_fsync(false);
  if (!status.ok()) return Error{fmt::format("Rewriting the AOF failed: {}", status.message())};
  PLOG(kNotice, "Background AOF rewrite finished successfully");
  return status;
}

// BGREWRITEAOF while the AOF is off: the files are there for whoever switches it on or takes them.
Status Persistence::WriteLoneBase() {
  const auto settings = server_->settings();
  const std::string& stem = settings->appendfilename;
  Status status = MakeFolder(AofFolder());
  const std::string temporary = AofFolder() + fmt::format("/temp-rewriteaof-{}.rdb", ProcessId());
  if (status.ok())
    status = WriteSnapshotFile(engine_, kRewriteThread, temporary, /*aof_base=*/true, *settings,
                               [](RdbFacts*) {});
  if (!status.ok()) return Error{fmt::format("Rewriting the AOF failed: {}", status.message())};
  const AofManifest old = ReadOldManifest();
  AofManifest next;
  next.base = AofFile{AofBaseName(stem, old.NextBaseSeq(), settings->aof_use_rdb_preamble),
                      old.NextBaseSeq()};
  status = RenameDurably(temporary, AofFolder() + "/" + next.base->name);
  if (status.ok()) {
    status = WriteFileAtomically(AofFolder() + "/" + AofManifestName(stem), next.Format());
  }
  if (!status.ok()) return Error{fmt::format("Rewriting the AOF failed: {}", status.message())};
  if (old.base) RemoveFile(AofFolder() + "/" + old.base->name);
  for (const AofFile& file : old.increments) RemoveFile(AofFolder() + "/" + file.name);
  return status;
}

// What a log that was switched off, or is being replaced, left. Broken or none: empty.
AofManifest Persistence::ReadOldManifest() const {
  const std::string path = AofFolder() + "/" + AofManifestName(server_->settings()->appendfilename);
  if (!FileExists(path)) return {};
  const Result<std::string> text = ReadFile(path);
  if (!text.ok()) return {};
  Result<AofManifest> parsed = ParseAofManifest(*text);
  return parsed.ok() ? std::move(*parsed) : AofManifest();
}

Status Persistence::Save() {
  auto result = std::make_shared<Status>();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (save_.running) return Error{"ERR Background save already in progress"};
    Begin(&save_, [this, result] { return *result = WriteDump([] {}); });
  }
  save_.running.wait(true);
  return *result;
}

// Waits for the cut, so that the dump is of the moment of the command.
Status Persistence::BackgroundSave(bool schedule, std::string* said) {
  auto cut = std::make_shared<std::atomic<bool>>(false);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    *said = "Background saving started";
    if (save_.running) {
      if (!schedule) return Error{"ERR Background save already in progress"};
      save_.scheduled = true;
      *said = "Background saving scheduled";
      return Status::Ok();
    }
    Begin(&save_, [this, cut] {
      return WriteDump([cut] {
        *cut = true;
        cut->notify_all();
      });
    });
  }
  cut->wait(false);
  return Status::Ok();
}

void Persistence::ScheduleSave() {
  const std::lock_guard<std::mutex> lock(mutex_);
  save_.scheduled = true;
}

Status Persistence::RewriteAof(std::string* said) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (rewrite_.running)
    return Error{"ERR Background append only file rewriting already in progress"};
  *said = "Background append only file rewriting started";
  Begin(&rewrite_, [this] { return WriteBase(); });
  return Status::Ok();
}

// ---- changes of the settings, and full syncs

void Persistence::OnSettings(const Settings& settings) {
  bool change = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    growth_percent_ = settings.auto_aof_rewrite_percentage;
    if (log_) log_->set_fsync(settings.appendfsync);
    gating_ = log_ != nullptr && !log_->detached() && settings.appendfsync == AppendFsync::kAlways;
    change = settings.appendonly != aof_wanted_;
    aof_wanted_ = settings.appendonly;
  }
  server_->OnJournalSynced();
  if (change && server_->started_up()) SetAof(settings.appendonly);
}

// The log begins at once, in a file of its own, and counts when its base is there.
void Persistence::SetAof(bool on) {
  if (!on) {
    StopLog();
    return;
  }
  const auto settings = server_->settings();
  Status status = MakeFolder(AofFolder());
  server_->replication().ActivateJournal();
  auto log = std::make_shared<AofLog>(
      engine_, AofLogOptions{AofFolder(), settings->appendfilename, settings->appendfsync},
      [this] { server_->OnJournalSynced(); });
  if (status.ok())
    status = log->Start(ReadOldManifest(), engine_->journal.end(), /*detached=*/true);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!status.ok()) {
    PLOG(kWarning, "Can't start the append only file: {}", status.message());
    rewrite_.ok = false;
    return;
  }
  log_ = log;
  rewrite_.scheduled = true;  // Cron begins it
}

void Persistence::BeforeReload() { StopLog(); }

void Persistence::AfterReload() {
  bool wanted = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    wanted = aof_wanted_;
  }
  if (wanted && !stopping_) SetAof(true);
}

// ---- rules

void Persistence::SaveIfDue(const Settings& settings, MonoMs now) {
  const uint64_t changes = server_->Sum(&ThreadStats::dirty) - server_->dirty_at_last_save.load();
  const int64_t passed = UnixNow().value / 1000 - server_->last_save_seconds.load();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (save_.running || (!save_.ok && now - save_.tried < kRetryFailedJobMs)) return;
  bool due = save_.scheduled;
  for (const SaveRule& rule : settings.save) {
    if (changes >= static_cast<uint64_t>(rule.changes) && passed > rule.seconds) {
      PLOG(kNotice, "{} changes in {} seconds. Saving...", rule.changes, rule.seconds);
      due = true;
      break;
    }
  }
  if (due) Begin(&save_, [this] { return WriteDump([] {}); });
}

void Persistence::RewriteIfDue(const Settings& settings, MonoMs now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!log_ || rewrite_.running || (!rewrite_.ok && now - rewrite_.tried < kRetryFailedJobMs))
    return;
  const AofLog::Sizes sizes = log_->sizes();
  bool due = rewrite_.scheduled || log_->wants_rewrite();
  if (growth_percent_ > 0 && !log_->detached() &&
      sizes.current > static_cast<int64_t>(settings.auto_aof_rewrite_min_size)) {
    const int64_t base = std::max<int64_t>(sizes.base, 1);
    const int64_t growth = sizes.current * 100 / base - 100;
    if (growth >= growth_percent_) {
      PLOG(kNotice, "Starting automatic rewriting of AOF on {}% growth", growth);
      due = true;
    }
  }
  if (due) Begin(&rewrite_, [this] { return WriteBase(); });
}

void Persistence::UpdateRefusal(const Settings& settings) {
  const std::lock_guard<std::mutex> lock(mutex_);
  PersistenceError error = PersistenceError::kNone;
  if (log_ && !log_->healthy()) {
    error = PersistenceError::kAof;
  } else if (settings.stop_writes_on_bgsave_error && !settings.save.empty() && !save_.ok) {
    error = PersistenceError::kRdb;
  }
  engine_->persistence_error = error;
  gating_ = log_ != nullptr && !log_->detached() && settings.appendfsync == AppendFsync::kAlways;
}

void Persistence::Cron(MonoMs now) {
  if (stopping_ || engine_->loading.load(std::memory_order_relaxed)) return;
  const auto settings = server_->settings();
  SaveIfDue(*settings, now);
  RewriteIfDue(*settings, now);
  if (settings->aof_timestamp_enabled) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (log_) log_->NoteTime(UnixNow().value / 1000);
  }
  UpdateRefusal(*settings);
}

PersistenceView Persistence::View() const {
  PersistenceView view;
  view.loading = engine_->loading.load();
  view.last_save_seconds = server_->last_save_seconds.load();
  view.changes_since_save = server_->Sum(&ThreadStats::dirty) - server_->dirty_at_last_save.load();
  const std::lock_guard<std::mutex> lock(mutex_);
  view.bgsave_running = save_.running;
  view.bgsave_ok = save_.ok;
  view.bgsave_last_seconds = save_.last_seconds;
  view.bgsave_started_seconds = save_.started_seconds;
  view.saves = save_.done;
  view.aof_enabled = log_ != nullptr;
  view.rewrite_running = rewrite_.running;
  view.rewrite_scheduled = rewrite_.scheduled;
  view.rewrite_ok = rewrite_.ok;
  view.rewrite_last_seconds = rewrite_.last_seconds;
  view.rewrite_started_seconds = rewrite_.started_seconds;
  view.rewrites = rewrite_.done;
  view.rewrite_failures = rewrite_.failures;
  if (log_) {
    view.aof_write_ok = log_->healthy();
    view.aof = log_->sizes();
  }
  return view;
}

}  // namespace pleiad::runtime
