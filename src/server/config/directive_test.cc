// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/config/directive.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "server/config/settings.h"
#include "server/config/values.h"

namespace pleiad {
namespace {

// Every name Redis 3.0.0 takes in redis.conf, but for those that are no settings (include,
// rename-command, sentinel).
constexpr std::string_view kRedis30 =
    "activerehashing aof-load-truncated aof-rewrite-incremental-fsync appendfilename appendfsync "
    "appendonly auto-aof-rewrite-min-size auto-aof-rewrite-percentage bind "
    "client-output-buffer-limit cluster-config-file cluster-enabled cluster-migration-barrier "
    "cluster-node-timeout cluster-require-full-coverage cluster-slave-validity-factor daemonize "
    "databases dbfilename dir hash-max-ziplist-entries hash-max-ziplist-value hll-sparse-max-bytes "
    "hz latency-monitor-threshold list-max-ziplist-entries list-max-ziplist-value logfile loglevel "
    "lua-time-limit masterauth maxclients maxmemory maxmemory-policy maxmemory-samples "
    "min-slaves-max-lag min-slaves-to-write no-appendfsync-on-rewrite notify-keyspace-events "
    "pidfile port rdbchecksum rdbcompression repl-backlog-size repl-backlog-ttl "
    "repl-disable-tcp-nodelay repl-diskless-sync repl-diskless-sync-delay repl-ping-slave-period "
    "repl-timeout requirepass save set-max-intset-entries slave-priority slave-read-only "
    "slave-serve-stale-data slaveof slowlog-log-slower-than slowlog-max-len "
    "stop-writes-on-bgsave-error syslog-enabled syslog-facility syslog-ident tcp-backlog "
    "tcp-keepalive timeout unixsocket unixsocketperm zset-max-ziplist-entries "
    "zset-max-ziplist-value watchdog-period";

constexpr std::string_view kLater =
    "cluster-port cluster-announce-ip cluster-announce-port cluster-announce-tls-port "
    "cluster-announce-bus-port cluster-announce-hostname cluster-announce-human-nodename "
    "cluster-preferred-endpoint-type cluster-allow-reads-when-down "
    "cluster-allow-pubsubshard-when-down cluster-allow-replica-migration "
    "cluster-replica-no-failover cluster-slave-no-failover cluster-replica-validity-factor "
    "cluster-link-sendbuf-limit cluster-ping-interval cluster-announce-client-ipv4 "
    "cluster-announce-client-ipv6 cluster-blacklist-ttl cluster-slot-stats-enabled "
    "availability-zone cluster-manual-failover-timeout cluster-databases "
    "cluster-slot-migration-log-max-len slot-migration-max-failover-repl-bytes "
    "cluster-announce-client-port cluster-announce-client-tls-port cluster-config-save-behavior "
    "cluster-message-gossip-perc hash-seed cluster-slot-migration-handoff-max-lag-bytes "
    "cluster-slot-migration-write-pause-timeout replicaof masteruser repl-diskless-load "
    "repl-diskless-sync-max-replicas replica-announce-ip replica-announce-port replica-announced "
    "replica-ignore-maxmemory replica-lazy-flush rdb-del-sync-files "
    "dual-channel-replication-enabled primaryauth primaryuser repl-mptcp appenddirname "
    "aof-use-rdb-preamble aof-timestamp-enabled rdb-save-incremental-fsync sanitize-dump-payload "
    "rdb-version-check aof-load-corrupt-tail-max-size lazyfree-lazy-eviction lazyfree-lazy-expire "
    "lazyfree-lazy-server-del lazyfree-lazy-user-del lazyfree-lazy-user-flush lfu-log-factor "
    "lfu-decay-time maxmemory-clients maxmemory-eviction-tenacity active-expire-effort "
    "activedefrag active-defrag-ignore-bytes active-defrag-cycle-min hash-max-listpack-entries "
    "hash-max-listpack-value zset-max-listpack-entries zset-max-listpack-value "
    "list-max-listpack-size list-max-ziplist-size set-max-listpack-entries set-max-listpack-value "
    "list-compress-depth stream-node-max-bytes stream-node-max-entries client-query-buffer-limit "
    "proto-max-bulk-len protected-mode aclfile acl-pubsub-default acllog-max-len "
    "enable-debug-command enable-module-command enable-protected-configs io-threads tls-port "
    "tls-cert-file tls-key-file tls-key-file-pass tls-client-cert-file tls-client-key-file "
    "tls-client-key-file-pass tls-dh-params-file tls-ca-cert-file tls-ca-cert-dir tls-auth-clients "
    "tls-replication tls-cluster tls-protocols tls-ciphers tls-ciphersuites "
    "tls-prefer-server-ciphers tls-session-caching tls-session-cache-size "
    "tls-session-cache-timeout tls-auto-reload-interval latency-tracking "
    "latency-tracking-info-percentiles tracking-table-max-keys busy-reply-threshold "
    "shutdown-timeout shutdown-on-sigint shutdown-on-sigterm bind-source-addr socket-mark-id "
    "oom-score-adj oom-score-adj-values supervised proc-title-template dynamic-hz locale-collate "
    "hide-user-data-from-log max-new-connections-per-cycle max-new-tls-connections-per-cycle "
    "prefetch-batch-max-size unixsocketgroup commandlog-execution-slower-than "
    "commandlog-slow-execution-max-len commandlog-request-larger-than "
    "commandlog-large-request-max-len commandlog-reply-larger-than commandlog-large-reply-max-len "
    "log-format log-timestamp-format import-mode mptcp io-threads-always-active threads";

TEST(Directive, KnowsEveryNameOfTheField) {
  for (std::string_view list : {kRedis30, kLater}) {
    for (std::string_view name : Split(list, ' ')) {
      EXPECT_TRUE(FindDirective(name).has_value()) << name;
    }
  }
  EXPECT_FALSE(FindDirective("bogus").has_value());
  EXPECT_FALSE(FindDirective("").has_value());
}

TEST(Directive, NamesIgnoreCaseAndAliasesMeetTheirDirective) {
  EXPECT_EQ(FindDirective("MaxMemory"), FindDirective("maxmemory"));
  EXPECT_EQ(FindDirective("slave-read-only"), FindDirective("replica-read-only"));
  EXPECT_EQ(FindDirective("hash-max-ziplist-value"), FindDirective("hash-max-listpack-value"));
  EXPECT_EQ(FindDirective("primaryauth"), FindDirective("masterauth"));
  EXPECT_NE(FindDirective("masterauth"), FindDirective("masteruser"));
}

TEST(Directive, EveryDefaultIsAValueThatItsOwnParserGives) {
  for (size_t i = 0; i < AllDirectives().size(); ++i) {
    const Directive& directive = *AllDirectives()[i];
    ConfigValues values;
    const auto words = WordsOfValue(directive, std::string(directive.initial));
    ASSERT_TRUE(words.has_value()) << directive.name;
    if (directive.initial.empty() && directive.type != DirectiveType::kString &&
        directive.type != DirectiveType::kSpecial) {
      ADD_FAILURE() << directive.name << " has no default";
    }
    const Status status = Assign(i, *words, {}, &values);
    EXPECT_TRUE(status.ok()) << directive.name << ": " << status.message();
    EXPECT_EQ(values.values[i].text, directive.initial) << directive.name;
  }
}

TEST(Directive, MultiArgIsForSpecialAndSetTypesOnly) {
  for (const Directive* directive : AllDirectives()) {
    if (!directive->Is(kMultiArg)) continue;
    EXPECT_TRUE(directive->type == DirectiveType::kSpecial ||
                directive->type == DirectiveType::kEnumSet)
        << directive->name;
  }
}

// What the field says to each kind of bad value, recorded from redis-server 7.0.15 where it has the
// directive.
struct BadValue {
  std::string_view name;
  std::string value;
  std::string_view reason;
};

class BadValues : public testing::TestWithParam<BadValue> {};

TEST_P(BadValues, AreRefusedWithTheKnownReasonAndChangeNothing) {
  const BadValue& bad = GetParam();
  const size_t index = *FindDirective(bad.name);
  ConfigValues values;
  const auto words = WordsOfValue(*AllDirectives()[index], bad.value);
  ASSERT_TRUE(words.has_value());
  const Status status = Assign(index, *words, {}, &values);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.message(), bad.reason);
  EXPECT_EQ(values.values[index].text, AllDirectives()[index]->initial);
  EXPECT_FALSE(values.values[index].assigned);
}

constexpr std::string_view kNotMemory = "argument must be a memory value";
constexpr std::string_view kNotInt = "argument couldn't be parsed into an integer";

INSTANTIATE_TEST_SUITE_P(
    All, BadValues,
    testing::Values(
        BadValue{"maxmemory", "-1", kNotMemory}, BadValue{"maxmemory", "64gbx", kNotMemory},
        BadValue{"maxmemory", "99999999999999999999", kNotMemory},
        BadValue{"maxmemory", "99999999999gb", kNotMemory},
        BadValue{"maxmemory", "1e99", kNotMemory}, BadValue{"maxmemory", "1.5g", kNotMemory},
        BadValue{"maxmemory", "18446744073709551615",
                 "argument must be between 0 and 9223372036854775807 inclusive"},
        BadValue{"hz", "1e99", kNotInt}, BadValue{"hz", "", kNotInt},
        BadValue{"hz", "-1", "argument must be between 0 and 2147483647 inclusive"},
        BadValue{"timeout", "99999999999999999999", kNotInt}, BadValue{"timeout", "+5", kNotInt},
        BadValue{"timeout", "010", kNotInt},
        BadValue{"port", "70000", "argument must be between 0 and 65535 inclusive"},
        BadValue{"port", "-1", "argument must be between 0 and 65535 inclusive"},
        BadValue{"acllog-max-len", "-1",
                 "argument must be between 0 and 9223372036854775807 inclusive"},
        BadValue{"client-query-buffer-limit", "1",
                 "argument must be between 1048576 and 9223372036854775807 inclusive"},
        BadValue{"unixsocketperm", "888", "argument couldn't be parsed as an octal number"},
        BadValue{"unixsocketperm", "7777", "argument must be between 0 and 777 inclusive"},
        BadValue{"appendonly", "maybe", "argument must be 'yes' or 'no'"},
        BadValue{"appendfsync", "sometimes",
                 "argument(s) must be one of the following: everysec, always, no"},
        BadValue{"maxmemory-policy", "lru",
                 "argument(s) must be one of the following: volatile-lru, volatile-lfu, "
                 "volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, "
                 "noeviction"},
        BadValue{"maxmemory-clients", "101%", "percentage argument must be less or equal to 100"},
        BadValue{"maxmemory-clients", "-5", "argument must be a memory or percent value"},
        BadValue{"save", "1", "Invalid save parameters"},
        BadValue{"save", "a b", "Invalid save parameters"},
        BadValue{"save", "0 1", "Invalid save parameters"},
        BadValue{"save", "1 -1", "Invalid save parameters"},
        BadValue{"client-output-buffer-limit", "normal 0 0",
                 "Wrong number of arguments in buffer limit configuration."},
        BadValue{"client-output-buffer-limit", "master 0 0 0",
                 "Invalid client class specified in buffer limit configuration."},
        BadValue{"client-output-buffer-limit", "normal 1mb a 3",
                 "Error in hard, soft or soft_seconds setting in buffer limit configuration."},
        BadValue{"notify-keyspace-events", "KEQ!",
                 "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."},
        BadValue{"oom-score-adj-values", "1 2", "wrong number of arguments"},
        BadValue{"oom-score-adj-values", "1 2 2001",
                 "Invalid oom-score-adj-values, elements must be between -2000 and 2000."},
        BadValue{"latency-tracking-info-percentiles", "50 101",
                 "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"},
        BadValue{"shutdown-on-sigterm", "save nosave",
                 "shutdown options SAVE and NOSAVE can't be used simultaneously"},
        BadValue{"replicaof", "host 99999", "Invalid master port"},
        BadValue{"replicaof", "host", "wrong number of arguments"},
        BadValue{"bind", "a b c d e f g h i j k l m n o p q", "Too many bind addresses specified."},
        BadValue{"dbfilename", "a/b", "dbfilename can't be a path, just a filename"},
        BadValue{"appenddirname", "", "appenddirname can't be empty"},
        BadValue{"dir", "", "dir can't be empty"},
        BadValue{"cluster-announce-hostname", "a b",
                 "Hostnames may only contain alphanumeric characters, hyphens or dots"},
        BadValue{"cluster-announce-hostname", std::string(256, 'a'),
                 "Hostnames must be less than 256 characters"},
        BadValue{"cluster-announce-client-ipv4", "1.2.3.400", "Invalid IPv4 address"},
        BadValue{"cluster-announce-client-ipv6", "1:2:3::4:5:6:7:8", "Invalid IPv6 address"},
        BadValue{"proc-title-template", "{foo}",
                 "template format is invalid or contains unknown variables"},
        BadValue{"threads", "0", "argument must be 'auto' or between 1 and 1024 inclusive"},
        BadValue{"auto-aof-rewrite-percentage", "100-80",
                 "the range must go from the smaller to the larger number"},
        BadValue{"auto-aof-rewrite-percentage", "80-", kNotInt},
        BadValue{"auto-aof-rewrite-percentage", "-1",
                 "argument must be between 0 and 2147483647 inclusive"}));

struct GoodValue {
  std::string_view name;
  std::string_view value;
  std::string_view shown;
};

class GoodValues : public testing::TestWithParam<GoodValue> {};

TEST_P(GoodValues, AreShownInOneSpelling) {
  const GoodValue& good = GetParam();
  const size_t index = *FindDirective(good.name);
  ConfigValues values;
  const auto words = WordsOfValue(*AllDirectives()[index], std::string(good.value));
  ASSERT_TRUE(words.has_value());
  const Status status = Assign(index, *words, {}, &values);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(values.values[index].text, good.shown);
}

INSTANTIATE_TEST_SUITE_P(
    All, GoodValues,
    testing::Values(
        GoodValue{"maxmemory", "100m", "100000000"}, GoodValue{"maxmemory", "100MB", "104857600"},
        GoodValue{"maxmemory", "007", "7"}, GoodValue{"maxmemory-clients", "5%", "5%"},
        GoodValue{"appendonly", "YES", "yes"}, GoodValue{"loglevel", "Verbose", "verbose"},
        GoodValue{"hz", "0", "1"}, GoodValue{"hz", "1000000", "500"},
        GoodValue{"unixsocketperm", "0700", "700"}, GoodValue{"save", "", ""},
        GoodValue{"save", "900 1  300 10", "900 1 300 10"},
        GoodValue{"client-output-buffer-limit", "replica 1mb 1kb 3 pubsub 0 0 0",
                  "normal 0 0 0 slave 1048576 1024 3 pubsub 0 0 0"},
        GoodValue{"notify-keyspace-events", "gmnKE", "gnKEm"},
        GoodValue{"notify-keyspace-events", "g$lshzxetdnK", "AnK"},
        GoodValue{"bind", "127.0.0.1 -::1", "127.0.0.1 -::1"}, GoodValue{"bind", "", ""},
        GoodValue{"bind", "* -::*", "* -::*"}, GoodValue{"replicaof", "no one", ""},
        GoodValue{"replicaof", "10.0.0.1 7000", "10.0.0.1 7000"},
        GoodValue{"oom-score-adj-values", "300 200 -100", "300 200 -100"},
        GoodValue{"latency-tracking-info-percentiles", "50 99.90 100", "50 99.9 100"},
        GoodValue{"shutdown-on-sigterm", "now save", "save now"},
        GoodValue{"shutdown-on-sigterm", "default", "default"},
        GoodValue{"cluster-announce-client-ipv6", "::ffff:1.2.3.4", "::ffff:1.2.3.4"},
        GoodValue{"cluster-announce-client-ipv6", "fe80::1", "fe80::1"},
        GoodValue{"threads", "4", "4"}, GoodValue{"tls-auth-clients-user", "cn", "CN"}));

TEST(Settings, DefaultsAreTyped) {
  const auto settings = BuildSettings(ConfigValues());
  EXPECT_EQ(settings->port, 6379);
  EXPECT_EQ(settings->threads, 0);
  EXPECT_EQ(settings->bind, (std::vector<std::string>{"*", "-::*"}));
  EXPECT_EQ(settings->maxmemory_policy, MaxmemoryPolicy::kNoEviction);
  EXPECT_EQ(settings->appendfsync, AppendFsync::kEverysec);
  EXPECT_EQ(settings->loglevel, LogLevel::kNotice);
  EXPECT_EQ(settings->cluster_node_timeout_ms, 15000);
  EXPECT_EQ(settings->output_buffer_limit[1].hard_bytes, 256u << 20);
  EXPECT_EQ(settings->output_buffer_limit[2].soft_seconds, 60);
  ASSERT_EQ(settings->save.size(), 3u);
  EXPECT_EQ(settings->save[2].changes, 10000);
  EXPECT_EQ(settings->latency_tracking_info_percentiles, (std::vector<double>{50, 99, 99.9}));
}

TEST(Settings, EventLettersAndBitsAgreeBothWays) {
  for (uint32_t bits = 0; bits < (1u << 14); ++bits) {
    EXPECT_EQ(KeyspaceEventsFromText(KeyspaceEventsToText(bits)), bits);
  }
}

TEST(Values, ARangeDrawsWithinItsEndsAndReachesBoth) {
  const size_t index = *FindDirective("auto-aof-rewrite-percentage");
  Prng prng(7);
  AssignContext context;
  context.prng = &prng;
  ConfigValues values;
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(Assign(index, {"80-100"}, context, &values).ok());
    const auto drawn = ParseInt64(values.values[index].text);
    ASSERT_TRUE(drawn && *drawn >= 80 && *drawn <= 100);
    low |= *drawn == 80;
    high |= *drawn == 100;
  }
  EXPECT_TRUE(low && high);
}

}  // namespace
}  // namespace pleiad
