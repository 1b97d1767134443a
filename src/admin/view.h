// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The cluster as its nodes tell it. Each node is asked for CLUSTER NODES; what it says about itself
// is the truth about that node (its slots, its role), what it says about the others shows whether
// they agree. Everything here is plain data and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/address.h"
#include "admin/slot_set.h"
#include "base/ids.h"
#include "base/result.h"

namespace pleiad::admin {

// One line of CLUSTER NODES.
struct NodeRow {
  NodeId id;
  NodeAddress address;  // host empty: not known (":0")
  std::vector<std::string>
      flags;      // "myself", "master", "slave", "fail?", "fail", "handshake", "noaddr", ...
  NodeId master;  // empty for a master
  Epoch config_epoch;
  bool connected = false;
  SlotSet slots;
  std::vector<int> migrating;        // slots leaving this node; a node says it of itself only
  std::vector<int> importing;        // slots arriving at this node
  std::vector<NodeId> migrating_to;  // of the same positions
  std::vector<NodeId> importing_from;

  bool Has(std::string_view flag) const;
  // In the table for good: its name and address are known.
  bool Settled() const { return !Has("handshake") && !Has("noaddr"); }
};

// The text of CLUSTER NODES of Redis 3.0 and later (with @busport and host names from 4.0 and 7.0
// on). Error: which line can't be read.
Result<std::vector<NodeRow>> ParseClusterNodes(std::string_view text);

// A node that answered.
struct NodeView {
  NodeAddress address;  // as the operator typed it or as another node announced it
  std::string ip;       // numeric, for CLUSTER MEET
  std::string zone;     // availability_zone of its INFO; empty: it says nothing
  NodeRow self;
  std::vector<NodeRow> rows;  // all lines, its own included

  const NodeRow* Row(const NodeId& id) const;  // nullptr: unknown
};

// Error: the text can't be read or no line says "myself".
Result<NodeView> MakeNodeView(const NodeAddress& address, std::string_view cluster_nodes);

// What the section headers of INFO say that matters before a node may be used.
struct NodeInfo {
  bool cluster_enabled = false;
  bool has_keys = false;  // in database 0
  std::string zone;       // availability_zone
};
NodeInfo ParseInfo(std::string_view info);

struct ClusterView {
  std::vector<NodeView> nodes;  // in the order in which they were asked

  std::optional<size_t> Find(const NodeId& id) const;
  // How many of the nodes call `master` their master.
  int ReplicaCount(const NodeId& master) const;
  // The master with the fewest replicas (the first of several), `except` aside. nullopt: there is
  // none.
  std::optional<size_t> PoorestMaster(const NodeId& except = {}) const;
};

// Node `viewer` does not (yet) see `subject` as it sees itself.
struct Disagreement {
  enum class Kind {
    kWrong,   // unknown to it, or with other slots or another master
    kNoLink,  // seen rightly, but there is no link to it at the moment
  };
  size_t viewer = 0;
  size_t subject = 0;
  Kind kind = Kind::kWrong;
  bool operator==(const Disagreement&) const = default;
};

// All of them; with `focus` only those in which that node is viewer or subject. Time: nodes
// squared.
std::vector<Disagreement> Disagreements(const ClusterView& view,
                                        std::optional<size_t> focus = std::nullopt);

}  // namespace pleiad::admin
