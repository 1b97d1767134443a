// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/json.h"

#include <fmt/format.h>

namespace pleiad::admin {
namespace {

std::string SlotPairs(const SlotSet& slots) {
  std::vector<std::string> pairs;
  for (const SlotRange& range : slots.Ranges())
    pairs.push_back(fmt::format("[{},{}]", range.first, range.last));
  return fmt::format("[{}]", fmt::join(pairs, ","));
}

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
      SlotPairs(node.self.slots), node.self.slots.size(),
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

std::string ViewJson(const ClusterView& view) {
  std::vector<std::string> nodes;
  for (const NodeView& node : view.nodes) nodes.push_back(NodeJson(node));
  return fmt::format("[\n{}\n]", fmt::join(nodes, ",\n"));
}

std::string CheckJson(const ClusterView& view, const CheckReport& report, int unreachable) {
  SlotSet open;
  for (const CheckReport::OpenSlots& part : report.open) {
    for (const int slot : part.slots) open.Add(slot);
  }
  return fmt::format(
      "{{\"ok\": {}, \"agree\": {}, \"covered\": {}, \"open\": [{}], \"unreachable\": {}, "
      "\"nodes\": {}}}",
      report.ok() && unreachable == 0, report.agree, report.covered, fmt::join(open.list(), ", "),
      unreachable, ViewJson(view));
}

}  // namespace pleiad::admin
