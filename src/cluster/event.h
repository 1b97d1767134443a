// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Input: everything that can happen to the cluster machine. The driver makes these from sockets,
// timers and commands; transcripts and the simulator make them from text and seeds. Clocks come in
// by value: one Step sees one moment.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "cluster/cluster_config.h"
#include "cluster/node.h"
#include "cluster/wire.h"

namespace pleiad::cluster {

// Ten times a second.
struct Tick {};

// One whole packet that the codec accepted.
struct PacketReceived {
  LinkId link;
  Packet packet;
};

// Bytes came on an outbound link or a bound inbound one without completing a packet yet: proof of
// life of a busy link.
struct BytesReceived {
  LinkId link;
};

// The connection that a ConnectLink effect asked for is established.
struct LinkUp {
  LinkId link;
};

// A link ended or could not be made. After a CloseLink effect no LinkDown is sent for that link.
struct LinkDown {
  LinkId link;
  bool refused = false;  // ECONNREFUSED: nobody listens there
  bool ended = false;    // it was established, and the other end closed it: FIN or RST
};

// Someone connected to our bus port. link has kInboundLink set. The ips are those of the socket's
// two ends.
struct InboundOpened {
  LinkId link;
  std::string peer_ip;
  std::string local_ip;
};

// The state of our own replication, whenever it changes and at least ten times a second on a
// replica. On a master only `offset` counts.
struct ReplicationProgress {
  Offset offset{0};
  bool link_up = false;      // connected to the master and in sync
  bool ever_synced = false;  // holds some data set of this master
  MonoMs last_interaction{
      0};  // last byte from the master, or when the link broke; 0: never since boot
};

struct ConfigChanged {
  ClusterConfig config;
};

// A PUBLISH or SPUBLISH of one of our clients, to be carried to the others.
struct PublishRequest {
  std::string channel;
  std::string message;
  bool sharded = false;
};

// The subcommands of CLUSTER that change something. Texts are as typed: the machine answers for
// them.
struct AdminMeet {
  std::string ip;
  int64_t port = 0;
  int64_t cport = 0;
};  // cport 0: port + 10000
struct AdminForget {
  std::string node;
};
struct AdminReplicate {
  std::string node;
  bool no_one = false;  // an empty master instead
};
struct AdminSaveConfig {};
struct SlotRange {
  SlotId first;
  SlotId last;
};  // inclusive, first <= last
struct AdminAddSlots {
  std::vector<SlotRange> ranges;
};  // ADDSLOTS and ADDSLOTSRANGE
struct AdminDelSlots {
  std::vector<SlotRange> ranges;
};  // DELSLOTS and DELSLOTSRANGE
struct AdminFlushSlots {};
struct AdminSetSlot {
  enum class Action : uint8_t { kMigrating, kImporting, kStable, kNode };
  SlotId slot;
  Action action = Action::kStable;
  std::string node;          // empty for kStable
  bool check = false;        // only say whether it would be done
  bool from_master = false;  // my master is about to do it, once its replicas have
};
struct AdminSetConfigEpoch {
  int64_t epoch = 0;
};
struct AdminBumpEpoch {};
struct AdminReset {
  bool hard = false;
};
struct AdminFailover {
  // kHandOver, of a master that is about to end: its best replica shall do the first.
  enum class Mode : uint8_t { kDefault, kForce, kTakeover, kHandOver };
  Mode mode = Mode::kDefault;
};

// Slot migration. The target takes slots that `source` owns, under `epoch` and no other: that is
// what it promised the source. Refused if that is not a new epoch any more, if a slot has another
// owner, or at `deadline` and later.
struct AdminClaimSlots {
  std::vector<SlotRange> ranges;
  NodeId source;
  Epoch epoch;
  MonoMs deadline;
};
// The source is about to allow that claim. On its disk when this is answered, so that a restart
// does not make it serve beside the target. Refused while its own claim is contested or it has
// stopped for a manual failover; the next failover waits. Epoch 0: it did not allow it after all.
struct AdminPromiseSlots {
  Epoch epoch;
};
// The source goes on with slots whose claim it had allowed and that did not come: its own claim is
// renewed under an epoch greater than `epoch`, so that a claim that comes late loses. Refused, to
// be asked again, until a majority has said, later than the first time this was asked, that the
// slots are still the source's. Does nothing if the claim has come. A source that holds no lease
// serves nothing until it has done this of its own accord.
struct AdminOutbid {
  Epoch epoch;
};

using AdminCommand =
    std::variant<AdminMeet, AdminForget, AdminReplicate, AdminSaveConfig, AdminAddSlots,
                 AdminDelSlots, AdminFlushSlots, AdminSetSlot, AdminSetConfigEpoch, AdminBumpEpoch,
                 AdminReset, AdminFailover, AdminClaimSlots, AdminPromiseSlots, AdminOutbid>;

// Answered in the same Step by an AdminReply with the same number. The counts are what the key
// space holds at this moment: of every slot together, and (SETSLOT only) of the slot named.
struct AdminRequest {
  uint64_t request = 0;
  AdminCommand command;
  uint64_t keys_total = 0;
  uint64_t keys_in_slot = 0;
};

using Event = std::variant<Tick, PacketReceived, BytesReceived, LinkUp, LinkDown, InboundOpened,
                           ReplicationProgress, ConfigChanged, PublishRequest, AdminRequest>;

struct Input {
  MonoMs now;  // > 0, never goes back
  UnixMs wall;
  Event event;
};

}  // namespace pleiad::cluster
