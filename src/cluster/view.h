// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ClusterView: what a router must know of the cluster, as one immutable value. The driver publishes
// a new one whenever something in it changes; reactors keep the last and compare versions
// (runtime/cluster_driver.h). No clocks in it: what changes with every heartbeat is asked for under
// the driver's lock.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "cluster/state.h"

namespace pleiad::cluster {

struct ClusterView {
  struct Endpoint {
    NodeId id;
    NodeId master;  // of a replica; else empty
    NodeId shard_id;
    std::string ip;  // empty: not known yet (only myself)
    std::string hostname;
    uint16_t port = 0;
    uint16_t pport = 0;  // the other of the plain and TLS port, 0: none
    bool replica = false;
    bool fail = false;
  };
  struct OpenSlot {
    SlotId slot;
    uint16_t node;  // index: where it goes, or comes from
    bool migrating;
  };
  static constexpr uint16_t kNobody = 0xffff;

  uint64_t version = 0;     // grows by one with each view of a process
  bool ok = false;          // cluster_state:ok
  bool lease_full = false;  // every voter grants leases (lease.cc)
  uint16_t me = 0;          // index
  uint16_t my_master = kNobody;
  Epoch current_epoch;
  std::vector<Endpoint> nodes;              // without those in handshake
  std::array<uint16_t, kSlotCount> owners;  // index into nodes, or kNobody
  std::vector<OpenSlot> open_slots;         // ascending by slot; mostly none

  // Null: nobody serves it.
  const Endpoint* Owner(SlotId slot) const {
    const uint16_t at = owners[slot.value];
    return at == kNobody ? nullptr : &nodes[at];
  }
  bool Mine(SlotId slot) const { return owners[slot.value] == me; }
  // I replicate the owner: READONLY clients may read here.
  bool MyMasters(SlotId slot) const {
    return my_master != kNobody && owners[slot.value] == my_master;
  }
  // Null: the slot is not migrating (importing).
  const Endpoint* MigratingTo(SlotId slot) const { return Open(slot, true); }
  const Endpoint* ImportingFrom(SlotId slot) const { return Open(slot, false); }
  const Endpoint& Me() const { return nodes[me]; }

 private:
  const Endpoint* Open(SlotId slot, bool migrating) const {
    for (const OpenSlot& open : open_slots) {
      if (open.slot == slot && open.migrating == migrating) return &nodes[open.node];
    }
    return nullptr;
  }
};

// Cost: O(nodes + slots), about 20 us. REQUIRES: fewer than 65535 nodes.
std::shared_ptr<ClusterView> MakeView(const ClusterState& state, uint64_t version);

}  // namespace pleiad::cluster
