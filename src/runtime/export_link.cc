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
#include "resp/request_writer.h"
#include "runtime/big_keys.h"
#include "runtime/clock.h"
#include "runtime/cluster_driver.h"
#include "runtime/net.h"
#include "runtime/process.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"

namespace pleiad::runtime {

using migration::ExportEffect;
using migration::ExportInput;
using migration::ExportOptions;
using migration::ExportSession;

namespace {

constexpr int kExportIdleMs = 20;
// While clients are held. What is awaited wakes the thread; this is for a replica that goes away.
constexpr int kExportHeldMs = 5;
constexpr size_t kExportPiece = 64 * 1024;
constexpr size_t kExportQueueMax = 1024 * 1024;  // beyond it the walker waits for the socket
constexpr int64_t kLagMin = 64 * 1024;           // applied in less than a millisecond
constexpr int kOutbidRetryMs = 100;
constexpr int64_t kBreathUsMin = 100;
constexpr int64_t kBreathUsMax = 400;  // more: the thread was interrupted, it did not work

int64_t KeysIn(Keyspace& keyspace, SlotId id) {
  Slot& slot = keyspace.RawSlot(id);
  int64_t keys = 0;
  for (int db = 0; db < keyspace.databases(); ++db) {
    const SlotDb* slot_db = keyspace.Db(slot, db, false);
    if (slot_db == nullptr) break;
    keys += slot_db->table.size();
  }
  return keys;
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
    ++keys_;
    if (pending_.size() == 1 && BigKeys::IsBig(e)) {
      big_.emplace_back(slot, e.key());
      return;
    }
    std::string& out = pending_[static_cast<size_t>(db)];
    const size_t before = out.size();
    AppendKey(e, &out);
    bytes_ += out.size() - before;
  }
  std::vector<std::pair<SlotId, std::string>> TakeBig() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(big_, {});
  }
  // Keys that were taken, those in big_ included.
  int64_t keys() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return keys_;
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
  Engine* const engine_;
  const migration::SlotBits& slots_;
  std::mutex mutex_;  // leaf; guards what follows
  std::vector<std::string> pending_;
  std::vector<std::pair<SlotId, std::string>> big_;
  size_t bytes_ = 0;
  int64_t keys_ = 0;
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
    if (alive()) WaitIo(draining_ ? kExportHeldMs : kExportIdleMs);
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
    next.not_now = engine_->pauses.level() != PauseLevel::kNone ||
                   !driver_->server().cluster()->claim_settled();
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
      Hold(effect.epoch);
      break;
    case ExportEffect::Kind::kRelease:
      Release(effect.epoch);
      break;
    case ExportEffect::Kind::kClose:
      Close();
      break;
    case ExportEffect::Kind::kFinish:
      tap_.reset();
      if (moved_late_) {  // the claim came while this node asked whether it had
        record_->Finish(migration::Outcome::kSuccess, "");
      } else {
        record_->Finish(effect.outcome, effect.text);
      }
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
  int64_t keys = 0;
  for (size_t n = 0; n < kSlotCount; ++n) {
    if (slots_[n]) keys += KeysIn(keyspace, SlotId(static_cast<uint16_t>(n)));
  }
  keyspace.LeaveExclusive();
  record_->keys_total = keys;
  table_seen_ = 0;  // look whether all slots are ours
  LookAtWorld();
  resumed_at_us_ = MonoMicros();
  for (size_t n = 0; n < kSlotCount && alive(); ++n) {
    Keyspace::WalkPlace place;
    for (bool more = slots_[n]; more && alive();) {
      keyspace.Enter(MigrationDriver::kExportThread);
      more = keyspace.WalkSlot(SlotId(static_cast<uint16_t>(n)), &place);
      keyspace.Leave(MigrationDriver::kExportThread);
      if (snapshot.bytes() < kExportPiece) continue;
      const size_t before = out_.size();
      snapshot.Drain(&out_);
      Count(before);
      record_->keys = snapshot.keys();
      if (!AwaitRoom()) break;
    }
  }
  if (alive() && !driver_->stopping()) {
    const size_t before = out_.size();
    snapshot.Drain(&out_);
    Count(before);
    SendBigKeys(&snapshot);
  }
  if (alive() && !driver_->stopping()) Step(ExportInput::Kind::kSnapshotSent);
}

void ExportLink::SendBigKeys(Snapshot* snapshot) {
  BigKeys big(engine_, tap_.get(), MigrationDriver::kExportThread);
  const auto keys = snapshot->TakeBig();
  for (const auto& [slot, key] : keys) big.Add(slot, key);
  record_->keys = snapshot->keys() - static_cast<int64_t>(keys.size());
  while (!big.done() && alive() && !driver_->stopping()) {
    const size_t before = out_.size();
    big.Step(&out_);
    Count(before);
    if (!AwaitRoom()) return;
    LookAtWorld();
  }
  record_->keys = snapshot->keys();
}

