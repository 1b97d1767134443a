// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `create`. Nothing is touched before every node has been looked at and the operator has agreed,
// and again looked at (the answer may take an hour). After the first change there are two ends: the
// cluster stands, or all is undone.
#include <fmt/format.h>

#include <optional>

#include "admin/command_support.h"
#include "admin/commands.h"
#include "admin/execute.h"
#include "admin/json.h"
#include "admin/plan_create.h"
#include "admin/print.h"
#include "admin/report.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

Status RequireEmpty(Session& session, size_t node) {
  const Result<NodeInfo> info = session.Info(node);
  if (!info.ok()) return info.error();
  const std::string why = WhyNotEmpty(session.view().nodes[node], *info);
  return why.empty() ? Status::Ok() : Status(Error{why});
}

Status OpenEmptyNodes(Session& session, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const Result<NodeAddress> address = ParseAddress(name);
    if (!address.ok()) return address.error();
    const Result<size_t> node = session.Open(*address);
    if (!node.ok()) return node.error();
    if (const Status status = RequireEmpty(session, *node); !status.ok()) return status;
  }
  const std::string why = WhyNotDistinct(session.view());
  return why.empty() ? Status::Ok() : Status(Error{why});
}

Status StillEmpty(Session& session) {
  if (const Status status = session.RefreshAll(); !status.ok()) return status;
  for (size_t node = 0; node < session.view().nodes.size(); ++node) {
    if (const Status status = RequireEmpty(session, node); !status.ok()) return status;
  }
  return Status::Ok();
}

bool Confirmed(Session& session) {
  session.Text("Can I set the above configuration? (type 'yes' to accept): ");
  const std::optional<std::string> answer = session.console().ReadLine();
  return answer && ToLower(Trim(*answer)) == "yes";
}

void ReportProposal(const ClusterView& view, const Proposal& proposal, Report* report) {
  std::vector<std::string> masters;
  for (const Proposal::Master& master : proposal.masters) {
    SlotSet slots;
    slots.Add(master.slots);
    masters.push_back(fmt::format("{{\"name\": {}, \"address\": {}, \"slots\": {}}}",
                                  JsonText(view.nodes[master.node].self.id.str()),
                                  JsonText(view.nodes[master.node].address.str()),
                                  SlotsJson(slots)));
  }
  std::vector<std::string> replicas;
  for (const Proposal::Replica& replica : proposal.replicas) {
    replicas.push_back(fmt::format("{{\"name\": {}, \"address\": {}, \"master\": {}}}",
                                   JsonText(view.nodes[replica.node].self.id.str()),
                                   JsonText(view.nodes[replica.node].address.str()),
                                   JsonText(view.nodes[replica.master].self.id.str())));
  }
  report->Set("masters", fmt::format("[{}]", fmt::join(masters, ", ")));
  report->Set("replicas", fmt::format("[{}]", fmt::join(replicas, ", ")));
}

int FailAndUndo(Session& session, const Outcome& outcome) {
  Fail(session, outcome.status.message());
  if (outcome.touched.empty()) return Fail(session, "*** Nothing was changed.");
  session.Line(">>> Undoing what was done so far");
  const Status undone = UndoCreate(session, outcome.touched);
  if (undone.ok()) {
    session.Line("[OK] The nodes are empty and apart again.");
  } else {
    session.Line(undone.message());
    session.Line("*** Send CLUSTER RESET HARD to that node before you use it again.");
  }
  return 1;
}

}  // namespace

int Create(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  session.Line(">>> Creating cluster");
  const Status opened = OpenEmptyNodes(session, options.args);
  if (!opened.ok()) return Fail(session, opened.message());
  const Result<size_t> masters = MasterCount(session.view().nodes.size(), options.replicas);
  if (!masters.ok()) return Fail(session, masters.message());

  session.Line(">>> Performing hash slots allocation on " +
               std::to_string(session.view().nodes.size()) + " nodes...");
  std::vector<Place> places;
  for (const NodeView& node : session.view().nodes)
    places.push_back({node.address.host, node.zone});
  const Proposal proposal = Propose(places, options.replicas);
  session.Lines(ProposalLines(session.view(), proposal));
  if (session.report() != nullptr) ReportProposal(session.view(), proposal, session.report());
  if (options.dry_run) return 0;
  if (!options.yes && !Confirmed(session)) return Fail(session, "*** Aborting...");

  const Status still = StillEmpty(session);
  if (!still.ok()) return Fail(session, still.message());
  const ClusterView empty = session.view();
  const Outcome outcome = Execute(session, CreatePlan(empty, proposal));
  if (!outcome.status.ok()) return FailAndUndo(session, outcome);
  const Status refreshed = session.RefreshAll();
  if (!refreshed.ok()) return Fail(session, refreshed.message());
  return ShowCheck(session, CreatedLines(empty, proposal)) ? 0 : 1;
}

}  // namespace pleiad::admin
