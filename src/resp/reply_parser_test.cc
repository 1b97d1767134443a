// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "resp/reply_parser.h"

#include <gtest/gtest.h>

#include <cmath>

#include "resp/request_writer.h"

namespace pleiad::resp {
namespace {

using Type = Reply::Type;

// One line per reply, so that a test is a table: type letter, text or number, items in brackets.
std::string Show(const Reply& reply) {
  std::string items;
  for (const Reply& item : reply.items) items += (items.empty() ? "" : " ") + Show(item);
  switch (reply.type) {
    case Type::kSimple:
      return "+" + reply.text;
    case Type::kError:
      return "-" + reply.text;
    case Type::kInteger:
      return ":" + std::to_string(reply.integer);
    case Type::kBulk:
      return "'" + reply.text + "'";
    case Type::kNil:
      return "nil";
    case Type::kArray:
      return "[" + items + "]";
    case Type::kMap:
      return "%[" + items + "]";
    case Type::kSet:
      return "~[" + items + "]";
    case Type::kDouble:
      return "," + reply.text;
    case Type::kBool:
      return reply.integer != 0 ? "#t" : "#f";
    case Type::kBigNumber:
      return "(" + reply.text;
    case Type::kVerbatim:
      return "='" + reply.text + "'";
    case Type::kPush:
      return ">[" + items + "]";
  }
  return "?";
}

std::string ParseReplies(std::string_view bytes, size_t piece, ReplyLimits limits = {}) {
  ReplyParser parser(limits);
  std::string shown;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    parser.Feed(bytes.substr(at, piece));
    for (;;) {
      const Result<std::optional<Reply>> next = parser.Next();
      if (!next.ok()) return shown + "! " + next.message();
      if (!next->has_value()) break;
      shown += Show(**next) + ";";
    }
  }
  return shown + (parser.idle() ? "" : "...");
}

struct Case {
  const char* bytes;
  const char* shown;
};

TEST(ReplyParser, ReadsEveryTypeHoweverTheBytesAreCut) {
  const Case cases[] = {
      {"+OK\r\n", "+OK;"},
      {"-ERR no\r\n", "-ERR no;"},
      {":-12\r\n:0\r\n", ":-12;:0;"},
      {"$3\r\nfoo\r\n$0\r\n\r\n", "'foo';'';"},
      {"$4\r\na\r\nb\r\n", "'a\r\nb';"},
      {"$-1\r\n*-1\r\n_\r\n", "nil;nil;nil;"},
      {"*0\r\n*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", "[];[:1 ['x']];"},
      {"%1\r\n+k\r\n*1\r\n_\r\n%0\r\n", "%[+k [nil]];%[];"},
      {"~2\r\n:1\r\n:2\r\n", "~[:1 :2];"},
      {",1.5\r\n,inf\r\n,-inf\r\n,nan\r\n", ",1.5;,inf;,-inf;,nan;"},
      {"#t\r\n#f\r\n", "#t;#f;"},
      {"(-3492890328409238509324850943850943825024385\r\n",
       "(-3492890328409238509324850943850943825024385;"},
      {"=8\r\ntxt:text\r\n", "='text';"},
      {"!5\r\nERR x\r\n", "-ERR x;"},
      {">2\r\n+message\r\n+a\r\n:1\r\n", ">[+message +a];:1;"},
      {"|1\r\n+ttl\r\n*1\r\n:3\r\n+value\r\n", "+value;"},
      {"*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n|0\r\n:2\r\n", "[:1 :2];"},
      {"+\r\n", "+;"},
      {"*2\r\n:1\r\n", "..."},
      {"$3\r\nfo", "..."},
  };
  for (const Case& c : cases) {
    for (const size_t piece : {1u, 2u, 3u, 7u, 1000u})
      EXPECT_EQ(ParseReplies(c.bytes, piece), c.shown) << c.bytes;
  }
}

TEST(ReplyParser, RefusesWhatIsNotRespAndStaysRefusing) {
  const char* const bad[] = {"HTTP/1.1 200 OK\r\n",
                             "\r\n",
                             ":1x\r\n",
                             ":\r\n",
                             "$-2\r\n",
                             "$1\r\nab\r\n",
                             "*x\r\n",
                             "*?\r\n",
                             "$?\r\n",
                             "#x\r\n",
                             ",x\r\n",
                             "_x\r\n",
                             "(12a\r\n",
                             "=3\r\nabc\r\n",
                             "%-1\r\n",
                             "~-1\r\n",
                             "$9999999999999999999\r\n",
                             "*99999999999\r\n",
                             ":+-1\r\n"};
  for (const char* bytes : bad) {
    ReplyParser parser;
    parser.Feed(bytes);
    const auto next = parser.Next();
    ASSERT_FALSE(next.ok()) << bytes;
    EXPECT_EQ(next.message().rfind("Protocol error: ", 0), 0u);
    parser.Feed("+OK\r\n");
    EXPECT_FALSE(parser.Next().ok()) << bytes;
  }
}

TEST(ReplyParser, BoundsNestingLinesAndBulks) {
  ReplyLimits limits;
  limits.depth_max = 3;
  limits.line_bytes_max = 16;
  limits.bulk_bytes_max = 10;
  EXPECT_EQ(ParseReplies("*1\r\n*1\r\n*1\r\n:1\r\n", 5, limits), "[[[:1]]];");
  EXPECT_NE(ParseReplies("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", 5, limits).find("nested too deep"),
            std::string::npos);
  EXPECT_NE(ParseReplies("+12345678901234567890", 1, limits).find("over the limit"),
            std::string::npos);
  EXPECT_NE(ParseReplies("$11\r\n", 1, limits).find("bulk length"), std::string::npos);
}

TEST(ReplyParser, AnnouncedCountsCostNoMemory) {
  ReplyParser parser;
  for (int i = 0; i < 100; ++i) parser.Feed("*2000000000\r\n");
  const auto next = parser.Next();
  ASSERT_TRUE(next.ok());
  EXPECT_FALSE(next->has_value());
}

TEST(ReplyParser, NanIsNotANumber) {
  ReplyParser parser;
  parser.Feed(",nan\r\n,-1.25e3\r\n");
  EXPECT_TRUE(std::isnan((*parser.Next())->number));
  EXPECT_EQ((*parser.Next())->number, -1250.0);
}

TEST(RequestWriter, WritesMultibulk) {
  std::string out;
  AppendRequest({"GET", "k"}, &out);
  EXPECT_EQ(out, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  const std::vector<std::string> args = {"SET", std::string("\0\r\n", 3), ""};
  AppendRequest(args, &out);
  EXPECT_EQ(out.substr(20), std::string("*3\r\n$3\r\nSET\r\n$3\r\n\0\r\n\r\n$0\r\n\r\n", 28));
}

TEST(RequestWriter, ARequestReadsBackAsAnArray) {
  std::string out;
  for (int i = 0; i < 3; ++i) AppendRequest({"ECHO", std::string(1000, 'x')}, &out);
  EXPECT_EQ(ParseReplies(out, 100), ParseReplies(out, out.size()));
}

}  // namespace
}  // namespace pleiad::resp
