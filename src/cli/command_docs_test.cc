// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/command_docs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pleiad::cli {
namespace {

using resp::Reply;
using testing::ElementsAre;
using testing::IsEmpty;

Reply Text(const std::string& text) {
  Reply reply;
  reply.type = Reply::Type::kBulk;
  reply.text = text;
  return reply;
}

Reply List(std::vector<Reply> items) {
  Reply reply;
  reply.type = Reply::Type::kArray;
  reply.items = std::move(items);
  return reply;
}

Reply Arg(const std::string& name, const std::string& type, const std::string& token = "",
          const std::vector<std::string>& flags = {}, std::vector<Reply> inner = {}) {
  Reply arg = List({Text("name"), Text(name), Text("type"), Text(type)});
  if (!token.empty()) arg.items.insert(arg.items.end(), {Text("token"), Text(token)});
  Reply flag_list = List({});
  for (const std::string& flag : flags) flag_list.items.push_back(Text(flag));
  if (!flags.empty()) arg.items.insert(arg.items.end(), {Text("flags"), flag_list});
  if (!inner.empty())
    arg.items.insert(arg.items.end(), {Text("arguments"), List(std::move(inner))});
  return arg;
}

Reply Facts(const std::string& summary, const std::string& group, std::vector<Reply> args,
            std::vector<Reply> subcommands = {}) {
  return List({Text("summary"), Text(summary), Text("since"), Text("1.0.0"), Text("group"),
               Text(group), Text("arguments"), List(std::move(args)), Text("subcommands"),
               List(std::move(subcommands))});
}

CommandDocs Sample() {
  const Reply set =
      Facts("Set a key", "string",
            {Arg("key", "key"), Arg("value", "string"),
             Arg("condition", "oneof", "", {"optional"},
                 {Arg("nx", "pure-token", "NX"), Arg("xx", "pure-token", "XX")}),
             Arg("expiry", "oneof", "", {"optional"},
                 {Arg("seconds", "integer", "EX"), Arg("keepttl", "pure-token", "KEEPTTL")})});
  const Reply mset =
      Facts("Set keys", "string",
            {Arg("data", "block", "", {"multiple"}, {Arg("key", "key"), Arg("value", "string")})});
  const Reply sort = Facts("Sort", "generic",
                           {Arg("key", "key"), Arg("pattern", "pattern", "GET",
                                                   {"optional", "multiple", "multiple_token"})});
  const Reply config = Facts(
      "A container", "server", {},
      {Text("config|get"), Facts("Read", "server", {Arg("parameter", "string", "", {"multiple"})}),
       Text("config|set"), Facts("Write", "server", {})});
  return CommandDocs::FromReply(
      List({Text("set"), set, Text("mset"), mset, Text("sort"), sort, Text("config"), config}));
}

TEST(CommandDocs, WritesArgumentsTheUsualWay) {
  const CommandDocs docs = Sample();
  EXPECT_EQ(docs.Usage("set"), "SET key value [NX|XX] [EX seconds|KEEPTTL]");
  EXPECT_EQ(docs.Usage("mset a"), "MSET key value [key value ...]");
  EXPECT_EQ(docs.Usage("sort"), "SORT key [GET pattern [GET pattern ...]]");
  EXPECT_EQ(docs.Usage("config GET"), "CONFIG GET parameter [parameter ...]");
  EXPECT_EQ(docs.Usage("nosuch"), "");
}

TEST(CommandDocs, HintsWhatIsStillToCome) {
  const CommandDocs docs = Sample();
  EXPECT_EQ(docs.Hint("set"), "");
  EXPECT_EQ(docs.Hint("set "), "key value [NX|XX] [EX seconds|KEEPTTL]");
  EXPECT_EQ(docs.Hint("set k"), "key value [NX|XX] [EX seconds|KEEPTTL]");
  EXPECT_EQ(docs.Hint("set k "), "value [NX|XX] [EX seconds|KEEPTTL]");
  EXPECT_EQ(docs.Hint("SET k v "), "[NX|XX] [EX seconds|KEEPTTL]");
  EXPECT_EQ(docs.Hint("nosuch "), "");
}

TEST(CommandDocs, CompletesNamesSubcommandsAndTopics) {
  const CommandDocs docs = Sample();
  EXPECT_THAT(docs.Complete("s"), ElementsAre("set", "sort"));
  EXPECT_THAT(docs.Complete("S"), ElementsAre("SET", "SORT"));
  EXPECT_THAT(docs.Complete("config "), ElementsAre("get", "set"));
  EXPECT_THAT(docs.Complete("CONFIG S"), ElementsAre("SET"));
  EXPECT_THAT(docs.Complete("set k"), IsEmpty());
  EXPECT_THAT(docs.Complete("help @s"), ElementsAre("@server", "@string"));
  EXPECT_THAT(docs.Complete("help mse"), ElementsAre("mset"));
  EXPECT_THAT(docs.Complete("conn"), ElementsAre("connect"));
}

TEST(CommandDocs, HelpPages) {
  const CommandDocs docs = Sample();
  EXPECT_EQ(docs.Help({"mset"}, false),
            "\n  MSET key value [key value ...]\n  summary: Set keys\n  since: 1.0.0\n  group: "
            "string\n\n");
  const std::string group = docs.Help({"@STRING"}, false);
  EXPECT_NE(group.find("  SET key"), std::string::npos);
  EXPECT_NE(group.find("  MSET key"), std::string::npos);
  EXPECT_EQ(group.find("  SORT"), std::string::npos);
  EXPECT_NE(docs.Help({"config"}, false).find("  CONFIG SET"), std::string::npos);
  EXPECT_EQ(docs.Help({"nosuch"}, false), "\n");
}

TEST(CommandDocs, OddRepliesAreLeftOut) {
  EXPECT_TRUE(CommandDocs::FromReply(Text("x")).empty());
  EXPECT_EQ(CommandDocs::FromReply(List({Text("get"), Text("x"), Text("odd")})).Usage("get"),
            "GET");
}

}  // namespace
}  // namespace pleiad::cli
