// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Process: one simulated node: its machine, its clocks, its disk, its data, and what waits in its
// sockets while it is stopped or its bus thread is in an fsync.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/machine.h"
#include "replication/replication_state.h"
#include "sim/heap.h"

namespace pleiad::sim {

// Monotonic time drifts and begins anew with the machine; wall time is that of the world plus an
// error that may jump.
struct Clock {
  int64_t base_ms = 1000;
  int64_t drift_ppm = 0;
  int64_t wall_error_ms = 0;
  static constexpr int64_t kWallStart = 1'700'000'000'000;

  MonoMs Mono(Us now) const { return MonoMs(base_ms + (now + now * drift_ppm / 1'000'000) / kMs); }
  UnixMs Wall(Us now) const { return UnixMs(kWallStart + now / kMs + wall_error_ms); }
};

// The data set as its history: entry i is the i-th write. offset() is the replication offset; it
// begins anew with a process that starts, as the data's position in the log does not.
struct Store {
  std::vector<Entry> log;
  int64_t base = 0;
  size_t synced = 0;  // so many entries survive a loss of power
  ReplicationIds ids;
  int64_t offset() const { return base + static_cast<int64_t>(log.size()); }
};

// A master's side of one replica.
struct ReplicaFeed {
  uint64_t session = 0;
  int64_t sent = 0;
  int64_t acked = 0;
  bool online = false;
  bool flush_due = false;
  Us heard = 0;
  Us busy_until = 0;  // of the stream: messages keep their order
};

struct Process {
  int index = 0;
  NodeId id;
  std::string ip;
  cluster::ClusterConfig config;
  Clock clock;
  std::unique_ptr<cluster::Machine> machine;

  bool host_up = true;  // false: nothing answers at its address
  bool up = false;
  bool paused = false;
  bool dead = false;    // for ever
  bool forced = false;  // its last CLUSTER FAILOVER was not the default one
  uint64_t life = 0;    // counts starts: what was meant for a former process is dropped
  Us paused_at = 0;
  Us disk_slow_until = 0;

  // nodes.conf
  std::string disk;
  Epoch disk_current;
  Epoch disk_vote;
  Epoch disk_config;                // of its own row
  bool disk_checked = false;        // the two are read back
  std::vector<uint8_t> disk_owned;  // watched slots of its own row
  bool in_fsync = false;
  uint64_t fsyncs = 0;      // the number of the one under way
  bool fsync_over = false;  // while the process was stopped
  std::string fsync_content;
  cluster::Effects after_fsync;
  bool save_soon = false;
  Us last_save = 0;
  bool tick_due = false;

  // What waits: the bus waits for an fsync too, the others only while the process is stopped.
  std::deque<HeapEvent> bus_waiting;
  std::deque<HeapEvent> client_waiting;
  std::deque<HeapEvent> repl_waiting;

  // What commands see.
  bool ok = false;
  std::vector<uint8_t> owned;  // watched slots
  bool writes_paused = false;
  MonoMs last_round{0};
  MonoMs last_seen{0};
  MonoMs serve_until{0};  // its lease
  MonoMs resume_at{0};

  // Replication
  Store store;
  int follows = -1;
  bool want_full = false;
  uint64_t session = 0;  // with the master; 0: none
  uint64_t trying = 0;   // the attempt to connect that counts
  uint64_t pending = 0;  // the session asked for
  Us pending_since = 0;
  uint64_t cron = 0;
  bool in_sync = false;
  bool ever_synced = false;
  MonoMs last_interaction{0};
  std::map<int, ReplicaFeed> feeds;  // by replica

  // What it once said (S1): in this life; and over all its lives, what others rely on: votes,
  // requests for votes and claims.
  uint64_t said_current = 0;
  uint64_t bound_current = 0;
  uint64_t said_config = 0;

  bool won = false;  // an election, but its claim is not on disk yet
  bool won_manually = false;
  Us cut_since = -1;  // a master without a majority in reach since
  uint32_t writes = 0;
  int shown = -1;  // for the timeline
  int shown_shard = -1;
};

}  // namespace pleiad::sim
