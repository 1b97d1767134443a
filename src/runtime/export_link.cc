// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/export_link.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "data/hash.h"
#include "resp/request_writer.h"
#include "runtime/clock.h"
#include "runtime/cluster_driver.h"
#include "runtime/net.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"
#include "snapshot/dump_payload.h"

namespace pleiad::runtime {

using migration::ExportEffect;
using migration::ExportInput;
using migration::ExportOptions;
using migration::ExportSession;

namespace {

constexpr int kExportIdleMs = 20;
constexpr int kExportBusyMs = 1;  // while replicas or the last bytes are awaited
constexpr size_t kExportPiece = 64 * 1024;
constexpr size_t kExportQueueMax = 1024 * 1024;  // beyond it the walker waits for the socket
constexpr int64_t kLagMin = 64 * 1024;           // applied in less than a millisecond
constexpr int kOutbidRetryMs = 100;

constexpr size_t kBigFields = 1000;  // a hash of more is sent in pieces
constexpr size_t kPieceFields = 64;
constexpr size_t kPieceBytesMax = 32 * 1024;  // under one hold of the lock: some 50 us

bool IsBig(const Entry& e) {
  return e.type() == ValueType::kHash && e.is_object() && !e.has_field_expiry() &&
         HashView(e.value(), HashView::kHideNothing).size() > kBigFields;
}

// Whether a COPY may be among these records. A value that looks like one counts, too.
bool MayCopy(std::string_view records) {
  constexpr std::string_view kFour = "\r\n$4\r\n";
  for (size_t at = 0; (at = records.find(kFour, at)) != std::string_view::npos;) {
    at += kFour.size();
    if (EqualsIgnoreCase(records.substr(at, 4), "COPY")) return true;
  }
  return false;
}

ExportOptions MakeOptions(const Settings& s) {
  ExportOptions options;
  options.user = s.masteruser;
  options.password = s.masterauth;
  options.timeout_ms = int64_t{s.repl_timeout_seconds} * 1000;
  options.busy_ms = options.timeout_ms;
  options.lag_max = s.slot_migration_max_failover_repl_bytes;
  // A client that writes without a pause never leaves nothing at all to send.
  if (options.lag_max >= 0) options.lag_max = std::max(options.lag_max, kLagMin);
  return options;
}

}  // namespace

// Takes the keys of some slots as commands that make them.
class ExportLink::Snapshot : public SnapshotSink {
 public:
  Snapshot(Engine* engine, const migration::SlotBits& slots)
      : engine_(engine),
        slots_(slots),
        pending_(static_cast<size_t>(engine->keyspace.databases())) {}
  ~Snapshot() override {
    engine_->keyspace.EnterExclusive();
    engine_->keyspace.EndSnapshot(this);
    engine_->keyspace.LeaveExclusive();
  }
  void Take(SlotId slot, int db, const Entry& e) override {
    if (!slots_[slot.value]) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (pending_.size() == 1 && IsBig(e)) {
      big_.push_back({slot, std::string(e.key()), e.object()});
      return;
    }
    std::string& out = pending_[static_cast<size_t>(db)];
    const size_t before = out.size();
    Append(e, &out);
    bytes_ += out.size() - before;
  }
  std::vector<BigHash> TakeBig() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(big_, {});
  }
  size_t bytes() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return bytes_;
  }
  void Drain(std::string* out) {
    std::vector<std::string> records(pending_.size());
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      records.swap(pending_);
      bytes_ = 0;
    }
    for (size_t db = 0; db < records.size(); ++db) {
      if (records[db].empty()) continue;
      resp::AppendRequest({"SELECT", std::to_string(db)}, out);
      out->append(records[db]);
    }
  }

 private:
  static void Append(const Entry& e, std::string* out) {
    const std::string expiry = std::to_string(e.has_expiry() ? e.expiry_ms() : 0);
    if (e.type() == ValueType::kString) {
      if (e.has_expiry()) {
        resp::AppendRequest({"SET", e.key(), e.str(), "PXAT", expiry}, out);
      } else {
        resp::AppendRequest({"SET", e.key(), e.str()}, out);
      }
      return;
    }
    // Not compressed: this runs under the slot's lock, perhaps a writer's.
    resp::AppendRequest(
        {"RESTORE", e.key(), expiry, DumpEntry(e, {.compress = false}), "REPLACE", "ABSTTL"}, out);
  }

  Engine* const engine_;
  const migration::SlotBits& slots_;
  std::mutex mutex_;  // leaf; guards what follows
  std::vector<std::string> pending_;
  std::vector<BigHash> big_;
  size_t bytes_ = 0;
};

