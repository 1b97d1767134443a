// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "journal/aof_manifest.h"

#include <gtest/gtest.h>

namespace pleiad {
namespace {

TEST(AofManifestTest, ReadsWhatRedisWrites) {
  const auto manifest = ParseAofManifest(
      "file appendonly.aof.2.base.rdb seq 2 type b\n"
      "file appendonly.aof.1.incr.aof seq 1 type h\n"
      "file appendonly.aof.3.incr.aof seq 3 type i\n");
  ASSERT_TRUE(manifest.ok()) << manifest.message();
  EXPECT_EQ((*manifest).base->name, "appendonly.aof.2.base.rdb");
  ASSERT_EQ((*manifest).increments.size(), 1U);
  EXPECT_EQ((*manifest).increments[0].seq, 3);
  EXPECT_EQ((*manifest).NextBaseSeq(), 3);
  EXPECT_EQ((*manifest).NextIncrementSeq(), 4);
  const auto again = ParseAofManifest((*manifest).Format());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again).Format(), (*manifest).Format());
}

TEST(AofManifestTest, NamesWithBlanksAreQuoted) {
  AofManifest manifest;
  manifest.base = AofFile{"my log.1.base.rdb", 1};
  const std::string text = manifest.Format();
  EXPECT_EQ(text, "file \"my log.1.base.rdb\" seq 1 type b\n");
  EXPECT_EQ((*ParseAofManifest(text)).base->name, "my log.1.base.rdb");
}

TEST(AofManifestTest, CommentsArePassedOver) {
  EXPECT_TRUE(ParseAofManifest("# hello\nfile a seq 1 type i\n").ok());
}

struct BadManifest {
  const char* text;
  const char* error;
};

TEST(AofManifestTest, SaysWhatIsWrong) {
  const BadManifest cases[] = {
      {"", "it names neither a base nor an increment"},
      {"file a seq 1 type i", "line 1: the line has no end"},
      {"\n", "line 1: the line is empty"},
      {"file a seq 1\n", "line 1: the type is none of b, i and h"},
      {"file a seq 1 type x\n", "line 1: the type is none of b, i and h"},
      {"file a type b\n", "line 1: file or seq is missing"},
      {"file a seq -1 type b\n", "line 1: seq is not a number above 0"},
      {"file ../a seq 1 type b\n", "line 1: a file name must not contain a path"},
      {"file a seq 1 type b\nfile b seq 2 type b\n", "line 2: a second base file"},
      {"file a seq 2 type i\nfile b seq 1 type i\n",
       "line 2: increments are not in ascending order"},
      {"file \"a seq 1 type i\n", "line 1: the line is not made of names and values"},
  };
  for (const BadManifest& bad : cases) {
    const auto manifest = ParseAofManifest(bad.text);
    ASSERT_FALSE(manifest.ok()) << bad.text;
    EXPECT_EQ(manifest.message(), bad.error);
  }
}

}  // namespace
}  // namespace pleiad
