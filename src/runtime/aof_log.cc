// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/aof_log.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/log.h"
#include "base/memory.h"
#include "journal/aof_annotation.h"
#include "runtime/clock.h"
#include "runtime/files.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kWritePiece = 1 << 20;
constexpr auto kGatherTime = std::chrono::milliseconds(5);
constexpr int64_t kSyncPeriodMs = 1000;
constexpr int64_t kRetryMs = 1000;
constexpr uint64_t kSumEveryBytes = 64 << 10;
constexpr int64_t kSumEveryMs = 1000;

}  // namespace

AofLog::AofLog(Engine* engine, AofLogOptions options, std::function<void()> on_synced)
    : engine_(engine),
      options_(std::move(options)),
      on_synced_(std::move(on_synced)),
      fsync_(options_.fsync) {}

AofLog::~AofLog() { Stop(); }

Status AofLog::Start(AofManifest manifest, Offset from, bool detached) {
  CHECK(!thread_.joinable());
  manifest_ = std::move(manifest);
  detached_ = detached;
  last_seq_ = manifest_.NextIncrementSeq() - 1;
  int64_t bytes = 0;
  for (const AofFile& file : manifest_.increments)
    bytes += std::max<int64_t>(0, FileSize(Path(file.name)));
  base_bytes_ = manifest_.base ? std::max<int64_t>(0, FileSize(Path(manifest_.base->name))) : 0;
  if (detached || manifest_.increments.empty()) {
    current_seq_ = detached_seq_ = ++last_seq_;
    const std::string name = AofIncrementName(options_.stem, current_seq_);
    Status status = file_.Create(Path(name));
    if (status.ok() && !detached) {
      manifest_.increments.push_back({name, current_seq_});
      status = WriteManifest();
    }
    if (!status.ok()) return status;
    if (detached) bytes = 0;
  } else {
    current_seq_ = manifest_.increments.back().seq;
    const Status status = file_.OpenAppend(Path(manifest_.increments.back().name));
    if (!status.ok()) return status;
  }
  increment_bytes_ = bytes;
  size_at_base_ = bytes + base_bytes_;
  reader_ = engine_->journal.Attach(from);
  CHECK(reader_ != nullptr);
  written_ = from.value;
  synced_ = from.value;
  synced_at_ms_ = summed_at_ms_ = MonoNow().value;
  sum_bytes_ = 0;
  sum_ = 0;
  stop_ = false;
  engine_->journal.AddWaker(this, [this] {
    const std::lock_guard<std::mutex> lock(mutex_);
    woken_ = true;
    wake_.notify_one();
  });
  thread_ = std::thread([this] { Loop(); });
  return Status::Ok();
}

void AofLog::Stop() {
  if (!thread_.joinable()) return;
  engine_->journal.RemoveWaker(this);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
    wake_.notify_one();
  }
  thread_.join();
  switched_.notify_all();
  reader_.reset();
  file_.Close();
}

