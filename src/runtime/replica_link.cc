// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/replica_link.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/prng.h"
#include "base/text.h"
#include "runtime/clock.h"
#include "runtime/migration_driver.h"
#include "runtime/random.h"
#include "runtime/snapshot_stream.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kSnapshotPieceBytes = 16 * 1024;
constexpr size_t kJournalPiece = 256 * 1024;  // taken from the journal at once
constexpr size_t kQueueMax =
    1024 * 1024;  // snapshot bytes waiting for the socket; beyond it the walker waits
constexpr int kLinkTickMs = 100;
constexpr resp::RequestLimits kReplicaLimits{1024, 64, 1024};

}  // namespace

ReplicaLink::ReplicaLink(PrimaryDriver* driver, int fd, std::string address,
                         std::vector<std::string> args, std::string unparsed,
                         std::unique_ptr<PrimarySession> session)
    : driver_(driver),
      fd_(fd),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      address_(std::move(address)),
      args_(std::move(args)),
      session_(std::move(session)),
      in_(std::move(unparsed)) {
  CHECK(wake_fd_ >= 0);
}

ReplicaLink::~ReplicaLink() {
  RequestStop();
  if (thread_.joinable()) thread_.join();
  ::close(fd_);
  ::close(wake_fd_);
}

void ReplicaLink::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ReplicaLink::RequestStop() {
  stop_.store(true, std::memory_order_relaxed);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_fd_, &one, sizeof(one));
}

ReplicaView ReplicaLink::View(MonoMs now) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const size_t colon = address_.rfind(':');
  std::string_view ip = std::string_view(address_).substr(0, colon);
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  return session_->View(now, ip);
}

bool ReplicaLink::is_replica() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return session_->is_replica();
}

bool ReplicaLink::online() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return session_->online();
}

Offset ReplicaLink::disk_offset() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return session_->disk_offset();
}

Offset ReplicaLink::ack_offset() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return session_->ack_offset();
}

MonoMs ReplicaLink::ack_at() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return session_->ack_at();
}

void ReplicaLink::Run() {
  RegisterMemoryThread();
  ticked_ = over_soft_since_ = MonoNow();
  StepPsync();
  while (alive()) {
    if (order_snapshot_) FullSync();
    Pump();
    if (!alive()) break;
    if (close_when_sent_ && out_.empty()) break;
    WaitIo(kLinkTickMs);
    Tick();
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    session_->Step({.kind = PrimaryInput::Kind::kClosed, .now = MonoNow()});
  }
  reader_.reset();
  ::shutdown(fd_, SHUT_RDWR);
  UnregisterMemoryThread();
  done_.store(true, std::memory_order_release);
}

void ReplicaLink::Step(PrimaryInput input) {
  input.now = MonoNow();
  std::vector<PrimaryEffect> effects;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    effects = session_->Step(input);
  }
  for (const PrimaryEffect& effect : effects) Obey(effect);
}

void ReplicaLink::Obey(const PrimaryEffect& effect) {
  switch (effect.kind) {
    case PrimaryEffect::Kind::kSend:
      out_ += effect.text;
      Flush();
      break;
    case PrimaryEffect::Kind::kOrderSnapshot:
      order_snapshot_ = true;
      order_streamed_ = effect.streamed;
      break;
    case PrimaryEffect::Kind::kSendSnapshot:
      send_snapshot_ = true;
      break;
    case PrimaryEffect::Kind::kGoOnline:
      if (!reader_) reader_ = driver_->engine_->journal.Attach(effect.offset);
      if (!reader_) {
        Break("the journal no longer has what it needs");
        break;
      }
      PLOG(kNotice, "Synchronization with replica {} succeeded", address_);
      break;
    case PrimaryEffect::Kind::kClose:
      PLOG(kWarning, "Disconnecting replica {}: {}", address_, effect.text);
      close_when_sent_ = effect.flush;
      broken_ = !effect.flush;
      break;
  }
}

