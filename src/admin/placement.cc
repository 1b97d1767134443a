// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
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

// Replicas beside their masters, where the shard has nodes elsewhere (else SharedPlaces says it).
std::vector<std::string> ReplicasAtTheirMasters(const ClusterView& view) {
  std::vector<std::string> lines;
  for (const NodeView& replica : view.nodes) {
    const auto master = view.Find(replica.self.master);
    if (replica.self.master.empty() || !master) continue;
    const NodeView& of = view.nodes[*master];
    const auto here = [&](const NodeView& node) {
      return !node.self.address.host.empty() && node.self.address.host == of.self.address.host;
    };
    const bool spread = std::any_of(view.nodes.begin(), view.nodes.end(), [&](const NodeView& n) {
      return n.self.master == of.self.id && !here(n);
    });
    if (here(replica) && spread)
      lines.push_back(fmt::format("[WARNING] Replica {} is on the host of its master {}.",
                                  replica.address.str(), of.address.str()));
  }
  return lines;
}

// One zone has all masters though there are several, or a majority of them though there are three.
std::vector<std::string> MastersInOneZone(const ClusterView& view) {
  std::map<std::string, int> masters;
  int count = 0;
  for (const NodeView& node : view.nodes) {
    if (node.zone.empty()) continue;
    const bool counts = node.self.Has("master") && !node.self.slots.empty();
    masters[node.zone] += counts ? 1 : 0;
    count += counts ? 1 : 0;
  }
  std::vector<std::string> lines;
  for (const auto& [zone, here] : masters) {
    if (masters.size() >= 2 && count >= 2 && here == count) {
      lines.push_back(fmt::format("[WARNING] All masters are in availability zone {}.", zone));
    } else if (masters.size() >= 3 && count >= 3 && here * 2 > count) {
      lines.push_back(
          fmt::format("[WARNING] More than half of the masters are in availability zone {}: "
                      "without it there is no majority.",
                      zone));
    }
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
  for (auto more : {ReplicasAtTheirMasters(view), MastersInOneZone(view)})
    lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

}  // namespace pleiad::admin
