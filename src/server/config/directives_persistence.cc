// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Directives: RDB, AOF, the directory they lie in.
#include "server/config/checks.h"

namespace pleiad {
namespace {

using namespace config_checks;

constexpr Directive kPersistence[] = {
    NumberRow(DirectiveType::kDirectory, "dir", 0, 0, ".", kProtected, ""),
    StringRow("dbfilename", "dump.rdb", kProtected, "", DbFileName),
    SpecialRow("save", "3600 1 300 100 60 10000", kMultiArg, Save),
    BoolRow("rdbcompression", "yes"),
    BoolRow("rdbchecksum", "yes", kImmutable),
    BoolRow("rdb-del-sync-files", "no"),
    BoolRow("rdb-save-incremental-fsync", "yes"),
    EnumRow("rdb-version-check", "strict, relaxed", "strict"),
    IntRow("rdb-key-save-delay", -kIntMax - 1, kIntMax, "0", kHidden),
    IntRow("key-load-delay", -kIntMax - 1, kIntMax, "0", kHidden),
    MemoryRow("loading-process-events-interval-bytes", 1024, kIntMax, "2097152", kHidden),
    BoolRow("stop-writes-on-bgsave-error", "yes"),
    EnumRow("sanitize-dump-payload", "no, yes, clients", "no"),
    BoolRow("appendonly", "no"),
    StringRow("appendfilename", "appendonly.aof", kImmutable, "", AofFileName),
    StringRow("appenddirname", "appendonlydir", kImmutable, "", AofDirName),
    EnumRow("appendfsync", "everysec, always, no", "everysec"),
    BoolRow("no-appendfsync-on-rewrite", "no"),
    // A range as in "80-100" makes every node draw its own value, so that the nodes of one machine
    // don't rewrite at the same moment.
    NumberRow(DirectiveType::kRange, "auto-aof-rewrite-percentage", 0, kIntMax, "100", kMutable,
              ""),
    MemoryRow("auto-aof-rewrite-min-size", 0, kLongMax, "67108864"),
    BoolRow("aof-load-truncated", "yes"),
    MemoryRow("aof-load-corrupt-tail-max-size", 0, kLongMax, "0"),
    BoolRow("aof-use-rdb-preamble", "yes"),
    BoolRow("aof-timestamp-enabled", "no"),
    BoolRow("aof-rewrite-incremental-fsync", "yes"),
    BoolRow("aof-disable-auto-gc", "no", kHidden),
};

}  // namespace

std::span<const Directive> PersistenceDirectives() { return kPersistence; }

}  // namespace pleiad
