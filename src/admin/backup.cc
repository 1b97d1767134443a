// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `backup`: a snapshot of each master into a folder, and nodes.json, which says whose they are.
#include <fmt/format.h>

#include "admin/command_support.h"
#include "admin/commands.h"
#include "admin/json.h"
#include "admin/print.h"
#include "admin/report.h"

namespace pleiad::admin {
namespace {

std::string FileName(const NodeView& node) {
  return fmt::format("redis-node-{}-{}-{}.rdb", node.address.host, node.address.port,
                     node.self.id.str());
}

}  // namespace

int Backup(const Environment& env, const Options& options) {
  const Credentials credentials = MakeCredentials(env, options);
  Session session(env, credentials);
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  if (!address.ok()) return Fail(session, address.message());
  if (env.host == nullptr) return Fail(session, "[ERR] There is no place for files.");
  const Status opened = session.OpenCluster(*address);
  if (!opened.ok()) return Fail(session, opened.message());
  // A cluster that is not well is saved all the same: that is when one wants it.
  const bool healthy = ShowCheck(session, ClusterLines(session.view()));
  const std::string& dir = options.args[1];
  if (const Status s = env.host->MakeFolder(dir); !s.ok()) return Fail(session, s.message());
  int failed = 0;
  std::vector<std::string> files;
  for (const NodeView& node : session.view().nodes) {
    if (!node.self.Has("master")) continue;
    session.Line(fmt::format(">>> Node {} -> Saving RDB...", node.address.str()));
    const Result<int64_t> saved = env.host->FetchSnapshot(
        node.address, credentials.user, credentials.password, dir + "/" + FileName(node));
    if (saved.ok()) {
      session.Line(fmt::format("{} bytes", *saved));
      files.push_back(fmt::format("{{\"name\": {}, \"file\": {}, \"bytes\": {}}}",
                                  JsonText(node.self.id.str()), JsonText(FileName(node)), *saved));
    } else {
      session.Line("[ERR] " + saved.message());
      ++failed;
    }
  }
  if (session.report() != nullptr)
    session.report()->Set("files", fmt::format("[{}]", fmt::join(files, ", ")));
  session.Line("Saving cluster configuration to: " + dir + "/nodes.json");
  const Status written = env.host->WriteFile(dir + "/nodes.json", ViewJson(session.view()) + "\n");
  if (!written.ok()) return Fail(session, "[ERR] " + written.message());
  if (failed > 0) return Fail(session, "[ERR] Failed to back cluster!");
  session.Line("[OK] Backup created into: " + dir);
  if (!healthy)
    session.Line(
        "*** Cluster seems to have some problems, please be aware of it if "
        "you're going to restore this backup.");
  return 0;
}

}  // namespace pleiad::admin
