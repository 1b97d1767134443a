// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The link: socket, loop, and the session's effects. What they do to the data is in
// replica_apply.cc.
#include "runtime/replica_driver.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "runtime/clock.h"
#include "runtime/net.h"
#include "runtime/random.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kMasterReadBytes = 256 * 1024;
constexpr int kReplicaTickMs = 100;

}  // namespace

ReplicaDriver::ReplicaDriver(Engine* engine, runtime::Server* server, ReplicaDriverOptions options,
                             ReplicaHooks hooks)
    : engine_(engine),
      options_(std::move(options)),
      hooks_(std::move(hooks)),
      dispatcher_(engine, server, options_.thread, SystemSeed()),
      session_(options_.session, MonoNow()),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      db_(options_.db),
      read_buffer_(kMasterReadBytes) {
  CHECK(wake_fd_ >= 0);
  client_.from_master = true;
  client_.db = options_.db;
  client_.address = options_.host + ":" + std::to_string(options_.port);
  ever_synced_ = !options_.session.replid.empty();
  PublishStatus();
}

ReplicaDriver::~ReplicaDriver() {
  Stop();
  ::close(wake_fd_);
}

void ReplicaDriver::Stop() {
  stop_.store(true, std::memory_order_relaxed);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_fd_, &one, sizeof(one));
  if (thread_.joinable()) thread_.join();
}

void ReplicaDriver::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ReplicaDriver::Run() {
  RegisterMemoryThread();
  engine_->master_link_down = !options_.serve_stale_data;
  MonoMs ticked = MonoNow();
  Step({.kind = ReplicaInput::Kind::kTick});
  while (!stop_.load(std::memory_order_relaxed)) {
    WaitIo();
    const MonoMs now = MonoNow();
    if (now - ticked < kReplicaTickMs) continue;
    ticked = now;
    Step({.kind = ReplicaInput::Kind::kTick});
  }
  CloseLink();
  engine_->master_link_down = false;
  UnregisterMemoryThread();
}

void ReplicaDriver::Step(ReplicaInput input) {
  input.now = MonoNow();
  if (hooks_.on_disk) input.on_disk = hooks_.on_disk();
  Obey(session_.Step(input));
  PublishStatus();
  if (!connect_error_.empty()) {
    const std::string why = std::exchange(connect_error_, {});
    Step({.kind = ReplicaInput::Kind::kConnectFailed, .text = why});
  }
  if (!snapshot_ended_) return;
  snapshot_ended_ = false;
  const Status loaded = LoadSnapshot();
  if (loaded.ok()) {
    Step({.kind = ReplicaInput::Kind::kSnapshotLoaded});
  } else {
    PLOG(kWarning, "The master's snapshot can't be loaded: {}", loaded.message());
    Step({.kind = ReplicaInput::Kind::kSnapshotFailed, .text = loaded.message()});
  }
}

void ReplicaDriver::Obey(const ReplicaEffects& effects) {
  using Kind = ReplicaEffect::Kind;
  for (const ReplicaEffect& effect : effects.list()) {
    switch (effect.kind) {
      case Kind::kCommand:
      case Kind::kSkipped:
        ObeyCommand(effects.args(effect), effect);
        break;
      case Kind::kSnapshotBegin:
      case Kind::kSnapshotBytes:
      case Kind::kSnapshotEnd:
      case Kind::kSnapshotAbort:
        ObeySnapshot(effect);
        break;
      default:
        // Whatever was said before is applied before anything is answered: an ACK tells what is in
        // the data.
        RunBatch();
        ObeyLink(effect);
        break;
    }
  }
  RunBatch();
  // My journal is the master's stream, byte for byte: that is what other replicas and a promotion
  // rely on.
  if (session_.online()) CHECK(engine_->journal.end() == session_.offset());
  Flush();
}

void ReplicaDriver::ObeyLink(const ReplicaEffect& effect) {
  using Kind = ReplicaEffect::Kind;
  switch (effect.kind) {
    case Kind::kConnect:
      Connect();
      break;
    case Kind::kSend:
      out_ += effect.bytes;
      break;
    case Kind::kClose:
      CloseLink();
      break;
    case Kind::kContinue:
      PLOG(kNotice, "Successful partial resynchronization with master {}", client_.address);
      hooks_.continued(std::string(effect.text));
      break;
    case Kind::kOnline:
      PLOG(kNotice, "MASTER <-> REPLICA sync: the link with {} is up, offset {}", client_.address,
           session_.offset().value);
      ever_synced_ = true;
      engine_->master_link_down = false;
      break;
    case Kind::kLog:
      PLOG(kWarning, "Link with master {}: {}", client_.address, effect.text);
      break;
    default:
      CHECK_MSG(false, "not an effect of the link");
  }
}

