// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A blocking client connection over TCP or a Unix socket, with timeouts: for the shell, the admin
// tool and tests. Servers use reactors instead.
//
//     ConnectOptions options;
//     options.port = 7000;
//     Result<std::unique_ptr<ClientConnection>> node = ClientConnection::Connect(options);
//     if (!node.ok()) return node.error();                        // "Connection refused"
//     Result<resp::Reply> pong = (*node)->Call({"PING"});
//     if (!pong.ok()) ...                                         // the connection is gone
//     if (pong->is_error()) ...                                   // the server said no
//
// Pipelining: SendCommand() n times, then ReadReply() n times. Sending reads replies that arrive
// meanwhile into memory, so a long pipeline can't deadlock with a server that waits for its replies
// to be taken.
//
// After an error of SendCommand() or ReadReply() (but kInterrupted) the stream is out of step:
// connected() is false and only closing is left. Thread: one at a time.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "resp/reply.h"
#include "resp/reply_parser.h"

namespace pleiad::runtime {

struct ConnectOptions {
  std::string host =
      "127.0.0.1";  // IPv4, IPv6 (no brackets) or a name; every address of a name is tried in turn
  int port = 6379;
  std::string unix_path;       // when not empty, host and port are ignored
  int connect_timeout_ms = 0;  // 0: the kernel's own, about two minutes
  int io_timeout_ms = 0;       // for one SendCommand or ReadReply; 0: wait for ever
  int interrupt_fd =
      -1;  // readable while Connect or ReadReply waits: kInterrupted (a signalfd of Ctrl-C)
  resp::ReplyLimits limits;
};

class ClientConnection {
 public:
  // Messages of errors that callers tell apart; the others are the words of strerror() or of the
  // reply parser.
  static constexpr std::string_view kClosed = "Server closed the connection";
  static constexpr std::string_view kTimedOut = "Connection timed out";
  static constexpr std::string_view kInterrupted = "Interrupted";

  // The message is the bare reason ("Connection refused"): the caller knows how to name the peer.
  static Result<std::unique_ptr<ClientConnection>> Connect(const ConnectOptions& options);

  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  // Sends one command, or bytes that are one or more commands already. REQUIRES: args not empty.
  Status SendCommand(std::span<const std::string> args);
  Status SendCommand(std::initializer_list<std::string_view> args);
  Status SendBytes(std::string_view bytes);

  // The next reply, a push or an error reply (`-ERR`) included. Waits up to options.io_timeout_ms.
  Result<resp::Reply> ReadReply();

  // One command, its reply. REQUIRES: no reply is outstanding. Pushes (RESP3 `>`) are skipped.
  Result<resp::Reply> Call(std::span<const std::string> args);
  Result<resp::Reply> Call(std::initializer_list<std::string_view> args);

  // AUTH. An empty user means the default user (AUTH password). A refusal of the server is an error
  // here.
  Status Authenticate(std::string_view user, std::string_view password);

  // HELLO version (2 or 3). The reply is the map of server facts, or the server's refusal as an
  // error reply.
  Result<resp::Reply> Hello(int version);

  // Replies that have arrived already and can be had without waiting; never blocks.
  Result<std::optional<resp::Reply>> PollReply();

  // Waits, without a limit, for bytes of the server or for `other_fd` to be readable (or closed);
  // true when it is. Take what the server sent with PollReply().
  Result<bool> WaitForEither(int other_fd);

  int fd() const { return fd_; }
  bool connected() const { return connected_; }
  const ConnectOptions& options() const { return options_; }
  void set_io_timeout_ms(int timeout_ms) { options_.io_timeout_ms = timeout_ms; }
  // "127.0.0.1:7000", "[::1]:7000" or the path.
  std::string Peer() const;
  // The numeric address of the peer, where Peer() has the name that was asked for. Empty for a Unix
  // socket.
  std::string PeerIp() const;

 private:
  ClientConnection(int fd, ConnectOptions options)
      : fd_(fd), options_(std::move(options)), parser_(options_.limits) {}

  Error Broken(std::string_view what);
  Status ReceiveSome();
  Result<short> WaitFor(short events, int64_t deadline_ms);

  int fd_;
  ConnectOptions options_;
  resp::ReplyParser parser_;
  bool connected_ = true;
};

}  // namespace pleiad::runtime
