// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "resp/request_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace pleiad::resp {
namespace {

using Result = RequestParser::Result;

// Feeds `stream` in pieces of `step` bytes and returns the commands, "|" between arguments; "!"
// starts an error.
std::vector<std::string> ParseRequests(const std::string& stream, size_t step) {
  RequestParser parser;
  const RequestLimits limits;
  std::vector<std::string> out;
  size_t start = 0;
  size_t end = 0;
  while (true) {
    size_t consumed = 0;
    const Result r =
        parser.Next(std::string_view(stream).substr(start, end - start), limits, &consumed);
    if (r == Result::kError) {
      out.push_back("!" + std::string(parser.error()));
      return out;
    }
    if (r == Result::kCommand) {
      std::string line;
      for (const auto arg : parser.args()) line += (line.empty() ? "" : "|") + std::string(arg);
      if (!parser.args().empty()) out.push_back(line);
      start += consumed;
      continue;
    }
    if (end == stream.size()) return out;
    end = std::min(end + step, stream.size());
  }
}

TEST(RequestParser, AnySplitGivesTheSameCommands) {
  const std::string stream =
      "*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n*0\r\n\r\n*-1\r\nset \"x y\" "
      "'z'\r\n*1\r\n$4\r\nPING\r\n";
  const std::vector<std::string> expected = {"GET|a", "PING", "set|x y|z", "PING"};
  for (size_t step = 1; step <= stream.size(); ++step)
    EXPECT_EQ(ParseRequests(stream, step), expected) << step;
}

TEST(RequestParser, MalformedInputIsNamed) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"*2147483648\r\n", "invalid multibulk length"},
      {"*x\r\n", "invalid multibulk length"},
      {"*1\r\n$-5\r\n", "invalid bulk length"},
      {"*1\r\n$99999999999\r\n", "invalid bulk length"},
      {"*1\r\n:5\r\n", "expected '$', got ':'"},
      {"*1\r\n$1\r\nabc", "invalid bulk length"},
      {"set \"x\r\n", "unbalanced quotes in request"},
      {std::string(70000, 'a'), "too big inline request"},
      {"*" + std::string(70000, '1'), "too big mbulk count string"},
  };
  for (const auto& [stream, text] : rows) {
    const auto out = ParseRequests(stream, stream.size());
    ASSERT_EQ(out.size(), 1U) << stream.substr(0, 20);
    EXPECT_EQ(out[0], "!ERR Protocol error: " + text);
  }
}

TEST(RequestParser, LargeBulkIsHandedOver) {
  RequestParser parser;
  const RequestLimits limits;
  const std::string head = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$40000\r\n";
  size_t consumed = 0;
  ASSERT_EQ(parser.Next(head + "abc", limits, &consumed), Result::kLargeBulk);
  EXPECT_EQ(consumed, head.size());
  EXPECT_EQ(parser.large_size(), 40000U);
  const std::string large(40000, 'v');
  parser.FinishLarge(large);
  ASSERT_EQ(parser.Next(head, limits, &consumed), Result::kCommand);
  EXPECT_EQ(consumed, head.size());
  ASSERT_EQ(parser.args().size(), 3U);
  EXPECT_EQ(parser.args()[1], "k");
  EXPECT_EQ(parser.args()[2].data(), large.data());
}

}  // namespace
}  // namespace pleiad::resp