ExportLink::ExportLink(MigrationDriver* driver, std::shared_ptr<MigrationRecord> record,
                       int wake_fd)
    : driver_(driver),
      engine_(&driver->engine()),
      record_(std::move(record)),
      slots_(migration::ToBits(record_->job.slots)),
      wake_fd_(wake_fd),
      session_(record_->job, MakeOptions(*driver->server().settings()), MonoNow()) {}

ExportLink::~ExportLink() {
  if (fd_ >= 0) ::close(fd_);
}

void ExportLink::Run() {
  PLOG(kNotice, "Slot migration {}: export of {} to {} begins", record_->job.name,
       migration::ToText(record_->job.slots), record_->job.target.view());
  Tick();
  while (alive()) {
    if (driver_->stopping()) {
      record_->Finish(migration::Outcome::kFailed, "the server is stopping");
      return;
    }
    if (send_snapshot_) {
      send_snapshot_ = false;
      SendSnapshot();
      continue;
    }
    LookAtWorld();
    if (alive()) Pump();
    if (alive() && draining_) LookWhetherDrained();
    if (alive()) Tick();
    if (alive()) WaitIo(draining_ || !out_.empty() ? kExportBusyMs : kExportIdleMs);
  }
}

void ExportLink::Tick() {
  Step(ExportInput::Kind::kTick);
  if (alive())
    record_->Note(session_.StateText(),
                  UnixNow().value / 1000 - (MonoNow() - session_.heard()) / 1000, session_.lag());
}

void ExportLink::Step(ExportInput::Kind kind, std::string text) {
  ExportInput input;
  input.kind = kind;
  next_.emplace_back(input, std::move(text));
  if (stepping_) return;
  stepping_ = true;
  while (!next_.empty()) {
    auto [next, words] = std::move(next_.front());
    next_.pop_front();
    next.now = MonoNow();
    next.text = words;
    next.sent = records_sent_;
    for (const ExportEffect& effect : session_.Step(next)) Obey(effect);
  }
  stepping_ = false;
}

void ExportLink::Obey(const ExportEffect& effect) {
  switch (effect.kind) {
    case ExportEffect::Kind::kConnect:
      Connect();
      break;
    case ExportEffect::Kind::kSend:
      out_ += effect.text;
      Flush();
      break;
    case ExportEffect::Kind::kSnapshot:
      send_snapshot_ = true;
      break;
    case ExportEffect::Kind::kHold:
      Hold();
      break;
    case ExportEffect::Kind::kRelease:
      Release(effect.epoch);
      break;
    case ExportEffect::Kind::kClose:
      Close();
      break;
    case ExportEffect::Kind::kFinish:
      tap_.reset();
      record_->Finish(effect.outcome, effect.text);
      break;
  }
}

// ---- the connection

