// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/client_connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "resp/request_writer.h"

namespace pleiad::runtime {

namespace {

constexpr int64_t kNoDeadline = INT64_MAX;
constexpr size_t kReplyReadBytes = 64 * 1024;

int64_t NowMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

int64_t DeadlineIn(int timeout_ms) { return timeout_ms <= 0 ? kNoDeadline : NowMs() + timeout_ms; }

// What poll(2) takes: -1 is for ever.
int PollMs(int64_t deadline_ms) {
  if (deadline_ms == kNoDeadline) return -1;
  return static_cast<int>(std::clamp<int64_t>(deadline_ms - NowMs(), 0, INT_MAX));
}

std::string ErrnoText(int error) {
  if (error == ECANCELED) return std::string(ClientConnection::kInterrupted);
  if (error == ETIMEDOUT) return std::string(ClientConnection::kTimedOut);
  return std::strerror(error);
}

// How long to wait, and what may end the wait.
struct Patience {
  int64_t deadline_ms;
  int interrupt_fd;
};

// A non-blocking connect. 0 or an errno; ECANCELED after an interrupt.
int ConnectUntil(int fd, const sockaddr* address, socklen_t size, Patience patience) {
  if (connect(fd, address, size) == 0) return 0;
  if (errno != EINPROGRESS && errno != EINTR) return errno;
  for (;;) {
    pollfd waits[2] = {{fd, POLLOUT, 0},
                       {patience.interrupt_fd, POLLIN, 0}};  // poll skips an fd of -1
    const int ready = poll(waits, 2, PollMs(patience.deadline_ms));
    if (ready == 0) return ETIMEDOUT;
    if (ready > 0 && waits[0].revents != 0) break;
    if (ready > 0) return ECANCELED;
    if (errno != EINTR) return errno;
  }
  int error = 0;
  socklen_t error_size = sizeof(error);
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size) != 0) return errno;
  return error;
}

Result<int> OpenSocket(int family, const sockaddr* address, socklen_t size, Patience patience) {
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error{ErrnoText(errno)};
  const int error = ConnectUntil(fd, address, size, patience);
  if (error != 0) {
    close(fd);
    return Error{ErrnoText(error)};
  }
  if (family != AF_UNIX) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  }
  return fd;
}

Result<int> OpenUnix(const std::string& path, Patience patience) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return Error{"The path of the socket is too long"};
  std::memcpy(address.sun_path, path.data(), path.size());
  return OpenSocket(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof(address),
                    patience);
}

Result<int> OpenTcp(const std::string& host, int port, Patience patience) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) return Error{gai_strerror(failed)};
  Result<int> fd = Error{"No address"};
  for (const addrinfo* at = found; at != nullptr && !fd.ok(); at = at->ai_next) {
    fd = OpenSocket(at->ai_family, at->ai_addr, at->ai_addrlen, patience);
  }
  freeaddrinfo(found);
  return fd;
}

}  // namespace

Result<std::unique_ptr<ClientConnection>> ClientConnection::Connect(const ConnectOptions& options) {
  const Patience patience = {DeadlineIn(options.connect_timeout_ms), options.interrupt_fd};
  const Result<int> fd = options.unix_path.empty() ? OpenTcp(options.host, options.port, patience)
                                                   : OpenUnix(options.unix_path, patience);
  if (!fd.ok()) return fd.error();
  return std::unique_ptr<ClientConnection>(new ClientConnection(*fd, options));
}

ClientConnection::~ClientConnection() { close(fd_); }

std::string ClientConnection::Peer() const {
  if (!options_.unix_path.empty()) return options_.unix_path;
  const bool ipv6 = options_.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + options_.host + "]" : options_.host) + ":" + std::to_string(options_.port);
}

std::string ClientConnection::PeerIp() const {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  char host[NI_MAXHOST];
  const auto* peer = reinterpret_cast<const sockaddr*>(&address);
  if (getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      address.ss_family == AF_UNIX ||
      getnameinfo(peer, size, host, sizeof(host), nullptr, 0, NI_NUMERICHOST) != 0) {
    return {};
  }
  return host;
}

Error ClientConnection::Broken(std::string_view what) {
  connected_ = false;
  return Error{std::string(what)};
}

