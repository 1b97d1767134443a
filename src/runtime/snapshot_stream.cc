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
// If writers have given more old images than this, they come faster than LZF would take them: these
// are written plain, so that they leave the memory.
constexpr size_t kBehindBytes = 16 << 20;

}  // namespace

SnapshotStream::SnapshotStream(Engine* engine, int thread, Options options)
    : engine_(engine),
      thread_(thread),
      options_(options),
      open_(static_cast<size_t>(engine->keyspace.databases())) {}

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
  Piece& piece = open_[static_cast<size_t>(db)];
  if (piece.records.empty()) piece.records.reserve(kPieceBytes + kPieceBytes / 16);
  const size_t before = piece.records.size();
  if (options_.commands) {
    AppendAsCommands(&piece.records, entry);
  } else {
    AppendRdbRecord(&piece.records, entry,
                    {.compress = false, .plain = options_.compress ? &piece.plain : nullptr});
  }
  pending_bytes_ += piece.records.size() - before;
  if (piece.records.size() < kPieceBytes) return;
  piece.db = db;
  full_.push_back(std::move(piece));
  piece = Piece();
}

std::deque<SnapshotStream::Piece> SnapshotStream::TakePieces() {
  std::deque<Piece> taken;
  const std::lock_guard<std::mutex> lock(mutex_);
  taken.swap(full_);
  for (size_t db = 0; db < open_.size(); ++db) {
    if (open_[db].records.empty()) continue;
    open_[db].db = static_cast<int>(db);
    taken.push_back(std::move(open_[db]));
    open_[db] = Piece();
  }
  pending_bytes_ = 0;
  return taken;
}

// `written`: where the writer's bytes go. Each piece is freed as it leaves.
bool SnapshotStream::Drain(RdbWriter* writer, std::string* written,
                           const std::function<bool(std::string_view)>& out) {
  std::deque<Piece> taken = TakePieces();
  const bool behind = taken.size() > kBehindBytes / kPieceBytes;
  std::string packed;
  for (; !taken.empty(); taken.pop_front()) {
    const Piece& piece = taken.front();
    packed.clear();
    if (!behind && !piece.plain.empty()) AppendRdbPacked(&packed, piece.records, piece.plain);
    writer->Records(piece.db, packed.empty() ? piece.records : packed);
    const bool went = out(*written);
    written->clear();
    if (!went) return false;
  }
  return true;
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
  if (!Walk([&] { return Drain(&writer, &piece, out); })) return false;
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
  std::deque<Piece> taken = TakePieces();
  for (; !taken.empty(); taken.pop_front()) {
    std::string select;
    resp::AppendRequest({"SELECT", std::to_string(taken.front().db)}, &select);
    if (!out(select) || !out(taken.front().records)) return false;
  }
  return true;
}

// Gives all slots to this sink; `drain` takes what came, in pieces and once at the end.
bool SnapshotStream::Walk(const std::function<bool()>& drain) {
  Keyspace::WalkPlace place;
  for (int slot = 0; slot < kSlotCount;) {
    engine_->keyspace.Enter(thread_);
    const bool more = engine_->keyspace.WalkSlot(SlotId(static_cast<uint16_t>(slot)), &place);
    engine_->keyspace.Leave(thread_);
    if (!more) {
      ++slot;
      place = {};
    }
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
