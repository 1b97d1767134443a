// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/snapshot_stream.h"

#include "base/check.h"

namespace pleiad::runtime {
namespace {

// Records are handed out when this much is there: large enough for a send, small enough for the
// cache.
constexpr size_t kPieceBytes = 64 * 1024;

}  // namespace

SnapshotStream::SnapshotStream(Engine* engine, int thread, bool checksum)
    : engine_(engine),
      thread_(thread),
      checksum_(checksum),
      pending_(static_cast<size_t>(engine->keyspace.databases())) {}

SnapshotStream::~SnapshotStream() { End(); }

void SnapshotStream::Cut(const std::function<void()>& at_cut) {
  CHECK(!cut_);
  Keyspace& keyspace = engine_->keyspace;
  keyspace.EnterExclusive();
  keyspace.BeginSnapshot(this);
  at_cut();
  keyspace.LeaveExclusive();
  cut_ = true;
}

void SnapshotStream::End() {
  if (!cut_) return;
  cut_ = false;
  // Exclusive even when every slot was walked: writers of another snapshot may be reading the list
  // of sinks.
  engine_->keyspace.EnterExclusive();
  engine_->keyspace.EndSnapshot(this);
  engine_->keyspace.LeaveExclusive();
}

// Not compressed: this runs under a slot's lock, perhaps a writer's, and LZF costs ten times the
// copy.
void SnapshotStream::Take(SlotId, int db, const Entry& entry) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string& records = pending_[static_cast<size_t>(db)];
  const size_t before = records.size();
  AppendRdbRecord(&records, entry, {.compress = false});
  pending_bytes_ += records.size() - before;
}

void SnapshotStream::Drain(RdbWriter* writer) {
  std::vector<std::string> records(pending_.size());
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    records.swap(pending_);
    pending_bytes_ = 0;
  }
  for (size_t db = 0; db < records.size(); ++db) writer->Records(static_cast<int>(db), records[db]);
}

bool SnapshotStream::Write(const RdbFacts& facts,
                           const std::function<bool(std::string_view)>& out) {
  CHECK(cut_);
  std::string piece;
  RdbWriter writer([&piece](std::string_view bytes) { piece.append(bytes); }, checksum_);
  writer.Begin(facts);
  const Keyspace::Counts counts = engine_->keyspace.Count(0);
  if (counts.keys != 0) writer.ResizeDb(0, counts.keys, counts.with_expiry);
  for (int slot = 0; slot < kSlotCount; ++slot) {
    engine_->keyspace.Enter(thread_);
    engine_->keyspace.WalkSlot(SlotId(static_cast<uint16_t>(slot)));
    engine_->keyspace.Leave(thread_);
    size_t pending = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      pending = pending_bytes_;
    }
    if (pending < kPieceBytes && slot + 1 < kSlotCount) continue;
    Drain(&writer);
    if (!out(piece)) return false;
    piece.clear();
  }
  End();
  Drain(&writer);
  writer.End();
  return out(piece);
}

}  // namespace pleiad::runtime
