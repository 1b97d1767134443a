// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/data_load.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "journal/aof_annotation.h"
#include "resp/request_parser.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/random.h"
#include "runtime/snapshot_load.h"
#include "snapshot/rdb_reader.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kLoadPieceBytes = 1 << 20;

// A master's dump: keys whose time is over are left out.
class LiveKeysLoader : public SnapshotLoader {
 public:
  LiveKeysLoader(Engine* engine, UnixMs now, bool drop, LoadProgress* progress)
      : SnapshotLoader(engine, now), now_(now), drop_(drop), progress_(progress) {}
  Status OnString(const RdbKey& key, std::string_view value) override {
    return Over(key) ? Status::Ok() : SnapshotLoader::OnString(key, value);
  }
  Status OnPackedString(const RdbKey& key, std::string_view packed, size_t size) override {
    return Over(key) ? Status::Ok() : SnapshotLoader::OnPackedString(key, packed, size);
  }
  Status OnValue(const RdbKey& key, ValueType type, MemoryStore* value) override {
    return Over(key) ? Status::Ok() : SnapshotLoader::OnValue(key, type, value);
  }

 private:
  bool Over(const RdbKey& key) {
    // Replicas that will go on with this history still have them: they are deleted as usual, by
    // DELs in the journal.
    const bool over = drop_ && !history() && key.expire.value != 0 && key.expire <= now_;
    (over ? progress_->keys_expired : progress_->keys_loaded).fetch_add(1);
    return over;
  }
  const UnixMs now_;
  const bool drop_;
  LoadProgress* const progress_;
};

bool StartsWithRdb(std::string_view bytes) {
  return bytes.starts_with(rdb::kRedisMagic) || bytes.starts_with(rdb::kValkeyMagic);
}

Error AtOffset(const std::string& path, size_t offset, std::string_view what) {
  return Error{fmt::format("Bad file format reading {}: {} (near byte {})", path, what, offset)};
}

}  // namespace

DataLoader::DataLoader(Engine* engine, Server* server, int thread, LoadProgress* progress)
    : engine_(engine),
      thread_(thread),
      progress_(progress),
      dispatcher_(engine, server, thread, SystemSeed()) {
  client_.from_master = true;  // nothing is refused, expired or journaled
  progress_->started_seconds = UnixNow().value / 1000;
}

Status DataLoader::FeedRdb(const std::string& path, std::string_view bytes, bool drop_expired,
                           size_t* used) {
  LiveKeysLoader loader(engine_, UnixNow(), drop_expired, progress_);
  RdbReader reader(&loader, {.check_checksum = !engine_->skip_checksum.load(),
                             .collections = &engine_->collections});
  *used = 0;
  while (!reader.done()) {
    const std::string_view piece = bytes.substr(*used, kLoadPieceBytes);
    if (piece.empty()) return Error{fmt::format("{}: {}", path, reader.TruncatedMessage())};
    engine_->keyspace.Enter(thread_);
    const Result<size_t> fed = reader.Feed(piece);
    engine_->keyspace.Leave(thread_);
    if (!fed.ok()) return Error{fmt::format("{}: {}", path, fed.message())};
    *used += *fed;
    progress_->loaded_bytes.fetch_add(static_cast<int64_t>(*fed));
  }
  client_.db = loader.stream_db();
  history_ = loader.history();
  return Status::Ok();
}

Status DataLoader::LoadRdb(const std::string& path, bool drop_expired) {
  MappedFile file;
  const Status opened = file.Open(path);
  if (!opened.ok()) return opened;
  progress_->total_bytes = static_cast<int64_t>(file.bytes().size());
  size_t used = 0;
  const Status fed = FeedRdb(path, file.bytes(), drop_expired, &used);
  if (!fed.ok()) return fed;
  if (used != file.bytes().size()) return AtOffset(path, used, "there are bytes behind its end");
  return Status::Ok();
}

Status DataLoader::LoadAof(const std::string& folder, const AofManifest& manifest, bool truncate) {
  std::vector<std::string> paths;
  if (manifest.base) paths.push_back(folder + "/" + manifest.base->name);
  for (const AofFile& file : manifest.increments) paths.push_back(folder + "/" + file.name);
  for (const std::string& path : paths) {
    const int64_t size = FileSize(path);
    if (size < 0)
      return Error{fmt::format("The AOF file {} named by the manifest is missing", path)};
    progress_->total_bytes.fetch_add(size);
  }
  for (const std::string& path : paths) {
    const Status status = LoadAofFile(path, truncate && path == paths.back());
    if (!status.ok()) return status;
  }
  return Status::Ok();
}

Status DataLoader::LoadPlainAof(const std::string& path, bool truncate) {
  progress_->total_bytes = std::max<int64_t>(0, FileSize(path));
  return LoadAofFile(path, truncate);
}

