// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the operator decides about the cluster: the cluster-* directives as plain values. The
// machine holds a copy; a CONFIG SET reaches it as a ConfigChanged input.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/mutation.h"

namespace pleiad::cluster {

struct ClusterConfig {
  int64_t node_timeout_ms = 15000;      // cluster-node-timeout (NT); 0 is read as 1
  bool require_full_coverage = true;    // cluster-require-full-coverage
  bool allow_replica_migration = true;  // cluster-allow-replica-migration
  bool replica_no_failover = false;     // cluster-replica-no-failover
  int64_t replica_validity_factor =
      10;                         // cluster-replica-validity-factor; 0: data of any age may stand
  int64_t migration_barrier = 1;  // cluster-migration-barrier
  int64_t repl_ping_replica_period_ms = 10000;  // repl-ping-replica-period
  int64_t forget_ban_ms = 60000;                // cluster-blacklist-ttl (milliseconds here)
  int64_t manual_failover_timeout_ms = 5000;    // cluster-manual-failover-timeout
  bool fast_failover = true;                    // cluster-fast-failover

  // Where we listen. Ports as configured: client port (plain or TLS, whichever is the main one),
  // the other of the two (0: none), bus port.
  uint16_t port = 6379;
  uint16_t pport = 0;
  uint16_t cport = 16379;
  // Where others shall look for us; empty or 0: as above, and the ip that others see.
  std::string announce_ip;
  uint16_t announce_port = 0;
  uint16_t announce_bus_port = 0;
  std::string announce_hostname;
  std::string announce_nodename;
  std::string availability_zone;

  Mutations mutations;  // for the simulator alone; a server has none
};

}  // namespace pleiad::cluster
