// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/client_connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <functional>
#include <thread>

namespace pleiad::runtime {
namespace {

// Accepts one connection on loopback and hands it to `serve` on its own thread.
class OnePeer {
 public:
  explicit OnePeer(std::function<void(int)> serve) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    socklen_t size = sizeof(address);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
      const int fd = accept(listener_, nullptr, nullptr);
      serve(fd);
      close(fd);
    });
  }
  ~OnePeer() {
    thread_.join();
    close(listener_);
  }
  ConnectOptions Options() const {
    ConnectOptions options;
    options.port = port_;
    options.io_timeout_ms = 10000;
    return options;
  }

 private:
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

std::string ReadExactly(int fd, size_t size) {
  std::string bytes(size, '\0');
  size_t at = 0;
  while (at < size) {
    const ssize_t got = read(fd, bytes.data() + at, size - at);
    if (got <= 0) break;
    at += static_cast<size_t>(got);
  }
  bytes.resize(at);
  return bytes;
}

void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

TEST(ClientConnection, CallsAndSkipsPushes) {
  std::string request;
  OnePeer peer([&](int fd) {
    request = ReadExactly(fd, 14);
    SendAll(fd, ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n+PONG\r\n");
  });
  auto connection = ClientConnection::Connect(peer.Options());
  ASSERT_TRUE(connection.ok()) << connection.message();
  const auto pong = (*connection)->Call({"PING"});
  ASSERT_TRUE(pong.ok()) << pong.message();
  EXPECT_EQ(pong->text, "PONG");
  const auto next = (*connection)->ReadReply();
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.message(), ClientConnection::kClosed);
  EXPECT_FALSE((*connection)->connected());
  EXPECT_EQ(request, "*1\r\n$4\r\nPING\r\n");
}

TEST(ClientConnection, ALongPipelineAgainstAPeerThatStopsReadingDoesNotDeadlock) {
  constexpr int kCommands = 20000;
  const std::string payload(1000, 'x');
  OnePeer peer([&](int fd) {
    // Answers each command before it reads the next, so both directions fill up.
    const size_t request_size =
        std::string("*2\r\n$4\r\nECHO\r\n$1000\r\n\r\n").size() + payload.size();
    for (int i = 0; i < kCommands; ++i) {
      if (ReadExactly(fd, request_size).size() != request_size) return;
      SendAll(fd, "$1000\r\n" + payload + "\r\n");
    }
  });
  auto connection = ClientConnection::Connect(peer.Options());
  ASSERT_TRUE(connection.ok());
  for (int i = 0; i < kCommands; ++i)
    ASSERT_TRUE((*connection)->SendCommand({"ECHO", payload}).ok());
  for (int i = 0; i < kCommands; ++i) {
    const auto reply = (*connection)->ReadReply();
    ASSERT_TRUE(reply.ok()) << reply.message();
    ASSERT_EQ(reply->text, payload);
  }
}

TEST(ClientConnection, ReadsTimeOut) {
  OnePeer peer([](int fd) { ReadExactly(fd, 1000); });
  ConnectOptions options = peer.Options();
  options.io_timeout_ms = 20;
  auto connection = ClientConnection::Connect(options);
  ASSERT_TRUE(connection.ok());
  const auto reply = (*connection)->Call({"PING"});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.message(), ClientConnection::kTimedOut);
}

TEST(ClientConnection, AnInterruptLeavesTheConnectionUsable) {
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  OnePeer peer([](int fd) {
    ReadExactly(fd, 14);
    ReadExactly(fd, 14);
    SendAll(fd, "+1\r\n+2\r\n");
  });
  ConnectOptions options = peer.Options();
  options.interrupt_fd = pipe_fds[0];
  auto connection = ClientConnection::Connect(options);
  ASSERT_TRUE(connection.ok());
  ASSERT_EQ(write(pipe_fds[1], "x", 1), 1);
  const auto reply = (*connection)->Call({"PING"});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.message(), ClientConnection::kInterrupted);
  char byte = 0;
  ASSERT_EQ(read(pipe_fds[0], &byte, 1), 1);
  ASSERT_TRUE((*connection)->SendCommand({"PING"}).ok());
  EXPECT_EQ((*connection)->ReadReply()->text, "1");
  EXPECT_EQ((*connection)->ReadReply()->text, "2");
  close(pipe_fds[0]);
  close(pipe_fds[1]);
}

TEST(ClientConnection, RefusalsAreNamed) {
  ConnectOptions options;
  {
    OnePeer peer([](int) {});
    options = peer.Options();
    auto connection = ClientConnection::Connect(options);
    ASSERT_TRUE(connection.ok());
    EXPECT_EQ((*connection)->Peer(), "127.0.0.1:" + std::to_string(options.port));
    EXPECT_EQ((*connection)->PeerIp(), "127.0.0.1");
  }
  auto refused = ClientConnection::Connect(options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.message(), "Connection refused");
  options.unix_path = "/nonexistent/socket";
  EXPECT_EQ(ClientConnection::Connect(options).message(), "No such file or directory");
}

TEST(ClientConnection, AuthenticateTellsTheServersRefusal) {
  OnePeer peer([](int fd) {
    ReadExactly(fd, std::string("*3\r\n$4\r\nAUTH\r\n$3\r\nbob\r\n$2\r\npw\r\n").size());
    SendAll(fd, "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  });
  auto connection = ClientConnection::Connect(peer.Options());
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ((*connection)->Authenticate("bob", "pw").message(),
            "WRONGPASS invalid username-password pair or user is disabled.");
}

}  // namespace
}  // namespace pleiad::runtime
