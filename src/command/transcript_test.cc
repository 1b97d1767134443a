// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/transcript.h"

#include <gtest/gtest.h>

#include "resp/reply_parser.h"

namespace pleiad {
namespace {

using Strings = std::vector<std::string>;

std::string Formatted(std::string_view resp_bytes, bool raw = false) {
  resp::ReplyParser parser;
  parser.Feed(resp_bytes);
  auto reply = parser.Next();
  return reply.ok() && reply->has_value() ? FormatReply(**reply, raw) : "not one reply";
}

TEST(TranscriptTest, BlocksAndRepliesOfAFile) {
  const auto all = ParseTranscripts(
      "// No commands here.\n"
      "int x;\n"
      "  // Text > GET a\n"
      "  //\n"
      "  // > KEYS *\n"
      "  // 1) 1) \"a\"\n"
      "  //    2) \"b\"\n"
      "  // > PING\n"
      "  // PONG\n"
      "  //\n"
      "  // Text that is no reply.\n"
      "  // > SET a b\n"
      "  void F();\n"
      "// > GET a\n");
  ASSERT_EQ(all.size(), 2U);
  ASSERT_EQ(all[0].steps.size(), 3U);
  EXPECT_EQ(all[0].steps[0].command, "KEYS *");
  EXPECT_EQ(all[0].steps[0].line, 5);
  EXPECT_EQ(all[0].steps[0].reply, (Strings{"1) 1) \"a\"", "   2) \"b\""}));
  EXPECT_EQ(all[0].steps[1].reply, Strings{"PONG"});
  EXPECT_EQ(all[0].steps[2].reply, Strings{});
  EXPECT_EQ(all[1].steps[0].command, "GET a");
}

TEST(TranscriptTest, RepliesLookAsInTheShell) {
  EXPECT_EQ(Formatted("+OK\r\n"), "OK\n");
  EXPECT_EQ(Formatted("-ERR no\r\n"), "(error) ERR no\n");
  EXPECT_EQ(Formatted(":-3\r\n"), "(integer) -3\n");
  EXPECT_EQ(Formatted("$-1\r\n"), "(nil)\n");
  EXPECT_EQ(Formatted("$3\r\na\"\n\r\n"), "\"a\\\"\\n\"\n");
  EXPECT_EQ(Formatted("$6\r\na:1\r\n\n\r\n", true), "a:1\r\n\n");
  EXPECT_EQ(Formatted("*0\r\n"), "(empty array)\n");
  EXPECT_EQ(Formatted("~0\r\n"), "(empty set)\n");
  EXPECT_EQ(Formatted("%0\r\n"), "(empty hash)\n");
  EXPECT_EQ(Formatted(",1.5\r\n"), "(double) 1.5\n");
  EXPECT_EQ(Formatted("#t\r\n"), "(true)\n");
  EXPECT_EQ(Formatted("=8\r\ntxt:a\nb\n\r\n"), "a\nb\n");
  EXPECT_EQ(Formatted("*2\r\n*2\r\n:1\r\n:2\r\n$1\r\na\r\n"),
            "1) 1) (integer) 1\n   2) (integer) 2\n2) \"a\"\n");
  EXPECT_EQ(Formatted("%2\r\n$1\r\na\r\n*2\r\n:1\r\n:2\r\n$1\r\nb\r\n_\r\n"),
            "1# \"a\" => 1) (integer) 1\n   2) (integer) 2\n2# \"b\" => (nil)\n");
  EXPECT_EQ(Formatted("~1\r\n$1\r\na\r\n"), "1~ \"a\"\n");
  EXPECT_EQ(Formatted("*10\r\n:0\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n:9\r\n")
                .substr(0, 32),
            " 1) (integer) 0\n 2) (integer) 1\n");
}

TEST(TranscriptTest, DotsStandForWhatVaries) {
  EXPECT_TRUE(TranscriptLineMatches("a", "a"));
  EXPECT_FALSE(TranscriptLineMatches("a", "ab"));
  EXPECT_TRUE(TranscriptLineMatches("...", ""));
  EXPECT_TRUE(TranscriptLineMatches("id=... addr=... x", "id=12 addr=1.2.3.4:5 x"));
  EXPECT_FALSE(TranscriptLineMatches("id=... addr=... x", "id=12 addr=1.2.3.4:5"));
  EXPECT_FALSE(TranscriptLineMatches("a...a", "a"));
  EXPECT_TRUE(TranscriptReplyMatches({"a", "..."}, {"a", "b", "c"}));
  EXPECT_TRUE(TranscriptReplyMatches({"...", "b"}, {"a", "b"}));
  EXPECT_FALSE(TranscriptReplyMatches({"a", "..."}, {"a"}));
  EXPECT_FALSE(TranscriptReplyMatches({}, {"a"}));
  EXPECT_FALSE(TranscriptReplyMatches({"..."}, {}));
}

}  // namespace
}  // namespace pleiad