void ReplicaLink::StepPsync() {
  const std::vector<std::string_view> args(args_.begin(), args_.end());
  const std::string refusal = driver_->hooks_.refusal();
  if (refusal.empty()) driver_->hooks_.activate_journal();
  const ReplicationIds ids = driver_->hooks_.ids();
  PrimaryInput input;
  input.kind = PrimaryInput::Kind::kPsync;
  input.args = args;
  input.ids = &ids;
  input.backlog = driver_->hooks_.backlog();
  input.refusal = refusal;
  PLOG(kNotice, "Replica {} asks for synchronization", address_);
  Step(input);
  SyncCounts& counts = driver_->counts();
  if (!is_replica()) {
    close_when_sent_ = true;  // refused: it has the reason and comes again
  } else if (!order_snapshot_) {
    ++counts.partial_ok;
  } else {
    ++counts.full;
    if (args.size() >= 2 && args[1] != "?") ++counts.partial_err;
  }
}

// -1: the link ended before its turn came.
int ReplicaLink::WaitForSyncPlace() {
  while (alive()) {
    const int thread = driver_->BeginSync();
    if (thread >= 0) return thread;
    WaitIo(kLinkTickMs);
    Tick();
  }
  return -1;
}

void ReplicaLink::FullSync() {
  order_snapshot_ = false;
  const int thread = WaitForSyncPlace();
  if (thread < 0) return;
  Engine* engine = driver_->engine_;
  ReplicationIds ids;
  Offset offset;
  RdbFacts facts;
  bool whole = false;
  {
    // Plain: LZF makes 300 MB/s on a core, the walk without it keeps a fast network busy.
    SnapshotStream stream(engine, thread, {});
    stream.Cut([&] {
      engine->journal.ForgetDatabase();  // the stream behind the cut begins with a SELECT
      offset = engine->journal.end();
      reader_ = engine->journal.Attach(offset);
      RecordIncoming(engine);
      ids = driver_->hooks_.ids();
      facts.repl_stream_db = driver_->hooks_.stream_db();
    });
    CHECK(reader_ != nullptr);
    facts.created = UnixNow();
    facts.used_memory = UsedMemory();
    facts.repl_id = ids.replid;
    facts.repl_offset = offset;
    PLOG(kNotice, "Full resync of replica {} from offset {}", address_, offset.value);
    whole = order_streamed_ ? SendStreamed(&stream, facts, offset, ids)
                            : SendSized(&stream, facts, offset, ids);
  }
  driver_->EndSync(thread);
  if (whole) Step({.kind = PrimaryInput::Kind::kSnapshotSent});
}

bool ReplicaLink::SendStreamed(SnapshotStream* stream, const RdbFacts& facts, Offset offset,
                               const ReplicationIds& ids) {
  const std::string mark = Prng(SystemSeed()).Hex(40);
  PrimaryInput ready;
  ready.kind = PrimaryInput::Kind::kSnapshotReady;
  ready.offset = offset;
  ready.ids = &ids;
  ready.text = mark;
  Step(ready);
  if (!send_snapshot_) return false;
  return stream->Write(facts, [this](std::string_view bytes) { return Queue(bytes); });
}

// An old replica wants the length first. The snapshot waits in a file without a name.
bool ReplicaLink::SendSized(SnapshotStream* stream, const RdbFacts& facts, Offset offset,
                            const ReplicationIds& ids) {
  struct Closer {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  const std::unique_ptr<std::FILE, Closer> file(std::tmpfile());
  int64_t size = 0;
  const bool written = file != nullptr && stream->Write(facts, [&](std::string_view bytes) {
    size += static_cast<int64_t>(bytes.size());
    return alive() && std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size();
  });
  if (!written || std::fflush(file.get()) != 0) {
    const std::string why = std::strerror(errno);
    Step({.kind = PrimaryInput::Kind::kSnapshotFailed, .text = why});
    return false;
  }
  PrimaryInput ready;
  ready.kind = PrimaryInput::Kind::kSnapshotReady;
  ready.offset = offset;
  ready.ids = &ids;
  ready.size = size;
  Step(ready);
  std::rewind(file.get());
  std::string piece(kSnapshotPieceBytes, '\0');
  while (send_snapshot_ && size > 0) {
    const size_t n = std::fread(piece.data(), 1, piece.size(), file.get());
    if (n == 0 || !Queue(std::string_view(piece).substr(0, n))) return false;
    size -= static_cast<int64_t>(n);
  }
  return send_snapshot_ && size == 0;
}

// Snapshot bytes to the socket; waits while too much is queued. False: the link is over.
bool ReplicaLink::Queue(std::string_view bytes) {
  out_ += bytes;
  Flush();
  while (alive() && out_.size() - out_sent_ > kQueueMax) {
    WaitIo(kLinkTickMs);
    Tick();
  }
  return alive();
}

// Journal bytes to the socket, as long as it takes them.
void ReplicaLink::Pump() {
  while (alive() && reader_ && online() && out_.empty()) {
    if (reader_->Read(kJournalPiece, &out_) == 0) return;
    Flush();
  }
}

void ReplicaLink::WaitIo(int timeout_ms) {
  const bool sending = !out_.empty();
  pollfd fds[2] = {{fd_, static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN), 0},
                   {wake_fd_, POLLIN, 0}};
  if (::poll(fds, 2, timeout_ms) <= 0) return;
  if (fds[1].revents != 0) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(wake_fd_, &count, sizeof(count));
  }
  if (fds[0].revents & POLLOUT) Flush();
  if (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) Receive();
}

