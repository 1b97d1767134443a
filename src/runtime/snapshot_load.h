// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// An RDB's way into the keyspace. Two sinks for RdbReader: one that only checks (so that a broken
// or foreign snapshot is refused while the old data is still there), one that puts the keys in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "command/engine.h"
#include "snapshot/rdb_value.h"

namespace pleiad::runtime {

// Frees every key of every database. The exclusive section is short: tables are swapped out in it
// and freed after it. REQUIRES: the caller is outside the keyspace. Nothing is journaled.
void FlushKeyspace(Engine* engine);

// Accepts what SnapshotLoader could load.
class SnapshotChecker : public RdbSink {
 public:
  explicit SnapshotChecker(int databases) : databases_(databases) {}
  Status OnAux(std::string_view, std::string_view) override { return Status::Ok(); }
  Status OnSelectDb(int db) override;
  Status OnResize(uint64_t, uint64_t) override { return Status::Ok(); }
  Status OnString(const RdbKey&, std::string_view) override { return Status::Ok(); }
  Status OnValue(const RdbKey&, ValueType, MemoryStore*) override { return Status::Ok(); }
  Status OnEnd() override { return Status::Ok(); }

 private:
  const int databases_;
};

// Puts keys into the keyspace, expired ones too (a replica leaves them to its master). Takes one
// slot lock a key; the caller is inside the keyspace (Keyspace::Enter) while the reader is fed. A
// key that is there already is an error.
class SnapshotLoader : public RdbSink {
 public:
  SnapshotLoader(Engine* engine, UnixMs now) : engine_(engine), now_(now) {}
  Status OnAux(std::string_view name, std::string_view value) override;
  Status OnSelectDb(int db) override;
  Status OnResize(uint64_t, uint64_t) override { return Status::Ok(); }
  Status OnString(const RdbKey& key, std::string_view value) override;
  Status OnValue(const RdbKey& key, ValueType type, MemoryStore* value) override;
  Status OnEnd() override { return Status::Ok(); }

  // repl-stream-db: the database that the stream behind the snapshot has selected.
  int stream_db() const { return stream_db_; }

 private:
  Status Insert(const RdbKey& key, Entry* entry);

  Engine* const engine_;
  const UnixMs now_;
  int stream_db_ = 0;
};

}  // namespace pleiad::runtime
