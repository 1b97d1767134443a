// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/migration_driver.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/prng.h"
#include "command/context.h"
#include "resp/request_writer.h"
#include "runtime/clock.h"
#include "runtime/connection.h"
#include "runtime/export_link.h"
#include "runtime/import_link.h"
#include "runtime/migration_request.h"
#include "runtime/random.h"
#include "runtime/server.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kPurgeAtOnce = 64;  // keys under one hold of a slot's lock: about 50 us
constexpr int kStatesAtOnce = 64;    // slots in one stay in the keyspace

}  // namespace

void MigrationRecord::Note(std::string_view state_text, int64_t acked, int64_t remaining_bytes) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (finished) return;  // how it ended stays
  const int64_t now = UnixNow().value / 1000;
  if (state != state_text) updated_s = now;
  state = state_text;
  acked_s = acked;
  remaining = remaining_bytes;
}

void MigrationRecord::Finish(migration::Outcome outcome, std::string_view text) {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    if (finished) return;
    finished = true;
    state = migration::ToText(outcome);
    message = text;
    remaining = 0;
    updated_s = UnixNow().value / 1000;
  }
  PLOG(kNotice, "Slot migration {} ({} of {}): {}{}{}", job.name, import ? "import" : "export",
       migration::ToText(job.slots), migration::ToText(outcome), text.empty() ? "" : ": ", text);
}

bool MigrationRecord::Finished() {
  const std::lock_guard<std::mutex> lock(mutex);
  return finished;
}

MigrationDriver::MigrationDriver(Engine* engine, Server* server)
    : engine_(engine),
      server_(server),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      import_wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CHECK(wake_fd_ >= 0 && import_wake_fd_ >= 0);
}

MigrationDriver::~MigrationDriver() {
  Stop();
  ::close(wake_fd_);
  ::close(import_wake_fd_);
}

void MigrationDriver::Start() {
  export_thread_ = std::thread([this] { RunExports(); });
  purge_thread_ = std::thread([this] { RunPurge(); });
}

void MigrationDriver::Stop() {
  stopping_ = true;
  OnTable();
  std::unique_ptr<ImportLink> import;
  std::vector<std::thread> askers;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    changed_.notify_all();
    import = std::move(import_);
    askers.swap(askers_);
  }
  import.reset();  // waits for its thread
  for (std::thread& asker : askers) asker.join();
  if (export_thread_.joinable()) export_thread_.join();
  if (purge_thread_.joinable()) purge_thread_.join();
}

std::shared_ptr<MigrationRecord> MigrationDriver::AddRecord(migration::Job job, bool import) {
  auto record = std::make_shared<MigrationRecord>();
  record->job = std::move(job);
  record->import = import;
  record->created_s = record->updated_s = record->acked_s = UnixNow().value / 1000;
  if (import) record->state = "receiving-snapshot";
  records_.push_front(record);
  TrimRecords();
  return record;
}

// The log keeps so many finished jobs.
void MigrationDriver::TrimRecords() {
  const auto most = static_cast<size_t>(server_->settings()->cluster_slot_migration_log_max_len);
  size_t finished = 0;
  std::erase_if(records_,
                [&](const auto& record) { return record->Finished() && ++finished > most; });
}

std::vector<std::shared_ptr<MigrationRecord>> MigrationDriver::Records() {
  const std::lock_guard<std::mutex> lock(mutex_);
  TrimRecords();
  return {records_.begin(), records_.end()};
}

bool MigrationDriver::Exporting(SlotId slot) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::any_of(records_.begin(), records_.end(), [&](const auto& record) {
    if (record->import || record->Finished()) return false;
    return std::any_of(record->job.slots.begin(), record->job.slots.end(),
                       [&](const auto& span) { return span.first <= slot && slot <= span.last; });
  });
}

bool MigrationDriver::Busy(bool import) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::any_of(records_.begin(), records_.end(), [&](const auto& record) {
    return record->import == import && !record->Finished();
  });
}

void MigrationDriver::Export(std::vector<migration::Job> jobs) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (migration::Job& job : jobs) AddRecord(std::move(job), false);
  changed_.notify_all();
}

