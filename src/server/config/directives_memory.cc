// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Directives: maxmemory and eviction, lazy freeing, expiry, encodings of small collections,
// defragmentation.
#include "server/config/checks.h"

namespace pleiad {
namespace {

using namespace config_checks;

constexpr Directive ActiveDefragRow() {
  Directive d = BoolRow("activedefrag", "no");
  d.check = NoActiveDefrag;
  return d;
}

constexpr Directive kMemory[] = {
    MemoryRow("maxmemory", 0, kLongMax, "0"),
    EnumRow("maxmemory-policy",
            "volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, "
            "allkeys-random, noeviction",
            "noeviction"),
    IntRow("maxmemory-samples", 1, 64, "5"),
    IntRow("maxmemory-eviction-tenacity", 0, 100, "10"),
    NumberRow(DirectiveType::kMemoryOrPercent, "maxmemory-clients", 0, kLongMax, "0", kMutable, ""),
    IntRow("lfu-log-factor", 0, kIntMax, "10"),
    IntRow("lfu-decay-time", 0, kIntMax, "1"),
    IntRow("active-expire-effort", 1, 10, "1"),
    BoolRow("lazyfree-lazy-eviction", "yes"),
    BoolRow("lazyfree-lazy-expire", "yes"),
    BoolRow("lazyfree-lazy-server-del", "yes"),
    BoolRow("lazyfree-lazy-user-del", "yes"),
    BoolRow("lazyfree-lazy-user-flush", "yes"),
    BoolRow("activerehashing", "yes"),
    BoolRow("jemalloc-bg-thread", "yes"),
    // Encodings.
    IntRow("hash-max-listpack-entries", 0, kLongMax, "512", kMutable, "hash-max-ziplist-entries"),
    MemoryRow("hash-max-listpack-value", 0, kLongMax, "64", kMutable, "hash-max-ziplist-value"),
    IntRow("list-max-listpack-size", -kIntMax - 1, kIntMax, "-2", kMutable,
           "list-max-ziplist-size"),
    IntRow("list-compress-depth", 0, kIntMax, "0"),
    // The two below steered lists before Redis 3.2; accepted and shown, they change nothing.
    IntRow("list-max-ziplist-entries", 0, kLongMax, "512"),
    MemoryRow("list-max-ziplist-value", 0, kLongMax, "64"),
    IntRow("set-max-intset-entries", 0, kLongMax, "512"),
    IntRow("set-max-listpack-entries", 0, kLongMax, "128"),
    IntRow("set-max-listpack-value", 0, kLongMax, "64"),
    IntRow("zset-max-listpack-entries", 0, kLongMax, "128", kMutable, "zset-max-ziplist-entries"),
    MemoryRow("zset-max-listpack-value", 0, kLongMax, "64", kMutable, "zset-max-ziplist-value"),
    MemoryRow("hll-sparse-max-bytes", 0, kLongMax, "3000"),
    MemoryRow("stream-node-max-bytes", 0, kLongMax, "4096"),
    IntRow("stream-node-max-entries", 0, kLongMax, "100"),
    // Defragmentation.
    ActiveDefragRow(),
    IntRow("active-defrag-cycle-min", 1, 99, "1"),
    IntRow("active-defrag-cycle-max", 1, 99, "25"),
    IntRow("active-defrag-cycle-us", 0, 100000, "500"),
    IntRow("active-defrag-threshold-lower", 0, 1000, "10"),
    IntRow("active-defrag-threshold-upper", 0, 1000, "100"),
    MemoryRow("active-defrag-ignore-bytes", 1, kLongMax, "104857600"),
    IntRow("active-defrag-max-scan-fields", 1, kLongMax, "1000"),
};

}  // namespace

std::span<const Directive> MemoryDirectives() { return kMemory; }

}  // namespace pleiad