void ReplicaLink::Receive() {
  char buffer[kSnapshotPieceBytes];
  const ssize_t n = ::recv(fd_, buffer, sizeof(buffer), 0);
  if (n == 0) return Break("it closed the connection");
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR) Break(std::strerror(errno));
    return;
  }
  in_.append(buffer, static_cast<size_t>(n));
  std::string_view data = in_;
  while (alive() && !data.empty()) {
    size_t consumed = 0;
    const resp::RequestParser::Result result = parser_.Next(data, kReplicaLimits, &consumed);
    if (result == resp::RequestParser::Result::kNeedMore) break;
    if (result != resp::RequestParser::Result::kCommand)
      return Break("it does not speak the protocol");
    OnCommand(parser_.args());
    data.remove_prefix(consumed);
  }
  in_.erase(0, in_.size() - data.size());
}

void ReplicaLink::OnCommand(const std::vector<std::string_view>& args) {
  if (args.empty()) {
    Step({.kind = PrimaryInput::Kind::kProgress});  // a blank line: it is busy loading
  } else if (EqualsIgnoreCase(args[0], "REPLCONF")) {
    Step({.kind = PrimaryInput::Kind::kReplconf, .args = args});
    if (driver_->hooks_.acked) driver_->hooks_.acked();
  }
}

void ReplicaLink::Flush() {
  while (out_sent_ < out_.size()) {
    const ssize_t n = ::send(fd_, out_.data() + out_sent_, out_.size() - out_sent_, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) Break(std::strerror(errno));
      break;
    }
    out_sent_ += static_cast<size_t>(n);
    driver_->counts().bytes_out += static_cast<uint64_t>(n);
    const std::lock_guard<std::mutex> lock(mutex_);
    session_->Step({.kind = PrimaryInput::Kind::kProgress, .now = MonoNow()});
  }
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
  } else if (out_sent_ > kQueueMax) {
    out_.erase(0, out_sent_);
    out_sent_ = 0;
  }
}

void ReplicaLink::Tick() {
  const MonoMs now = MonoNow();
  if (now - ticked_ < kLinkTickMs) return;
  ticked_ = now;
  Step({.kind = PrimaryInput::Kind::kTick});
  CheckLag(now);
}

void ReplicaLink::CheckLag(MonoMs now) {
  if (!reader_) return;
  const auto settings = driver_->hooks_.settings();
  const OutputBufferLimit& limit =
      settings->output_buffer_limit[static_cast<size_t>(ClientClass::kReplica)];
  const auto behind = static_cast<uint64_t>(reader_->lag()) + (out_.size() - out_sent_);
  const bool over_soft = limit.soft_bytes != 0 && behind > limit.soft_bytes;
  if (!over_soft) over_soft_since_ = now;
  const bool hard = limit.hard_bytes != 0 && behind > limit.hard_bytes;
  if (hard || now - over_soft_since_ > limit.soft_seconds * 1000)
    Step({.kind = PrimaryInput::Kind::kOverrun});
}

void ReplicaLink::Break(std::string_view why) {
  if (broken_) return;
  broken_ = true;
  PLOG(kNotice, "Connection with replica {} lost: {}", address_, why);
}

}  // namespace pleiad::runtime