// Behind `out_before` are records.
void ExportLink::Count(size_t out_before) {
  records_sent_ += static_cast<int64_t>(out_.size() - out_before);
  record_->bytes = records_sent_;
}

// Bulk work takes no more than half of a core here, and so at the target, which is idle meanwhile:
// what clients ask for finds one at once. Otherwise they wait for the end of a scheduler's turn,
// some milliseconds, wherever there are not more cores than busy threads.
void ExportLink::Breathe() {
  const int64_t worked_us = MonoMicros() - resumed_at_us_;
  if (worked_us < kBreathUsMin) return;
  BlockThisThread(std::min(worked_us, kBreathUsMax));
  resumed_at_us_ = MonoMicros();
}

// False: the job is over.
bool ExportLink::AwaitRoom() {
  Flush();
  Breathe();
  while (alive() && out_.size() - out_sent_ > kExportQueueMax) {
    WaitIo(kExportIdleMs);
    LookAtWorld();
    if (alive()) Tick();
    if (driver_->stopping()) return false;
    resumed_at_us_ = MonoMicros();
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
  Count(before);
  Flush();
}

// ---- the handover

void ExportLink::Hold(Epoch epoch) {
  const cluster::AdminReply promised =
      driver_->server().cluster()->Execute(cluster::AdminPromiseSlots{epoch}, 0, 0);
  if (promised.is_error) return Step(ExportInput::Kind::kBroken, promised.text);
  held_at_us_ = MonoMicros();
  driver_->AwaitAcks(true);
  size_t wanted = 0;
  for (const auto& span : record_->job.slots)
    wanted += static_cast<size_t>(span.last.value - span.first.value) + 1;
  const size_t held = driver_->ChangeState(record_->job.slots, SlotState::kMine, SlotState::kHeld,
                                           MigrationDriver::kExportThread);
  if (held != wanted) return Step(ExportInput::Kind::kBroken, "a slot is no longer served here");
  // Whoever wrote before is in the journal and in the tap by now.
  engine_->keyspace.Enter(MigrationDriver::kExportThread);
  drained_at_ = engine_->journal.end();
  driver_->server().replication().AskForAcks(true);
  engine_->keyspace.Leave(MigrationDriver::kExportThread);
  draining_ = true;
}

void ExportLink::LookWhetherDrained() {
  const ReplicationView view = driver_->server().replication().View(MonoNow());
  for (const ReplicaView& replica : view.replicas) {
    if (replica.online && replica.ack_offset < drained_at_) return;
  }
  draining_ = false;
  granted_at_us_ = MonoMicros();
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

// Until the slots are ours under a greater epoch, or the target's.
void ExportLink::Outbid(Epoch outbid) {
  ClusterDriver& cluster = *driver_->server().cluster();
  pollfd nothing{wake_fd_, 0, 0};
  for (bool first = true; !driver_->stopping(); first = false) {
    const cluster::AdminReply reply = cluster.Execute(cluster::AdminOutbid{outbid}, 0, 0);
    if (!reply.is_error || engine_->replica.load(std::memory_order_relaxed)) break;
    if (first) {
      PLOG(kWarning, "Slot migration {}: the slots stay held: {}", record_->job.name, reply.text);
    }
    ::poll(&nothing, 1, kOutbidRetryMs);
  }
  while (!driver_->stopping() && !cluster.MayActOnClaim()) ::poll(&nothing, 1, 1);
  moved_late_ = AllMoved();
}

void ExportLink::Release(Epoch outbid) {
  draining_ = false;
  driver_->AwaitAcks(false);
  if (outbid.value != 0) Outbid(outbid);
  driver_->ChangeState(record_->job.slots, SlotState::kHeld, SlotState::kMine,
                       MigrationDriver::kExportThread);
  const int64_t now = MonoMicros();
  if (outbid.value == 0 && !driver_->stopping())
    driver_->server().cluster()->Execute(cluster::AdminPromiseSlots{}, 0, 0);
  record_->hold_us = now - held_at_us_;
  const int64_t until_granted = granted_at_us_ == 0 ? 0 : granted_at_us_ - held_at_us_;
  PLOG(kNotice,
       "Slot migration {}: {} keys, {} bytes of records; clients were held for {} us, {} of it "
       "until the target had leave to claim",
       record_->job.name, record_->keys.load(), records_sent_, record_->hold_us.load(),
       until_granted);
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
  if (engine_->pauses.Holds(PausePurpose::kFailover) ||
      engine_->pauses.Holds(PausePurpose::kShutdown))
    return "a failover, or the end of this node, is under way";
  const OutputBufferLimit& limit =
      driver_->server().settings()->output_buffer_limit[static_cast<size_t>(ClientClass::kReplica)];
  if (limit.hard_bytes != 0 && tap_->waiting() + out_.size() - out_sent_ > limit.hard_bytes)
    return "more changes wait to be sent than client-output-buffer-limit allows a replica";
  return "";
}

}  // namespace pleiad::runtime
