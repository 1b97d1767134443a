// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ReplicaDriver, continued: what the master sends becomes data.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "command/command.h"
#include "runtime/clock.h"
#include "runtime/replica_driver.h"
#include "runtime/snapshot_load.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kLoadPiece = 256 * 1024;

// A file without a name in `dir`.
int OpenNameless(const std::string& dir) {
  const int fd = ::open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  std::string name = dir + "/sync.XXXXXX";  // not every file system has O_TMPFILE
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

bool WriteWhole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

// The first error is kept and told when the snapshot ends: the session then waits before it tries
// again.
void ReplicaDriver::ObeySnapshot(const ReplicaEffect& effect) {
  using Kind = ReplicaEffect::Kind;
  switch (effect.kind) {
    case Kind::kSnapshotBegin:
      PLOG(kNotice, "Full resync from master {}: {}:{}", client_.address, effect.text,
           effect.offset.value);
      snapshot_replid_ = effect.text;
      snapshot_offset_ = effect.offset;
      BeginSnapshot();
      break;
    case Kind::kSnapshotBytes:
      snapshot_bytes_ += static_cast<int64_t>(effect.bytes.size());
      if (!snapshot_error_.empty()) break;
      if (check_->done()) {
        snapshot_error_ = "there are bytes behind its end";
      } else if (Result<size_t> used = check_->Feed(effect.bytes); !used.ok()) {
        snapshot_error_ = used.message();
      } else if (*used != effect.bytes.size()) {
        snapshot_error_ = "there are bytes behind its end";
      } else if (!WriteWhole(snapshot_fd_, effect.bytes)) {
        snapshot_error_ = std::string("writing it to a file: ") + std::strerror(errno);
      }
      break;
    case Kind::kSnapshotEnd:
      if (snapshot_error_.empty() && !check_->done()) snapshot_error_ = check_->TruncatedMessage();
      snapshot_ended_ = true;
      break;
    default:  // kSnapshotAbort: the old data was not touched; kClose follows and drops the file
      break;
  }
}

void ReplicaDriver::BeginSnapshot() {
  snapshot_error_.clear();
  snapshot_bytes_ = 0;
  snapshot_ended_ = false;
  checker_ = std::make_unique<SnapshotChecker>(engine_->keyspace.databases());
  check_ = std::make_unique<RdbReader>(checker_.get());
  if (snapshot_fd_ >= 0) ::close(snapshot_fd_);
  snapshot_fd_ = OpenNameless(options_.dir);
  if (snapshot_fd_ < 0)
    snapshot_error_ = "opening a file in " + options_.dir + ": " + std::strerror(errno);
}

Status ReplicaDriver::LoadSnapshot() {
  if (!snapshot_error_.empty()) return Error{snapshot_error_};
  const MonoMs start = MonoNow();
  hooks_.before_load();
  engine_->loading = true;
  FlushKeyspace(engine_);
  SnapshotLoader loader(engine_, UnixNow());
  RdbReader reader(&loader, {.check_checksum = false});  // it was right when the bytes came
  const Status status = LoadFile(&reader);
  ::close(snapshot_fd_);
  snapshot_fd_ = -1;
  if (status.ok()) {
    client_.db = loader.stream_db();
    db_ = client_.db;
    hooks_.loaded(snapshot_replid_, snapshot_offset_);
    PLOG(kNotice, "Loaded {} keys from the master in {} ms", reader.keys_read(), MonoNow() - start);
  } else {
    FlushKeyspace(engine_);  // half a data set is none
  }
  engine_->loading = false;
  return status;
}

Status ReplicaDriver::LoadFile(RdbReader* reader) {
  if (::lseek(snapshot_fd_, 0, SEEK_SET) != 0) return Error{std::strerror(errno)};
  std::string piece(kLoadPiece, '\0');
  MonoMs ticked = MonoNow();
  while (!reader->done()) {
    if (stop_.load(std::memory_order_relaxed))
      return Error{"the server follows another master now"};
    const ssize_t n = ::read(snapshot_fd_, piece.data(), piece.size());
    if (n <= 0) return Error{n < 0 ? std::strerror(errno) : reader->TruncatedMessage()};
    engine_->keyspace.Enter(options_.thread);
    const Result<size_t> used =
        reader->Feed(std::string_view(piece).substr(0, static_cast<size_t>(n)));
    engine_->keyspace.Leave(options_.thread);
    if (!used.ok()) return used.error();
    if (MonoNow() - ticked < 1000) continue;
    ticked = MonoNow();
    Step({.kind = ReplicaInput::Kind::kTick});  // tells the master that this replica is alive
  }
  return Status::Ok();
}

void ReplicaDriver::ObeyCommand(std::span<const std::string_view> args,
                                const ReplicaEffect& effect) {
  if (in_transaction_ || (!args.empty() && EqualsIgnoreCase(args[0], "MULTI"))) {
    RunBatch();
    CollectTransaction(args, effect.bytes);
  } else {
    ApplyInBatch(args, effect.bytes);
  }
}

// FLUSHALL, FLUSHDB, SWAPDB: they take the keyspace for themselves.
bool ReplicaDriver::ChangesWholeKeyspace(std::string_view name) {
  if (name.size() < 6) return false;  // most commands of a stream are shorter: SET, DEL, INCR
  const CommandSpec* spec = CommandTable::Get().Find(name);
  return spec != nullptr && spec->server != nullptr && (spec->flags & kCmdWrite) != 0;
}

// Consecutive commands lie one behind the other in memory, so their raw bytes are one view.
void ReplicaDriver::ApplyInBatch(std::span<const std::string_view> args, std::string_view raw) {
  if (!batch_raw_.empty() && batch_raw_.data() + batch_raw_.size() != raw.data()) RunBatch();
  if (!args.empty() && EqualsIgnoreCase(args[0], "SELECT") && args.size() == 2) {
    RunBatch();
    Select(args[1]);
    args = {};
  }
  if (!args.empty() && ChangesWholeKeyspace(args[0])) {
    // Alone, and with its bytes put into the journal in the same section: a cut for a replica of
    // this one sees both or none.
    RunBatch();
    transaction_raw_ = raw;
    transaction_.assign(1, std::vector<std::string>(args.begin(), args.end()));
    RunTransaction();
    return;
  }
  batch_raw_ = batch_raw_.empty()
                   ? raw
                   : std::string_view(batch_raw_.data(), batch_raw_.size() + raw.size());
  if (args.empty()) return;
  PreparedCommand& command = dispatcher_.at(batch_++);
  command.args.assign(args.begin(), args.end());
  command.owned.clear();
  if (batch_ == Dispatcher::kBatch) RunBatch();
}

void ReplicaDriver::RunBatch() {
  if (batch_raw_.empty()) return;
  engine_->keyspace.Enter(options_.thread);
  if (batch_ > 0) {
    const uint64_t errors =
        engine_->stats[static_cast<size_t>(options_.thread)].errors.load(std::memory_order_relaxed);
    dispatcher_.Run(batch_, &client_, &replies_, UnixNow(), MonoNow());
    ReportErrors(errors);
  }
  engine_->journal.AppendRaw(batch_raw_);
  engine_->keyspace.Leave(options_.thread);
  batch_ = 0;
  batch_raw_ = {};
}

void ReplicaDriver::Select(std::string_view number) {
  const auto db = ParseInt64(number);
  if (!db || *db < 0 || *db >= engine_->keyspace.databases()) {
    PLOG(kWarning, "The master selects database {}, but this server has {} (directive databases)",
         number, engine_->keyspace.databases());
    return;
  }
  client_.db = static_cast<int>(*db);
  db_ = client_.db;
}

void ReplicaDriver::CollectTransaction(std::span<const std::string_view> args,
                                       std::string_view raw) {
  transaction_raw_ += raw;
  if (args.empty()) return;
  if (EqualsIgnoreCase(args[0], "MULTI")) {
    in_transaction_ = true;
  } else if (EqualsIgnoreCase(args[0], "EXEC")) {
    RunTransaction();
  } else {
    transaction_.emplace_back(args.begin(), args.end());
  }
}

// Readers see all of a transaction or nothing of it, unless it holds commands about the server
// (PUBLISH).
void ReplicaDriver::RunTransaction() {
  const CommandTable& table = CommandTable::Get();
  const bool exclusive =
      std::all_of(transaction_.begin(), transaction_.end(), [&](const auto& args) {
        const CommandSpec* spec = table.Find(args[0]);
        return spec == nullptr || spec->server == nullptr || (spec->flags & kCmdWrite) != 0 ||
               EqualsIgnoreCase(args[0], "SELECT");
      });
  Keyspace& keyspace = engine_->keyspace;
  if (exclusive) {
    keyspace.EnterExclusive();
  } else {
    keyspace.Enter(options_.thread);
  }
  client_.exclusive = exclusive;
  const uint64_t errors =
      engine_->stats[static_cast<size_t>(options_.thread)].errors.load(std::memory_order_relaxed);
  for (const std::vector<std::string>& command : transaction_) {
    if (EqualsIgnoreCase(command[0], "SELECT") && command.size() == 2) {
      Select(command[1]);
      continue;
    }
    const std::vector<std::string_view> args(command.begin(), command.end());
    dispatcher_.RunOne(args, &client_, &replies_, UnixNow(), MonoNow());
  }
  ReportErrors(errors);
  engine_->journal.AppendRaw(transaction_raw_);
  client_.exclusive = false;
  if (exclusive) {
    keyspace.LeaveExclusive();
  } else {
    keyspace.Leave(options_.thread);
  }
  in_transaction_ = false;
  transaction_.clear();
  transaction_raw_.clear();
}

// A command that worked on the master must work here; one that does not means that the data
// differs.
void ReplicaDriver::ReportErrors(uint64_t errors_before) {
  const uint64_t errors =
      engine_->stats[static_cast<size_t>(options_.thread)].errors.load(std::memory_order_relaxed);
  if (errors != errors_before) {
    const std::string_view replies = replies_.view();
    const size_t at = replies.starts_with('-') ? 0 : replies.find("\n-") + 1;
    const std::string_view line = replies.substr(at, replies.find('\r', at) - at);
    PLOG(kWarning, "{} commands of the master failed here, the first with: {}",
         errors - errors_before, line);
  }
  replies_.clear();
}

}  // namespace pleiad::runtime