size_t MigrationDriver::Cancel(std::string_view name, bool imports) {
  size_t told = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& record : records_) {
      if ((record->import && !imports) || record->Finished()) continue;
      if (!name.empty() && record->job.name != name) continue;
      record->cancel = true;
      ++told;
    }
  }
  OnTable();
  return told;
}

void MigrationDriver::OnTable() {
  table_version_.fetch_add(1, std::memory_order_acq_rel);
  WakeLinks();
}

void MigrationDriver::WakeLinks() {
  const uint64_t one = 1;
  for (const int fd : {wake_fd_, import_wake_fd_}) {
    [[maybe_unused]] const ssize_t n = ::write(fd, &one, sizeof(one));
  }
}

// ---- out

std::shared_ptr<MigrationRecord> MigrationDriver::NextExport() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping()) {
    // The oldest first.
    for (auto it = records_.rbegin(); it != records_.rend(); ++it) {
      if (!(*it)->import && !(*it)->Finished()) return *it;
    }
    changed_.wait(lock);
  }
  return nullptr;
}

void MigrationDriver::RunExports() {
  RegisterMemoryThread();
  while (const std::shared_ptr<MigrationRecord> record = NextExport()) {
    ExportLink(this, record, wake_fd_).Run();
  }
  UnregisterMemoryThread();
}

// ---- in

std::string MigrationDriver::Import(const ClientState& client, migration::Job job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopping()) return "ERR the server is stopping";
  if (import_ && !import_->done()) return "BUSY another slot import is under way";
  client.connection->LeaveReactor(
      [this, job = std::move(job)](int fd, std::string unparsed) mutable {
        BeginImport(std::move(job), fd, std::move(unparsed));
      });
  return "";
}

void MigrationDriver::BeginImport(migration::Job job, int fd, std::string unparsed) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopping() || (import_ && !import_->done())) {
    static constexpr std::string_view kBusy = "-BUSY another slot import is under way\r\n";
    [[maybe_unused]] const ssize_t n = ::send(fd, kBusy.data(), kBusy.size(), MSG_NOSIGNAL);
    ::close(fd);
    return;
  }
  import_.reset();  // its thread has ended
  // A task of CLUSTER MIGRATION IMPORT that waited for this goes on under its own name.
  std::shared_ptr<MigrationRecord> record;
  for (const auto& other : records_) {
    if (other->import && !other->Finished() && other->job.slots == job.slots &&
        other->job.source == job.source) {
      record = other;
    }
  }
  if (!record) record = AddRecord(job, true);
  import_ = std::make_unique<ImportLink>(this, record, std::move(job), fd, std::move(unparsed));
}

// Its thread is kept until the end: such commands are rare.
std::string MigrationDriver::AskFor(migration::Job job, std::string host, int port) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string name = job.name;
  const std::shared_ptr<MigrationRecord> record = AddRecord(std::move(job), true);
  record->state = "connecting";
  askers_.emplace_back([this, record, host = std::move(host), port] { Ask(record, host, port); });
  return name;
}

void MigrationDriver::Ask(const std::shared_ptr<MigrationRecord>& record, const std::string& host,
                          int port) {
  RegisterMemoryThread();
  const auto settings = server_->settings();
  const Status asked = AskToMigrate(
      {.host = host, .port = port, .user = settings->masteruser, .password = settings->masterauth},
      record->job);
  const MonoMs patience = MonoNow() + int64_t{settings->repl_timeout_seconds} * 1000;
  const auto begun = [&] {
    const std::lock_guard<std::mutex> lock(record->mutex);
    return record->finished || record->state != "connecting";
  };
  if (!asked.ok()) {
    record->Finish(migration::Outcome::kFailed, asked.message());
  } else {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!stopping() && !begun() && !record->cancel && MonoNow() < patience)
      changed_.wait_for(lock, std::chrono::milliseconds(100));
  }
  if (!begun() && record->cancel) {
    record->Finish(migration::Outcome::kCancelled, "");
  } else if (!begun()) {
    record->Finish(migration::Outcome::kFailed, "the source did not begin");
  }
  UnregisterMemoryThread();
}

// ---- what is left

void MigrationDriver::Purge(const std::vector<SlotId>& slots) {
  if (slots.empty()) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  leftovers_.insert(leftovers_.end(), slots.begin(), slots.end());
  changed_.notify_all();
}

