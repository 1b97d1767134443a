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

// Takes the table out of `db`, leaving it empty, with the books on expiries put right.
void Empty(Keyspace* keyspace, SlotId id, int number, SlotDb* db, std::deque<Table>* garbage) {
  if (db->table.size() == 0) return;
  keyspace->BeforeChangeAll(id, number, *db);
  garbage->emplace_back().Swap(db->table);
  while (db->with_expiry != 0) keyspace->DropExpiry(*db);
}

}  // namespace

void FlushKeyspace(Engine* engine) NO_THREAD_SAFETY_ANALYSIS {
  Keyspace& keyspace = engine->keyspace;
  std::deque<Table> garbage;
  keyspace.EnterExclusive();
  for (int i = 0; i < kSlotCount; ++i) {
    const SlotId id(static_cast<uint16_t>(i));
    Slot& slot = keyspace.RawSlot(id);
    for (int number = 0; number < keyspace.databases(); ++number) {
      SlotDb* db = keyspace.Db(slot, number, false);
      if (db == nullptr) break;
      Empty(&keyspace, id, number, db, &garbage);
      if (slot.watched != 0 && engine->observer != nullptr)
        engine->observer->OnChange(id, number, {});
    }
    slot.next_expiry_ms = Slot::kNever;
  }
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

Status SnapshotLoader::OnString(const RdbKey& key, std::string_view value) {
  Keyspace& keyspace = engine_->keyspace;
  const Key found = keyspace.MakeKey(key.key);
  const int64_t expiry = key.expire.value == 0 ? Entry::kNoExpiry : key.expire.value;
  LockSet locks(&keyspace);
  locks.LockOne(found.slot);
  Slot& slot = locks.slot(found.slot);
  SlotDb* db = keyspace.Db(slot, key.db, true);
  if (db->table.Find(found.hash, found.bytes) != nullptr) return Error{"it is there twice"};
  Entry* entry = Entry::CreateString(key.key, value, expiry);
  entry->set_access(FreshAccessBits(*engine_, now_));
  keyspace.BeforeChange(found.slot, key.db, *db, found.hash);
  db->table.Insert(found.hash, entry, keyspace.hash_seed());
  if (entry->has_expiry()) keyspace.NoteExpiry(slot, *db, expiry);
  return Status::Ok();
}

}  // namespace pleiad::runtime
