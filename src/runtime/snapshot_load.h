// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// An RDB's way into the keyspace. Two sinks for RdbReader: one that only checks (so that a broken
// or foreign snapshot is refused while the old data is still there), one that puts the keys in.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "command/engine.h"
#include "runtime/load_crew.h"
#include "snapshot/rdb_value.h"

namespace pleiad::runtime {

// Frees every key of every database, and forgets function libraries. The exclusive section is
// short: tables are swapped out in it and freed after it. REQUIRES: the caller is outside the
// keyspace. Nothing is journaled.
void FlushKeyspace(Engine* engine);

// The master's history at the snapshot's moment, if the file tells.
struct SnapshotHistory {
  std::string replid;
  Offset offset{-1};
};

// Accepts what SnapshotLoader could load.
class SnapshotChecker : public RdbSink {
 public:
  explicit SnapshotChecker(int databases) : databases_(databases) {}
  Status OnAux(std::string_view, std::string_view) override { return Status::Ok(); }
  Status OnSelectDb(int db) override;
  Status OnResize(uint64_t, uint64_t) override { return Status::Ok(); }
  Status OnString(const RdbKey&, std::string_view) override { return Status::Ok(); }
  Status OnValue(const RdbKey&, ValueType, MemoryStore*) override { return Status::Ok(); }
  Status OnFunction(std::string_view source) override;
  Status OnEnd() override { return Status::Ok(); }

 private:
  const int databases_;
};

// Puts keys into the keyspace, expired ones too (a replica leaves them to its master), with the
// help of a LoadCrew. The caller is inside the keyspace (Keyspace::Enter) while the reader is fed.
// A key that is there already is an error. All is in when OnEnd returned.
class SnapshotLoader : public RdbSink {
 public:
  SnapshotLoader(Engine* engine, UnixMs now);
  ~SnapshotLoader() override;
  Status OnAux(std::string_view name, std::string_view value) override;
  Status OnSelectDb(int db) override;
  Status OnResize(uint64_t, uint64_t) override { return Status::Ok(); }
  Status OnString(const RdbKey& key, std::string_view value) override;
  Status OnPackedString(const RdbKey& key, std::string_view packed, size_t size) override;
  Status OnValue(const RdbKey& key, ValueType type, MemoryStore* value) override;
  Status OnFunction(std::string_view source) override;
  Status OnEnd() override;

  // repl-stream-db: the database that the stream behind the snapshot has selected.
  int stream_db() const { return stream_db_; }
  std::optional<SnapshotHistory> history() const;

 private:
  Status AddString(const RdbKey& key, std::string_view value, size_t full_size);
  Status AddItem(const LoadBatch::Item& item);

  Engine* const engine_;
  int stream_db_ = 0;
  SnapshotHistory history_;
  LoadCrew crew_;
  std::unique_ptr<LoadBatch> batch_;
};

}  // namespace pleiad::runtime
