// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/trib_main.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "admin/commands.h"
#include "admin/node_config.h"
#include "runtime/client_connection.h"
#include "runtime/files.h"
#include "runtime/process.h"
#include "runtime/snapshot_fetch.h"
#include "runtime/tool_clock.h"

namespace pleiad::server {
namespace {

constexpr int kConnectTimeoutMs = 5'000;
constexpr int kReplyTimeoutMs =
    180'000;  // a MIGRATE waits up to 60 s for its target, more than once

// Ctrl-C between two questions ends the tool at once; during a long run it is a wish that the run
// looks for, and the second one ends it.
volatile sig_atomic_t g_interrupted = 0;

void OnInterrupt(int) { g_interrupted = 1; }

void CatchInterrupt(bool caught) {
  struct sigaction action{};
  action.sa_handler = caught ? OnInterrupt : SIG_DFL;
  action.sa_flags = SA_RESTART | (caught ? static_cast<int>(SA_RESETHAND) : 0);
  sigaction(SIGINT, &action, nullptr);
}

std::string Environ(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

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
    CatchInterrupt(false);
    std::string line = Line();
    CatchInterrupt(true);
    if (line.empty() && feof(stdin) != 0) return std::nullopt;
    return line;
  }

 private:
  static std::string Line() {
    std::string line;
    for (int c = std::getchar(); c != '\n'; c = std::getchar()) {
      if (c == EOF) break;
      line += static_cast<char>(c);
    }
    return line;
  }
};

class RealHost : public admin::Host {
 public:
  Status MakeFolder(const std::string& path) override {
    std::error_code why;
    std::filesystem::create_directories(path, why);
    return why ? Status(Error{path + ": " + why.message()}) : Status::Ok();
  }
  std::string Absolute(const std::string& path) override { return runtime::AbsolutePath(path); }
  Status WriteFile(const std::string& path, const std::string& text) override {
    return runtime::WriteFileAtomically(path, text);
  }
  Result<std::string> ReadFile(const std::string& path) override { return runtime::ReadFile(path); }
  void RemoveFile(const std::string& path) override {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  std::string StateFile() override {
    if (const std::string named = Environ("PLEIAD_TRIB_STATE"); !named.empty()) return named;
    const std::string home = Environ("HOME");
    return home.empty() ? "" : home + "/.pleiad-trib";
  }
  Status StartServer(const std::string& config_path) override {
    return runtime::RunProgram({runtime::OwnExecutable(), "server", config_path});
  }
  Result<int64_t> FetchSnapshot(const admin::NodeAddress& address, const std::string& user,
                                const std::string& password, const std::string& path) override {
    runtime::ConnectOptions options;
    options.host = address.host;
    options.port = address.port;
    options.connect_timeout_ms = kConnectTimeoutMs;
    options.io_timeout_ms = kReplyTimeoutMs;
    return runtime::FetchSnapshot(options, user, password, path);
  }
};

class RealClock : public admin::Clock {
 public:
  MonoMs Now() override { return runtime::ToolNow(); }
  void Pause(int64_t ms) override { runtime::ToolPause(ms); }
};

bool ColourWanted() {
  const std::string terminal = Environ("TERM");
  return isatty(STDOUT_FILENO) != 0 && !terminal.empty() && terminal != "dumb";
}

}  // namespace

int TribMain(int argc, char** argv) {
  // A reader that goes away (| head) must not end a half-done create between two nodes.
  signal(SIGPIPE, SIG_IGN);
  CatchInterrupt(true);
  RealConnector connector;
  Terminal terminal;
  RealClock clock;
  admin::Environment env{&connector, &terminal, &clock, ColourWanted(), Environ("REDISCLI_AUTH")};
  RealHost host;
  env.host = &host;
  env.terminal = isatty(STDOUT_FILENO) != 0;
  env.columns = [] {
    winsize size{};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? static_cast<int>(size.ws_col) : 0;
  };
  env.interrupted = [] { return g_interrupted != 0; };
  return admin::RunTrib(env, std::vector<std::string>(argv + 1, argv + argc));
}

int ConfMain(int argc, char** argv) {
  Terminal terminal;
  return admin::RunConf(terminal, std::vector<std::string>(argv + 1, argv + argc));
}

}  // namespace pleiad::server
