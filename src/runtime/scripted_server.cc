// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "base/check.h"
#include "resp/reply_parser.h"

namespace pleiad::runtime {

ScriptedServer::ScriptedServer() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  CHECK(listen(listener_, 8) == 0);
  socklen_t size = sizeof(address);
  CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
}

ScriptedServer::~ScriptedServer() {
  shutdown(listener_, SHUT_RDWR);
  if (thread_.joinable()) thread_.join();
  close(listener_);
}

void ScriptedServer::Start(std::map<std::string, std::string> answers) {
  answers_ = std::move(answers);
  thread_ = std::thread([this] {
    for (int fd = 0; (fd = accept(listener_, nullptr, nullptr)) >= 0;) {
      Serve(fd);
      close(fd);
    }
  });
}

std::vector<std::string> ScriptedServer::Seen() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return seen_;
}

void ScriptedServer::Serve(int fd) {
  resp::ReplyParser parser;  // a request is an array of bulk strings
  char bytes[4096];
  for (ssize_t got = 0; (got = read(fd, bytes, sizeof(bytes))) > 0;) {
    parser.Feed(std::string_view(bytes, static_cast<size_t>(got)));
    for (;;) {
      const Result<std::optional<resp::Reply>> request = parser.Next();
      if (!request.ok()) return;
      if (!request->has_value()) break;
      std::string line;
      for (const resp::Reply& word : (*request)->items) {
        line += (line.empty() ? "" : " ") + word.text;
      }
      const std::lock_guard<std::mutex> lock(mutex_);
      seen_.push_back(line);
      const auto answer = answers_.find(line);
      if (answer == answers_.end()) return;
      const std::string& text = answer->second;
      if (send(fd, text.data(), text.size(), MSG_NOSIGNAL) < 0) return;
    }
  }
}

}  // namespace pleiad::runtime
