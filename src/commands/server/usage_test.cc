// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/server/usage.h"

#include <gtest/gtest.h>

namespace pleiad {
namespace {

// A tree as text: name:type, TOKEN= in front, ? optional, + multiple, {} the parts.
std::string Show(const std::vector<UsageArg>& args) {
  std::string text;
  for (const UsageArg& arg : args) {
    if (!text.empty()) text += ' ';
    if (!arg.token.empty()) text += arg.token + "=";
    text += arg.name + ":" + std::string(UsageTypeName(arg.type));
    if (arg.optional) text += '?';
    if (arg.multiple) text += '+';
    if (arg.multiple_token) text += '!';
    if (!arg.args.empty()) text += "{" + Show(arg.args) + "}";
  }
  return text;
}

TEST(UsageTest, WordsAndTheirTypes) {
  EXPECT_EQ(Show(ParseUsage("")), "");
  EXPECT_EQ(Show(ParseUsage("key value")), "key:key value:string");
  EXPECT_EQ(Show(ParseUsage("key seconds")), "key:key seconds:integer");
  EXPECT_EQ(Show(ParseUsage("pattern")), "pattern:pattern");
}

TEST(UsageTest, OptionsAndAlternatives) {
  EXPECT_EQ(Show(ParseUsage("key [NX | XX] [GET]")),
            "key:key nx-xx:oneof?{NX=nx:pure-token XX=xx:pure-token} GET=get:pure-token?");
  EXPECT_EQ(Show(ParseUsage("[EX seconds | EXAT unix-time-seconds | KEEPTTL]")),
            "seconds-unix-time-seconds-keepttl:oneof?{EX=seconds:integer "
            "EXAT=unix-time-seconds:unix-time "
            "KEEPTTL=keepttl:pure-token}");
  EXPECT_EQ(
      Show(ParseUsage("<host port | NO ONE>")),
      "host-port-no:oneof{host-port:block{host:string port:integer} no:block{NO=no:pure-token "
      "ONE=one:pure-token}}");
}

TEST(UsageTest, Repetition) {
  EXPECT_EQ(Show(ParseUsage("key [key ...]")), "key:key+");
  EXPECT_EQ(Show(ParseUsage("key value [key value ...]")),
            "key-value:block+{key:key value:string}");
  EXPECT_EQ(Show(ParseUsage("[section [section ...]]")), "section:string?+");
  EXPECT_EQ(Show(ParseUsage("[command-name ...]")), "command-name:string?+");
  EXPECT_EQ(Show(ParseUsage("[TYPE type] [ID client-id [client-id ...]]")),
            "TYPE=type:string? ID=client-id:integer?+");
}

TEST(UsageTest, NestedOptionsAreBlocks) {
  EXPECT_EQ(Show(ParseUsage("[protover [AUTH username password] [SETNAME clientname]]")),
            "protover:block?{protover:integer username-password:block?{AUTH=username:string "
            "password:string} "
            "SETNAME=clientname:string?}");
}

TEST(UsageTest, OpenBracketsCloseAtTheEnd) {
  EXPECT_EQ(Show(ParseUsage("[key")), "key:key?");
  EXPECT_EQ(Show(ParseUsage("key ] value")), "key:key");
}

}  // namespace
}  // namespace pleiad
