// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Directives: the cluster. Times are milliseconds unless the name says otherwise
// (cluster-blacklist-ttl: seconds).
#include "server/config/checks.h"

namespace pleiad {
namespace {

using namespace config_checks;

constexpr Directive kCluster[] = {
    BoolRow("cluster-enabled", "no", kImmutable),
    StringRow("cluster-config-file", "nodes.conf", kImmutable, "", ClusterConfigFile),
    EnumRow("cluster-config-save-behavior", "sync, best-effort", "sync"),
    IntRow("cluster-node-timeout", 0, kLongMax, "15000"),
    IntRow("cluster-port", 0, 65535, "0", kImmutable),
    StringRow("cluster-announce-ip", ""),
    IntRow("cluster-announce-port", 0, 65535, "0"),
    IntRow("cluster-announce-tls-port", 0, 65535, "0"),
    IntRow("cluster-announce-bus-port", 0, 65535, "0"),
    IntRow("cluster-announce-client-port", 0, 65535, "0"),
    IntRow("cluster-announce-client-tls-port", 0, 65535, "0"),
    StringRow("cluster-announce-client-ipv4", "", kMutable, "", Ipv4),
    StringRow("cluster-announce-client-ipv6", "", kMutable, "", Ipv6),
    StringRow("cluster-announce-hostname", "", kMutable, "", HostName),
    StringRow("cluster-announce-human-nodename", "", kMutable, "", NodeName),
    EnumRow("cluster-preferred-endpoint-type", "ip, hostname, unknown-endpoint", "ip"),
    StringRow("availability-zone", ""),
    IntRow("cluster-migration-barrier", 0, kIntMax, "1"),
    BoolRow("cluster-allow-replica-migration", "yes"),
    BoolRow("cluster-require-full-coverage", "yes"),
    BoolRow("cluster-allow-reads-when-down", "no"),
    BoolRow("cluster-allow-pubsubshard-when-down", "yes"),
    BoolRow("cluster-replica-no-failover", "no", kMutable, "cluster-slave-no-failover"),
    IntRow("cluster-replica-validity-factor", 0, kIntMax, "10", kMutable,
           "cluster-slave-validity-factor"),
    MemoryRow("cluster-link-sendbuf-limit", 0, kLongMax, "0"),
    IntRow("cluster-blacklist-ttl", 0, kLongMax, "60"),
    IntRow("cluster-manual-failover-timeout", 1, kIntMax, "5000"),
    IntRow("cluster-message-gossip-perc", 1, 100, "10"),
    BoolRow("cluster-fast-failover", "yes"),
    BoolRow("cluster-slot-stats-enabled", "no"),
    IntRow("cluster-ping-interval", 0, kLongMax, "0", kHidden),
    IntRow("cluster-databases", 1, kIntMax, "1", kImmutable),
    IntRow("cluster-slot-migration-log-max-len", 0, kLongMax, "1000"),
    MemoryRow("cluster-slot-migration-handoff-max-lag-bytes", 0, kLongMax, "1048576"),
    IntRow("cluster-slot-migration-write-pause-timeout", 0, kIntMax, "10000"),
    // Bytes, or -1: no limit.
    IntRow("slot-migration-max-failover-repl-bytes", -1, kLongMax, "0"),
};

}  // namespace

std::span<const Directive> ClusterDirectives() { return kCluster; }

}  // namespace pleiad
