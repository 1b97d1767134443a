// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pleiad::cli {
namespace {

using testing::ElementsAre;

Options Parse(const std::vector<std::string>& words, const char* env_auth = nullptr) {
  Result<Options> options = ParseOptions(words, env_auth);
  EXPECT_TRUE(options.ok()) << options.message();
  return options.ok() ? *options : Options();
}

TEST(CliOptions, EverythingBehindTheFirstWordIsTheCommand) {
  const Options o = Parse({"-h", "::1", "-p", "7000", "-n", "3", "-c", "-e", "-r", "-1", "-i",
                           "0.5", "set", "-p", "1"});
  EXPECT_EQ(o.mode, Mode::kCommand);
  EXPECT_EQ(o.host, "::1");
  EXPECT_EQ(o.port, 7000);
  EXPECT_EQ(o.db, 3);
  EXPECT_TRUE(o.follow_redirects);
  EXPECT_TRUE(o.fail_on_error_reply);
  EXPECT_EQ(o.repeat, -1);
  EXPECT_EQ(o.interval_s, 0.5);
  EXPECT_THAT(o.command, ElementsAre("set", "-p", "1"));
}

TEST(CliOptions, ModesAndOutputs) {
  EXPECT_EQ(Parse({}).mode, Mode::kInteractive);
  EXPECT_EQ(Parse({"-h"}).mode, Mode::kHelp);
  EXPECT_EQ(Parse({"--pipe", "--pipe-timeout", "5"}).pipe_timeout_s, 5);
  EXPECT_EQ(Parse({"--scan", "--pattern", "a*", "--count", "10"}).mode, Mode::kScan);
  EXPECT_EQ(Parse({"--stat"}).mode, Mode::kStat);
  EXPECT_FALSE(Parse({}).output.has_value());
  EXPECT_EQ(Parse({"--no-raw"}).output, OutputMode::kTty);
  EXPECT_EQ(Parse({"--json", "-2", "ping"}).resp, 2);
  EXPECT_EQ(Parse({"-t", "1.5"}).connect_timeout_ms, 1500);
  EXPECT_EQ(Parse({"-x"}).mode, Mode::kInteractive);
}

TEST(CliOptions, ThePasswordOfTheCommandLineWinsOverTheEnvironment) {
  EXPECT_EQ(Parse({}, "env").password, "env");
  EXPECT_FALSE(Parse({}, "env").password_was_visible);
  EXPECT_EQ(Parse({"--pass", "pw"}, "env").password, "pw");
  EXPECT_TRUE(Parse({"-a", "pw"}).password_was_visible);
  EXPECT_FALSE(Parse({"--no-auth-warning"}).auth_warning);
}

TEST(CliOptions, MistakesAreNamed) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--foo"},
                                                {"-p"},
                                                {"-p", "x"},
                                                {"-p", "65536"},
                                                {"-n", "-1"},
                                                {"-r", "-2"},
                                                {"-i", "x"},
                                                {"--show-pushes", "maybe"},
                                                {"-u", "http://x"},
                                                {"-u", "rediss://x"}}) {
    EXPECT_FALSE(ParseOptions(words, nullptr).ok()) << words[0];
  }
  EXPECT_EQ(ParseOptions({"--foo", "x"}, nullptr).message(),
            "Unrecognized option or bad number of args for: '--foo'");
}

TEST(CliOptions, Uris) {
  Options o;
  ASSERT_TRUE(ApplyUri("redis://us%40er:p%3aw@example.org:7001/4", &o).ok());
  EXPECT_EQ(o.user, "us@er");
  EXPECT_EQ(o.password, "p:w");
  EXPECT_EQ(o.host, "example.org");
  EXPECT_EQ(o.port, 7001);
  EXPECT_EQ(o.db, 4);
  Options ipv6;
  ASSERT_TRUE(ApplyUri("valkey://[fe80::1]:7002", &ipv6).ok());
  EXPECT_EQ(ipv6.host, "fe80::1");
  EXPECT_EQ(ipv6.port, 7002);
  Options only_password;
  ASSERT_TRUE(ApplyUri("redis://secret@", &only_password).ok());
  EXPECT_EQ(only_password.password, "secret");
  EXPECT_EQ(only_password.host, "127.0.0.1");
  for (const char* bad :
       {"", "redis", "redis://h:x", "redis://%zz@h", "redis://h/x", "redis://[::1"}) {
    Options ignored;
    EXPECT_FALSE(ApplyUri(bad, &ignored).ok()) << bad;
  }
}

TEST(CliOptions, ClusterWordsGoToTheAdminToolWithTheCredentials) {
  const Options o = Parse({"-a", "pw", "--user", "bob", "--cluster", "create", "a:1",
                           "--cluster-replicas", "1", "--verbose", "--no-auth-warning"});
  EXPECT_EQ(o.mode, Mode::kCluster);
  EXPECT_THAT(o.cluster_words,
              ElementsAre("-a", "pw", "--user", "bob", "create", "a:1", "--cluster-replicas", "1"));
  EXPECT_FALSE(o.auth_warning);
  EXPECT_THAT(Parse({"--cluster", "call", "a:1", "client", "--verbose"}, "env").cluster_words,
              ElementsAre("-a", "env", "call", "a:1", "client", "--verbose"));
  EXPECT_THAT(Parse({"--cluster", "info", "a:1", "-a", "pw"}, "env").cluster_words,
              ElementsAre("info", "a:1", "-a", "pw"));
}

}  // namespace
}  // namespace pleiad::cli
