// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Every command about strings, bits and HyperLogLogs refuses a key that holds something else, and
// leaves it alone; but for those that overwrite or don't look.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "command/dispatch.h"

namespace pleiad {
namespace {

// With "l" a key that holds a list.
constexpr std::string_view kRefusedLines[] = {
    "append l x",
    "decr l",
    "decrby l 1",
    "delifeq l x",
    "digest l",
    "get l",
    "getdel l",
    "getex l",
    "getex l EX 10",
    "getrange l 0 1",
    "getset l x",
    "incr l",
    "incrby l 1",
    "incrbyfloat l 1",
    "set l x GET",
    "set l x IFEQ y",
    "set l x IFNE y",
    "set l x IFDEQ y",
    "setrange l 0 x",
    "strlen l",
    "substr l 0 1",
    "bitcount l",
    "bitfield l",
    "bitfield l GET u8 0",
    "bitfield_ro l",
    "bitop AND d l",
    "bitop NOT d l",
    "bitpos l 1",
    "getbit l 0",
    "setbit l 0 1",
    "pfadd l x",
    "pfcount l",
    "pfcount x l",
    "pfmerge d l",
    "pfdebug encoding l",
    "pfmerge l d",
    "bitfield l SET u8 0 1",
};

// These overwrite whatever there is, look at the key only, or have a text of their own.
const std::set<std::string_view> kOthers = {"set",        "setex",  "psetex", "setnx",
                                            "mset",       "msetnx", "msetex", "mget",
                                            "pfselftest", "delex",  "lcs"};

class WrongTypeTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) {
    const auto words = SplitArgs(line);
    const std::vector<std::string_view> args(words->begin(), words->end());
    resp::OutBuffer out;
    engine_.keyspace.Enter(0);
    dispatcher_.RunOne(args, &client_, &out, UnixMs(1'700'000'000'000), MonoMs(1));
    engine_.keyspace.Leave(0);
    return std::string(out.view());
  }

  Engine engine_{16, 7};
  Dispatcher dispatcher_{&engine_, nullptr, 0, 1};
  ClientState client_;
};

TEST_F(WrongTypeTest, OnlyStringsAreAccepted) {
  Run("RPUSH l a b");
  std::set<std::string> tried;
  for (const std::string_view line : kRefusedLines) {
    tried.emplace(Split(line, ' ')[0]);
    EXPECT_EQ(Run(line), "-" + std::string(kWrongType) + "\r\n") << line;
  }
  EXPECT_EQ(Run("LRANGE l 0 -1"), "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_EQ(Run("EXISTS d"), ":0\r\n");
  for (const CommandSpec& spec : CommandTable::Get().all()) {
    if (spec.group != "string" && spec.group != "bitmap" && spec.group != "hyperloglog") continue;
    EXPECT_TRUE(tried.contains(std::string(spec.name)) || kOthers.contains(spec.name))
        << spec.name << " is not tried on a list";
  }
}

TEST_F(WrongTypeTest, TheOthersSayTheirs) {
  Run("RPUSH l a b");
  EXPECT_EQ(Run("MGET l"), "*1\r\n$-1\r\n");
  EXPECT_EQ(Run("LCS l l"), "-ERR The specified keys must contain string values\r\n");
  EXPECT_EQ(Run("DELEX l IFEQ a"),
            "-ERR Key should be of string type if conditions are specified\r\n");
  EXPECT_EQ(Run("SETNX l x"), ":0\r\n");
  EXPECT_EQ(Run("MSETNX l x"), ":0\r\n");
  EXPECT_EQ(Run("SET l x NX"), "$-1\r\n");
  EXPECT_EQ(Run("TYPE l"), "+list\r\n");
  EXPECT_EQ(Run("SET l x XX"), "+OK\r\n");
  EXPECT_EQ(Run("TYPE l"), "+string\r\n");
}

}  // namespace
}  // namespace pleiad