void ExportLink::Connect() {
  const std::shared_ptr<const cluster::ClusterView> view = driver_->server().cluster()->View();
  const cluster::ClusterView::Endpoint* target = nullptr;
  for (const auto& node : view->nodes) {
    if (node.id == record_->job.target) target = &node;
  }
  if (target == nullptr || target->ip.empty())
    return Step(ExportInput::Kind::kConnectFailed, "the target's address is not known");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST;
  addrinfo* list = nullptr;
  const int failed =
      ::getaddrinfo(target->ip.c_str(), std::to_string(target->port).c_str(), &hints, &list);
  if (failed != 0) return Step(ExportInput::Kind::kConnectFailed, ::gai_strerror(failed));
  fd_ = ::socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int error = fd_ < 0 ? errno : 0;
  if (error == 0 && ::connect(fd_, list->ai_addr, list->ai_addrlen) != 0) error = errno;
  ::freeaddrinfo(list);
  if (error != 0 && error != EINPROGRESS) {
    Close();
    return Step(ExportInput::Kind::kConnectFailed, std::strerror(error));
  }
  TuneClientSocket(fd_, 0);
  connecting_ = true;
}

void ExportLink::FinishConnect() {
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  connecting_ = false;
  if (error != 0) {
    Close();
    Step(ExportInput::Kind::kConnectFailed, std::strerror(error));
  } else {
    Step(ExportInput::Kind::kConnected);
  }
}

void ExportLink::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  connecting_ = false;
  in_.clear();
  out_.clear();
  out_sent_ = 0;
}

void ExportLink::WaitIo(int timeout_ms) {
  pollfd fds[2] = {{wake_fd_, POLLIN, 0}, {fd_, 0, 0}};
  if (fd_ >= 0) {
    if (!connecting_) fds[1].events = POLLIN;
    if (connecting_ || !out_.empty()) fds[1].events = static_cast<short>(fds[1].events | POLLOUT);
  }
  if (::poll(fds, fd_ >= 0 ? 2 : 1, timeout_ms) <= 0) return;
  if (fds[0].revents != 0) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(wake_fd_, &count, sizeof(count));
  }
  if (fd_ < 0 || fds[1].revents == 0) return;
  if (connecting_) return FinishConnect();
  if (fds[1].revents & POLLOUT) Flush();
  if (fd_ >= 0 && (fds[1].revents & (POLLIN | POLLHUP | POLLERR))) Receive();
}

void ExportLink::Receive() {
  char buffer[4096];
  const ssize_t n = ::recv(fd_, buffer, sizeof(buffer), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    const std::string why = n == 0 ? "the target closed it" : std::strerror(errno);
    Close();
    return Step(ExportInput::Kind::kClosed, why);
  }
  in_.append(buffer, static_cast<size_t>(n));
  if (in_.size() > kExportPiece) {
    Close();
    return Step(ExportInput::Kind::kClosed, "the target does not speak the protocol");
  }
  for (size_t end = 0; alive() && (end = in_.find("\r\n")) != std::string::npos;) {
    const std::string line = in_.substr(0, end);
    in_.erase(0, end + 2);
    Step(ExportInput::Kind::kLine, line);
  }
}

// An error shows itself in the next Receive.
void ExportLink::Flush() {
  while (fd_ >= 0 && !connecting_ && out_sent_ < out_.size()) {
    const ssize_t n = ::send(fd_, out_.data() + out_sent_, out_.size() - out_sent_, MSG_NOSIGNAL);
    if (n < 0) break;
    out_sent_ += static_cast<size_t>(n);
  }
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
  } else if (out_sent_ > kExportQueueMax) {
    out_.erase(0, out_sent_);
    out_sent_ = 0;
  }
}

// ---- the data

