// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/check.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "admin/plan_fix.h"

namespace pleiad::admin {
namespace {

// Who owns what in the eyes of one node: only nodes with slots, in the order of their names.
std::map<NodeId, std::string> Ownership(const NodeView& node) {
  std::map<NodeId, std::string> owners;
  for (const NodeRow& row : node.rows) {
    if (!row.slots.empty()) owners[row.id] = row.slots.str();
  }
  return owners;
}

bool AllAgree(const ClusterView& view) {
  if (view.nodes.empty()) return true;
  const std::map<NodeId, std::string> first = Ownership(view.nodes.front());
  for (const NodeView& node : view.nodes) {
    if (Ownership(node) != first) return false;
  }
  return true;
}

void CollectOpen(const ClusterView& view, CheckReport& report) {
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    const NodeRow& self = view.nodes[i].self;
    if (!self.migrating.empty()) report.open.push_back({i, true, self.migrating});
    if (!self.importing.empty()) report.open.push_back({i, false, self.importing});
  }
}

}  // namespace

CheckReport CheckCluster(const ClusterView& view) {
  CheckReport report;
  report.agree = AllAgree(view);
  CollectOpen(view, report);
  SlotSet covered;
  for (const NodeView& node : view.nodes) covered.Merge(node.self.slots);
  report.covered = covered.full();
  return report;
}

std::vector<std::string> AgreementLines(const ClusterView& view, const CheckReport& report) {
  std::vector<std::string> lines;
  lines.emplace_back(report.agree ? "[OK] All nodes agree about slots configuration."
                                  : "[ERR] Nodes don't agree about configuration!");
  lines.emplace_back(">>> Check for open slots...");
  std::set<int> open;
  for (const CheckReport::OpenSlots& entry : report.open) {
    lines.push_back(fmt::format(
        "[WARNING] Node {} has slots in {} state ({}).", view.nodes[entry.node].address.str(),
        entry.migrating ? "migrating" : "importing", fmt::join(entry.slots, ",")));
    open.insert(entry.slots.begin(), entry.slots.end());
  }
  if (!open.empty()) {
    lines.push_back(
        fmt::format("[WARNING] The following slots are open: {}", fmt::join(open, ",")));
  }
  return lines;
}

std::vector<std::string> CoverageLines(const CheckReport& report) {
  return {">>> Check slots coverage...",
          report.covered ? fmt::format("[OK] All {} slots covered.", kSlotCount)
                         : fmt::format("[ERR] Not all {} slots are covered by nodes.", kSlotCount)};
}

std::vector<std::string> MultipleOwnerLines(const ClusterView& view) {
  std::vector<std::string> lines = {">>> Check for multiple slot owners..."};
  for (const auto& [slot, owners] : MultipleOwners(view)) {
    lines.push_back(fmt::format("[WARNING] Slot {} has {} owners:", slot, owners.size()));
    for (const size_t owner : owners) lines.push_back("    " + view.nodes[owner].address.str());
  }
  if (lines.size() == 1) lines.emplace_back("[OK] No multiple owners found.");
  return lines;
}

std::vector<std::string> CheckLines(const ClusterView& view, const CheckReport& report) {
  std::vector<std::string> lines = AgreementLines(view, report);
  for (std::string& line : CoverageLines(report)) lines.push_back(std::move(line));
  return lines;
}

}  // namespace pleiad::admin
