// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `add-node` and `del-node`.
#include "admin/command_support.h"
#include "admin/commands.h"
#include "admin/execute.h"
#include "admin/json.h"
#include "admin/plan_create.h"
#include "admin/print.h"
#include "admin/report.h"

namespace pleiad::admin {
namespace {

// The master a new replica will follow.
Result<size_t> ChooseMaster(Session& session, const Options& options) {
  const ClusterView& view = session.view();
  if (!options.master_id) {
    const std::optional<size_t> poorest = view.PoorestMaster();
    if (!poorest) return Error{"[ERR] The cluster has no master that answers."};
    session.Line("Automatically selected master " + session.name(*poorest));
    return *poorest;
  }
  const std::optional<NodeId> id = NodeId::Parse(*options.master_id);
  const std::optional<size_t> master = id ? view.Find(*id) : std::nullopt;
  if (!master || !view.nodes[*master].self.Has("master")) {
    return Error{"[ERR] No such master ID " + *options.master_id};
  }
  return *master;
}

Plan AddPlan(const ClusterView& view, size_t added, std::optional<size_t> master) {
  const std::string name = view.nodes[added].address.str();
  Plan plan;
  plan.Add(Say{">>> Send CLUSTER MEET to node " + name + " to make it join the cluster."});
  for (size_t node = 0; node < added; ++node) plan.Add(Meet(view, added, node));
  plan.Add(AwaitAgreement{added, master.has_value(), true, kJoinDeadlineMs});
  if (master) {
    const NodeView& chosen = view.nodes[*master];
    plan.Add(Say{">>> Configure node as replica of " + chosen.address.str() + "."});
    plan.Add(Send{added, {"CLUSTER", "REPLICATE", chosen.self.id.str()}});
  }
  plan.Add(Say{"[OK] New node added correctly."});
  return plan;
}

Plan RemovalPlan(const ClusterView& view, size_t removed) {
  const NodeId id = view.nodes[removed].self.id;
  const std::optional<size_t> adopter = view.PoorestMaster(id);
  Plan plan;
  plan.Add(Say{">>> Sending CLUSTER FORGET messages to the cluster..."});
  for (size_t node = 0; node < view.nodes.size(); ++node) {
    if (node == removed) continue;
    if (view.nodes[node].self.master == id && adopter) {
      // A node can't forget its own master: the replica gets another one first.
      const NodeView& master = view.nodes[*adopter];
      plan.Add(
          Say{">>> " + view.nodes[node].address.str() + " as replica of " + master.address.str()});
      plan.Add(Send{node, {"CLUSTER", "REPLICATE", master.self.id.str()}});
    }
    plan.Add(Send{node, {"CLUSTER", "FORGET", id.str()}});
  }
  plan.Add(Say{">>> SHUTDOWN the node."});
  plan.Add(ShutDown{removed});
  return plan;
}

Status OpenNewNode(Session& session, const NodeAddress& address) {
  const Result<size_t> added = session.Open(address);
  if (!added.ok()) return added.error();
  const Result<NodeInfo> info = session.Info(*added);
  if (!info.ok()) return info.error();
  const std::string why = WhyNotEmpty(session.view().nodes[*added], *info);
  return why.empty() ? Status::Ok() : Status(Error{why});
}

}  // namespace

int AddNode(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  const Result<NodeAddress> added = ParseAddress(options.args[0]);
  if (!added.ok()) return Fail(session, added.message());
  const Result<NodeAddress> existing = ParseAddress(options.args[1]);
  if (!existing.ok()) return Fail(session, existing.message());
  session.Line(">>> Adding node " + added->str() + " to cluster " + existing->str());
  const Status opened = session.OpenCluster(*existing);
  if (!opened.ok()) return Fail(session, opened.message());
  ShowCheck(session,
            ClusterLines(session.view()));  // for the reader; a damaged cluster may need the node

  std::optional<size_t> master;
  if (options.slave) {
    const Result<size_t> chosen = ChooseMaster(session, options);
    if (!chosen.ok()) return Fail(session, chosen.message());
    master = *chosen;
  }
  const Status ready = OpenNewNode(session, *added);
  if (!ready.ok()) return Fail(session, ready.message());
  const size_t node = session.view().nodes.size() - 1;
  if (session.report() != nullptr) {
    const std::vector<NodeView>& nodes = session.view().nodes;
    session.report()->Set("added", NameJson(nodes[node]));
    session.report()->Set("master", master ? NameJson(nodes[*master]) : "null");
  }
  const Outcome outcome = Execute(session, AddPlan(session.view(), node, master));
  return outcome.status.ok() ? 0 : Fail(session, outcome.status.message());
}

int DelNode(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  if (!address.ok()) return Fail(session, address.message());
  session.Line(">>> Removing node " + options.args[1] + " from cluster " + address->str());
  const Status opened = session.OpenCluster(*address);
  if (!opened.ok()) return Fail(session, opened.message());
  const std::optional<NodeId> id = NodeId::Parse(options.args[1]);
  const std::optional<size_t> node = id ? session.view().Find(*id) : std::nullopt;
  if (!node) return Fail(session, "[ERR] No such node ID " + options.args[1]);
  if (!session.view().nodes[*node].self.slots.empty()) {
    return Fail(session, "[ERR] Node " + session.name(*node) +
                             " is not empty! Reshard data away and try again.");
  }
  return RemoveNode(session, *node);
}

int RemoveNode(Session& session, size_t node) {
  if (const Status fresh = session.RefreshAll(); !fresh.ok()) return Fail(session, fresh.message());
  const std::string name = NameJson(session.view().nodes[node]);
  const Outcome outcome = Execute(session, RemovalPlan(session.view(), node));
  if (session.report() != nullptr && outcome.status.ok()) session.report()->Set("removed", name);
  return outcome.status.ok() ? 0 : Fail(session, outcome.status.message());
}

}  // namespace pleiad::admin
