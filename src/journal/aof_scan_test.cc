// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "journal/aof_scan.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "journal/aof_annotation.h"

namespace pleiad {
namespace {

constexpr std::string_view kSet = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
constexpr std::string_view kMulti = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view kExec = "*1\r\n$4\r\nEXEC\r\n";

std::string Join(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

TEST(AofScanTest, AWholeFile) {
  const std::string file =
      Join({kSet, "#TS:1628217470\r\n", kMulti, kSet, kExec, "# said\n", kSet});
  const AofScan scan = ScanAof(file, 0);
  EXPECT_EQ(scan.error, "");
  EXPECT_EQ(scan.good, file.size());
  EXPECT_FALSE(scan.later);
}

TEST(AofScanTest, EveryCutOfTheTailIsSeen) {
  const std::string head = Join({kSet, "#TS:1\r\n"});
  const std::string file = Join({head, kMulti, kSet, kExec});
  for (size_t size = head.size() + 1; size < file.size(); ++size) {
    const AofScan scan = ScanAof(std::string_view(file).substr(0, size), 0);
    EXPECT_NE(scan.error, "") << size;
    EXPECT_EQ(scan.good, head.size()) << size;
  }
}

TEST(AofScanTest, AnAnnotationOfALaterTimeEndsIt) {
  const std::string early = Join({"#TS:1000\r\n", kSet});
  const std::string file = Join({early, "#TS:2000\r\n", kSet});
  EXPECT_EQ(ScanAof(file, 0, 1999).later, early.size());
  EXPECT_EQ(ScanAof(file, 0, 1999).good, early.size());
  EXPECT_FALSE(ScanAof(file, 0, 2000).later);
  const std::string inside = Join({kMulti, "#TS:2000\r\n", kSet, kExec});
  EXPECT_EQ(ScanAof(inside, 0, 1000).good, 0U) << "half a transaction is none";
}

TEST(AofScanTest, AFlippedByteDoesNotPassASum) {
  std::string file(kSet);
  const size_t one = file.size();
  file += Join({"#TS:5\r\n", kSet});
  AppendAofSum(&file, file.size() - one, Crc32c(0, std::string_view(file).substr(one)));
  file += kSet;
  EXPECT_EQ(ScanAof(file, 0).error, "");
  const size_t mark = file.find("#SUM:");
  for (size_t at = one; at < file.size() - kSet.size() - 2; ++at) {
    std::string bad = file;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    // In the mark's name it is a comment like any other, and what it spoke of is as it was.
    const bool name = at > mark && at < mark + 5;
    EXPECT_EQ(ScanAof(bad, 0).error.empty(), name) << at;
  }
  for (const char* sum : {"#SUM:\r\n", "#SUM:1\r\n", "#SUM:1:\r\n", "#SUM:-1:0\r\n",
                          "#SUM:99999:0\r\n", "#SUM:1:123456789\r\n", "#SUM:1:xyz\r\n"})
    EXPECT_EQ(ScanAof(Join({kSet, sum}), 0).error, "Invalid checksum annotation") << sum;
}

struct BadLog {
  std::string bytes;
  size_t good;
  const char* error;
};

TEST(AofScanTest, SaysWhatIsWrong) {
  const size_t one = kSet.size();
  const BadLog cases[] = {
      {Join({kSet, "hello\r\n"}), one, "Expected prefix '*', got: \"h\""},
      {Join({kSet, kExec}), one, "Unexpected EXEC"},
      {Join({kMulti, kMulti}), 0, "Unexpected MULTI"},
      {Join({kSet, kMulti, kSet}), one, "Reached EOF before reading EXEC for MULTI"},
      {Join({kSet, "*0\r\n"}), one, "a command without a name"},
      {Join({kSet, "*x\r\n"}), one, "\"x\" is not a length"},
      {Join({kSet, "*-1\r\n"}), one, "\"-1\" is not a length"},
      {Join({kSet, "*1\r\n:1\r\n"}), one, "Expected prefix '$', got: ':'"},
      {Join({kSet, "*1\r\n$4\r\nPI"}), one, "Expected to read 6 bytes, got 2 bytes"},
      {Join({kSet, "*1\r\n$4\r\nPING.."}), one, "Expected \\r\\n behind a string"},
      {Join({kSet, "#TS:x\r\n"}), one, "Invalid timestamp annotation"},
      {Join({kSet, "#TS:1"}), one, "the file ends in the middle of a line"},
  };
  for (const BadLog& bad : cases) {
    const AofScan scan = ScanAof(bad.bytes, 0);
    EXPECT_EQ(scan.error, bad.error);
    EXPECT_EQ(scan.good, bad.good) << bad.error;
  }
}

}  // namespace
}  // namespace pleiad
