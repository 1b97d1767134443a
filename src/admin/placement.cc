// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/placement.h"

#include <fmt/format.h>

#include <functional>
#include <set>

namespace pleiad::admin {
namespace {

using PlaceOf = std::function<std::string(const NodeView&)>;

// Shards with replicas, all in one place, in a cluster that has several places. A node whose place
// is not known counts as being anywhere.
std::vector<std::string> SharedPlaces(const ClusterView& view, const PlaceOf& place,
                                      std::string_view what) {
  std::set<std::string> places;
  for (const NodeView& node : view.nodes) {
    if (!place(node).empty()) places.insert(place(node));
  }
  std::vector<std::string> lines;
  if (places.size() < 2) return lines;
  for (const NodeView& master : view.nodes) {
    if (!master.self.Has("master") || place(master).empty()) continue;
    std::set<std::string> shard = {place(master)};
    int replicas = 0;
    for (const NodeView& node : view.nodes) {
      if (node.self.master != master.self.id) continue;
      shard.insert(place(node));
      ++replicas;
    }
    if (replicas == 0 || shard.size() > 1) continue;
    lines.push_back(fmt::format("[WARNING] Master {} and all its replicas are {} {}.",
                                master.address.str(), what, *shard.begin()));
  }
  return lines;
}

}  // namespace

std::vector<std::string> PlacementLines(const ClusterView& view) {
  std::vector<std::string> lines =
      SharedPlaces(view, [](const NodeView& node) { return node.self.address.host; }, "on host");
  for (std::string& line :
       SharedPlaces(view, [](const NodeView& node) { return node.zone; }, "in availability zone"))
    lines.push_back(std::move(line));
  return lines;
}

}  // namespace pleiad::admin
