// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/redirect.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/text.h"

namespace pleiad::cli {
namespace {

TEST(Redirect, ReadsMovedAndAsk) {
  const auto moved = ParseRedirect("MOVED 3999 127.0.0.1:7001");
  ASSERT_TRUE(moved);
  EXPECT_FALSE(moved->ask);
  EXPECT_EQ(moved->slot, 3999);
  EXPECT_EQ(moved->host, "127.0.0.1");
  EXPECT_EQ(moved->port, 7001);
  EXPECT_TRUE(ParseRedirect("ASK 0 h:1")->ask);
  EXPECT_EQ(ParseRedirect("MOVED 1 ::1:7001")->host, "::1");
  EXPECT_EQ(ParseRedirect("MOVED 1 [::1]:7001")->host, "::1");
  EXPECT_EQ(ParseRedirect("MOVED 1 :7001")->host, "");
}

TEST(Redirect, RefusesTheRest) {
  for (const char* text : {"ERR no", "MOVED", "MOVED 1", "MOVED x 1.2.3.4:1", "MOVED 16384 h:1",
                           "MOVED -1 h:1", "MOVED 1 h", "MOVED 1 h:", "MOVED 1 h:0",
                           "MOVED 1 h:65536", "MOVED 1 ?:7000", "moved 1 h:1", ""}) {
    EXPECT_FALSE(ParseRedirect(text)) << text;
  }
}

bool Secret(const char* line) { return HoldsSecret(*SplitArgs(line)); }

TEST(Redirect, CommandsOfAKind) {
  EXPECT_TRUE(IsVerbatimCommand(std::vector<std::string>{"INFO", "server"}));
  EXPECT_TRUE(IsVerbatimCommand(std::vector<std::string>{"cluster", "NODES"}));
  EXPECT_FALSE(IsVerbatimCommand(std::vector<std::string>{"cluster", "slots"}));
  EXPECT_FALSE(IsVerbatimCommand(std::vector<std::string>{"cluster"}));
  EXPECT_TRUE(IsStreamingCommand(std::vector<std::string>{"pSubscribe", "a"}));
  EXPECT_FALSE(IsStreamingCommand(std::vector<std::string>{"publish", "a", "b"}));
  EXPECT_TRUE(Secret("auth pw"));
  EXPECT_TRUE(Secret("acl setuser bob >pw"));
  EXPECT_TRUE(Secret("hello 3 AUTH u p"));
  EXPECT_TRUE(Secret("config set maxmemory 1 requirepass pw"));
  EXPECT_FALSE(Secret("config set maxmemory 1"));
  EXPECT_FALSE(Secret("set auth 1"));
}

}  // namespace
}  // namespace pleiad::cli