int64_t AofLog::Cut() {
  engine_->journal.ForgetDatabase();  // each increment says by itself which database it means
  int64_t seq = 0;
  {
    const std::lock_guard<std::mutex> lock(marks_mutex_);
    seq = ++last_seq_;
    switches_.push_back({engine_->journal.end(), seq});
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  woken_ = true;
  wake_.notify_one();
  return seq;
}

Status AofLog::InstallBase(const std::string& temporary, bool rdb, int64_t first) {
  std::unique_lock<std::mutex> lock(mutex_);
  switched_.wait(lock, [&] { return current_seq_ >= first || stop_; });
  if (current_seq_ < first) return Error{"the log was stopped"};
  const std::string name = AofBaseName(options_.stem, manifest_.NextBaseSeq(), rdb);
  Status status = RenameDurably(temporary, Path(name));
  if (!status.ok()) return status;
  AofManifest next;
  next.base = AofFile{name, manifest_.NextBaseSeq()};
  next.history = manifest_.history;
  if (manifest_.base) next.history.push_back(*manifest_.base);
  for (const AofFile& file : manifest_.increments) {
    (file.seq < first ? next.history : next.increments).push_back(file);
  }
  if (detached_) next.increments.push_back({AofIncrementName(options_.stem, first), first});
  std::swap(manifest_, next);
  status = WriteManifest();
  if (!status.ok()) {
    std::swap(manifest_, next);
    return status;
  }
  for (const AofFile& file : manifest_.history) RemoveFile(Path(file.name));
  manifest_.history.clear();
  status = WriteManifest();
  if (detached_.exchange(false)) {
    // Increments that were never in a manifest.
    for (int64_t seq = detached_seq_; seq < first; ++seq)
      RemoveFile(Path(AofIncrementName(options_.stem, seq)));
  }
  int64_t bytes = 0;
  for (const AofFile& file : manifest_.increments)
    bytes += std::max<int64_t>(0, FileSize(Path(file.name)));
  increment_bytes_ = bytes;
  base_bytes_ = std::max<int64_t>(0, FileSize(Path(name)));
  size_at_base_ = bytes + base_bytes_;
  if (sync_lost_.exchange(false)) healthy_ = true;
  return status;
}

Status AofLog::WriteManifest() {
  return WriteFileAtomically(Path(AofManifestName(options_.stem)), manifest_.Format());
}

AofLog::Sizes AofLog::sizes() const {
  Sizes sizes;
  sizes.current = base_bytes_.load() + increment_bytes_.load();
  sizes.base = size_at_base_.load();
  sizes.unwritten = std::max<int64_t>(0, engine_->journal.end().value - synced_.load());
  return sizes;
}

void AofLog::Loop() {
  RegisterMemoryThread();
  bool stopping = false;
  while (!stopping) {
    Wait();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping = stop_;
      woken_ = false;
    }
    WriteAvailable();
    if (stopping && pending_.empty() && file_.open() && reader_->at_end()) {
      AppendSum();
      if (!pending_.empty()) WritePending();
    }
    SyncIfDue(stopping);
  }
  UnregisterMemoryThread();
}

// Until there is something to write or to sync. Under `always` at once; else some ms more, so that
// a busy server does not write a few bytes at a time.
void AofLog::Wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto ready = [&] { return woken_ || stop_; };
  const int64_t now = MonoNow().value;
  const bool unsynced = written_ != synced_.load(std::memory_order_relaxed) &&
                        fsync() == AppendFsync::kEverysec && !sync_lost_;
  int64_t due = std::numeric_limits<int64_t>::max();
  if (unsynced) due = synced_at_ms_ + kSyncPeriodMs;
  if (!pending_.empty() || !file_.open()) due = std::min(due, retry_at_ms_);
  if (due == std::numeric_limits<int64_t>::max()) {
    wake_.wait(lock, ready);
  } else if (due > now) {
    wake_.wait_for(lock, std::chrono::milliseconds(due - now), ready);
  }
  if (fsync() != AppendFsync::kAlways && !stop_)
    wake_.wait_for(lock, kGatherTime, [&] { return stop_; });
}

void AofLog::NoteTime(int64_t unix_seconds) {
  const std::lock_guard<std::mutex> lock(marks_mutex_);
  if (unix_seconds == noted_seconds_) return;
  noted_seconds_ = unix_seconds;
  const Offset here = engine_->journal.end();
  if (!times_.empty() && times_.back().at == here) {
    times_.back().unix_seconds = unix_seconds;  // nothing came in that second
  } else {
    times_.push_back({here, unix_seconds});
  }
}

void AofLog::WriteAvailable() {
  if ((!pending_.empty() || !file_.open()) && MonoNow().value < retry_at_ms_) return;
  if (!pending_.empty() && !WritePending()) return;
  for (;;) {
    bool whole = false;
    const int64_t seq = ReadToMark(&whole);
    if (seq != 0) {
      AppendSum();
      if (!pending_.empty() && !WritePending()) return;
      if (!SwitchIncrement(seq)) return;
      const std::lock_guard<std::mutex> lock(marks_mutex_);
      switches_.erase(switches_.begin());
      continue;
    }
    if (pending_.empty()) return;
    const uint64_t unsummed = sum_bytes_ + pending_.size();
    if (whole && (unsummed >= kSumEveryBytes || MonoNow().value - summed_at_ms_ >= kSumEveryMs))
      AppendSum();
    if (!WritePending()) return;
  }
}