void MigrationDriver::RunPurge() {
  RegisterMemoryThread();
  // Gives way to the threads that serve clients.
  [[maybe_unused]] const int set = ::setpriority(PRIO_PROCESS, 0, 5);
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping()) {
    if (leftovers_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const SlotId slot = leftovers_.front();
    leftovers_.pop_front();
    lock.unlock();
    while (!stopping() && PurgeSome(slot)) {
    }
    lock.lock();
  }
  lock.unlock();
  UnregisterMemoryThread();
}

// False: nothing is left, or the slot is not a leftover any more.
bool MigrationDriver::PurgeSome(SlotId slot) {
  std::vector<Entry*> garbage;
  bool more = false;
  Keyspace& keyspace = engine_->keyspace;
  keyspace.Enter(kPurgeThread);
  if (!engine_->replica.load(std::memory_order_relaxed)) {
    LockSet locks(&keyspace);
    locks.LockOne(slot);
    Slot& room = locks.slot(slot);
    if (room.phase == SlotPhase::kLeftover) {
      more = TakeLeftovers(engine_, slot, room, kPurgeAtOnce, &garbage);
      if (!more) room.phase = SlotPhase::kOrdinary;
    }
  }
  keyspace.Leave(kPurgeThread);
  for (Entry* e : garbage) Entry::Free(e);
  return more;
}

// ---- slots

size_t MigrationDriver::ChangeState(const migration::SlotSpans& slots, SlotState from, SlotState to,
                                    int thread) {
  size_t changed = 0;
  int inside = 0;
  Keyspace& keyspace = engine_->keyspace;
  keyspace.Enter(thread);
  for (const migration::SlotSpan& span : slots) {
    for (int n = span.first.value; n <= span.last.value; ++n) {
      const SlotId id(static_cast<uint16_t>(n));
      if (++inside % kStatesAtOnce == 0) {
        keyspace.Leave(thread);
        keyspace.Enter(thread);
      }
      LockSet locks(&keyspace);
      locks.LockOne(id);
      Slot& slot = locks.slot(id);
      if (slot.state != from) continue;
      ++changed;
      slot.state = to;
      if (to != SlotState::kHeld && (slot.watched & Slot::kWaiters)) RunWaitersAgain(engine_, id);
    }
  }
  keyspace.Leave(thread);
  return changed;
}

void RecordIncoming(Engine* engine) {
  if (engine->replica.load(std::memory_order_relaxed) || !engine->journal.active()) return;
  std::vector<std::string> args = {"CLUSTER", "SYNCSLOTS", "INCOMING"};
  for (int n = 0; n < kSlotCount; ++n) {
    if (engine->keyspace.RawSlot(SlotId(static_cast<uint16_t>(n))).phase != SlotPhase::kIncoming)
      continue;
    args.push_back(std::to_string(n));
    args.push_back(args.back());
  }
  if (args.size() == 3) return;
  std::string bytes;
  resp::AppendRequest(args, &bytes);
  engine->journal.AppendRecords(0, bytes);  // no slot's record: other migrations don't forward it
}

void ApplyIncoming(Engine* engine, const Server* server, const migration::SlotSpans& slots) {
  if (server == nullptr || !server->settings()->cluster_enabled) return;
  for (const migration::SlotSpan& span : slots) {
    for (int n = span.first.value; n <= span.last.value; ++n) {
      const SlotId id(static_cast<uint16_t>(n));
      LockSet locks(&engine->keyspace);
      locks.LockOne(id);
      // The view changes before the slot does, for which this lock is needed: news of a claim is
      // seen here, or undoes what is done here.
      Slot& slot = locks.slot(id);
      const bool ours = engine->router != nullptr && slot.state != SlotState::kNotMine;
      if (!ours && !server->OfMyMaster(id)) slot.phase = SlotPhase::kIncoming;
    }
  }
}

void RunWaitersAgain(Engine* engine, SlotId slot) {
  for (const auto& waiter : engine->waiters.All(slot)) {
    if (waiter->Finish()) waiter->deliver({});
  }
}

}  // namespace pleiad::runtime
