// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Directives: replicas and their primary. The slave-* spellings of before 5.0 are aliases.
#include "server/config/checks.h"

namespace pleiad {
namespace {

using namespace config_checks;

constexpr Directive kReplication[] = {
    SpecialRow("replicaof", "", kImmutable | kMultiArg, ReplicaOf, "slaveof"),
    StringRow("masterauth", "", kSensitive, "primaryauth"),
    StringRow("masteruser", "", kSensitive, "primaryuser"),
    BoolRow("replica-read-only", "yes", kMutable, "slave-read-only"),
    BoolRow("replica-serve-stale-data", "yes", kMutable, "slave-serve-stale-data"),
    IntRow("replica-priority", 0, kIntMax, "100", kMutable, "slave-priority"),
    BoolRow("replica-lazy-flush", "yes", kMutable, "slave-lazy-flush"),
    BoolRow("replica-ignore-maxmemory", "yes", kMutable, "slave-ignore-maxmemory"),
    BoolRow("replica-ignore-disk-write-errors", "no"),
    StringRow("replica-announce-ip", "", kMutable, "slave-announce-ip"),
    IntRow("replica-announce-port", 0, 65535, "0", kMutable, "slave-announce-port"),
    BoolRow("replica-announced", "yes"),
    IntRow("min-replicas-to-write", 0, kIntMax, "0", kMutable, "min-slaves-to-write"),
    IntRow("min-replicas-max-lag", 0, kIntMax, "10", kMutable, "min-slaves-max-lag"),
    MemoryRow("repl-backlog-size", 1, kLongMax, "10485760"),
    IntRow("repl-backlog-ttl", 0, kLongMax, "3600"),
    IntRow("repl-timeout", 1, kIntMax, "60"),
    IntRow("repl-ping-replica-period", 1, kIntMax, "10", kMutable, "repl-ping-slave-period"),
    BoolRow("repl-disable-tcp-nodelay", "no"),
    BoolRow("repl-diskless-sync", "yes"),
    IntRow("repl-diskless-sync-delay", 0, kIntMax, "5"),
    IntRow("repl-diskless-sync-max-replicas", 0, kIntMax, "0"),
    EnumRow("repl-diskless-load", "disabled, on-empty-db, swapdb, flush-before-load", "disabled"),
    BoolRow("repl-mptcp", "no", kImmutable),
    BoolRow("dual-channel-replication-enabled", "no"),
    EnumRow("propagation-error-behavior", "ignore, panic, panic-on-replicas", "ignore"),
};

}  // namespace

std::span<const Directive> ReplicationDirectives() { return kReplication; }

}  // namespace pleiad
