// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `rebalance` and `drain`.
#include <fmt/format.h>

#include "admin/command_support.h"
#include "admin/commands.h"
#include "admin/json.h"
#include "admin/move.h"
#include "admin/plan_move.h"
#include "admin/print.h"
#include "admin/report.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

constexpr int kSampledKeys = 8;  // of a slot, for what its keys weigh

Result<int64_t> KeysInSlot(Session& session, size_t node, int slot) {
  const Result<resp::Reply> count =
      session.Demand(node, {"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)});
  if (!count.ok()) return count.error();
  return count->integer;
}

// Bytes of a slot, from some of its keys.
Result<double> SlotBytes(Session& session, size_t node, int slot) {
  const Result<int64_t> keys = KeysInSlot(session, node, slot);
  if (!keys.ok()) return keys.error();
  if (*keys == 0) return 0.0;
  const Result<resp::Reply> names = session.Demand(
      node, {"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), std::to_string(kSampledKeys)});
  if (!names.ok()) return names.error();
  int64_t bytes = 0;
  for (const resp::Reply& name : names->items) {
    const Result<resp::Reply> usage = session.Demand(node, {"MEMORY", "USAGE", name.text});
    if (!usage.ok()) return usage.error();
    bytes += usage->integer;
  }
  if (names->items.empty()) return 0.0;
  return static_cast<double>(bytes) / static_cast<double>(names->items.size()) *
         static_cast<double>(*keys);
}

// What each slot did, from CLUSTER SLOT-STATS: time of the processor, or else bytes in and out.
Status AddOperations(Session& session, size_t node, SlotCosts* costs) {
  const Result<resp::Reply> stats =
      session.Demand(node, {"CLUSTER", "SLOT-STATS", "SLOTSRANGE", "0", "16383"});
  if (!stats.ok()) {
    return Error{stats.message() +
                 " (--by ops needs nodes with CLUSTER SLOT-STATS, and "
                 "cluster-slot-stats-enabled)"};
  }
  for (const resp::Reply& row : stats->items) {
    if (row.items.size() < 2) continue;
    const auto slot = static_cast<size_t>(row.items[0].integer);
    const std::vector<resp::Reply>& facts = row.items[1].items;
    for (size_t i = 0; i + 1 < facts.size() && slot < costs->size(); i += 2) {
      if (facts[i].text == "cpu-usec") (*costs)[slot] += static_cast<double>(facts[i + 1].integer);
    }
  }
  return Status::Ok();
}

Result<SlotCosts> MeasureCosts(Session& session, const std::string& by) {
  SlotCosts costs{};
  for (size_t node = 0; node < session.view().nodes.size(); ++node) {
    const NodeRow& self = session.view().nodes[node].self;
    if (!self.Has("master") || self.slots.empty()) continue;
    if (by == "ops") {
      if (const Status s = AddOperations(session, node, &costs); !s.ok()) return s.error();
      continue;
    }
    for (const int slot : self.slots.list()) {
      if (by == "memory") {
        const Result<double> bytes = SlotBytes(session, node, slot);
        if (!bytes.ok()) return bytes.error();
        costs[static_cast<size_t>(slot)] = *bytes;
      } else {
        const Result<int64_t> keys = KeysInSlot(session, node, slot);
        if (!keys.ok()) return keys.error();
        costs[static_cast<size_t>(slot)] = static_cast<double>(*keys);
      }
    }
  }
  return costs;
}

Result<RebalancePlan> MakePlan(Session& session, const Options& options) {
  const Result<std::vector<NodeWeight>> nodes = RebalanceWeights(
      session.view(), {options.weights, options.use_empty_masters, options.threshold_percent});
  if (!nodes.ok()) return nodes.error();
  if (options.by == "slots")
    return RebalanceBySlots(session.view(), *nodes, options.threshold_percent);
  const Result<SlotCosts> costs = MeasureCosts(session, options.by);
  if (!costs.ok()) return costs.error();
  return RebalanceByCost(session.view(), *nodes, options.threshold_percent, *costs);
}

size_t Involved(const Session& session, const Options& options) {
  const Result<std::vector<NodeWeight>> nodes = RebalanceWeights(
      session.view(), {options.weights, options.use_empty_masters, options.threshold_percent});
  return nodes.ok() ? nodes->size() : 0;
}

// One line and one row of marks for each pair of nodes.
int RunTransfers(Session& session, const MoveOptions& options,
                 const std::vector<Transfer>& transfers, bool simulate) {
  if (session.report() != nullptr)
    session.report()->Set("moves", MovesJson(session.view(), Flatten(transfers)));
  for (size_t i = 0; i < transfers.size(); ++i) {
    const Transfer& transfer = transfers[i];
    session.Line(fmt::format("Moving {} slots from {} to {}", transfer.slots.size(),
                             session.name(transfer.from), session.name(transfer.to)));
    if (simulate) {
      session.Text(std::string(transfer.slots.size(), '#') + "\n");
      continue;
    }
    const std::vector<Transfer> later(transfers.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                      transfers.end());
    const int status =
        MoveAll(session, options, Flatten({transfer}), MoveStyle::kMarks, Flatten(later));
    if (!session.terminal()) session.Text("\n");
    if (status != 0) return status;
  }
  return 0;
}

}  // namespace

int Rebalance(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  if (!address.ok()) return Fail(session, address.message());
  const Status opened = session.OpenCluster(*address);
  if (!opened.ok()) return Fail(session, opened.message());
  if (!Healthy(session, "rebalancing")) return 1;
  const Result<RebalancePlan> plan = MakePlan(session, options);
  if (!plan.ok()) return Fail(session, plan.message());
  if (plan->transfers.empty()) {
    if (session.report() != nullptr) session.report()->Set("moves", "[]");
    session.Line(
        fmt::format("*** No rebalancing needed! All nodes are within the {:.2f}% threshold.",
                    options.threshold_percent));
    return 0;
  }
  session.Line(fmt::format(">>> Rebalancing across {} nodes. Total weight = {:.2f}",
                           Involved(session, options), plan->total_weight));
  return RunTransfers(session, MakeMoveOptions(env, options), plan->transfers,
                      options.simulate || options.dry_run);
}

int Drain(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  if (!address.ok()) return Fail(session, address.message());
  const Status opened = session.OpenCluster(*address);
  if (!opened.ok()) return Fail(session, opened.message());
  if (!Healthy(session, "draining a node")) return 1;
  constexpr size_t kDrained = 0;  // the node that was named is the first
  const std::vector<Transfer> transfers = DrainTransfers(session.view(), kDrained);
  if (transfers.empty() && !session.view().nodes[kDrained].self.slots.empty()) {
    return Fail(session, "[ERR] There is no other master that could take its slots.");
  }
  session.Line(fmt::format(">>> Draining {}: {} slots to {} masters, then the node is removed.",
                           session.name(kDrained), session.view().nodes[kDrained].self.slots.size(),
                           transfers.size()));
  if (options.dry_run) return RunTransfers(session, MakeMoveOptions(env, options), transfers, true);
  if (!options.yes && !transfers.empty()) {
    session.Text("Do you want to proceed (yes/no)? ");
    const std::optional<std::string> answer = session.console().ReadLine();
    if (!answer || ToLower(Trim(*answer)) != "yes") return 1;
  }
  const int moved = RunTransfers(session, MakeMoveOptions(env, options), transfers, false);
  if (moved != 0) return moved;
  return RemoveNode(session, kDrained);
}

}  // namespace pleiad::admin
