// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Who I am in replication, as values: the history ids and the rule of partial resynchronisation,
// and the texts of INFO replication and ROLE. No state machine, no I/O; whoever holds these guards
// them.
//
// A history has an id (40 hex digits) and an offset that counts its bytes. A server that becomes
// master begins a new id but remembers the old one up to the point where it took over (replid2,
// second_offset), so that the other replicas of the old master can go on from here without a full
// sync.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "resp/reply.h"

namespace pleiad {

inline constexpr size_t kReplicationIdSize = 40;

struct ReplicationIds {
  std::string replid;
  std::string replid2 = std::string(kReplicationIdSize, '0');
  // Bytes before this offset are shared with replid2's history; -1: there is none.
  Offset second_offset{-1};

  // I became master at `offset` with the fresh id. REQUIRES: 40 characters.
  void OnPromoted(std::string fresh, Offset offset);
  // I follow somebody again, at `offset`. If I wrote nothing since I became master, I am still
  // where the history before ended, which others are more likely to know than mine.
  void OnDemoted(Offset offset);
  // A full synchronisation replaced my data: only the master's history counts.
  void OnFullSync(std::string master_replid);
  // My master goes on, under a possibly new id (it was promoted).
  void OnContinue(std::string_view master_replid, Offset offset);
};

// The part of the stream that is still in memory: bytes first .. first+length-1 (the stream's first
// byte has offset 1).
struct BacklogRange {
  bool active = false;
  int64_t size = 0;  // configured capacity
  Offset first{0};
  int64_t length = 0;
};

// May a replica that asks for `replid` from byte `wanted` on be served from the backlog?
bool CanContinue(const ReplicationIds& ids, const BacklogRange& backlog, std::string_view replid,
                 Offset wanted);

// What INFO and ROLE show. Filled by the drivers; formatting is pure.
struct ReplicaView {
  std::string ip;
  int port = 0;
  std::string_view state;  // wait_bgsave send_bulk online
  Offset ack_offset{0};
  int64_t lag_s = 0;
  bool online = false;
  bool takes_setslot = false;  // it understands CLUSTER SETSLOT in the stream
};

struct MasterLinkView {
  std::string host;
  int port = 0;
  bool up = false;
  std::string_view role_state = "connect";  // of ROLE: connect connecting handshake sync connected
  int64_t last_io_s = -1;                   // -1: no link
  bool sync_in_progress = false;
  int64_t sync_total_bytes = 0;  // 0: not told by the master (diskless)
  int64_t sync_read_bytes = 0;
  int64_t sync_last_io_s = 0;
  int64_t down_since_s = -1;
  Offset read_offset{1};
  Offset offset{1};
  int priority = 100;
  bool read_only = true;
  bool announced = true;
};

struct ReplicationView {
  std::optional<MasterLinkView> master;  // nullopt: I am a master
  std::vector<ReplicaView> replicas;
  std::optional<int> good_replicas;  // shown when min-replicas-to-write is on
  ReplicationIds ids;
  Offset offset{0};
  BacklogRange backlog;
};

// The lines of INFO's replication section without its title, each ended by \r\n: those of Redis 7.0
// in its order.
std::string FormatReplicationInfo(const ReplicationView& view);

// The reply of ROLE.
resp::Reply FormatRole(const ReplicationView& view);

}  // namespace pleiad
