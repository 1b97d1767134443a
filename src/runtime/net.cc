// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/net.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pleiad::runtime {
namespace {

void SetOption(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof(value));
}

std::string ToText(const sockaddr_storage& a) {
  char text[INET6_ADDRSTRLEN] = "";
  if (a.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(a);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return fmt::format("{}:{}", text, ntohs(v4.sin_port));
  }
  if (a.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(a);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    return fmt::format("[{}]:{}", text, ntohs(v6.sin6_port));
  }
  return "";
}

Error Failed(int fd, const std::string& what) {
  const int code = errno;
  if (fd >= 0) ::close(fd);
  return Error{fmt::format("{}: {}", what, std::strerror(code))};
}

}  // namespace

Result<int> ListenTcp(const std::string& address, int port, int backlog) {
  std::string host = address;
  if (!host.empty() && host[0] == '-') host.erase(0, 1);
  const bool any6 = host == "::*";
  const bool any4 = host == "*";
  addrinfo hints{};
  hints.ai_family = any6 ? AF_INET6 : (any4 ? AF_INET : AF_UNSPEC);
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string what =
      fmt::format("Could not create server TCP listening socket {}:{}", address, port);
  const int code = getaddrinfo(any4 || any6 ? nullptr : host.c_str(), std::to_string(port).c_str(),
                               &hints, &found);
  if (code != 0) return Error{fmt::format("{}: {}", what, gai_strerror(code))};
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const addrinfo where = *found;
  sockaddr_storage bound{};
  std::memcpy(&bound, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (fd < 0) return Failed(fd, what);
  if (where.ai_family == AF_INET6) SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (bind(fd, reinterpret_cast<sockaddr*>(&bound), where.ai_addrlen) != 0)
    return Failed(fd, what + ": bind");
  if (listen(fd, backlog) != 0) return Failed(fd, what + ": listen");
  return fd;
}

Result<int> ListenUnix(const std::string& path, unsigned mode, int backlog) {
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  const std::string what = fmt::format("Failed opening Unix socket {}", path);
  if (path.size() >= sizeof(a.sun_path)) return Error{what + ": path too long"};
  std::memcpy(a.sun_path, path.c_str(), path.size() + 1);
  ::unlink(path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Failed(fd, what);
  if (bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof(a)) != 0) return Failed(fd, what + ": bind");
  if (mode != 0 && ::chmod(path.c_str(), mode) != 0) return Failed(fd, what + ": chmod");
  if (listen(fd, backlog) != 0) return Failed(fd, what + ": listen");
  return fd;
}

void TuneClientSocket(int fd, int keepalive_seconds) {
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (keepalive_seconds <= 0) return;
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_seconds);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_seconds / 3 > 0 ? keepalive_seconds / 3 : 1);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

std::string PeerAddress(int fd) {
  sockaddr_storage a{};
  socklen_t size = sizeof(a);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&a), &size) != 0) return "";
  return ToText(a);
}

std::string LocalAddress(int fd) {
  sockaddr_storage a{};
  socklen_t size = sizeof(a);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) != 0) return "";
  return ToText(a);
}

}  // namespace pleiad::runtime
