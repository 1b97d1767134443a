// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The whole shell against servers that follow a script: what it sends, prints and returns.
#include "cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio_ext.h>
#include <unistd.h>

#include "cli/modes.h"
#include "runtime/scripted_server.h"

namespace pleiad::cli {
namespace {

using runtime::ScriptedServer;
using testing::ElementsAre;
using testing::HasSubstr;

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome RunCli(std::vector<std::string> words, const ClusterTool& tool = nullptr) {
  words.insert(words.begin(), "redis-cli");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  Outcome outcome;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  outcome.code = CliMain(static_cast<int>(argv.size()), argv.data(), tool);
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

// Standard input for the length of a test.
class Input {
 public:
  explicit Input(const std::string& text) : saved_(dup(STDIN_FILENO)) {
    FILE* file = std::tmpfile();
    EXPECT_EQ(std::fwrite(text.data(), 1, text.size(), file), text.size());
    std::fflush(file);
    std::rewind(file);
    dup2(fileno(file), STDIN_FILENO);
    std::fclose(file);
    __fpurge(stdin);  // rewind alone may keep what it buffered of another test's input
    std::rewind(stdin);
  }
  ~Input() {
    dup2(saved_, STDIN_FILENO);
    close(saved_);
  }

 private:
  int saved_;
};

TEST(Cli, OneCommand) {
  ScriptedServer server;
  server.Start({{"GET k", "$1\r\nv\r\n"}, {"BAD", "-ERR bad\r\n"}});
  Outcome get = RunCli({"-p", server.port(), "--no-raw", "GET", "k"});
  EXPECT_EQ(get.out, "\"v\"\n");
  EXPECT_EQ(get.code, 0);
  Outcome bad = RunCli({"-p", server.port(), "BAD"});
  EXPECT_EQ(bad.out, "ERR bad\n\n");
  EXPECT_EQ(bad.code, 0);
  Outcome failing = RunCli({"-p", server.port(), "-e", "BAD"});
  EXPECT_EQ(failing.err, "ERR bad\n");
  EXPECT_EQ(failing.out, "");
  EXPECT_EQ(failing.code, 1);
}

TEST(Cli, LogsInBeforeAnythingElse) {
  ScriptedServer server;
  server.Start({{"AUTH bob pw", "+OK\r\n"},
                {"HELLO 3", "%0\r\n"},
                {"SELECT 2", "+OK\r\n"},
                {"PING", "+PONG\r\n"}});
  const Outcome outcome = RunCli({"-p", server.port(), "--user", "bob", "-a", "pw",
                                  "--no-auth-warning", "-3", "-n", "2", "PING"});
  EXPECT_EQ(outcome.out, "PONG\n");
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(server.Seen(), ElementsAre("AUTH bob pw", "HELLO 3", "SELECT 2", "PING"));
}

TEST(Cli, FollowsMovedAndAsk) {
  ScriptedServer first;
  ScriptedServer second;
  first.Start({{"GET a", "-MOVED 15495 127.0.0.1:" + second.port() + "\r\n"},
               {"GET b", "-ASK 3300 127.0.0.1:" + second.port() + "\r\n"}});
  second.Start({{"GET a", "+moved\r\n"}, {"ASKING", "+OK\r\n"}, {"GET b", "+asked\r\n"}});
  EXPECT_EQ(RunCli({"-p", first.port(), "-c", "GET", "a"}).out, "moved\n");
  EXPECT_EQ(RunCli({"-p", first.port(), "-c", "GET", "b"}).out, "asked\n");
  EXPECT_THAT(second.Seen(), ElementsAre("GET a", "ASKING", "GET b"));
  EXPECT_THAT(RunCli({"-p", first.port(), "GET", "a"}).out, HasSubstr("MOVED 15495"));
}

TEST(Cli, RedirectsThatNeverEndAreShown) {
  ScriptedServer server;
  server.Start({{"GET a", "-MOVED 15495 127.0.0.1:" + server.port() + "\r\n"}});
  const Outcome outcome = RunCli({"-p", server.port(), "-c", "-e", "GET", "a"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("MOVED"));
}

TEST(Cli, LinesFromAPipe) {
  ScriptedServer first;
  ScriptedServer second;
  first.Start({{"SET a 1", "-MOVED 15495 127.0.0.1:" + second.port() + "\r\n"}});
  second.Start({{"SET a 1", "+OK\r\n"}, {"PING", "+PONG\r\n"}});
  const Input input("SET a 1\n\n\"open\n2 PING\nquit\nPING\n");
  const Outcome outcome = RunCli({"-p", first.port(), "-c"});
  EXPECT_EQ(outcome.out, "-> Redirected to slot [15495] located at 127.0.0.1:" + second.port() +
                             "\nOK\nInvalid argument(s)\nPONG\nPONG\n");
  EXPECT_EQ(outcome.code, 0);
}

TEST(Cli, ALostConnectionIsTriedOnceMore) {
  ScriptedServer server;
  server.Start({{"PING", "+PONG\r\n"}});
  const Outcome outcome = RunCli({"-p", server.port(), "GET", "k"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "Error: Server closed the connection\n");
  EXPECT_THAT(server.Seen(), ElementsAre("GET k", "GET k"));
}

TEST(Cli, ScanGoesThroughAllPages) {
  ScriptedServer server;
  server.Start({{"SCAN 0 MATCH a* COUNT 5", "*2\r\n$1\r\n7\r\n*1\r\n$2\r\na1\r\n"},
                {"SCAN 7 MATCH a* COUNT 5", "*2\r\n$1\r\n0\r\n*1\r\n$2\r\na2\r\n"}});
  const Outcome outcome =
      RunCli({"-p", server.port(), "--scan", "--pattern", "a*", "--count", "5"});
  EXPECT_EQ(outcome.out, "a1\na2\n");
  EXPECT_EQ(outcome.code, 0);
}

TEST(Cli, TheLastArgumentFromStandardInput) {
  ScriptedServer server;
  server.Start({{"SET k body\n", "+OK\r\n"}, {"SET body\n x", "+OK\r\n"}});
  {
    const Input input("body\n");
    EXPECT_EQ(RunCli({"-p", server.port(), "-x", "SET", "k"}).out, "OK\n");
  }
  const Input input("body\n");
  EXPECT_EQ(RunCli({"-p", server.port(), "-X", "tag", "SET", "tag", "x"}).out, "OK\n");
}

TEST(Cli, RefusedConnectionsAndOptions) {
  std::string port;
  {
    ScriptedServer gone;
    port = gone.port();
  }
  const Outcome refused = RunCli({"-p", port, "PING"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.err,
            "Could not connect to Redis at 127.0.0.1:" + port + ": Connection refused\n");
  EXPECT_EQ(RunCli({"--nosuch"}).code, 1);
  EXPECT_THAT(RunCli({"--help"}).out, HasSubstr("--pipe-timeout"));
  EXPECT_THAT(RunCli({"--version"}).out, HasSubstr("redis-cli "));
}

TEST(Cli, ClusterWordsReachTheAdminTool) {
  std::vector<std::string> seen;
  const Outcome outcome =
      RunCli({"--cluster", "check", "127.0.0.1:7000"}, [&](const std::vector<std::string>& words) {
        seen = words;
        return 5;
      });
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(seen, ElementsAre("check", "127.0.0.1:7000"));
}

TEST(Modes, NumbersOfStat) {
  EXPECT_EQ(HumanBytes(1), "1B");
  EXPECT_EQ(HumanBytes(1536), "1.50K");
  EXPECT_EQ(HumanBytes(1234567), "1.18M");
  EXPECT_EQ(HumanBytes(uint64_t{3} << 40), "3072.00G");
  EXPECT_EQ(InfoField("# Memory\r\nused_memory_rss:5\r\nused_memory:7\r\n", "used_memory"), "7");
  EXPECT_EQ(InfoField("used_memory_rss:5\r\n", "used_memory"), "");
}

}  // namespace
}  // namespace pleiad::cli
