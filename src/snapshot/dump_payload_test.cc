// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/dump_payload.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/crc.h"
#include "snapshot/rdb_recorder.h"
#include "snapshot/test_support.h"

namespace pleiad {
namespace {

std::string Signed(std::string body, int version) {
  body.push_back(static_cast<char>(version & 0xff));
  body.push_back(static_cast<char>(version >> 8));
  AppendRdbLittleEndian64(&body, Crc64(0, body));
  return body;
}

Status Restore(std::string_view payload, RdbRecorder* sink) {
  RdbKey key;
  key.key = "k";
  key.expire = UnixMs(5);
  return RestoreDump(payload, key, sink);
}

std::string ErrorOf(std::string_view payload) {
  RdbRecorder sink;
  const Status status = Restore(payload, &sink);
  EXPECT_TRUE(sink.keys.empty());
  return status.ok() ? "OK" : status.message();
}

// What the reference server dumped is understood, and what we dump is the same bytes unless it is
// compressed (LZF has many codes for one text).
TEST(DumpPayload, AgreesWithTheReferenceServer) {
  std::ifstream file(std::string(PLEIAD_SOURCE_DIR) + "/tests/golden/rdb-strings/plain.dump");
  std::string key;
  std::string hex;
  int same = 0;
  int compressed = 0;
  while (file >> key >> hex) {
    const std::string payload = FromHex(hex);
    RdbRecorder sink;
    const Status status = Restore(payload, &sink);
    ASSERT_TRUE(status.ok()) << status.message();
    const RdbRecorder::Value& value = sink.keys.at({0, "k"});
    EXPECT_EQ(value.expire, 5);
    if (FromHex(key).starts_with("int:")) {
      EXPECT_EQ("int:" + value.bytes, FromHex(key));
    }
    const std::string ours = DumpString(value.bytes, {});
    if (static_cast<unsigned char>(payload[1]) == 0xc3) {
      ++compressed;
      RdbRecorder again;
      ASSERT_TRUE(Restore(ours, &again).ok());
      EXPECT_EQ(again.keys, sink.keys);
    } else {
      ++same;
      EXPECT_EQ(ours, payload);
    }
  }
  EXPECT_GE(same, 40);
  EXPECT_GE(compressed, 4);
}

TEST(DumpPayload, WrongSumsAndVersions) {
  const std::string good = DumpString("hello", {});
  const std::string wrong(kDumpChecksumError);
  EXPECT_EQ(ErrorOf(""), wrong);
  EXPECT_EQ(ErrorOf("123456789"), wrong);
  EXPECT_EQ(ErrorOf(Signed(std::string("\0\1v", 3), 13)), wrong);
  EXPECT_EQ(ErrorOf(Signed(std::string("\0\1v", 3), 0)), wrong);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string broken = good;
    broken[i] = static_cast<char>(broken[i] ^ 0x10);
    EXPECT_EQ(ErrorOf(broken), wrong) << i;
  }
  std::string zero = good;  // a zero sum means "unchecked" in files alone
  zero.replace(zero.size() - 8, 8, 8, '\0');
  EXPECT_EQ(ErrorOf(zero), wrong);
}

TEST(DumpPayload, RightSumButBadBody) {
  const std::string bad(kDumpFormatError);
  EXPECT_EQ(ErrorOf(Signed("", 10)), bad);
  EXPECT_EQ(ErrorOf(Signed(std::string("\0", 1), 10)), bad);
  EXPECT_EQ(ErrorOf(Signed(std::string("\0\5ab", 4), 10)), bad);
  EXPECT_EQ(ErrorOf(Signed(std::string("\0\1ab", 4), 10)), bad);
  EXPECT_EQ(ErrorOf(Signed(std::string("\0\x81\xff\xff\xff\xff\xff\xff\xff\xff", 10), 10)), bad);
  EXPECT_EQ(ErrorOf(Signed("\7\1ab", 10)),
            bad + ": it holds a module's value, which this version cannot load yet");
  EXPECT_EQ(ErrorOf(Signed("\4\1ab", 10)), bad);
  EXPECT_EQ(ErrorOf(Signed("\x16\1ab", 80)), bad);
}

}  // namespace
}  // namespace pleiad
