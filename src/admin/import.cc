// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `import`: the keys of a server outside the cluster, each to the master that owns its slot.
#include <fmt/format.h>

#include <map>

#include "admin/command_support.h"
#include "admin/commands.h"
#include "admin/print.h"
#include "admin/report.h"
#include "base/crc.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

constexpr const char* kScanCount = "1000";

struct ImportSource {
  NodeAddress address;
  std::unique_ptr<NodeClient> client;

  Result<resp::Reply> Demand(const std::vector<std::string>& args) {
    Result<resp::Reply> reply = client->Call(args);
    if (!reply.ok()) return Error{"[ERR] Node " + address.str() + ": " + reply.message()};
    if (reply->is_error()) return Error{"[ERR] Node " + address.str() + ": " + reply->text};
    return reply;
  }
};

Status LogIn(Session& session, ImportSource& source, const Options& options) {
  std::optional<std::string> password = options.from_password;
  if (options.from_ask_password && !password) {
    session.Text("Please input import source node password: ");
    password = session.console().ReadLine();
  }
  if (!password) return Status::Ok();
  std::vector<std::string> args = {"AUTH"};
  if (!options.from_user.empty()) args.push_back(options.from_user);
  args.push_back(*password);
  const Result<resp::Reply> reply = source.Demand(args);
  return reply.ok() ? Status::Ok() : Status(reply.error());
}

// The master of each slot; the number of nodes where there is none.
std::vector<size_t> Owners(const ClusterView& view) {
  std::vector<size_t> owners(kSlotCount, view.nodes.size());
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    for (const int slot : view.nodes[i].self.slots.list()) owners[static_cast<size_t>(slot)] = i;
  }
  return owners;
}

class Importer {
 public:
  Importer(Session& session, ImportSource& source, const Options& options, Credentials credentials)
      : session_(session),
        source_(source),
        options_(options),
        credentials_(std::move(credentials)),
        owners_(Owners(session.view())) {}

  // All keys of database 0. Error: the line to print.
  Status Run() {
    std::string cursor = "0";
    do {
      const Result<resp::Reply> page = source_.Demand({"SCAN", cursor, "COUNT", kScanCount});
      if (!page.ok()) return page.error();
      if (page->items.size() != 2) return Error{"[ERR] The source's SCAN can't be read."};
      cursor = page->items[0].text;
      for (const resp::Reply& key : page->items[1].items) {
        if (session_.interrupted()) return Error{"*** Stopped."};
        if (const Status status = Import(key.text); !status.ok()) return status;
      }
    } while (cursor != "0");
    return Status::Ok();
  }

  int failed() const { return failed_; }
  int keys() const { return keys_; }

 private:
  Status Import(const std::string& key) {
    const size_t owner = owners_[KeySlot(key).value];
    const NodeView& target = session_.view().nodes[owner];
    session_.Text(fmt::format("Migrating {} to {}: ", key, target.address.str()));
    std::vector<std::string> args = {"MIGRATE", target.ip, std::to_string(target.address.port),
                                     key,       "0",       std::to_string(options_.timeout_ms)};
    if (options_.copy) args.emplace_back("COPY");
    if (options_.replace) args.emplace_back("REPLACE");
    if (!credentials_.password.empty()) {
      args.emplace_back(credentials_.user.empty() ? "AUTH" : "AUTH2");
      if (!credentials_.user.empty()) args.push_back(credentials_.user);
      args.push_back(credentials_.password);
    }
    const Result<resp::Reply> reply = source_.client->Call(args);
    if (!reply.ok()) return Error{"\n[ERR] Node " + source_.address.str() + ": " + reply.message()};
    session_.Text(reply->is_error() ? reply->text + "\n" : "OK\n");
    keys_ += reply->is_error() ? 0 : 1;
    failed_ += reply->is_error() ? 1 : 0;
    return Status::Ok();
  }

  Session& session_;
  ImportSource& source_;
  const Options& options_;
  const Credentials credentials_;
  const std::vector<size_t> owners_;
  int failed_ = 0;
  int keys_ = 0;
};

}  // namespace

int Import(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  if (!options.from) {
    return Fail(session, "[ERR] Option '--from' is required for subcommand 'import'.");
  }
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  if (!address.ok()) return Fail(session, address.message());
  const Result<NodeAddress> from = ParseAddress(*options.from);
  if (!from.ok()) return Fail(session, from.message());
  session.Line(">>> Importing data from " + from->str() + " to cluster " + address->str());
  const Status opened = session.OpenCluster(*address);
  if (!opened.ok()) return Fail(session, opened.message());
  if (!ShowCheck(session, ClusterLines(session.view()))) {
    return Fail(session, "*** Please fix your cluster problems before importing");
  }
  session.Line(">>> Connecting to the source Redis instance");
  ImportSource source{*from, nullptr};
  Result<std::unique_ptr<NodeClient>> client = env.connector->Connect(*from);
  if (!client.ok()) return Fail(session, "[ERR] Sorry, can't connect to node " + from->str());
  source.client = *std::move(client);
  if (const Status s = LogIn(session, source, options); !s.ok()) return Fail(session, s.message());
  const Result<resp::Reply> info = source.Demand({"INFO"});
  if (!info.ok()) return Fail(session, info.message());
  if (ParseInfo(info->text).cluster_enabled) {
    return Fail(session, "[ERR] The source node should not be a cluster node.");
  }
  const Result<resp::Reply> size = source.Demand({"DBSIZE"});
  if (!size.ok()) return Fail(session, size.message());
  session.Line(fmt::format("*** Importing {} keys from DB 0", size->integer));
  Importer importer(session, source, options, MakeCredentials(env, options));
  const Status ran = importer.Run();
  if (session.report() != nullptr) {
    session.report()->Number("keys", importer.keys());
    session.report()->Number("failed", importer.failed());
  }
  if (!ran.ok()) return Fail(session, ran.message());
  return importer.failed() == 0 ? 0 : 1;
}

}  // namespace pleiad::admin