void ExportLink::SendSnapshot() {
  Keyspace& keyspace = engine_->keyspace;
  driver_->server().replication().ActivateJournal();
  Snapshot snapshot(engine_, slots_);
  keyspace.EnterExclusive();
  keyspace.BeginSnapshot(&snapshot);
  tap_ = engine_->journal.Listen(slots_, [fd = wake_fd_] {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(fd, &one, sizeof(one));
  });
  whole_changes_ = engine_->whole_changes.load(std::memory_order_relaxed);
  keyspace.LeaveExclusive();
  table_seen_ = 0;  // look whether all slots are ours
  LookAtWorld();
  for (size_t n = 0; n < kSlotCount && alive(); ++n) {
    if (!slots_[n]) continue;
    keyspace.Enter(MigrationDriver::kExportThread);
    keyspace.WalkSlot(SlotId(static_cast<uint16_t>(n)));
    keyspace.Leave(MigrationDriver::kExportThread);
    if (snapshot.bytes() < kExportPiece) continue;
    const size_t before = out_.size();
    snapshot.Drain(&out_);
    records_sent_ += static_cast<int64_t>(out_.size() - before);
    if (!AwaitRoom()) return;
  }
  if (!alive()) return;
  const size_t before = out_.size();
  snapshot.Drain(&out_);
  records_sent_ += static_cast<int64_t>(out_.size() - before);
  for (const BigHash& big : snapshot.TakeBig()) {
    if (alive()) SendBigHash(big);
  }
  Step(ExportInput::Kind::kSnapshotSent);
}

void ExportLink::SendBigHash(const BigHash& big) {
  uint64_t cursor = 0;
  do {
    const size_t before = out_.size();
    std::string piece;
    if (!TakePiece(big, &cursor, &piece) ||
        MayCopy(std::string_view(out_).substr(std::min(before, out_.size())))) {
      return Step(ExportInput::Kind::kBroken,
                  "a large hash was moved, copied or replaced while it was sent");
    }
    out_ += piece;
    records_sent_ += static_cast<int64_t>(out_.size() - before);
    if (!AwaitRoom()) return;
    LookAtWorld();
  } while (cursor != 0 && alive());
}

// The records so far, and behind them some fields, all of one moment. False: the hash is not what
// it was.
bool ExportLink::TakePiece(const BigHash& big, uint64_t* cursor, std::string* piece) {
  Keyspace& keyspace = engine_->keyspace;
  bool same = false;
  std::vector<std::string> args = {"HSET", big.key};
  keyspace.Enter(MigrationDriver::kExportThread);
  {
    LockSet locks(&keyspace);
    locks.LockOne(big.slot);
    tap_->Take(&out_);
    const Key key = keyspace.MakeKey(big.key);
    const Entry* e = locks.slot(big.slot).db0.table.Find(key.hash, key.bytes);
    same = e != nullptr && e->is_object() && e->object() == big.object && !e->has_field_expiry();
    if (same) {
      size_t bytes = 0;
      const HashView view(e->value(), HashView::kHideNothing);
      do {
        *cursor = view.Scan(*cursor, kPieceFields, [&](const FieldElement& field) {
          args.emplace_back(field.field);
          args.emplace_back(field.value);
          bytes += field.field.size() + field.value.size();
        });
      } while (*cursor != 0 && bytes < kPieceBytesMax);
      if (args.size() > 2) resp::AppendRequest(args, piece);
      if (*cursor == 0 && e->has_expiry()) {
        resp::AppendRequest({"PEXPIREAT", big.key, std::to_string(e->expiry_ms())}, piece);
      } else if (*cursor == 0) {
        resp::AppendRequest({"PERSIST", big.key}, piece);
      }
    }
  }
  keyspace.Leave(MigrationDriver::kExportThread);
  return same;
}

// False: the job is over.
bool ExportLink::AwaitRoom() {
  Flush();
  while (alive() && out_.size() - out_sent_ > kExportQueueMax) {
    WaitIo(kExportIdleMs);
    LookAtWorld();
    if (alive()) Tick();
    if (driver_->stopping()) return false;
  }
  return alive();
}

// Records to the socket as long as it takes them; behind GRANT there are none.
void ExportLink::Pump() {
  Flush();
  const ExportSession::State state = session_.state();
  if (!tap_ || state == ExportSession::State::kGranted) return;
  if (!out_.empty() && !draining_) return;
  const size_t before = out_.size();
  tap_->Take(&out_);
  records_sent_ += static_cast<int64_t>(out_.size() - before);
  Flush();
}

// ---- the handover

