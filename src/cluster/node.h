// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Node: one row of the cluster table, as this node sees it. Plain data with a few questions; rows
// live in ClusterState (state.h), which keeps slots, masters and replicas consistent. Thread: that
// of the machine.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/ids.h"
#include "cluster/slot_set.h"
#include "cluster/wire.h"

namespace pleiad::cluster {

// One TCP connection of the bus. The machine numbers the outbound ones (small numbers), the driver
// the inbound ones (kInboundLink set). 0: none. Numbers are never reused within a process.
struct LinkId : Strong<LinkId, uint64_t> {
  using Strong::Strong;
};
inline constexpr uint64_t kInboundLink = uint64_t{1} << 63;
constexpr bool IsInbound(LinkId link) { return (link.value & kInboundLink) != 0; }

struct Node {
  NodeId id;  // random while in handshake
  NodeId shard_id;
  uint16_t flags =
      0;  // NodeFlag bits (wire.h): the same on the wire, in memory and, by name, in nodes.conf
  std::string ip;      // empty: not known (only myself)
  uint16_t port = 0;   // client port
  uint16_t cport = 0;  // bus port
  uint16_t pport = 0;  // the other client port (TLS or plain), 0: none
  std::string hostname;
  std::string nodename;
  std::string availability_zone;

  Node* master = nullptr;  // of a replica; null while its master is unknown
  Epoch epoch_seen{0};     // the greatest currentEpoch it told us: older packets are overtaken ones
  Epoch config_epoch{0};   // a replica's: 0, its master's counts (ClusterState::ConfigEpochOf)
  Offset repl_offset{0};
  SlotSet slots;
  int slot_count = 0;     // == slots.Count()
  int replica_count = 0;  // nodes whose master is this one

  // Times; 0: never / none. ClusterState::ToWall turns them into what files and replies show.
  MonoMs created{0};
  MonoMs ping_sent{0};  // of the oldest ping without an answer; 0: none in flight
  MonoMs pong_received{0};
  MonoMs data_received{0};  // any byte counts as proof of life
  MonoMs master_claim{0};   // when it last said that it is a master
  MonoMs fail_time{0};      // when FAIL was set
  MonoMs meet_sent{0};
  MonoMs inbound_lost{0};    // since when it has no link to us
  MonoMs orphaned_since{0};  // master that lost its last working replica
  MonoMs voted_time{0};      // when I last voted for a replica of this master

  // The lease (lease.cc), its side that asks: when I asked last, when I sent the newest ping that
  // it granted (0: none), and from when on a contested claim may count that grant.
  MonoMs lease_asked{0};
  MonoMs lease_sent{0};
  MonoMs lease_usable{0};
  MonoMs lease_usable_rest{0};  // the same, if only the former owner who gave up is in the way
  Epoch lease_epoch{0};         // of the claim that was granted
  // The side that grants: when my last grant to it has run out at the latest, and who owned some of
  // its slots before and may act on my grants, until when.
  MonoMs lease_end{0};
  std::map<NodeId, MonoMs> lease_former;
  bool speaks_lease = false;  // kMarkLease

  // Fast evidence that its process is dead (failure.cc): both links ended from its side, and its
  // bus port refuses connections, since when.
  bool out_ended = false;
  bool in_ended = false;
  MonoMs refused_since{0};
  bool gone = false;
  bool died = false;  // the FAIL that it has rests on that

  // Voting masters that called this node failing, and when they said it last.
  std::map<NodeId, MonoMs> failure_reports;

  LinkId link{0};        // outbound; 0: none
  bool link_up = false;  // the outbound link is connected
  MonoMs link_created{0};
  LinkId inbound_link{0};  // the link it opened to us; 0: none

  bool Has(uint16_t flag) const { return (flags & flag) != 0; }
  bool IsMaster() const { return Has(kFlagMaster); }
  bool IsReplica() const { return Has(kFlagReplica); }
  bool IsMyself() const { return Has(kFlagMyself); }
  bool InHandshake() const { return Has(kFlagHandshake); }
  bool TimedOut() const { return Has(kFlagPfail); }
  bool Failed() const { return Has(kFlagFail); }
  bool HasAddress() const { return !Has(kFlagNoAddr); }
  // Its voice counts in failure detection and elections.
  bool Votes() const { return IsMaster() && slot_count > 0; }
};

}  // namespace pleiad::cluster
