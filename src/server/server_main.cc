// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The life of a node's process: configuration, daemon, log, threads, signals, end. The main thread
// does nothing but wait for a signal; work is the reactors'.
#include <fmt/core.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/memory.h"
#include "base/version.h"
#include "runtime/files.h"
#include "runtime/random.h"
#include "runtime/server.h"
#include "runtime/signals.h"
#include "server/config/store.h"
#include "server/main.h"

namespace pleiad {
namespace {

constexpr std::string_view kServerUsage =
    "Usage: pleiad server [/path/to/redis.conf] [options] [-]\n"
    "       pleiad server - (read config from stdin)\n"
    "       pleiad server -v or --version\n"
    "       pleiad server -h or --help\n"
    "Examples:\n"
    "       pleiad server (run the server with default conf)\n"
    "       pleiad server /etc/redis/6379.conf --loglevel verbose\n"
    "       pleiad server --port 7777 --replicaof 127.0.0.1 8888\n";

ConfigEnvironment RealEnvironment() {
  ConfigEnvironment env;
  env.read = runtime::ReadFile;
  env.glob = runtime::GlobFiles;
  env.resolve_dir = runtime::ResolveFolder;
  env.absolute = runtime::AbsolutePath;
  env.seed = runtime::SystemSeed();
  env.product = std::string("Pleiad ") + kPleiadVersion;
  return env;
}

void WritePidFile(const std::string& path) {
  FILE* f = std::fopen(path.c_str(), "w");
  if (f == nullptr) {
    PLOG(kWarning, "Failed to write PID file: {}: {}", path, std::strerror(errno));
    return;
  }
  fmt::print(f, "{}\n", getpid());
  std::fclose(f);
}

// Changes folder, opens the log, detaches. The error text is for standard error.
Status Settle(const Settings& s) {
  if (!s.dir.empty() && ::chdir(s.dir.c_str()) != 0) {
    return Error{fmt::format("Can't chdir to '{}': {}", s.dir, std::strerror(errno))};
  }
  if (!s.logfile.empty() && !SetLogFile(s.logfile)) {
    return Error{fmt::format("Can't open the log file '{}': {}", s.logfile, std::strerror(errno))};
  }
  // Last, so that what went wrong before could still be said on standard error.
  if (s.daemonize && ::daemon(1, 0) != 0) {
    return Error{fmt::format("Can't daemonize: {}", std::strerror(errno))};
  }
  return Status::Ok();
}

int RunServer(runtime::Server& server, const runtime::EndSignals& signals) {
  server.set_shutdown_hook([&signals] { signals.Raise(); });
  const Status started = server.Start();
  if (!started.ok()) {
    PLOG(kWarning, "{}", started.message());
    return 1;
  }
  const auto settings = server.settings();
  std::string pid_file = settings->pidfile;
  if (pid_file.empty() && settings->daemonize) pid_file = "/var/run/redis.pid";
  if (!pid_file.empty()) WritePidFile(pid_file);
  SetLogRole(settings->replicaof_host.empty() ? 'M' : 'S');
  PLOG(kNotice, "Server initialized");
  PLOG(kNotice, "Ready to accept connections");
  for (;;) {
    const int signal = signals.Wait();
    PLOG(kWarning, "{}",
         server.shutdown_requested()
             ? "User requested shutdown..."
             : (signal == SIGINT ? "Received SIGINT scheduling shutdown..."
                                 : "Received SIGTERM scheduling shutdown..."));
    const auto now = server.settings();
    const bool failover = signal == SIGINT ? now->failover_on_sigint : now->failover_on_sigterm;
    if (failover && !server.shutdown_requested()) server.HandOver();
    if (server.shutdown_requested() || server.SaveBeforeExit()) break;
    PLOG(kWarning, "Error trying to save the DB, can't exit.");
  }
  server.Stop();
  if (!pid_file.empty()) ::unlink(pid_file.c_str());
  PLOG(kWarning, "Pleiad is now ready to exit, bye bye...");
  return 0;
}

}  // namespace

int ServerMain(int argc, char** argv) {
  RegisterMemoryThread();
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() == 1 && (args[0] == "-v" || args[0] == "--version")) {
    fmt::print("Redis server v={} pleiad={} malloc={} bits=64\n", kRedisVersion, kPleiadVersion,
               AllocatorName());
    return 0;
  }
  if (args.size() == 1 && (args[0] == "-h" || args[0] == "--help")) {
    fmt::print("{}", kServerUsage);
    return 0;
  }
  const runtime::EndSignals signals;
  const ConfigEnvironment env = RealEnvironment();
  Result<LoadedConfig> loaded = LoadConfig(args, env);
  if (!loaded.ok()) {
    fmt::print(stderr, "{}\n", loaded.message());
    return 1;
  }
  auto store = std::make_unique<ConfigStore>(std::move(*loaded), env);
  const auto settings = store->settings();
  SetLogLevel(settings->loglevel);
  const Status settled = Settle(*settings);
  if (!settled.ok()) {
    fmt::print(stderr, "{}\n", settled.message());
    return 1;
  }
  PLOG(kNotice, "Pleiad {} (Redis {} compatible) is starting", kPleiadVersion, kRedisVersion);
  PLOG(kNotice, "Running mode={}, port={}.", settings->cluster_enabled ? "cluster" : "standalone",
       settings->port);
  PLOG(kNotice, "PID: {}", getpid());
  runtime::Server server(std::move(store));
  server.set_executable(argv[0]);
  return RunServer(server, signals);
}

}  // namespace pleiad
