// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/migration_request.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "resp/request_writer.h"

namespace pleiad::runtime {
namespace {

constexpr int kAskSeconds = 5;

// The next line of the peer, without its end.
Status ReadLine(int fd, std::string* in, std::string* line) {
  size_t end = 0;
  while ((end = in->find("\r\n")) == std::string::npos) {
    char buffer[512];
    const ssize_t n = ::recv(fd, buffer, sizeof(buffer), 0);
    if (n == 0) return Error{"the source closed the connection"};
    if (n < 0) return Error{std::string("asking the source: ") + std::strerror(errno)};
    in->append(buffer, static_cast<size_t>(n));
    if (in->size() > 65536) return Error{"the source does not speak the protocol"};
  }
  *line = in->substr(0, end);
  in->erase(0, end + 2);
  return Status::Ok();
}

Status Converse(int fd, const std::string& text, int replies) {
  if (::send(fd, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
    return Error{std::string("asking the source: ") + std::strerror(errno)};
  std::string in;
  for (int i = 0; i < replies; ++i) {
    std::string line;
    const Status status = ReadLine(fd, &in, &line);
    if (!status.ok()) return status;
    if (!line.starts_with('+')) return Error{"the source says: " + line.substr(1)};
  }
  return Status::Ok();
}

}  // namespace

Status AskToMigrate(const NodeAddress& owner, const migration::Job& job) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST;
  addrinfo* list = nullptr;
  const int failed =
      ::getaddrinfo(owner.host.c_str(), std::to_string(owner.port).c_str(), &hints, &list);
  if (failed != 0) return Error{std::string("asking the source: ") + ::gai_strerror(failed)};
  const int fd = ::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{kAskSeconds, 0};
  Status status = Status::Ok();
  if (fd < 0 || ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
      ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0 ||
      ::connect(fd, list->ai_addr, list->ai_addrlen) != 0) {
    status = Error{std::string("connecting to the source: ") + std::strerror(errno)};
  } else {
    std::string text;
    int replies = 1;
    if (!owner.password.empty()) {
      ++replies;
      if (owner.user.empty()) {
        resp::AppendRequest({"AUTH", owner.password}, &text);
      } else {
        resp::AppendRequest({"AUTH", owner.user, owner.password}, &text);
      }
    }
    std::vector<std::string> args = {"CLUSTER", "MIGRATESLOTS", "SLOTSRANGE"};
    for (const auto& span : job.slots) {
      args.push_back(std::to_string(span.first.value));
      args.push_back(std::to_string(span.last.value));
    }
    args.emplace_back("NODE");
    args.emplace_back(job.target.view());
    resp::AppendRequest(args, &text);
    status = Converse(fd, text, replies);
  }
  ::freeaddrinfo(list);
  if (fd >= 0) ::close(fd);
  return status;
}

}  // namespace pleiad::runtime
