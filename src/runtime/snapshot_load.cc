// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/snapshot_load.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "command/context.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kHistoryIdBytes = 40;

Status CheckDb(int db, int databases) {
  if (db < databases) return Status::Ok();
  return Error{fmt::format(
      "it has keys in database {}, but this server has {} (directive databases)", db, databases)};
}

}  // namespace

void FlushKeyspace(Engine* engine) NO_THREAD_SAFETY_ANALYSIS {
  Keyspace& keyspace = engine->keyspace;
  std::deque<Table> garbage;
  keyspace.EnterExclusive();
  DetachDatabase(engine, /*db=*/-1, &garbage);
  engine->functions.Clear();
  keyspace.LeaveExclusive();
}

Status SnapshotChecker::OnSelectDb(int db) { return CheckDb(db, databases_); }

Status SnapshotChecker::OnFunction(std::string_view source) {
  const Result<FunctionLibraries::Library> parsed = FunctionLibraries::Parse(source);
  if (parsed.ok()) return Status::Ok();
  return Error{"a function library can't be read: " + parsed.message()};
}

Status SnapshotLoader::OnFunction(std::string_view source) {
  const Result<std::string> name = engine_->functions.Load(source, /*replace=*/false);
  if (!name.ok()) return Error{"a function library can't be read: " + name.message()};
  PLOG(kWarning,
       "Function library {} is kept and passed on, but this version can't run its functions",
       *name);
  return Status::Ok();
}

Status SnapshotLoader::OnSelectDb(int db) { return CheckDb(db, engine_->keyspace.databases()); }

Status SnapshotLoader::OnAux(std::string_view name, std::string_view value) {
  const auto number = ParseInt64(value);
  if (name == "repl-id") history_.replid = value;
  if (name == "repl-offset") history_.offset = Offset(number.value_or(-1));
  if (name != "repl-stream-db") return Status::Ok();
  if (number && *number >= 0 && *number < engine_->keyspace.databases())
    stream_db_ = static_cast<int>(*number);
  return Status::Ok();
}

std::optional<SnapshotHistory> SnapshotLoader::history() const {
  const bool hex = history_.replid.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex || history_.replid.size() != kHistoryIdBytes || history_.offset.value < 0)
    return std::nullopt;
  return history_;
}

namespace {

// Numbers among the keyspace's threads that full syncs of replicas use: none runs while a data set
// is loaded.
constexpr int kFirstLoadThread = Keyspace::kMaxThreads - 8;
constexpr int kLoadThreadsMax = 4;

int LoadWorkers() {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(cores - 1, 0, kLoadThreadsMax);
}

int64_t LoadExpiry(const RdbKey& key) {
  return key.expire.value == 0 ? Entry::kNoExpiry : key.expire.value;
}

}  // namespace

SnapshotLoader::SnapshotLoader(Engine* engine, UnixMs now)
    : engine_(engine),
      crew_(engine, now, kFirstLoadThread, LoadWorkers()),
      batch_(std::make_unique<LoadBatch>()) {}

SnapshotLoader::~SnapshotLoader() = default;

Status SnapshotLoader::OnString(const RdbKey& key, std::string_view value) {
  if (value.size() <= LoadBatch::kBytesMax) return AddString(key, value, 0);
  LoadBatch::Item item;  // not copied twice
  item.entry = Entry::CreateString(key.key, value, LoadExpiry(key));
  item.db = key.db;
  return AddItem(item);
}

Status SnapshotLoader::OnPackedString(const RdbKey& key, std::string_view packed, size_t size) {
  return AddString(key, packed, size);
}

Status SnapshotLoader::OnValue(const RdbKey& key, ValueType type, MemoryStore* value) {
  LoadBatch::Item item;
  item.entry = Entry::CreateValue(key.key, type, value, LoadExpiry(key));
  item.db = key.db;
  return AddItem(item);
}

Status SnapshotLoader::AddString(const RdbKey& key, std::string_view value, size_t full_size) {
  LoadBatch::Item item;
  item.db = key.db;
  item.expiry_ms = LoadExpiry(key);
  item.at = batch_->bytes.size();
  item.key_size = key.key.size();
  item.value_size = value.size();
  item.full_size = full_size;
  batch_->bytes.append(key.key).append(value);
  return AddItem(item);
}

Status SnapshotLoader::AddItem(const LoadBatch::Item& item) {
  batch_->items.push_back(item);
  if (!batch_->full()) return Status::Ok();
  return crew_.Add(std::exchange(batch_, std::make_unique<LoadBatch>()));
}

Status SnapshotLoader::OnEnd() {
  const Status added = crew_.Add(std::exchange(batch_, std::make_unique<LoadBatch>()));
  const Status finished = crew_.Finish();
  return added.ok() ? finished : added;
}

}  // namespace pleiad::runtime