Status DataLoader::LoadAofFile(const std::string& path, bool may_truncate) {
  MappedFile file;
  const Status opened = file.Open(path);
  if (!opened.ok()) return opened;
  const std::string_view bytes = file.bytes();
  client_.db = 0;
  size_t begin = 0;
  if (StartsWithRdb(bytes)) {
    const Status fed = FeedRdb(path, bytes, /*drop_expired=*/false, &begin);
    if (!fed.ok()) return fed;
  }
  size_t good = begin;
  const Status ran = RunCommands(path, bytes, begin, &good);
  if (!ran.ok()) return ran;
  if (good == bytes.size()) return Status::Ok();
  if (!may_truncate) {
    return AtOffset(path, good,
                    "it ends in the middle of a command or transaction. You can: 1) make a backup "
                    "of it, then use `pleiad check-aof --fix`; 2) set aof-load-truncated yes");
  }
  PLOG(kWarning, "!!! Warning: short read while loading the AOF file {}!!!", path);
  PLOG(kWarning,
       "AOF {} loaded anyway because aof-load-truncated is enabled: cut from {} to {} bytes", path,
       bytes.size(), good);
  return TruncateFile(path, static_cast<int64_t>(good));
}

// `good`: up to where whole commands and whole transactions reach.
Status DataLoader::RunCommands(const std::string& path, std::string_view bytes, size_t begin,
                               size_t* good) {
  resp::RequestParser parser;
  const resp::RequestLimits limits{.bulk_size_max = std::numeric_limits<int64_t>::max() / 2};
  size_t at = begin;
  in_transaction_ = false;
  transaction_.clear();
  while (at < bytes.size()) {
    if (bytes[at] == '#') {
      const size_t end = bytes.find('\n', at);
      if (end == std::string_view::npos) break;
      const AofAnnotation annotation =
          ReadAofAnnotation(bytes.substr(0, at), bytes.substr(at, end - at));
      if (!annotation.error.empty()) return AtOffset(path, at, annotation.error);
      at = end + 1;
      if (!in_transaction_) *good = at;
      continue;
    }
    if (bytes[at] != '*') return AtOffset(path, at, "a command should begin here");
    size_t consumed = 0;
    const auto result = parser.Next(bytes.substr(at), limits, &consumed);
    if (result == resp::RequestParser::Result::kError) return AtOffset(path, at, parser.error());
    if (result != resp::RequestParser::Result::kCommand) break;
    const Status taken = Take(path, at, &parser.args());
    if (!taken.ok()) return taken;
    at += consumed;
    progress_->loaded_bytes.fetch_add(static_cast<int64_t>(consumed), std::memory_order_relaxed);
    if (!in_transaction_) *good = at;
  }
  return RunBatch(path);
}

// What the journal has for replicas and not for the log: nodes.conf says who owns which slot.
bool DataLoader::IsForReplicasAlone(const std::vector<std::string_view>& args) {
  if (EqualsIgnoreCase(args[0], "REPLCONF") || EqualsIgnoreCase(args[0], "PING")) return true;
  return args.size() > 1 && EqualsIgnoreCase(args[0], "CLUSTER") &&
         EqualsIgnoreCase(args[1], "SETSLOT");
}

// Commands are run in batches; those of a transaction when its EXEC is here.
Status DataLoader::Take(const std::string& path, size_t offset,
                        std::vector<std::string_view>* args) {
  if (args->empty()) return Status::Ok();
  const std::string_view name = (*args)[0];
  if (EqualsIgnoreCase(name, "MULTI")) {
    const Status ran = RunBatch(path);
    in_transaction_ = true;
    batch_offset_ = offset;
    return ran;
  }
  if (in_transaction_) {
    if (EqualsIgnoreCase(name, "EXEC")) return RunTransaction(path);
    transaction_.push_back(*args);
    return Status::Ok();
  }
  if (IsForReplicasAlone(*args)) return Status::Ok();
  if (batch_ == 0) batch_offset_ = offset;
  PreparedCommand& command = dispatcher_.at(batch_++);
  command.args.swap(*args);
  command.owned.clear();
  return batch_ == Dispatcher::kBatch ? RunBatch(path) : Status::Ok();
}

Status DataLoader::RunTransaction(const std::string& path) {
  in_transaction_ = false;
  Status status;
  for (std::vector<std::string_view>& args : transaction_) {
    PreparedCommand& command = dispatcher_.at(batch_++);
    command.args.swap(args);
    command.owned.clear();
    if (batch_ == Dispatcher::kBatch) status = RunBatch(path);
    if (!status.ok()) break;
  }
  transaction_.clear();
  return status.ok() ? RunBatch(path) : status;
}

Status DataLoader::RunBatch(const std::string& path) {
  if (batch_ == 0) return Status::Ok();
  const ThreadStats& stats = engine_->stats[static_cast<size_t>(thread_)];
  const uint64_t errors = stats.errors.load(std::memory_order_relaxed);
  engine_->keyspace.Enter(thread_);
  dispatcher_.Run(batch_, &client_, &replies_, UnixNow(), MonoNow());
  engine_->keyspace.Leave(thread_);
  batch_ = 0;
  Status status;
  if (stats.errors.load(std::memory_order_relaxed) != errors) {
    // What was written once must run again: if it does not, this is not the file it seems to be.
    const std::string_view replies = replies_.view();
    const size_t begin = replies.starts_with('-') ? 1 : replies.find("\n-") + 2;
    const std::string_view line = replies.substr(begin, replies.find('\r', begin) - begin);
    status = AtOffset(path, batch_offset_, fmt::format("a command failed: {}", line));
  }
  replies_.clear();
  return status;
}

}  // namespace pleiad::runtime