void ReplicaDriver::PublishStatus() {
  const bool up = session_.online();
  link_up_.store(up, std::memory_order_release);
  const bool known = session_.state() != ReplicaSession::State::kWaitRetry &&
                     session_.state() != ReplicaSession::State::kConnecting;
  if (up || known) {
    last_interaction_.store(session_.last_io().value, std::memory_order_release);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  status_.host = options_.host;
  status_.port = options_.port;
  status_.up = up;
  status_.role_state = session_.role_state();
  status_.sync_in_progress = session_.sync_in_progress();
  status_.sync_total_bytes = std::max<int64_t>(0, session_.snapshot_size());
  status_.sync_read_bytes = session_.snapshot_received();
  status_.offset = session_.offset();
  status_.read_offset = session_.read_offset();
  status_last_io_ = session_.last_io();
  status_down_since_ = session_.down_since();
}

MasterLinkView ReplicaDriver::View(MonoMs now) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  MasterLinkView view = status_;
  view.last_io_s = view.up ? (now - status_last_io_) / 1000 : -1;
  view.sync_last_io_s = (now - status_last_io_) / 1000;
  view.down_since_s = (now - status_down_since_) / 1000;
  return view;
}

// A name is looked up here, on the link's own thread; of several addresses each attempt takes the
// next.
void ReplicaDriver::Connect() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int failed =
      ::getaddrinfo(options_.host.c_str(), std::to_string(options_.port).c_str(), &hints, &list);
  if (failed != 0) {
    connect_error_ = ::gai_strerror(failed);
    return;
  }
  size_t count = 0;
  for (const addrinfo* a = list; a != nullptr; a = a->ai_next) ++count;
  const addrinfo* chosen = list;
  for (size_t skip = address_attempt_++ % count; skip > 0; --skip) chosen = chosen->ai_next;
  fd_ = ::socket(chosen->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int error = fd_ < 0 ? errno : 0;
  if (error == 0 && ::connect(fd_, chosen->ai_addr, chosen->ai_addrlen) != 0) error = errno;
  ::freeaddrinfo(list);
  if (error != 0 && error != EINPROGRESS) {
    connect_error_ = std::strerror(error);
    return;
  }
  TuneClientSocket(fd_, options_.keepalive_seconds);
  connecting_ = true;
}

void ReplicaDriver::FinishConnect() {
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  connecting_ = false;
  if (error != 0) {
    Step({.kind = ReplicaInput::Kind::kConnectFailed, .text = std::strerror(error)});
  } else {
    ReplicaHooks::Credentials credentials = hooks_.credentials();
    session_.SetCredentials(std::move(credentials.user), std::move(credentials.password));
    Step({.kind = ReplicaInput::Kind::kConnected});
  }
}

void ReplicaDriver::CloseLink() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  connecting_ = false;
  out_.clear();
  in_transaction_ = false;  // asked for again as a whole
  transaction_.clear();
  transaction_raw_.clear();
  if (snapshot_fd_ >= 0) ::close(snapshot_fd_);
  snapshot_fd_ = -1;
  check_.reset();
  checker_.reset();
  engine_->master_link_down = !options_.serve_stale_data;
}

void ReplicaDriver::WaitIo() {
  pollfd fds[2] = {{wake_fd_, POLLIN, 0}, {fd_, 0, 0}};
  if (fd_ >= 0) {
    if (!connecting_) fds[1].events = POLLIN;
    if (connecting_ || !out_.empty()) fds[1].events = static_cast<short>(fds[1].events | POLLOUT);
  }
  if (::poll(fds, fd_ >= 0 ? 2 : 1, kReplicaTickMs) <= 0 || fd_ < 0 || fds[1].revents == 0) return;
  if (connecting_) {
    FinishConnect();
    return;
  }
  if (fds[1].revents & POLLOUT) Flush();
  if (fd_ >= 0 && (fds[1].revents & (POLLIN | POLLHUP | POLLERR))) Receive();
}

void ReplicaDriver::Receive() {
  const ssize_t n = ::recv(fd_, read_buffer_.data(), read_buffer_.size(), 0);
  if (n > 0) {
    Step({.kind = ReplicaInput::Kind::kBytes,
          .bytes = {read_buffer_.data(), static_cast<size_t>(n)}});
  } else if (n == 0) {
    Step({.kind = ReplicaInput::Kind::kClosed, .text = "the master closed the connection"});
  } else if (errno != EAGAIN && errno != EINTR) {
    Step({.kind = ReplicaInput::Kind::kClosed, .text = std::strerror(errno)});
  }
}

// An error shows itself in the next Receive.
void ReplicaDriver::Flush() {
  if (fd_ < 0 || connecting_ || out_.empty()) return;
  const ssize_t n = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
  if (n > 0) out_.erase(0, static_cast<size_t>(n));
}

}  // namespace pleiad::runtime
