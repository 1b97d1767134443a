// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/doctor.h"

#include <fmt/format.h>

#include <algorithm>

#include "admin/check.h"
#include "admin/command_support.h"
#include "admin/commands.h"
#include "admin/json.h"
#include "admin/placement.h"
#include "admin/plan_fix.h"
#include "admin/plan_move.h"
#include "admin/report.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

constexpr double kUnevenPercent = 20;
constexpr int kMajorityMasters = 3;
constexpr double kMemoryNearlyFull = 0.9;

std::string Fact(const NodeFacts& facts, const std::string& name) {
  const auto it = facts.find(name);
  return it == facts.end() ? "" : it->second;
}

double NumberFact(const NodeFacts& facts, const std::string& name) {
  return ParseDouble(Fact(facts, name)).value_or(0);
}

class Doctor {
 public:
  Doctor(const ClusterView& view, const std::vector<NodeFacts>& facts, std::string entry)
      : view_(view), facts_(facts), entry_(std::move(entry)) {}

  std::vector<Finding> Run() {
    Nodes();
    Slots();
    Replicas();
    for (size_t i = 0; i < view_.nodes.size(); ++i) OneNode(i);
    for (const std::string& line : PlacementLines(view_)) {
      Add(false, line.substr(line.find(' ') + 1),
          "add a replica elsewhere (add-node --slave --master-id ...), then del-node one of these");
    }
    return std::move(findings_);
  }

 private:
  void Add(bool serious, std::string what, std::string remedy) {
    findings_.push_back({serious, std::move(what), std::move(remedy)});
  }
  std::string Command(std::string_view words) const { return fmt::format("{} {}", words, entry_); }

  // Nodes that others know and that do not answer us.
  void Nodes() {
    for (const NodeRow& row : view_.nodes[0].rows) {
      if (view_.Find(row.id) || row.Has("handshake")) continue;
      const bool slots = !row.slots.empty();
      Add(slots,
          fmt::format("{} {} ({}) does not answer", slots ? "Master" : "Node", row.address.str(),
                      row.id.str()),
          fmt::format("start it again; or, if it is gone for good: del-node {} {}", entry_,
                      row.id.str()));
    }
  }

  void Slots() {
    const CheckReport report = CheckCluster(view_);
    if (!report.open.empty()) {
      SlotSet open;
      for (const CheckReport::OpenSlots& part : report.open) {
        for (const int slot : part.slots) open.Add(slot);
      }
      Add(true, "Slots stand open: " + open.str(), Command("resume") + ", or " + Command("fix"));
    }
    if (!report.covered) {
      SlotSet uncovered;
      for (const int slot : UncoveredSlots(view_)) uncovered.Add(slot);
      Add(true, "Slots are nobody's: " + uncovered.str(), Command("fix"));
    }
    if (!MultipleOwners(view_).empty())
      Add(true, "Several nodes say that a slot is theirs", Command("fix --search-multiple-owners"));
    if (!report.agree && report.open.empty() && report.covered)
      Add(false, "Nodes don't agree who owns which slot",
          "wait some seconds: they tell each other; if it stays, check their bus ports");
    int masters = 0;
    for (const NodeView& node : view_.nodes) masters += node.self.slots.empty() ? 0 : 1;
    if (masters < kMajorityMasters) {
      Add(true,
          fmt::format("There are only {} masters with slots: without the one that fails "
                      "there is no majority for a failover",
                      masters),
          "add-node NEW " + entry_ + ", then " + Command("rebalance --use-empty-masters"));
    }
    const auto weights = RebalanceWeights(view_, {{}, false, kUnevenPercent});
    if (weights.ok() && report.covered &&
        !RebalanceBySlots(view_, *weights, kUnevenPercent).transfers.empty())
      Add(false, "Slots are spread unevenly", Command("rebalance"));
  }

  void Replicas() {
    for (const NodeView& node : view_.nodes) {
      if (!node.self.Has("master") || node.self.slots.empty()) continue;
      if (view_.ReplicaCount(node.self.id) > 0) continue;
      Add(true, "Master " + node.address.str() + " has no replica: its data is lost with it",
          fmt::format("add-node --slave --master-id {} NEW {}", node.self.id.str(), entry_));
    }
  }

  void OneNode(size_t i) {
    const std::string name = view_.nodes[i].address.str();
    const NodeFacts& facts = facts_[i];
    if (Fact(facts, "cluster_state") == "fail")
      Add(true, name + " does not serve (cluster_state:fail)",
          "see the other findings; if there are none, it can't reach the other masters");
    if (Fact(facts, "master_link_status") == "down")
      Add(true, "Replica " + name + " has no link to its master",
          "look into its log: is the password (masterauth) right, can it reach the master?");
    if (Fact(facts, "rdb_last_bgsave_status") == "err")
      Add(true, name + " could not save its dump", "look into its log: is the disk full?");
    if (Fact(facts, "aof_last_write_status") == "err")
      Add(true, name + " can't write its AOF", "look into its log: is the disk full?");
    const double limit = NumberFact(facts, "maxmemory");
    if (limit > 0 && NumberFact(facts, "used_memory") > limit * kMemoryNearlyFull &&
        Fact(facts, "maxmemory_policy") == "noeviction")
      Add(false, name + " is near its maxmemory and may not evict",
          Command("rebalance --by memory") + ", add a master, or raise maxmemory");
  }

  const ClusterView& view_;
  const std::vector<NodeFacts>& facts_;
  const std::string entry_;
  std::vector<Finding> findings_;
};

}  // namespace

NodeFacts ParseFacts(std::string_view info) {
  NodeFacts facts;
  for (const std::string_view raw : Split(info, '\n')) {
    const std::string_view line = Trim(raw);
    const size_t colon = line.find(':');
    if (line.empty() || line[0] == '#' || colon == std::string_view::npos) continue;
    facts[std::string(line.substr(0, colon))] = line.substr(colon + 1);
  }
  return facts;
}

std::vector<Finding> Diagnose(const ClusterView& view, const std::vector<NodeFacts>& facts,
                              const std::string& entry) {
  return Doctor(view, facts, entry).Run();
}

int RunDoctor(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  if (!address.ok()) return Fail(session, address.message());
  const Status opened = session.OpenCluster(*address);
  if (!opened.ok()) return Fail(session, opened.message());
  std::vector<NodeFacts> facts;
  for (size_t i = 0; i < session.view().nodes.size(); ++i) {
    const Result<resp::Reply> info = session.Demand(i, {"INFO"});
    if (!info.ok()) return Fail(session, info.message());
    const Result<resp::Reply> cluster = session.Demand(i, {"CLUSTER", "INFO"});
    if (!cluster.ok()) return Fail(session, cluster.message());
    facts.push_back(ParseFacts(info->text + "\n" + cluster->text));
  }
  const std::vector<Finding> findings = Diagnose(session.view(), facts, address->str());
  bool serious = false;
  std::vector<std::string> texts;
  for (const Finding& finding : findings) {
    session.Line((finding.serious ? "[ERR] " : "[WARNING] ") + finding.what);
    session.Line("      -> " + finding.remedy);
    serious |= finding.serious;
    texts.push_back(fmt::format("{{\"serious\": {}, \"what\": {}, \"remedy\": {}}}",
                                finding.serious, JsonText(finding.what), JsonText(finding.remedy)));
  }
  if (session.report() != nullptr)
    session.report()->Set("findings", fmt::format("[{}]", fmt::join(texts, ", ")));
  if (findings.empty()) session.Line("[OK] Nothing is wrong.");
  return serious ? 1 : 0;
}

}  // namespace pleiad::admin
