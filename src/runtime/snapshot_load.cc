// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/snapshot_load.h"

#include <fmt/core.h>

#include <deque>

#include "base/text.h"
#include "command/context.h"

namespace pleiad::runtime {
namespace {

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
  keyspace.LeaveExclusive();
}

Status SnapshotChecker::OnSelectDb(int db) { return CheckDb(db, databases_); }

Status SnapshotLoader::OnSelectDb(int db) { return CheckDb(db, engine_->keyspace.databases()); }

Status SnapshotLoader::OnAux(std::string_view name, std::string_view value) {
  if (name != "repl-stream-db") return Status::Ok();
  const auto number = ParseInt64(value);
  if (number && *number >= 0 && *number < engine_->keyspace.databases())
    stream_db_ = static_cast<int>(*number);
  return Status::Ok();
}

namespace {

int64_t ExpiryOf(const RdbKey& key) {
  return key.expire.value == 0 ? Entry::kNoExpiry : key.expire.value;
}

}  // namespace

Status SnapshotLoader::OnString(const RdbKey& key, std::string_view value) {
  return Insert(key, Entry::CreateString(key.key, value, ExpiryOf(key)));
}

Status SnapshotLoader::OnValue(const RdbKey& key, ValueType type, MemoryStore* value) {
  return Insert(key, Entry::CreateValue(key.key, type, value, ExpiryOf(key)));
}

// Takes the entry over.
Status SnapshotLoader::Insert(const RdbKey& key, Entry* entry) {
  Keyspace& keyspace = engine_->keyspace;
  const Key found = keyspace.MakeKey(key.key);
  LockSet locks(&keyspace);
  locks.LockOne(found.slot);
  Slot& slot = locks.slot(found.slot);
  SlotDb* db = keyspace.Db(slot, key.db, true);
  if (db->table.Find(found.hash, found.bytes) != nullptr) {
    Entry::Free(entry);
    return Error{"it is there twice"};
  }
  entry->set_access(FreshAccessBits(*engine_, now_));
  keyspace.BeforeChange(found.slot, key.db, *db, found.hash);
  db->table.Insert(found.hash, entry, keyspace.hash_seed());
  if (entry->has_expiry()) keyspace.NoteExpiry(slot, *db, entry->expiry_ms());
  return Status::Ok();
}

}  // namespace pleiad::runtime
