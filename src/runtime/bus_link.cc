// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/bus_link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fmt/core.h"

namespace pleiad::runtime {

namespace {

// 0: not an address.
socklen_t ToSockaddr(const std::string& ip, uint16_t port, sockaddr_storage* out) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(out);
  if (inet_pton(AF_INET, ip.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return sizeof(sockaddr_in);
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(out);
  if (inet_pton(AF_INET6, ip.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return sizeof(sockaddr_in6);
  }
  return 0;
}

}  // namespace

BusLink::~BusLink() { ::close(fd_); }

Result<int> BusLink::Connect(const std::string& ip, uint16_t port, bool* refused) {
  *refused = false;
  sockaddr_storage address{};
  const socklen_t size = ToSockaddr(ip, port, &address);
  if (size == 0) return Error{fmt::format("{} is not an IP address", ip)};
  const int fd = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error{fmt::format("socket: {}", std::strerror(errno))};
  int code = 0;
  do {
    code = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 ? 0 : errno;
  } while (code == EINTR);
  if (code == 0 || code == EINPROGRESS) return fd;
  *refused = code == ECONNREFUSED;
  ::close(fd);
  return Error{fmt::format("connect to {}:{}: {}", ip, port, std::strerror(code))};
}

BusLink::Outcome BusLink::FinishConnect() {
  int code = 0;
  socklen_t size = sizeof code;
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
  if (code == ECONNREFUSED) return Outcome::kRefused;
  if (code != 0) return Outcome::kClosed;
  connecting_ = false;
  return Outcome::kOk;
}

BusLink::ReadResult BusLink::Read(std::span<char> buffer, std::vector<cluster::Packet>* packets) {
  ReadResult result;
  const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return result;
  if (n <= 0) {
    ended_ = n == 0 || errno == ECONNRESET || errno == EPIPE;
    result.outcome = Outcome::kClosed;
    return result;
  }
  result.bytes = static_cast<size_t>(n);
  const Status status = framer_.OnBytes({buffer.data(), result.bytes}, packets);
  spoke_ = spoke_ || !packets->empty();
  if (!status.ok()) {
    result.outcome = Outcome::kClosed;
    result.error = status.message();
  }
  return result;
}

bool BusLink::Send(std::string_view bytes) {
  if (sent_ == out_.size()) {  // nothing waits: straight to the socket
    out_.clear();
    sent_ = 0;
  } else if (sent_ > (1U << 20) && sent_ > out_.size() / 2) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  out_.append(bytes);
  return connecting_ || Flush();
}

bool BusLink::Flush() {
  while (sent_ < out_.size()) {
    const ssize_t n = ::send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) {
      ended_ = errno == ECONNRESET || errno == EPIPE;
      return false;
    }
    sent_ += static_cast<size_t>(n);
  }
  sent_ = 0;
  if (out_.capacity() > 65536) {
    out_ = std::string();  // an idle link holds no large buffer
  } else {
    out_.clear();
  }
  return true;
}

}  // namespace pleiad::runtime
