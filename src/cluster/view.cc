// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/view.h"

#include <unordered_map>

#include "base/check.h"

namespace pleiad::cluster {

std::shared_ptr<ClusterView> MakeView(const ClusterState& state, uint64_t version) {
  CHECK(state.size() < ClusterView::kNobody);
  auto view = std::make_shared<ClusterView>();
  view->version = version;
  view->ok = state.ok;
  view->lease_full = LeaseIsFull(state);
  view->current_epoch = state.current_epoch;
  std::unordered_map<const Node*, uint16_t> index;
  for (const auto& [id, node] : state.nodes()) {
    if (node->InHandshake()) continue;
    index[node.get()] = static_cast<uint16_t>(view->nodes.size());
    view->nodes.push_back({id, node->master == nullptr ? NodeId() : node->master->id,
                           node->shard_id, node->ip, node->hostname, node->port, node->pport,
                           node->IsReplica(), node->Failed()});
  }
  const auto at = [&](const Node* node) {
    const auto it = index.find(node);
    return it == index.end() ? ClusterView::kNobody : it->second;
  };
  view->me = at(state.myself());
  view->my_master = at(state.myself()->master);
  const Node* last = nullptr;  // runs of one owner need one look-up
  uint16_t last_index = ClusterView::kNobody;
  for (uint16_t n = 0; n < kSlotCount; ++n) {
    const SlotId slot(n);
    if (state.Owner(slot) != last) {
      last = state.Owner(slot);
      last_index = at(last);
    }
    view->owners[n] = last_index;
    if (!state.HasOpenSlots()) continue;
    const uint16_t to = at(state.MigratingTo(slot));
    const uint16_t from = at(state.ImportingFrom(slot));
    if (to != ClusterView::kNobody) view->open_slots.push_back({slot, to, true});
    if (from != ClusterView::kNobody) view->open_slots.push_back({slot, from, false});
  }
  return view;
}

}  // namespace pleiad::cluster