// Reads a piece, up to the next mark at most; *whole: a record ends there. Not 0: here the
// increment of that number begins, and nothing was read. A mark lies where the journal ends when it
// is made, and none is made meanwhile: it can't be read over.
int64_t AofLog::ReadToMark(bool* whole) {
  const std::lock_guard<std::mutex> lock(marks_mutex_);
  const Offset here = reader_->offset();
  if (!switches_.empty() && switches_.front().at == here) return switches_.front().seq;
  const bool more = engine_->journal.end() != here;
  if (more && !times_.empty() && times_.front().at == here) {
    AppendAofTime(&pending_, times_.front().unix_seconds);
    times_.erase(times_.begin());
  }
  Offset next(std::numeric_limits<int64_t>::max());
  if (!switches_.empty()) next = switches_.front().at;
  if (!times_.empty() && times_.front().at > here) next = std::min(next, times_.front().at);
  const int64_t room = std::min<int64_t>(next - here, kWritePiece);
  pending_journal_ += static_cast<int64_t>(reader_->Read(static_cast<size_t>(room), &pending_));
  *whole = reader_->at_end() || reader_->offset() == next;
  return 0;
}

// Of what the file holds since the last sum, and what is pending. REQUIRES: whole records.
void AofLog::AppendSum() {
  const uint64_t bytes = sum_bytes_ + pending_.size();
  if (bytes == 0) return;
  AppendAofSum(&pending_, bytes, Crc32c(sum_, pending_));
  ends_with_sum_ = true;
}

bool AofLog::WritePending() {
  const Status status = file_.Append(pending_);
  if (!status.ok()) {
    OnWriteError(status);
    return false;
  }
  if (ends_with_sum_) {
    sum_bytes_ = 0;
    sum_ = 0;
    summed_at_ms_ = MonoNow().value;
    ends_with_sum_ = false;
  } else {
    sum_bytes_ += pending_.size();
    sum_ = Crc32c(sum_, pending_);
  }
  written_ += pending_journal_;
  pending_journal_ = 0;
  increment_bytes_.fetch_add(static_cast<int64_t>(pending_.size()));
  pending_.clear();
  if (!healthy_ && !sync_lost_) {
    PLOG(kWarning, "AOF write error looks solved. The server can write again.");
    healthy_ = true;
  }
  return true;
}

void AofLog::OnWriteError(const Status& status) {
  if (fsync() == AppendFsync::kAlways) {
    PLOG(kWarning,
         "{}. Can't recover from AOF write error when the AOF fsync policy is 'always'. "
         "Exiting...",
         status.message());
    ::_exit(1);
  }
  if (healthy_) PLOG(kWarning, "Error writing to the AOF file: {}", status.message());
  healthy_ = false;
  retry_at_ms_ = MonoNow().value + kRetryMs;
}

// The old increment ends here. Its bytes must be on disk before anything that depends on their
// being there: the manifest goes on listing it until the base is installed.
bool AofLog::SwitchIncrement(int64_t seq) {
  if (file_.open() && !sync_lost_) {
    const Status synced = file_.Sync();
    if (!synced.ok()) PLOG(kWarning, "{}", synced.message());
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string name = AofIncrementName(options_.stem, seq);
  Status status = file_.Create(Path(name));
  if (status.ok() && !detached_) {
    manifest_.increments.push_back({name, seq});
    status = WriteManifest();
    if (!status.ok()) manifest_.increments.pop_back();
  }
  if (!status.ok()) {
    file_.Close();
    OnWriteError(status);
    return false;
  }
  current_seq_ = seq;
  sum_bytes_ = 0;
  sum_ = 0;
  switched_.notify_all();
  return true;
}

void AofLog::SyncIfDue(bool stopping) {
  if (sync_lost_ || !file_.open() || written_ == synced_.load(std::memory_order_relaxed)) return;
  const AppendFsync policy = fsync();
  const int64_t now = MonoNow().value;
  const bool due = policy == AppendFsync::kAlways ||
                   (policy == AppendFsync::kEverysec && now - synced_at_ms_ >= kSyncPeriodMs &&
                    !hold_fsync_.load(std::memory_order_relaxed));
  if (!due && !stopping) return;
  const Status status = file_.Sync();
  synced_at_ms_ = MonoNow().value;
  if (!status.ok()) {
    if (policy == AppendFsync::kAlways) OnWriteError(status);
    PLOG(kWarning, "{}. What it holds is uncertain: writes are refused until it was rewritten.",
         status.message());
    sync_lost_ = true;
    healthy_ = false;
    return;
  }
  synced_.store(written_, std::memory_order_release);
  if (policy == AppendFsync::kAlways && on_synced_) on_synced_();
}

}  // namespace pleiad::runtime
