// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Effects: what one Step wants done. Plain data. The driver obeys from top to bottom, and finishes
// each part before it begins the next; that order is the protocol's safety:
//
//   1 persist        nodes.conf is replaced and fsynced; if that fails nothing below may be done
//   2 links          connect, send, close, in the order given
//   3 slot changes   the key space learns who owns what. If slots are only lost, and no role
//                    changes, the driver may do this first: to serve less needs no disk
//   4 replication    become a replica of that address, or a master
//   5 replies        to the administrators that asked
//   6 the rest       publishes to local subscribers, trace lines
//
// A vote or a claim is therefore on disk before it can be on the wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "cluster/node.h"
#include "cluster/wire.h"

namespace pleiad::cluster {

// The whole new content of nodes.conf.
struct Persist {
  std::string content;
  // False: nothing below rests on it, so the driver may put it off, for a second at most and no
  // further than the next one. What is written is always fsynced before it replaces the file.
  bool sync = true;
};

struct ConnectLink {
  LinkId link;  // new; answered by LinkUp or LinkDown
  std::string ip;
  uint16_t cport = 0;
};

// On a link that is up. Packets of one link keep their order.
struct SendPacket {
  LinkId link;
  Packet packet;
};

// After the packets sent so far on it are gone or dropped.
struct CloseLink {
  LinkId link;
};

using LinkAction = std::variant<ConnectLink, SendPacket, CloseLink>;

struct SlotChange {
  SlotId slot;
  NodeId owner;              // empty: unassigned
  bool mine = false;         // owner is this node
  NodeId migrating_to;       // empty: not migrating
  NodeId importing_from;     // empty: not importing
  bool delete_keys = false;  // lost to another while we stay a master: what is left must go
};

struct ReplicateFrom {
  NodeId master;
  std::string ip;
  uint16_t port = 0;
  bool full_sync = false;  // another shard's history: no partial resynchronisation
};
struct BecomeMaster {};
using ReplicationRole = std::variant<ReplicateFrom, BecomeMaster>;

struct AdminReply {
  uint64_t request = 0;
  std::string text;  // "OK", "BUMPED 7", or the error with its code: "ERR Unknown node ..."
  bool is_error = false;
};

struct DeliverPublish {
  std::string channel;
  std::string message;
  bool sharded = false;
};

struct Trace {
  enum class Level : uint8_t { kDebug, kVerbose, kNotice, kWarning };
  Level level = Level::kNotice;
  std::string text;
};

struct Effects {
  std::optional<Persist> persist;
  std::vector<LinkAction> links;
  std::vector<SlotChange> slot_changes;  // each slot at most once, ascending
  std::optional<ReplicationRole> role;
  std::optional<bool> pause_writes;  // manual failover: stop (true) or resume (false) client
                                     // writes; once stopped, report ReplicationProgress
  bool flush_all_keys = false;       // CLUSTER RESET of a replica
  std::vector<AdminReply> replies;
  std::vector<DeliverPublish> publishes;
  std::vector<Trace> traces;
  // Something a router must know has changed: state ok/fail, an address, a role, a slot, the node
  // list.
  bool view_changed = false;
};

}  // namespace pleiad::cluster
