// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `up`: configuration files, nodes and the cluster in one go, on this machine.
#include <fmt/format.h>

#include "admin/command_support.h"
#include "admin/commands.h"
#include "admin/node_config.h"

namespace pleiad::admin {
namespace {

constexpr int64_t kStartDeadlineMs = 15'000;
constexpr int64_t kStartLookMs = 25;

// Writes a node's folder and starts it.
Status StartNode(Session& session, Host& host, const std::string& dir, int port) {
  const std::string folder = fmt::format("{}/{}", dir, port);
  if (const Status s = host.MakeFolder(folder); !s.ok()) return s;
  NodeConfigOptions config;
  config.port = port;
  config.cluster = true;
  config.directives = {{"dir", host.Absolute(folder)},
                       {"daemonize", "yes"},
                       {"logfile", fmt::format("{}/node.log", host.Absolute(folder))},
                       {"pidfile", fmt::format("{}/node.pid", host.Absolute(folder))}};
  const std::string path = folder + "/node.conf";
  if (const Status s = host.WriteFile(path, NodeConfigText(config)); !s.ok()) return s;
  session.Line(fmt::format("Starting 127.0.0.1:{} in {}", port, folder));
  return host.StartServer(path);
}

Status AwaitNode(Session& session, const Environment& env, int port) {
  const MonoMs start = session.clock().Now();
  const NodeAddress address{"127.0.0.1", port};
  for (;;) {
    const Result<std::unique_ptr<NodeClient>> client = env.connector->Connect(address);
    if (client.ok()) {
      const Result<resp::Reply> pong = (*client)->Call({"PING"});
      if (pong.ok() && !pong->text.starts_with("LOADING")) return Status::Ok();
    }
    if (session.clock().Now() - start > kStartDeadlineMs) {
      return Error{"[ERR] " + address.str() + " does not answer. Its folder has a log."};
    }
    session.clock().Pause(kStartLookMs);
  }
}

}  // namespace

int Up(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  if (env.host == nullptr || options.dir.empty()) {
    return Fail(session, "[ERR] Where to? --dir names the folder for the nodes' files.");
  }
  for (int i = 0; i < options.nodes; ++i) {
    const NodeAddress address{"127.0.0.1", options.base_port + i};
    if (env.connector->Connect(address).ok()) {
      return Fail(session, "[ERR] Something answers at " + address.str() +
                               " already; --base-port names the first port.");
    }
  }
  Options create = options;
  create.command = "create";
  create.yes = true;
  for (int i = 0; i < options.nodes; ++i) {
    const int port = options.base_port + i;
    const Status started = StartNode(session, *env.host, options.dir, port);
    if (!started.ok()) return Fail(session, "[ERR] " + started.message());
    create.args.push_back("127.0.0.1:" + std::to_string(port));
  }
  for (int i = 0; i < options.nodes; ++i) {
    const Status answers = AwaitNode(session, env, options.base_port + i);
    if (!answers.ok()) return Fail(session, answers.message());
  }
  return Create(env, create);
}

}  // namespace pleiad::admin
