// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `watch`: a table of the nodes, painted anew every second on a terminal, once elsewhere.
#include <fmt/format.h>

#include <algorithm>

#include "admin/command_support.h"
#include "admin/commands.h"
#include "admin/doctor.h"
#include "admin/json.h"
#include "admin/report.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

constexpr int64_t kWatchMs = 1000;

int64_t IntFact(const NodeFacts& facts, const std::string& name) {
  const auto it = facts.find(name);
  return it == facts.end() ? 0 : ParseInt64(it->second).value_or(0);
}

std::string TextFact(const NodeFacts& facts, const std::string& name) {
  const auto it = facts.find(name);
  return it == facts.end() ? "" : it->second;
}

// Bytes that a replica is behind its master; negative: not known.
int64_t Lag(const ClusterView& view, const std::vector<NodeFacts>& facts, size_t node) {
  const std::optional<size_t> master = view.Find(view.nodes[node].self.master);
  if (!master) return -1;
  const int64_t lag =
      IntFact(facts[*master], "master_repl_offset") - IntFact(facts[node], "slave_repl_offset");
  return std::max<int64_t>(0, lag);
}

std::string WatchRow(const ClusterView& view, const std::vector<NodeFacts>& facts, size_t i) {
  const NodeView& node = view.nodes[i];
  const bool master = node.self.Has("master");
  std::string state = TextFact(facts[i], "cluster_state");
  if (!master && TextFact(facts[i], "master_link_status") == "down") state = "no link";
  if (!node.self.migrating.empty())
    state += fmt::format(", {} slots leave", node.self.migrating.size());
  if (!node.self.importing.empty())
    state += fmt::format(", {} slots arrive", node.self.importing.size());
  std::string of = master ? fmt::format("{} replicas", view.ReplicaCount(node.self.id)) : "?";
  if (const std::optional<size_t> m = view.Find(node.self.master); !master && m)
    of = "of " + view.nodes[*m].address.str();
  const std::string lag = master ? "" : fmt::format("{}", Lag(view, facts, i));
  return fmt::format("{:<22} {:<8} {:<26} {:>6} {:>9} {:>9} {:>10} {:>8}  {}", node.address.str(),
                     master ? "master" : "replica", of, node.self.slots.size(),
                     TextFact(facts[i], "keys"), TextFact(facts[i], "used_memory_human"),
                     TextFact(facts[i], "instantaneous_ops_per_sec"), lag, state);
}

void ReportWatch(const ClusterView& view, const std::vector<NodeFacts>& facts, Report* report) {
  std::vector<std::string> rows;
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    const NodeRow& self = view.nodes[i].self;
    rows.push_back(fmt::format(
        "{{\"name\": {}, \"address\": {}, \"role\": {}, \"master\": {}, \"slots_count\": {}, "
        "\"keys\": {}, \"used_memory\": {}, \"ops_per_sec\": {}, \"lag\": {}, \"state\": {}, "
        "\"link\": {}, \"slots_leaving\": {}, \"slots_arriving\": {}}}",
        JsonText(self.id.str()), JsonText(view.nodes[i].address.str()),
        self.Has("master") ? "\"master\"" : "\"replica\"",
        self.master.empty() ? "null" : JsonText(self.master.str()), self.slots.size(),
        IntFact(facts[i], "keys"), IntFact(facts[i], "used_memory"),
        IntFact(facts[i], "instantaneous_ops_per_sec"),
        self.Has("master") ? 0 : Lag(view, facts, i), JsonText(TextFact(facts[i], "cluster_state")),
        self.Has("master") ? "null" : JsonText(TextFact(facts[i], "master_link_status")),
        self.migrating.size(), self.importing.size()));
  }
  report->Set("nodes", fmt::format("[{}]", fmt::join(rows, ", ")));
}

Status Look(Session& session, std::vector<std::string>* lines) {
  if (const Status s = session.RefreshAll(); !s.ok()) return s;
  std::vector<NodeFacts> facts;
  for (size_t i = 0; i < session.view().nodes.size(); ++i) {
    const Result<resp::Reply> info = session.Demand(i, {"INFO"});
    if (!info.ok()) return info.error();
    const Result<resp::Reply> cluster = session.Demand(i, {"CLUSTER", "INFO"});
    if (!cluster.ok()) return cluster.error();
    const Result<resp::Reply> size = session.Demand(i, {"DBSIZE"});
    if (!size.ok()) return size.error();
    facts.push_back(ParseFacts(info->text + "\n" + cluster->text));
    facts.back()["keys"] = std::to_string(size->integer);
  }
  lines->push_back(fmt::format("{:<22} {:<8} {:<26} {:>6} {:>9} {:>9} {:>10} {:>8}  {}", "node",
                               "role", "", "slots", "keys", "memory", "ops/s", "lag", "state"));
  // A master, then its replicas.
  const ClusterView& view = session.view();
  if (session.report() != nullptr) ReportWatch(view, facts, session.report());
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    if (!view.nodes[i].self.Has("master")) continue;
    lines->push_back(WatchRow(view, facts, i));
    for (size_t k = 0; k < view.nodes.size(); ++k) {
      if (view.nodes[k].self.master == view.nodes[i].self.id)
        lines->push_back(WatchRow(view, facts, k));
    }
  }
  return Status::Ok();
}

}  // namespace

int Watch(const Environment& env, const Options& options) {
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  for (;;) {
    // Opened anew each time: nodes come and go.
    Session session(env, MakeCredentials(env, options));
    if (!address.ok()) return Fail(session, address.message());
    if (session.terminal()) session.Text("\x1b[H\x1b[J");
    std::vector<std::string> lines;
    Status status = session.OpenCluster(*address);
    if (status.ok()) status = Look(session, &lines);
    for (const std::string& line : lines)
      session.Line(session.terminal() ? line.substr(0, session.width() - 1) : line);
    if (!status.ok()) Fail(session, status.message());
    if (!session.terminal()) return status.ok() ? 0 : 1;
    for (int64_t waited = 0; waited < kWatchMs; waited += 100) {
      if (session.interrupted()) return 0;
      session.clock().Pause(100);
    }
  }
}

}  // namespace pleiad::admin
