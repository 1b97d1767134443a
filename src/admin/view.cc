// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/view.h"

#include <algorithm>

#include "base/text.h"

namespace pleiad::admin {
namespace {

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words = Split(line, ' ');
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

// "ip:port", "ip:port@busport", "ip:port@busport,hostname,key=value". A node that does not know its
// address yet says
// ":port@busport": then only the bus port is kept.
NodeAddress AnnouncedAddress(std::string_view word) {
  const std::string_view head = word.substr(0, word.find(','));
  if (const Result<NodeAddress> address = ParseAddress(head); address.ok()) return *address;
  NodeAddress unknown;
  if (const size_t at = head.find('@'); at != std::string_view::npos) {
    const std::optional<int64_t> port = ParseInt64(head.substr(at + 1));
    if (port && *port > 0 && *port <= 65535) unknown.bus_port = static_cast<int>(*port);
  }
  return unknown;
}

// "5", "5-9".
std::optional<SlotRange> ParseRange(std::string_view word) {
  const size_t dash = word.find('-');
  const std::optional<int64_t> first = ParseInt64(word.substr(0, dash));
  const std::optional<int64_t> last =
      dash == std::string_view::npos ? first : ParseInt64(word.substr(dash + 1));
  if (!first || !last || *first < 0 || *first > *last || *last >= kSlotCount) return std::nullopt;
  return SlotRange{static_cast<int>(*first), static_cast<int>(*last)};
}

// "[77->-NODEID]" leaves, "[77-<-NODEID]" arrives.
bool ParseOpenSlot(std::string_view word, NodeRow& row) {
  if (word.back() != ']') return false;
  const size_t dash = word.find('-');
  if (dash == std::string_view::npos || dash + 3 >= word.size()) return false;
  const std::optional<int64_t> slot = ParseInt64(word.substr(1, dash - 1));
  if (!slot || *slot < 0 || *slot >= kSlotCount) return false;
  const char direction = word[dash + 1];
  if (direction != '>' && direction != '<') return false;
  (direction == '>' ? row.migrating : row.importing).push_back(static_cast<int>(*slot));
  const std::string_view peer = word.substr(dash + 3, word.size() - dash - 4);
  (direction == '>' ? row.migrating_to : row.importing_from)
      .push_back(NodeId::Parse(peer).value_or(NodeId()));
  return true;
}

bool ParseSlotWord(std::string_view word, NodeRow& row) {
  if (word.front() == '[') return ParseOpenSlot(word, row);
  const std::optional<SlotRange> range = ParseRange(word);
  if (range) row.slots.Add(*range);
  return range.has_value();
}

// id address flags master ping-sent pong-received config-epoch link-state slot...
bool ParseRow(std::string_view line, NodeRow& row) {
  const std::vector<std::string_view> words = Words(line);
  if (words.size() < 8) return false;
  const std::optional<NodeId> id = NodeId::Parse(words[0]);
  const std::optional<uint64_t> epoch = ParseUint64(words[6]);
  if (!id || !epoch) return false;
  row.id = *id;
  row.address = AnnouncedAddress(words[1]);
  for (std::string_view flag : Split(words[2], ',')) row.flags.emplace_back(flag);
  if (words[3] != "-") {
    const std::optional<NodeId> master = NodeId::Parse(words[3]);
    if (!master) return false;
    row.master = *master;
  }
  row.config_epoch = Epoch(*epoch);
  row.connected = words[7] == "connected";
  return std::all_of(words.begin() + 8, words.end(),
                     [&row](std::string_view word) { return ParseSlotWord(word, row); });
}

// Nothing: `viewer` sees `subject` as it sees itself.
std::optional<Disagreement::Kind> Difference(const NodeView& viewer, const NodeView& subject) {
  using enum Disagreement::Kind;
  const NodeRow* row = viewer.Row(subject.self.id);
  if (row == nullptr || !row->Settled()) return kWrong;
  if (row->slots != subject.self.slots || row->master != subject.self.master) return kWrong;
  if (!row->connected) return kNoLink;
  return std::nullopt;
}

}  // namespace

bool NodeRow::Has(std::string_view flag) const {
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

Result<std::vector<NodeRow>> ParseClusterNodes(std::string_view text) {
  std::vector<NodeRow> rows;
  for (std::string_view line : Split(text, '\n')) {
    line = Trim(line);
    if (line.empty()) continue;
    NodeRow& row = rows.emplace_back();
    if (!ParseRow(line, row)) {
      return Error{"can't read this line of its CLUSTER NODES: " + std::string(line)};
    }
  }
  return rows;
}

const NodeRow* NodeView::Row(const NodeId& id) const {
  const auto it =
      std::find_if(rows.begin(), rows.end(), [&id](const NodeRow& row) { return row.id == id; });
  return it == rows.end() ? nullptr : &*it;
}

Result<NodeView> MakeNodeView(const NodeAddress& address, std::string_view cluster_nodes) {
  Result<std::vector<NodeRow>> rows = ParseClusterNodes(cluster_nodes);
  if (!rows.ok()) return rows.error();
  const auto self = std::find_if(rows->begin(), rows->end(),
                                 [](const NodeRow& row) { return row.Has("myself"); });
  if (self == rows->end()) return Error{"its CLUSTER NODES has no line for itself"};
  NodeView view;
  view.address = address;
  view.self = *self;
  if (view.self.Has("slave")) {
    // It keeps what its master has open: to be closed there.
    view.self.migrating.clear();
    view.self.migrating_to.clear();
    view.self.importing.clear();
    view.self.importing_from.clear();
  }
  view.rows = *std::move(rows);
  return view;
}

NodeInfo ParseInfo(std::string_view info) {
  NodeInfo result;
  for (std::string_view line : Split(info, '\n')) {
    line = Trim(line);
    if (line == "cluster_enabled:1") result.cluster_enabled = true;
    if (line.starts_with("db0:")) result.has_keys = true;
    constexpr std::string_view kZone = "availability_zone:";
    if (line.starts_with(kZone)) result.zone = line.substr(kZone.size());
  }
  return result;
}

std::optional<size_t> ClusterView::Find(const NodeId& id) const {
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].self.id == id) return i;
  }
  return std::nullopt;
}

int ClusterView::ReplicaCount(const NodeId& master) const {
  return static_cast<int>(
      std::count_if(nodes.begin(), nodes.end(),
                    [&master](const NodeView& node) { return node.self.master == master; }));
}

std::optional<size_t> ClusterView::PoorestMaster(const NodeId& except) const {
  std::optional<size_t> best;
  int fewest = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const NodeRow& self = nodes[i].self;
    if (!self.Has("master") || self.id == except) continue;
    const int count = ReplicaCount(self.id);
    if (!best || count < fewest) {
      best = i;
      fewest = count;
    }
  }
  return best;
}

std::vector<Disagreement> Disagreements(const ClusterView& view, std::optional<size_t> focus) {
  std::vector<Disagreement> found;
  for (size_t viewer = 0; viewer < view.nodes.size(); ++viewer) {
    for (size_t subject = 0; subject < view.nodes.size(); ++subject) {
      if (viewer == subject) continue;
      if (focus && viewer != *focus && subject != *focus) continue;
      const auto kind = Difference(view.nodes[viewer], view.nodes[subject]);
      if (kind) found.push_back({viewer, subject, *kind});
    }
  }
  return found;
}

}  // namespace pleiad::admin
