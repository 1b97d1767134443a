// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/json.h"

#include <fmt/format.h>

#include <algorithm>

namespace pleiad::admin {
namespace {

std::string OpenJson(const std::vector<int>& slots, const std::vector<NodeId>& peers) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < slots.size(); ++i)
    parts.push_back(fmt::format("\"{}\": {}", slots[i], JsonText(peers[i].str())));
  return fmt::format("{{{}}}", fmt::join(parts, ", "));
}

std::string NodeJson(const NodeView& node) {
  std::vector<std::string> flags = node.self.flags;
  std::erase(flags, "myself");
  const std::string master = node.self.master.empty() ? "null" : JsonText(node.self.master.str());
  std::string text = fmt::format(
      "  {{\n"
      "    \"name\": {},\n"
      "    \"host\": {},\n"
      "    \"port\": {},\n"
      "    \"replicate\": {},\n"
      "    \"slots\": {},\n"
      "    \"slots_count\": {},\n"
      "    \"flags\": {},\n"
      "    \"current_epoch\": {}",
      JsonText(node.self.id.str()), JsonText(node.address.host), node.address.port, master,
      SlotsJson(node.self.slots), node.self.slots.size(),
      JsonText(fmt::format("{}", fmt::join(flags, ","))), node.self.config_epoch.value);
  if (!node.self.migrating.empty())
    text += ",\n    \"migrating\": " + OpenJson(node.self.migrating, node.self.migrating_to);
  if (!node.self.importing.empty())
    text += ",\n    \"importing\": " + OpenJson(node.self.importing, node.self.importing_from);
  return text + "\n  }";
}

}  // namespace

std::string JsonText(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string JsonTexts(const std::vector<std::string>& texts) {
  std::vector<std::string> parts;
  for (const std::string& text : texts) parts.push_back(JsonText(text));
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

std::string SlotsJson(const SlotSet& slots) {
  std::vector<std::string> pairs;
  for (const SlotRange& range : slots.Ranges())
    pairs.push_back(fmt::format("[{},{}]", range.first, range.last));
  return fmt::format("[{}]", fmt::join(pairs, ","));
}

std::string MovesJson(const ClusterView& view, const std::vector<SlotMove>& moves) {
  std::vector<std::pair<SlotMove, SlotSet>> groups;
  for (const SlotMove& move : moves) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& g) {
      return g.first.from == move.from && g.first.to == move.to;
    });
    if (group == groups.end()) group = groups.insert(groups.end(), {move, SlotSet()});
    group->second.Add(move.slot);
  }
  std::vector<std::string> parts;
  for (const auto& [move, slots] : groups) {
    parts.push_back(fmt::format("{{\"from\": {}, \"to\": {}, \"slots\": {}, \"slots_count\": {}}}",
                                JsonText(view.nodes[move.from].self.id.str()),
                                JsonText(view.nodes[move.to].self.id.str()), SlotsJson(slots),
                                slots.size()));
  }
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

std::string NameJson(const NodeView& node) {
  return fmt::format("{{\"name\": {}, \"address\": {}}}", JsonText(node.self.id.str()),
                     JsonText(node.address.str()));
}

std::string ViewJson(const ClusterView& view) {
  std::vector<std::string> nodes;
  for (const NodeView& node : view.nodes) nodes.push_back(NodeJson(node));
  return fmt::format("[\n{}\n]", fmt::join(nodes, ",\n"));
}

void ReportCheck(const ClusterView& view, const CheckReport& report, int unreachable, Report* out) {
  SlotSet open;
  for (const CheckReport::OpenSlots& part : report.open) {
    for (const int slot : part.slots) open.Add(slot);
  }
  out->Flag("agree", report.agree);
  out->Flag("covered", report.covered);
  out->Set("open", fmt::format("[{}]", fmt::join(open.list(), ", ")));
  out->Number("unreachable", unreachable);
  // On one line, as the whole is.
  std::string nodes = ViewJson(view);
  std::erase(nodes, '\n');
  out->Set("nodes", nodes);
}

}  // namespace pleiad::admin
