// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The shell's conversation with a server: connects, logs in, runs commands and prints what comes
// back, follows redirects, and keeps what the prompt shows (peer, database, MULTI). It reconnects
// by itself when the connection broke.
//
// States: not connected (before Connect() and after any I/O error) and connected. Run() connects
// when it must. The database survives a reconnect; MULTI does not. Thread: one. Prints to standard
// output and standard error.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cli/options.h"
#include "runtime/client_connection.h"

namespace pleiad::cli {

struct SessionSettings {
  FormatOptions format;
  bool interactive =
      false;  // a person (or a script on standard input) types lines: tell about redirects
  bool show_pushes = false;
  int interrupt_fd = -1;  // readable: stop waiting for a reply (Ctrl-C); see ClientConnection
  std::function<void()> clear_interrupt;  // takes what is readable there
};

class Session {
 public:
  enum class Outcome {
    kOk,
    kErrorReply,    // printed
    kDisconnected,  // the reason is printed; not connected now
    kInterrupted,   // Ctrl-C while waiting
  };

  // `options` is borrowed.
  Session(const Options* options, SessionSettings settings);
  ~Session();

  // Connects, then AUTH, HELLO and SELECT as the options want. A refusal of those is printed, and
  // the connection stays usable, as a person may log in by hand. False: no connection; the reason
  // was printed to standard error.
  bool Connect();

  // Another server, as by the shell's `connect`.
  bool ConnectTo(const std::string& host, int port);

  // Runs `args` options.repeat-like `repeat` times (-1: for ever) with the options' interval
  // between them.
  Outcome Run(std::span<const std::string> args, int64_t repeat = 1);

  // One command whose reply is not printed. An error when there is no connection (reason not
  // printed).
  Result<resp::Reply> Ask(std::span<const std::string> args);

  // "127.0.0.1:7000[3](TX)> " or "not connected> ".
  std::string Prompt() const;

  bool connected() const { return connection_ != nullptr && connection_->connected(); }
  runtime::ClientConnection* connection() { return connection_.get(); }

 private:
  Outcome RunOnce(std::span<const std::string> args);
  Outcome Exchange(std::span<const std::string> args, resp::Reply* reply, std::string* failure);
  Outcome Stream();
  bool OpenConnection();
  void LogIn();
  bool Follow(std::string_view error_text);
  void Print(const resp::Reply& reply, bool verbatim);
  Outcome PrintOutcome(std::span<const std::string> args, const resp::Reply& reply);
  void Remember(std::span<const std::string> args, const resp::Reply& reply);
  void RememberTransactionEnd(const resp::Reply& reply, bool discarded);
  void Disconnect();
  Outcome OnInterrupt();

  const Options* options_;
  SessionSettings settings_;
  std::string host_;
  int port_;
  std::string unix_path_;
  int db_;
  int db_before_multi_ = 0;
  bool in_multi_ = false;
  bool asking_ = false;  // the next command must be announced with ASKING
  int resp_;
  std::unique_ptr<runtime::ClientConnection> connection_;
};

}  // namespace pleiad::cli
