// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Directives: limits on clients and requests, slow log, latency, tracking.
#include "server/config/checks.h"

namespace pleiad {
namespace {

using namespace config_checks;

constexpr Directive kLimits[] = {
    IntRow("maxclients", 1, 4294967295, "10000"),
    MemoryRow("client-query-buffer-limit", 1024 * 1024, kLongMax, "1073741824"),
    SpecialRow("client-output-buffer-limit",
               "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60", kMultiArg,
               OutputBufferLimits),
    MemoryRow("proto-max-bulk-len", 1024 * 1024, kLongMax, "536870912"),
    IntRow("databases", 1, kIntMax, "16", kImmutable),
    IntRow("slowlog-log-slower-than", -1, kLongMax, "10000", kMutable,
           "commandlog-execution-slower-than"),
    IntRow("slowlog-max-len", 0, kLongMax, "128", kMutable, "commandlog-slow-execution-max-len"),
    IntRow("commandlog-request-larger-than", -1, kLongMax, "1048576"),
    IntRow("commandlog-large-request-max-len", 0, kLongMax, "128"),
    IntRow("commandlog-reply-larger-than", -1, kLongMax, "1048576"),
    IntRow("commandlog-large-reply-max-len", 0, kLongMax, "128"),
    IntRow("latency-monitor-threshold", 0, kLongMax, "0"),
    BoolRow("latency-tracking", "yes"),
    SpecialRow("latency-tracking-info-percentiles", "50 99 99.9", kMultiArg, Percentiles),
    IntRow("tracking-table-max-keys", 0, kLongMax, "1000000"),
    IntRow("acllog-max-len", 0, kLongMax, "128"),
    IntRow("busy-reply-threshold", 0, kLongMax, "5000", kMutable, "lua-time-limit"),
    SpecialRow("notify-keyspace-events", "", kMutable, KeyspaceEvents),
};

}  // namespace

std::span<const Directive> LimitDirectives() { return kLimits; }

}  // namespace pleiad