// Waits for `events` on the socket, or for the interrupt while it waits for input alone. The result
// is what is ready.
Result<short> ClientConnection::WaitFor(short events, int64_t deadline_ms) {
  for (;;) {
    pollfd waits[2] = {{fd_, events, 0}, {options_.interrupt_fd, POLLIN, 0}};
    const nfds_t count = options_.interrupt_fd >= 0 && events == POLLIN ? 2 : 1;
    const int ready = poll(waits, count, PollMs(deadline_ms));
    if (ready == 0) return Broken(kTimedOut);
    if (ready < 0) {
      if (errno == EINTR) continue;
      return Broken(ErrnoText(errno));
    }
    if (waits[0].revents != 0) return waits[0].revents;
    return Error{std::string(kInterrupted)};
  }
}

// One read of what is there. Nothing there is fine.
Status ClientConnection::ReceiveSome() {
  char bytes[kReplyReadBytes];
  const ssize_t got = recv(fd_, bytes, sizeof(bytes), 0);
  if (got == 0) return Broken(kClosed);
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return Status::Ok();
    return Broken(errno == ECONNRESET ? std::string(kClosed) : ErrnoText(errno));
  }
  parser_.Feed(std::string_view(bytes, static_cast<size_t>(got)));
  return Status::Ok();
}

Status ClientConnection::SendBytes(std::string_view bytes) {
  if (!connected_) return Error{std::string(kClosed)};
  const int64_t deadline_ms = DeadlineIn(options_.io_timeout_ms);
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      return Broken(errno == EPIPE || errno == ECONNRESET ? std::string(kClosed)
                                                          : ErrnoText(errno));
    }
    const Result<short> ready = WaitFor(POLLOUT | POLLIN, deadline_ms);
    if (!ready.ok()) return ready.error();
    if ((*ready & POLLIN) != 0) {
      const Status received = ReceiveSome();
      if (!received.ok()) return received;
    }
  }
  return Status::Ok();
}

Status ClientConnection::SendCommand(std::span<const std::string> args) {
  std::string bytes;
  resp::AppendRequest(args, &bytes);
  return SendBytes(bytes);
}

Status ClientConnection::SendCommand(std::initializer_list<std::string_view> args) {
  std::string bytes;
  resp::AppendRequest(args, &bytes);
  return SendBytes(bytes);
}

Result<resp::Reply> ClientConnection::ReadReply() {
  const int64_t deadline_ms = DeadlineIn(options_.io_timeout_ms);
  for (;;) {
    Result<std::optional<resp::Reply>> next = parser_.Next();
    if (!next.ok()) return Broken(next.message());
    if (next->has_value()) return std::move(**next);
    if (!connected_) return Error{std::string(kClosed)};
    const Result<short> ready = WaitFor(POLLIN, deadline_ms);
    if (!ready.ok()) return ready.error();
    const Status received = ReceiveSome();
    if (!received.ok()) return received.error();
  }
}

Result<std::optional<resp::Reply>> ClientConnection::PollReply() {
  if (connected_) {
    const Status received = ReceiveSome();
    if (!received.ok() && parser_.idle()) return received.error();
  }
  Result<std::optional<resp::Reply>> next = parser_.Next();
  if (!next.ok()) return Broken(next.message());
  if (!next->has_value() && !connected_) return Error{std::string(kClosed)};
  return next;
}

Result<bool> ClientConnection::WaitForEither(int other_fd) {
  pollfd waits[2] = {{other_fd, POLLIN, 0}, {fd_, POLLIN, 0}};
  while (poll(waits, 2, -1) < 0) {
    if (errno != EINTR) return Error{ErrnoText(errno)};
  }
  return waits[0].revents != 0;
}

Result<resp::Reply> ClientConnection::Call(std::span<const std::string> args) {
  const Status sent = SendCommand(args);
  if (!sent.ok()) return sent.error();
  for (;;) {
    Result<resp::Reply> reply = ReadReply();
    if (!reply.ok() || reply->type != resp::Reply::Type::kPush) return reply;
  }
}

Result<resp::Reply> ClientConnection::Call(std::initializer_list<std::string_view> args) {
  const std::vector<std::string> owned(args.begin(), args.end());
  return Call(std::span<const std::string>(owned));
}

Status ClientConnection::Authenticate(std::string_view user, std::string_view password) {
  const Result<resp::Reply> reply =
      user.empty() ? Call({"AUTH", password}) : Call({"AUTH", user, password});
  if (!reply.ok()) return reply.error();
  if (reply->is_error()) return Error{reply->text};
  return Status::Ok();
}

Result<resp::Reply> ClientConnection::Hello(int version) {
  return Call({"HELLO", std::to_string(version)});
}

}  // namespace pleiad::runtime
