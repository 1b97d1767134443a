// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Directives: listening, sockets, clients' connections, reactor threads.
#include "server/config/checks.h"

namespace pleiad {
namespace {

using namespace config_checks;

constexpr Directive kNetwork[] = {
    IntRow("port", 0, 65535, "6379"),
    SpecialRow("bind", "* -::*", kMultiArg, Bind),
    StringRow("bind-source-addr", ""),
    BoolRow("protected-mode", "yes"),
    StringRow("unixsocket", "", kImmutable),
    StringRow("unixsocketgroup", "", kImmutable),
    NumberRow(DirectiveType::kOctal, "unixsocketperm", 0, 0777, "0", kImmutable, ""),
    IntRow("tcp-backlog", 0, kIntMax, "511", kImmutable),
    IntRow("tcp-keepalive", 0, kIntMax, "300"),
    IntRow("timeout", 0, kIntMax, "0"),
    IntRow("socket-mark-id", 0, 4294967295, "0", kImmutable),
    BoolRow("mptcp", "no", kImmutable),
    IntRow("max-new-connections-per-cycle", 1, 1000, "10"),
    IntRow("max-new-tls-connections-per-cycle", 1, 1000, "1"),
    // Reactor threads: "auto" is one per core. The io-threads family is accepted for old files and
    // means nothing here, as every reactor reads, runs and writes.
    StringRow("threads", "auto", kImmutable, "", ThreadCount),
    IntRow("io-threads", 1, 256, "1"),
    BoolRow("io-threads-do-reads", "no"),
    BoolRow("io-threads-always-active", "no"),
    IntRow("events-per-io-thread", 0, kIntMax, "2", kHidden),
    IntRow("min-io-threads-avoid-copy-reply", 0, kIntMax, "7", kHidden),
    IntRow("min-string-size-avoid-copy-reply", 0, kIntMax, "16384", kHidden),
    IntRow("min-string-size-avoid-copy-reply-threaded", 0, kIntMax, "65536", kHidden),
    IntRow("prefetch-batch-max-size", 0, 128, "16"),
    IntRow("client-default-resp", 2, 3, "2", kImmutable | kHidden),
    SpecialRow("rdma-bind", "", kMultiArg, Bind),
    IntRow("rdma-port", 0, 65535, "0"),
    IntRow("rdma-rx-size", 64 * 1024, 16 * 1024 * 1024, "1048576", kImmutable),
    IntRow("rdma-completion-vector", -1, 1024, "-1", kImmutable),
};

}  // namespace

std::span<const Directive> NetworkDirectives() { return kNetwork; }

}  // namespace pleiad
