// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/session.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"
#include "cli/redirect.h"
#include "runtime/tool_clock.h"

namespace pleiad::cli {

namespace {

using resp::Reply;
using runtime::ClientConnection;

// A cluster in the middle of a change may send us to and fro; a broken one for ever.
constexpr int kRedirectsMax = 16;
constexpr int64_t kShowTimeOverMs = 500;

bool Is(std::span<const std::string> args, std::string_view name) {
  return !args.empty() && EqualsIgnoreCase(args[0], name);
}

void Say(std::string_view line) {
  std::fflush(stdout);
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

}  // namespace

Session::Session(const Options* options, SessionSettings settings)
    : options_(options),
      settings_(std::move(settings)),
      host_(options->host),
      port_(options->port),
      unix_path_(options->unix_path),
      db_(options->db),
      resp_(options->resp) {}

Session::~Session() = default;

std::string Session::Prompt() const {
  if (!connected()) return "not connected> ";
  std::string prompt = connection_->Peer();
  if (db_ != 0) prompt += fmt::format("[{}]", db_);
  if (in_multi_) prompt += "(TX)";
  return prompt + "> ";
}

void Session::Disconnect() {
  connection_.reset();
  if (in_multi_) db_ = db_before_multi_;
  in_multi_ = false;
}

bool Session::OpenConnection() {
  Disconnect();
  runtime::ConnectOptions connect;
  connect.host = host_;
  connect.port = port_;
  connect.unix_path = unix_path_;
  connect.connect_timeout_ms = options_->connect_timeout_ms;
  connect.interrupt_fd = settings_.interrupt_fd;
  Result<std::unique_ptr<ClientConnection>> opened = ClientConnection::Connect(connect);
  if (opened.ok()) {
    connection_ = std::move(*opened);
    return true;
  }
  if (!unix_path_.empty()) {
    Say(fmt::format("Could not connect to Redis at {}: {}", unix_path_, opened.message()));
  } else {
    Say(fmt::format("Could not connect to Redis at {}:{}: {}", host_, port_, opened.message()));
  }
  return false;
}

// AUTH first: a server that wants a password refuses everything else.
void Session::LogIn() {
  if (options_->password) {
    const Status authenticated = connection_->Authenticate(options_->user, *options_->password);
    if (!authenticated.ok()) Say("AUTH failed: " + authenticated.message());
  }
  const bool json = settings_.format.mode == OutputMode::kJson ||
                    settings_.format.mode == OutputMode::kQuotedJson;
  const int wanted = resp_ != 0 ? resp_ : json ? 3 : 0;
  if (wanted != 0 && connected()) {
    const Result<Reply> hello = connection_->Hello(wanted);
    // JSON alone asks softly: an old server still has something to say in RESP2.
    const bool refused = !hello.ok() || hello->is_error();
    if (refused && resp_ == 3)
      Say(fmt::format("HELLO 3 failed: {}", hello.ok() ? hello->text : hello.message()));
  }
  if (db_ == 0 || !connected()) return;
  const std::string db = std::to_string(db_);
  const Result<Reply> selected = connection_->Call({"SELECT", db});
  if (selected.ok() && !selected->is_error()) return;
  Say(fmt::format("SELECT {} failed: {}", db, selected.ok() ? selected->text : selected.message()));
  db_ = 0;
}

bool Session::Connect() {
  if (!OpenConnection()) return false;
  LogIn();
  return true;
}

bool Session::ConnectTo(const std::string& host, int port) {
  host_ = host;
  port_ = port;
  unix_path_.clear();
  return Connect();
}

Result<Reply> Session::Ask(std::span<const std::string> args) {
  if (!connected()) return Error{"not connected"};
  return connection_->Call(args);
}

void Session::Print(const Reply& reply, bool verbatim) {
  const std::string text = Format(reply, settings_.format, verbatim);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

Session::Outcome Session::Run(std::span<const std::string> args, int64_t repeat) {
  Outcome outcome = Outcome::kOk;
  for (int64_t done = 0; repeat < 0 || done < repeat; ++done) {
    if (done > 0 && options_->interval_s > 0)
      runtime::ToolPause(static_cast<int64_t>(options_->interval_s * 1000));
    outcome = RunOnce(args);
    if (outcome == Outcome::kDisconnected || outcome == Outcome::kInterrupted) break;
    if (outcome == Outcome::kErrorReply && options_->fail_on_error_reply) break;
  }
  return outcome;
}

// One command, wherever the cluster sends it.
Session::Outcome Session::RunOnce(std::span<const std::string> args) {
  const MonoMs started = runtime::ToolNow();
  for (int hop = 0;; ++hop) {
    if (!connected() && !Connect()) return Outcome::kDisconnected;
    Reply reply;
    std::string failure;
    Outcome outcome = Exchange(args, &reply, &failure);
    // The server may have closed an idle connection, or was restarted: once more, on a fresh one.
    if (outcome == Outcome::kDisconnected && hop == 0 && !Is(args, "shutdown")) {
      if (!Connect()) return Outcome::kDisconnected;
      outcome = Exchange(args, &reply, &failure);
    }
    if (outcome == Outcome::kInterrupted) return OnInterrupt();
    if (outcome == Outcome::kDisconnected) {
      Disconnect();
      if (Is(args, "shutdown")) return Outcome::kOk;
      Say("Error: " + failure);
      return outcome;
    }
    if (reply.is_error() && options_->follow_redirects && hop < kRedirectsMax && Follow(reply.text))
      continue;
    Remember(args, reply);
    outcome = PrintOutcome(args, reply);
    if (!reply.is_error() && IsStreamingCommand(args)) outcome = Stream();
    const int64_t elapsed_ms = runtime::ToolNow() - started;
    if (settings_.interactive && settings_.format.mode == OutputMode::kTty &&
        elapsed_ms > kShowTimeOverMs) {
      std::printf("(%.2fs)\n", static_cast<double>(elapsed_ms) / 1000);
    }
    return outcome;
  }
}

// Sends, and reads the reply proper. Pushes on the way are printed; those of SUBSCRIBE are its
// replies.
Session::Outcome Session::Exchange(std::span<const std::string> args, Reply* reply,
                                   std::string* failure) {
  Status sent = Status::Ok();
  if (asking_) {
    asking_ = false;
    const Result<Reply> allowed = connection_->Call({"ASKING"});
    if (!allowed.ok()) sent = allowed.error();
  }
  if (sent.ok()) sent = connection_->SendCommand(args);
  if (!sent.ok()) {
    *failure = sent.message();
    return Outcome::kDisconnected;
  }
  const bool subscribing = IsStreamingCommand(args);
  if (subscribing && settings_.format.mode != OutputMode::kRaw && !Is(args, "monitor")) {
    std::printf("Reading messages... (press Ctrl-C to quit)\n");
    std::fflush(stdout);
  }
  for (;;) {
    Result<Reply> next = connection_->ReadReply();
    if (!next.ok()) {
      *failure = next.message();
      return *failure == ClientConnection::kInterrupted ? Outcome::kInterrupted
                                                        : Outcome::kDisconnected;
    }
    *reply = std::move(*next);
    if (reply->type != Reply::Type::kPush || subscribing) return Outcome::kOk;
    if (settings_.show_pushes) Print(*reply, false);
  }
}

// SUBSCRIBE and MONITOR: print until Ctrl-C or the end of the connection.
Session::Outcome Session::Stream() {
  for (;;) {
    const Result<Reply> next = connection_->ReadReply();
    if (next.ok()) {
      Print(*next, false);
      continue;
    }
    if (next.message() == ClientConnection::kInterrupted) return OnInterrupt();
    Disconnect();
    Say("Error: " + next.message());
    return Outcome::kDisconnected;
  }
}

// The reply we no longer wait for would answer the next command, so the connection goes.
Session::Outcome Session::OnInterrupt() {
  std::printf("\n");
  std::fflush(stdout);
  if (settings_.clear_interrupt) settings_.clear_interrupt();
  Connect();
  return Outcome::kInterrupted;
}

Session::Outcome Session::PrintOutcome(std::span<const std::string> args, const Reply& reply) {
  if (reply.is_error() && options_->fail_on_error_reply && !settings_.interactive) {
    Say(reply.text);
    return Outcome::kErrorReply;
  }
  Print(reply, !reply.is_error() && IsVerbatimCommand(args));
  return reply.is_error() ? Outcome::kErrorReply : Outcome::kOk;
}

// True when `error_text` is a redirect: the target is connected, or will be tried by the next hop.
bool Session::Follow(std::string_view error_text) {
  const std::optional<Redirect> redirect = ParseRedirect(error_text);
  if (!redirect) return false;
  if (!redirect->host.empty()) host_ = redirect->host;
  port_ = redirect->port;
  unix_path_.clear();
  if (settings_.interactive) {
    std::printf("-> Redirected to slot [%d] located at %s:%d\n", redirect->slot, host_.c_str(),
                port_);
    std::fflush(stdout);
  }
  asking_ = redirect->ask;
  Disconnect();
  return true;
}

void Session::Remember(std::span<const std::string> args, const Reply& reply) {
  if (Is(args, "exec")) {
    RememberTransactionEnd(reply, false);
  } else if (reply.is_error()) {
    return;
  } else if (Is(args, "discard")) {
    RememberTransactionEnd(reply, true);
  } else if (Is(args, "multi")) {
    in_multi_ = true;
    db_before_multi_ = db_;
  } else if (Is(args, "select") && args.size() == 2) {
    const std::optional<int64_t> db = ParseInt64(args[1]);
    if (db) db_ = static_cast<int>(*db);
  } else if (Is(args, "hello") && args.size() > 1) {
    resp_ = args[1] == "3" ? 3 : 2;
  } else if (Is(args, "reset") && args.size() == 1) {
    in_multi_ = false;
    db_ = 0;
    resp_ = resp_ == 3 ? 2 : resp_;
  }
}

// A SELECT among the queued commands took effect only when EXEC ran them.
void Session::RememberTransactionEnd(const Reply& reply, bool discarded) {
  if (!in_multi_) return;
  if (reply.is_error() && reply.text.rfind("EXECABORT", 0) != 0) return;
  if (discarded || reply.is_error() || reply.is_nil()) db_ = db_before_multi_;
  in_multi_ = false;
}

}  // namespace pleiad::cli
