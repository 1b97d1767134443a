// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// nodes.conf: the memory of a cluster node across restarts (docs/formats/nodes-conf.md). Reads what
// Redis 3.0 to 7.4 and Valkey write; writes Redis 7.2's form:
//
//     <id> <ip>:<port>@<cport>,[<hostname>][,<name>=<value>]... <flag>[,<flag>]... <master id or ->
//     <ping sent ms>
//         <pong received ms> <config epoch> <connected|disconnected> [<slot>|<first>-<last>]...
//         [[<slot>->-<destination id>]]... [[<slot>-<-<source id>]]...         (one line a node)
//     vars currentEpoch <n> lastVoteEpoch <n> [leaseBoots <n>] [leaseContested 1]
//
// A file that is not whole is refused, with the number of the line, never guessed at: a node that
// forgets a vote or its name is worse than one that does not start. What makes it whole: each line
// ends with a newline, `vars` comes last with both epochs, exactly one node is `myself`, nobody is
// named twice, no slot has two owners.
//
// Pure functions, any thread. Cost: linear in the text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "cluster/slot_set.h"
#include "cluster/state.h"

namespace pleiad::cluster {

inline constexpr size_t kNodesConfLineMax = 1U << 20;  // 16384 open slots need 0.95 MB

// One line, field by field, so that a file prints back as it was.
struct NodesConfNode {
  struct OpenSlot {
    SlotId slot;
    bool migrating = false;  // to `other`; else importing from it
    NodeId other;
    bool operator==(const OpenSlot&) const = default;
  };
  NodeId id;
  std::string ip;  // may be empty, may hold ':' (IPv6)
  uint16_t port = 0;
  std::optional<uint16_t> cport;        // Redis 3.0 wrote none: port + 10000
  std::optional<std::string> hostname;  // empty but present when fields follow it
  std::vector<std::pair<std::string, std::string>> fields;  // shard-id=..., in order
  uint16_t flags = 0;                                       // NodeFlag bits
  NodeId master;                                            // empty: "-"
  int64_t ping_sent_ms = 0;                                 // wall clock; 0: none
  int64_t pong_received_ms = 0;
  Epoch config_epoch;
  bool connected = false;
  SlotSet slots;
  std::vector<OpenSlot> open_slots;

  std::string_view Field(std::string_view name) const;  // empty if absent
  bool operator==(const NodesConfNode&) const = default;
};

struct NodesConf {
  std::vector<NodesConfNode> nodes;
  Epoch current_epoch;
  Epoch last_vote_epoch;
  // Ours; others skip them. Written when not 0.
  uint64_t boots = 0;      // leaseBoots: how often the node was started
  bool contested = false;  // leaseContested 1
  Epoch promised;          // leasePromised: see ClusterState
  bool operator==(const NodesConf&) const = default;
};

// The error begins with "line N: ".
Result<NodesConf> ParseNodesConf(std::string_view text);
std::string PrintNodesConf(const NodesConf& conf);

// Whether free text can stand in a field of a line.
bool FitsNodesConf(std::string_view text);

// The flags column: "myself,master", "slave,fail?", "noflags". The bits without a word are left
// out.
std::string FlagsText(uint16_t flags);

// The state a node starts with. Epochs of the file are raised so that current >= every config epoch
// and last vote; replicas' config epochs are dropped (their master's counts); a shard without an id
// takes its master's node id; a ping or failure under way is dated `now`. Nodes in handshake are
// dropped.
std::unique_ptr<ClusterState> StateFromNodesConf(const NodesConf& conf, MonoMs now, UnixMs wall);
// Both steps at once: what a start needs.
Result<std::unique_ptr<ClusterState>> LoadNodesConf(std::string_view text, MonoMs now, UnixMs wall);

// What must be on disk before the state may be acted upon. Nodes in handshake are left out.
NodesConf NodesConfFromState(const ClusterState& state);
// The whole new content of the file.
std::string WriteNodesConf(const ClusterState& state);

}  // namespace pleiad::cluster
