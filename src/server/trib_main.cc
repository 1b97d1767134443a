// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/trib_main.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "admin/commands.h"
#include "runtime/client_connection.h"
#include "runtime/tool_clock.h"

namespace pleiad::server {
namespace {

constexpr int kConnectTimeoutMs = 5'000;
constexpr int kReplyTimeoutMs = 60'000;  // `call` may run something slow

class RealClient : public admin::NodeClient {
 public:
  explicit RealClient(std::unique_ptr<runtime::ClientConnection> connection)
      : connection_(std::move(connection)) {}
  Result<resp::Reply> Call(const std::vector<std::string>& args) override {
    return connection_->Call(args);
  }
  std::string PeerIp() const override { return connection_->PeerIp(); }

 private:
  std::unique_ptr<runtime::ClientConnection> connection_;
};

class RealConnector : public admin::Connector {
 public:
  Result<std::unique_ptr<admin::NodeClient>> Connect(const admin::NodeAddress& address) override {
    runtime::ConnectOptions options;
    options.host = address.host;
    options.port = address.port;
    options.connect_timeout_ms = kConnectTimeoutMs;
    options.io_timeout_ms = kReplyTimeoutMs;
    Result<std::unique_ptr<runtime::ClientConnection>> connection =
        runtime::ClientConnection::Connect(options);
    if (!connection.ok()) return connection.error();
    return std::unique_ptr<admin::NodeClient>(new RealClient(*std::move(connection)));
  }
};

class Terminal : public admin::Console {
 public:
  void Write(std::string_view text) override {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
  std::optional<std::string> ReadLine() override {
    std::string line;
    for (int c = std::getchar(); c != '\n'; c = std::getchar()) {
      if (c == EOF) return line.empty() ? std::nullopt : std::optional(line);
      line += static_cast<char>(c);
    }
    return line;
  }
};

class RealClock : public admin::Clock {
 public:
  MonoMs Now() override { return runtime::ToolNow(); }
  void Pause(int64_t ms) override { runtime::ToolPause(ms); }
};

std::string Environ(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool ColourWanted() {
  const std::string terminal = Environ("TERM");
  return isatty(STDOUT_FILENO) != 0 && !terminal.empty() && terminal != "dumb";
}

}  // namespace

int TribMain(int argc, char** argv) {
  // A reader that goes away (| head) must not end a half-done create between two nodes.
  signal(SIGPIPE, SIG_IGN);
  RealConnector connector;
  Terminal terminal;
  RealClock clock;
  const admin::Environment env{&connector, &terminal, &clock, ColourWanted(),
                               Environ("REDISCLI_AUTH")};
  return admin::RunTrib(env, std::vector<std::string>(argv + 1, argv + argc));
}

}  // namespace pleiad::server
