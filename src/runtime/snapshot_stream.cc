// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/snapshot_stream.h"

#include "base/check.h"
#include "resp/request_writer.h"
#include "runtime/command_base.h"

namespace pleiad::runtime {
namespace {

// Records are handed out when this much is there: large enough for a send, small enough for the
// cache.
constexpr size_t kPieceBytes = 64 * 1024;

}  // namespace

SnapshotStream::SnapshotStream(Engine* engine, int thread, Options options)
    : engine_(engine),
      thread_(thread),
      options_(options),
      pending_(static_cast<size_t>(engine->keyspace.databases())) {}

SnapshotStream::~SnapshotStream() { End(); }

void SnapshotStream::Cut(const std::function<void()>& at_cut) {
  CHECK(!cut_);
  Keyspace& keyspace = engine_->keyspace;
  keyspace.EnterExclusive();
  keyspace.BeginSnapshot(this);
  functions_ = engine_->functions.All();
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

// Not compressed here: this runs under a slot's lock, perhaps a writer's.
void SnapshotStream::Take(SlotId, int db, const Entry& entry) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Pending& pending = pending_[static_cast<size_t>(db)];
  const size_t before = pending.records.size();
  if (options_.commands) {
    AppendAsCommands(&pending.records, entry);
    pending_bytes_ += pending.records.size() - before;
    return;
  }
  AppendRdbRecord(&pending.records, entry,
                  {.compress = false, .plain = options_.compress ? &pending.plain : nullptr});
  pending_bytes_ += pending.records.size() - before;
}

std::vector<SnapshotStream::Pending> SnapshotStream::TakePending() {
  std::vector<Pending> taken(pending_.size());
  const std::lock_guard<std::mutex> lock(mutex_);
  taken.swap(pending_);
  pending_bytes_ = 0;
  return taken;
}

void SnapshotStream::Drain(RdbWriter* writer) {
  const std::vector<Pending> taken = TakePending();
  std::string packed;
  for (size_t db = 0; db < taken.size(); ++db) {
    const Pending& pending = taken[db];
    if (pending.plain.empty()) {
      writer->Records(static_cast<int>(db), pending.records);
      continue;
    }
    packed.clear();
    packed.reserve(pending.records.size());
    AppendRdbPacked(&packed, pending.records, pending.plain);
    writer->Records(static_cast<int>(db), packed);
  }
}

bool SnapshotStream::Write(const RdbFacts& facts,
                           const std::function<bool(std::string_view)>& out) {
  CHECK(cut_);
  std::string piece;
  RdbWriter writer([&piece](std::string_view bytes) { piece.append(bytes); }, options_.checksum);
  writer.Begin(facts);
  for (const FunctionLibraries::Library& library : functions_)
    writer.Function(library.source, {.compress = options_.compress});
  const Keyspace::Counts counts = engine_->keyspace.Count(0);
  if (counts.keys != 0) writer.ResizeDb(0, counts.keys, counts.with_expiry);
  const auto drain = [&] {
    Drain(&writer);
    const bool taken = out(piece);
    piece.clear();
    return taken;
  };
  if (!Walk(drain)) return false;
  writer.End();
  return out(piece);
}

bool SnapshotStream::WriteCommands(const std::function<bool(std::string_view)>& out) {
  CHECK(cut_ && options_.commands);
  std::string functions;
  for (const FunctionLibraries::Library& library : functions_)
    resp::AppendRequest({"FUNCTION", "LOAD", library.source}, &functions);
  return out(functions) && Walk([&] { return DrainCommands(out); });
}

bool SnapshotStream::DrainCommands(const std::function<bool(std::string_view)>& out) {
  const std::vector<Pending> taken = TakePending();
  for (size_t db = 0; db < taken.size(); ++db) {
    if (taken[db].records.empty()) continue;
    std::string select;
    resp::AppendRequest({"SELECT", std::to_string(db)}, &select);
    if (!out(select) || !out(taken[db].records)) return false;
  }
  return true;
}

// Gives all slots to this sink; `drain` takes what came, in pieces and once at the end.
bool SnapshotStream::Walk(const std::function<bool()>& drain) {
  for (int slot = 0; slot < kSlotCount; ++slot) {
    engine_->keyspace.Enter(thread_);
    engine_->keyspace.WalkSlot(SlotId(static_cast<uint16_t>(slot)));
    engine_->keyspace.Leave(thread_);
    size_t pending = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      pending = pending_bytes_;
    }
    if (pending >= kPieceBytes && !drain()) return false;
  }
  End();
  return drain();
}

}  // namespace pleiad::runtime
