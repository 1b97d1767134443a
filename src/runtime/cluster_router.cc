// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/cluster_router.h"

#include <fmt/core.h>

namespace pleiad::runtime {

std::string EndpointText(const cluster::ClusterView::Endpoint& node, EndpointType preferred) {
  switch (preferred) {
    case EndpointType::kHostname:
      return fmt::format("{}:{}", node.hostname.empty() ? "?" : node.hostname, node.port);
    case EndpointType::kUnknown:
      return fmt::format(":{}", node.port);
    case EndpointType::kIp:
      break;
  }
  return fmt::format("{}:{}", node.ip, node.port);
}

bool ClusterRouter::Route(const RouteQuery& q, resp::Writer* out) {
  const std::shared_ptr<const cluster::ClusterView> view = view_();
  const std::shared_ptr<const Settings> settings = settings_();
  const cluster::ClusterView::Endpoint* owner = view->Owner(q.slot);
  const bool importing_asked = q.state == SlotState::kImporting && q.asking;
  if (owner == nullptr) {
    out->Error("CLUSTERDOWN Hash slot not served");
    return false;
  }
  const bool down = !view->ok || q.fenced;
  if (down && q.pubsub_shard) {
    if (!settings->cluster_allow_pubsubshard_when_down) {
      out->Error("CLUSTERDOWN The cluster is down");
      return false;
    }
  } else if (down) {
    const bool read_passes = settings->cluster_allow_reads_when_down && !q.write;
    if (!read_passes) {
      out->Error(settings->cluster_allow_reads_when_down
                     ? "CLUSTERDOWN The cluster is down and only accepts read commands"
                     : "CLUSTERDOWN The cluster is down");
      return false;
    }
  }
  const EndpointType preferred = settings->cluster_preferred_endpoint_type;
  if (q.state == SlotState::kMigrating && q.keys_missing > 0) {
    const cluster::ClusterView::Endpoint* target = view->MigratingTo(q.slot);
    if (q.keys_missing < q.keys) {
      out->Error("TRYAGAIN Multiple keys request during rehashing of slot");
    } else if (target != nullptr) {
      out->Error(fmt::format("ASK {} {}", q.slot.value, EndpointText(*target, preferred)));
    } else {
      out->Error("TRYAGAIN The slot's state is changing");
    }
    return false;
  }
  if (importing_asked) {
    if (q.keys > 1 && q.keys_missing > 0) {
      out->Error("TRYAGAIN Multiple keys request during rehashing of slot");
      return false;
    }
    return true;
  }
  if (q.state == SlotState::kMine || q.state == SlotState::kMigrating) return true;
  // Channels have no data that could be underway: they are here until the slot is elsewhere.
  if (q.state == SlotState::kHeld && q.pubsub_shard && view->Mine(q.slot)) return true;
  if ((q.readonly_client || q.pubsub_shard) && !q.write && view->MyMasters(q.slot)) return true;
  if (view->Mine(q.slot)) {
    // The view says ours, the slot says no: the change is being made at this moment.
    out->Error("TRYAGAIN The slot's state is changing");
    return false;
  }
  out->Error(fmt::format("MOVED {} {}", q.slot.value, EndpointText(*owner, preferred)));
  return false;
}

}  // namespace pleiad::runtime