void ExportLink::Hold() {
  size_t wanted = 0;
  for (const auto& span : record_->job.slots)
    wanted += static_cast<size_t>(span.last.value - span.first.value) + 1;
  const size_t held = driver_->ChangeState(record_->job.slots, SlotState::kMine, SlotState::kHeld,
                                           MigrationDriver::kExportThread);
  if (held != wanted) return Step(ExportInput::Kind::kBroken, "a slot is no longer served here");
  // Whoever wrote before is in the journal and in the tap by now.
  engine_->keyspace.Enter(MigrationDriver::kExportThread);
  drained_at_ = engine_->journal.end();
  driver_->server().replication().AskForAcks();
  engine_->keyspace.Leave(MigrationDriver::kExportThread);
  draining_ = true;
}

void ExportLink::LookWhetherDrained() {
  const ReplicationView view = driver_->server().replication().View(MonoNow());
  for (const ReplicaView& replica : view.replicas) {
    if (replica.online && replica.ack_offset < drained_at_) return;
  }
  draining_ = false;
  // Inside: a FLUSHALL comes before or after the grant as a whole.
  engine_->keyspace.Enter(MigrationDriver::kExportThread);
  const std::string why = WhyBroken();
  if (why.empty()) {
    Step(ExportInput::Kind::kDrained);
  } else {
    Step(ExportInput::Kind::kBroken, why);
  }
  engine_->keyspace.Leave(MigrationDriver::kExportThread);
}

void ExportLink::Release(Epoch outbid) {
  draining_ = false;
  while (outbid.value != 0 && !driver_->stopping()) {
    const cluster::AdminReply reply =
        driver_->server().cluster()->Execute(cluster::AdminOutbid{outbid}, 0, 0);
    if (!reply.is_error || engine_->replica.load(std::memory_order_relaxed)) break;
    PLOG(kWarning, "Slot migration {}: the slots stay held: {}", record_->job.name, reply.text);
    pollfd nothing{wake_fd_, 0, 0};
    ::poll(&nothing, 1, kOutbidRetryMs);
  }
  driver_->ChangeState(record_->job.slots, SlotState::kHeld, SlotState::kMine,
                       MigrationDriver::kExportThread);
}

// ---- what others do meanwhile

void ExportLink::LookAtWorld() {
  if (record_->cancel) Step(ExportInput::Kind::kCancel);
  const uint64_t table = driver_->table_version();
  if (alive() && table != table_seen_) {
    table_seen_ = table;
    if (AllMoved()) {
      Step(session_.state() == ExportSession::State::kGranted ? ExportInput::Kind::kMoved
                                                              : ExportInput::Kind::kBroken,
           "the slots are no longer served here");
    }
  }
  if (!alive()) return;
  const std::string why = WhyBroken();
  if (!why.empty()) Step(ExportInput::Kind::kBroken, why);
}

// None of the slots is ours any more, and the commands that waited were let go.
bool ExportLink::AllMoved() {
  LockSet locks(&engine_->keyspace);
  for (size_t n = 0; n < kSlotCount; ++n) {
    if (!slots_[n]) continue;
    const SlotId id(static_cast<uint16_t>(n));
    locks.LockOne(id);
    const SlotState state = locks.slot(id).state;
    locks.Release();
    if (state != SlotState::kNotMine) return false;
  }
  return true;
}

std::string ExportLink::WhyBroken() {
  if (engine_->replica.load(std::memory_order_relaxed)) return "this node is a replica now";
  if (!tap_) return "";
  if (engine_->whole_changes.load(std::memory_order_relaxed) != whole_changes_)
    return "a whole database was flushed or swapped";
  if (engine_->pauses.level() != PauseLevel::kNone) return "a failover or pause is under way";
  const OutputBufferLimit& limit =
      driver_->server().settings()->output_buffer_limit[static_cast<size_t>(ClientClass::kReplica)];
  if (limit.hard_bytes != 0 && tap_->waiting() + out_.size() - out_sent_ > limit.hard_bytes)
    return "more changes wait to be sent than client-output-buffer-limit allows a replica";
  return "";
}

}  // namespace pleiad::runtime
