// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Directives: process, log, security, scripts, modules, shutdown.
#include "server/config/checks.h"

namespace pleiad {
namespace {

using namespace config_checks;

constexpr std::string_view kShutdownChoices = "default, save, nosave, now, force, safe, failover";
constexpr std::string_view kProtectedChoices = "no, yes, local";

constexpr Directive EnumSetRow(std::string_view name, std::string_view choices) {
  Directive d = EnumRow(name, choices, "default", kMultiArg);
  d.type = DirectiveType::kEnumSet;
  return d;
}

constexpr Directive kMisc[] = {
    BoolRow("daemonize", "no", kImmutable),
    StringRow("pidfile", "", kImmutable),
    EnumRow("supervised", "upstart, systemd, auto, no", "no", kImmutable),
    StringRow("logfile", "", kImmutable),
    EnumRow("loglevel", "debug, verbose, notice, warning, nothing", "notice"),
    EnumRow("log-format", "legacy, logfmt, json", "legacy"),
    EnumRow("log-timestamp-format", "legacy, iso8601, milliseconds", "legacy"),
    BoolRow("syslog-enabled", "no", kImmutable),
    StringRow("syslog-ident", "pleiad", kImmutable),
    EnumRow("syslog-facility",
            "user, local0, local1, local2, local3, local4, local5, local6, local7", "local0",
            kImmutable),
    BoolRow("hide-user-data-from-log", "yes"),
    BoolRow("crash-log-enabled", "yes"),
    BoolRow("crash-memcheck-enabled", "yes"),
    BoolRow("always-show-logo", "no", kImmutable),
    BoolRow("set-proc-title", "yes", kImmutable),
    StringRow("proc-title-template", "{title} {listen-addr} {server-mode}", kMutable, "",
              ProcTitle),
    StringRow("locale-collate", ""),
    SpecialRow("hz", "10", kMutable, Hz),
    BoolRow("dynamic-hz", "yes"),
    BoolRow("disable-thp", "yes", kImmutable),
    EnumRow("oom-score-adj", "no, yes, relative, absolute", "no"),
    SpecialRow("oom-score-adj-values", "0 200 800", kMultiArg, OomScoreAdjValues),
    StringRow("server-cpulist", "", kImmutable, "server_cpulist"),
    StringRow("bio-cpulist", "", kImmutable, "bio_cpulist"),
    StringRow("aof-rewrite-cpulist", "", kImmutable, "aof_rewrite_cpulist"),
    StringRow("bgsave-cpulist", "", kImmutable, "bgsave_cpulist"),
    StringRow("ignore-warnings", ""),
    IntRow("shutdown-timeout", 0, kIntMax, "10"),
    EnumSetRow("shutdown-on-sigint", kShutdownChoices),
    EnumSetRow("shutdown-on-sigterm", kShutdownChoices),
    // Security.
    StringRow("requirepass", "", kSensitive),
    StringRow("aclfile", "", kImmutable),
    EnumRow("acl-pubsub-default", "allchannels, resetchannels", "resetchannels"),
    EnumRow("enable-protected-configs", kProtectedChoices, "no", kImmutable),
    EnumRow("enable-debug-command", kProtectedChoices, "no", kImmutable),
    EnumRow("enable-module-command", kProtectedChoices, "no", kImmutable),
    StringRow("hash-seed", "", kImmutable, "", HashSeed),
    BoolRow("lua-enable-insecure-api", "no", kHidden | kProtected, "lua-enable-deprecated-api"),
    BoolRow("lua-replicate-commands", "yes", kHidden),
    BoolRow("import-mode", "no"),
    // Testing aids of the field.
    IntRow("watchdog-period", 0, kIntMax, "0", kHidden),
    BoolRow("use-exit-on-panic", "no", kHidden),
    BoolRow("enable-debug-assert", "no", kImmutable | kHidden),
    StringRow("debug-context", "", kHidden),
    StringRow("req-res-logfile", "", kImmutable | kHidden),
};

}  // namespace

std::span<const Directive> MiscDirectives() { return kMisc; }

}  // namespace pleiad
