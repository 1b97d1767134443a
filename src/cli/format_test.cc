// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Expected texts were recorded from redis-cli 7.0.15.
#include "cli/format.h"

#include <gtest/gtest.h>

#include "resp/reply_parser.h"

namespace pleiad::cli {
namespace {

std::string Show(std::string_view resp_bytes, OutputMode mode, bool verbatim = false) {
  resp::ReplyParser parser;
  parser.Feed(resp_bytes);
  const Result<std::optional<resp::Reply>> reply = parser.Next();
  if (!reply.ok() || !reply->has_value()) return "not a reply";
  FormatOptions options;
  options.mode = mode;
  return Format(**reply, options, verbatim);
}

struct Case {
  const char* bytes;
  const char* tty;
  const char* raw;
  const char* csv;
  const char* json;
};

TEST(Format, LooksLikeRedisCli) {
  const Case cases[] = {
      {"+OK\r\n", "OK\n", "OK\n", "\"OK\"\n", "\"OK\"\n"},
      {":7\r\n", "(integer) 7\n", "7\n", "7\n", "7\n"},
      {"$-1\r\n", "(nil)\n", "\n", "NULL\n", "null\n"},
      {"$4\r\na\"\n\x01\r\n", "\"a\\\"\\n\\x01\"\n", "a\"\n\x01\n", "\"a\\\"\\n\\x01\"\n",
       "\"a\\\"\\n\\u0001\"\n"},
      {"-ERR no\r\n", "(error) ERR no\n", "ERR no\n\n", "ERROR,\"ERR no\"\n", "error:\"ERR no\"\n"},
      {",3.141\r\n", "(double) 3.141\n", "3.141\n", "3.141\n", "3.141\n"},
      {"#t\r\n", "(true)\n", "(true)\n", "true\n", "true\n"},
      {"=8\r\ntxt:a\nbc\r\n", "a\nbc\n", "a\nbc\n", "\"a\\nbc\"\n", "\"a\\nbc\"\n"},
      {"*0\r\n", "(empty array)\n", "\n", "\n", "[]\n"},
      {"%0\r\n", "(empty hash)\n", "\n", "\n", "{}\n"},
      {"~0\r\n", "(empty set)\n", "\n", "\n", "[]\n"},
      {"*3\r\n:1\r\n*2\r\n:2\r\n*2\r\n:3\r\n$1\r\nx\r\n$1\r\ny\r\n",
       "1) (integer) 1\n2) 1) (integer) 2\n   2) 1) (integer) 3\n      2) \"x\"\n3) \"y\"\n",
       "1\n2\n3\nx\ny\n", "1,2,3,\"x\",\"y\"\n", "[1,[2,[3,\"x\"]],\"y\"]\n"},
      {"%2\r\n:0\r\n#f\r\n$1\r\nk\r\n*1\r\n$1\r\nv\r\n",
       "1# (integer) 0 => (false)\n2# \"k\" => 1) \"v\"\n", "0 (false)\nk v\n",
       "0,false,\"k\",\"v\"\n", "{\"0\":false,\"k\":[\"v\"]}\n"},
      {"%1\r\n$1\r\nk\r\n*2\r\n:1\r\n:2\r\n",
       "1# \"k\" => \n   1) (integer) 1\n   2) (integer) 2\n", "k 1\n2\n", "\"k\",1,2\n",
       "{\"k\":[1,2]}\n"},
      {"~2\r\n:1\r\n:2\r\n", "1~ (integer) 1\n2~ (integer) 2\n", "1\n2\n", "1,2\n", "[1,2]\n"},
      {">2\r\n$1\r\na\r\n:1\r\n", "1) \"a\"\n2) (integer) 1\n", "a\n1\n", "\"a\",1\n",
       "[\"a\",1]\n"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Show(c.bytes, OutputMode::kTty), c.tty);
    EXPECT_EQ(Show(c.bytes, OutputMode::kRaw), c.raw);
    EXPECT_EQ(Show(c.bytes, OutputMode::kCsv), c.csv);
    EXPECT_EQ(Show(c.bytes, OutputMode::kJson), c.json);
  }
}

TEST(Format, NumbersAreAlignedToTheWidestOne) {
  std::string bytes = "*10\r\n";
  for (int i = 0; i < 10; ++i) bytes += "*2\r\n:1\r\n:2\r\n";
  const std::string text = Show(bytes, OutputMode::kTty);
  EXPECT_EQ(text.substr(0, 50), " 1) 1) (integer) 1\n    2) (integer) 2\n 2) 1) (inte");
  EXPECT_NE(text.find("\n10) 1) (integer) 1\n"), std::string::npos);
}

TEST(Format, VerbatimPagesArePrintedAsTheyAre) {
  for (const OutputMode mode :
       {OutputMode::kTty, OutputMode::kRaw, OutputMode::kCsv, OutputMode::kJson}) {
    EXPECT_EQ(Show("$6\r\na:1\r\n\n\r\n", mode, true), "a:1\r\n\n");
  }
}

TEST(Format, QuotedJsonIsAscii) {
  EXPECT_EQ(Show("$3\r\na\xff\n\r\n", OutputMode::kQuotedJson), "\"a\\\\xff\\\\n\"\n");
}

TEST(Format, RawUsesTheDelimiters) {
  resp::Reply item;
  item.type = resp::Reply::Type::kBulk;
  item.text = "x";
  resp::Reply array;
  array.type = resp::Reply::Type::kArray;
  array.items = {item, item};
  FormatOptions options;
  options.mode = OutputMode::kRaw;
  options.bulk_delimiter = ",";
  options.reply_delimiter = "|";
  EXPECT_EQ(Format(array, options), "x,x|");
}

}  // namespace
}  // namespace pleiad::cli
