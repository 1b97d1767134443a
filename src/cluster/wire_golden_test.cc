// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The bus traffic that Redis 3.0.7, Redis 7.0.15 and Valkey 9.1.0 wrote while six nodes met,
// published, failed over and came back (tests/golden/bus/*/bus.pcap.gz). Every packet must decode,
// and encode back to the same bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "cluster/wire.h"

namespace pleiad::cluster {
namespace {

// gzip is part of every Debian (Priority: required), so the test needs no library for it.
std::string Gunzip(const std::string& path) {
  const std::string command = "gzip -dc '" + path + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string out;
  char chunk[65536];
  while (const size_t n = fread(chunk, 1, sizeof chunk, pipe.get())) out.append(chunk, n);
  return out;
}

uint32_t Big(std::string_view bytes, size_t at, size_t width) {
  uint32_t value = 0;
  for (size_t i = 0; i < width; ++i) value = (value << 8) | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

uint32_t Little32(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = (value << 8) | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

// One direction of one TCP connection.
struct Stream {
  uint32_t first = 0;  // sequence number of its first byte
  std::vector<std::pair<uint32_t, std::string_view>> segments;
};
// source ip, source port, destination ip, destination port, and which use of that pair of ports
using Key = std::tuple<uint32_t, uint32_t, uint32_t, uint32_t, int>;

// Ethernet, IPv4 and TCP of a little-endian microsecond pcap file without fragments.
std::map<Key, Stream> ReadPcap(std::string_view file) {
  std::map<Key, Stream> streams;
  std::map<Key, int> uses;
  EXPECT_EQ(Little32(file, 0), 0xa1b2c3d4U);
  EXPECT_EQ(Little32(file, 20), 1U);  // Ethernet
  for (size_t at = 24; at + 16 <= file.size();) {
    const size_t length = Little32(file, at + 8);
    EXPECT_EQ(length, Little32(file, at + 12)) << "a packet was cut by the capture";
    const std::string_view ip = file.substr(at + 16 + 14, length - 14);
    at += 16 + length;
    const size_t ip_head = (static_cast<uint8_t>(ip[0]) & 15U) * 4;
    const std::string_view tcp = ip.substr(ip_head, Big(ip, 2, 2) - ip_head);
    Key key{Big(ip, 12, 4), Big(tcp, 0, 2), Big(ip, 16, 4), Big(tcp, 2, 2), 0};
    const bool syn = (static_cast<uint8_t>(tcp[13]) & 2U) != 0;
    const uint32_t sequence = Big(tcp, 4, 4);
    int& use = uses[key];
    if (syn) ++use;
    std::get<4>(key) = use;
    Stream& stream = streams[key];
    if (syn) stream.first = sequence + 1;
    const std::string_view data = tcp.substr((static_cast<uint8_t>(tcp[12]) >> 4) * size_t{4});
    if (!data.empty()) stream.segments.emplace_back(sequence, data);
  }
  return streams;
}

// The bytes of a stream in order; retransmitted ones once.
std::string Reassemble(Stream stream) {
  const auto offset = [&](const auto& s) { return s.first - stream.first; };
  std::sort(stream.segments.begin(), stream.segments.end(),
            [&](const auto& a, const auto& b) { return offset(a) < offset(b); });
  std::string out;
  for (const auto& segment : stream.segments) {
    EXPECT_LE(offset(segment), out.size()) << "the capture lost a segment";
    if (offset(segment) + segment.second.size() <= out.size()) continue;
    out.append(segment.second.substr(out.size() - offset(segment)));
  }
  return out;
}

struct Recording {
  const char* version;
  std::map<int, int> counts;  // packets by type (light: type | 0x8000)
};

void PrintTo(const Recording& recording, std::ostream* os) { *os << recording.version; }

class WireGolden : public ::testing::TestWithParam<Recording> {};

TEST_P(WireGolden, EveryPacketDecodesAndEncodesBackToTheSameBytes) {
  const std::string file = Gunzip(std::string(PLEIAD_SOURCE_DIR) + "/tests/golden/bus/" +
                                  GetParam().version + "/bus.pcap.gz");
  ASSERT_GT(file.size(), 2000000U);
  std::map<int, int> counts;
  for (const auto& [key, stream] : ReadPcap(file)) {
    const std::string bytes = Reassemble(stream);
    Framer framer;
    std::vector<Packet> packets;
    for (size_t at = 0; at < bytes.size(); at += 1000) {  // a chunk is never a packet
      const Status status = framer.OnBytes(std::string_view(bytes).substr(at, 1000), &packets);
      ASSERT_TRUE(status.ok()) << status.message();
    }
    EXPECT_EQ(framer.buffered_bytes(), 0U);
    size_t at = 0;
    for (const Packet& packet : packets) {
      const std::string encoded = Encode(packet);
      ASSERT_EQ(encoded, bytes.substr(at, encoded.size())) << PacketTypeName(packet.type);
      at += encoded.size();
      ++counts[static_cast<int>(packet.type) | (packet.light ? 0x8000 : 0)];
    }
    EXPECT_EQ(at, bytes.size());
  }
  EXPECT_EQ(counts, GetParam().counts);
}

INSTANTIATE_TEST_SUITE_P(
    Recorded, WireGolden,
    ::testing::Values(
        // Counted once more by an independent reader.
        Recording{"redis-3.0.7",
                  {{0, 359}, {1, 385}, {2, 17}, {3, 4}, {4, 30}, {5, 9}, {6, 5}, {7, 3}, {8, 1}}},
        Recording{
            "redis-7.0.15",
            {{0, 448}, {1, 462}, {2, 5}, {3, 8}, {4, 30}, {5, 9}, {6, 4}, {7, 1}, {8, 1}, {10, 2}}},
        Recording{"valkey-9.1.0",
                  {{0, 454},
                   {1, 492},
                   {2, 5},
                   {3, 4},
                   {5, 9},
                   {6, 5},
                   {8, 1},
                   {0x8004, 30},
                   {0x800a, 2}}}));

}  // namespace
}  // namespace pleiad::cluster
