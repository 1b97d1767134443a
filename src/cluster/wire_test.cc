// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/wire.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace pleiad::cluster {
namespace {

NodeId Sender(char digit) { return *NodeId::Parse(std::string(40, digit)); }

Packet Header(PacketType type) {
  Packet p;
  p.type = type;
  p.port = 7000;
  p.pport = 7100;
  p.cport = 17000;
  p.current_epoch = Epoch(9);
  p.config_epoch = Epoch(7);
  p.offset = Offset(123456789012);
  p.sender = Sender('a');
  p.slots.Set(SlotId(0));
  p.slots.Set(SlotId(16383));
  p.replica_of = Sender('b');
  p.my_ip = "127.0.0.1";
  p.flags = kFlagMaster | kFlagMyself;
  p.state = kStateFail;
  p.mflags = {kMessagePaused, 5, 6};
  return p;
}

Packet FullPing() {
  Packet p = Header(PacketType::kPing);
  p.mflags[0] |= kMessageExtData;
  p.gossip.push_back({Sender('c'), 1, 2, "::1", 7001, 17001, kFlagReplica, 0});
  p.gossip.push_back({Sender('d'), 3, 4, "10.0.0.1", 7002, 17002, kFlagMaster | kFlagPfail, 7102});
  p.extensions.push_back(PingExtension::Text(kExtHostname, "host.example"));
  p.extensions.push_back(PingExtension::Forgotten(Sender('e'), 60));
  p.extensions.push_back(PingExtension::ShardId(Sender('f')));
  p.extensions.push_back(PingExtension::Port(kExtClientPort, 6379));
  p.extensions.push_back(PingExtension::LeaseRequest(77, Epoch(7), 2000));
  p.extensions.push_back(PingExtension::LeaseGrant(78, Epoch(8), true, 1500));
  p.extensions.push_back({0x7777, std::string(16, 'x')});
  return p;
}

std::vector<Packet> OneOfEach() {
  std::vector<Packet> all;
  all.push_back(FullPing());
  all.push_back(Header(PacketType::kPong));
  all.push_back(Header(PacketType::kMeet));
  Packet p = Header(PacketType::kFail);
  p.fail_about = Sender('1');
  all.push_back(p);
  for (const bool light : {false, true}) {
    p = light ? Packet() : Header(PacketType::kPublish);
    p.light = light;
    p.type = PacketType::kPublish;
    p.publish = {"channel", std::string("binary\0message", 14)};
    all.push_back(p);
    p.type = PacketType::kPublishShard;
    p.publish = {};
    all.push_back(p);
    p.type = PacketType::kModule;
    p.publish = {};
    p.module = {0x1122334455667788, 9, "payload"};
    all.push_back(p);
  }
  all.push_back(Header(PacketType::kAuthRequest));
  all.push_back(Header(PacketType::kAuthAck));
  all.push_back(Header(PacketType::kMfStart));
  p = Header(PacketType::kUpdate);
  p.update.config_epoch = Epoch(11);
  p.update.id = Sender('2');
  p.update.slots.Set(SlotId(100));
  all.push_back(p);
  p = Header(static_cast<PacketType>(42));
  p.unknown_body = "from the future";
  all.push_back(p);
  return all;
}

// Big-endian surgery on encoded bytes.
void Poke(std::string* bytes, size_t at, uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) {
    (*bytes)[at + i] = static_cast<char>(value >> (8 * (width - 1 - i)));
  }
}

void ExpectMalformed(const std::string& bytes, std::string_view why) {
  const Result<Packet> packet = Decode(bytes);
  ASSERT_FALSE(packet.ok()) << why;
  EXPECT_NE(packet.message().find(why), std::string::npos) << packet.message();
}

TEST(Wire, EveryTypeRoundTrips) {
  for (const Packet& packet : OneOfEach()) {
    const std::string bytes = Encode(packet);
    const Result<Packet> decoded = Decode(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.message();
    EXPECT_EQ(*decoded, packet) << static_cast<int>(packet.type);
    EXPECT_EQ(Encode(*decoded), bytes);
  }
}

TEST(Wire, SizesAreTheDocumentedOnes) {
  EXPECT_EQ(Encode(Header(PacketType::kAuthRequest)).size(), 2256U);
  Packet fail = Header(PacketType::kFail);
  fail.fail_about = Sender('1');
  EXPECT_EQ(Encode(fail).size(), 2296U);
  Packet update = Header(PacketType::kUpdate);
  update.update.id = Sender('2');
  EXPECT_EQ(Encode(update).size(), 4352U);
  Packet ping = Header(PacketType::kPing);
  ping.gossip.resize(3, {Sender('c'), 1, 2, "::1", 7001, 17001, 1, 0});
  ping.extensions.push_back(PingExtension::ShardId(Sender('f')));
  EXPECT_EQ(Encode(ping).size(), 2256U + 3 * 104 + 48);
  EXPECT_EQ(PingExtension::Forgotten(Sender('e'), 1).body.size() + 8, 56U);
}

TEST(Wire, FieldsStandAtTheDocumentedOffsets) {
  const std::string b = Encode(Header(PacketType::kAuthRequest));
  EXPECT_EQ(b.substr(0, 4), "RCmb");
  EXPECT_EQ(static_cast<uint8_t>(b[9]), 1);  // version
  EXPECT_EQ((static_cast<uint8_t>(b[10]) << 8) | static_cast<uint8_t>(b[11]), 7000);
  EXPECT_EQ(b.substr(40, 40), std::string(40, 'a'));
  EXPECT_EQ(b[80], 1);                              // slot 0: lowest bit of the first byte
  EXPECT_EQ(static_cast<uint8_t>(b[2127]), 0x80U);  // slot 16383: highest bit of the last
  EXPECT_EQ(b.substr(2128, 40), std::string(40, 'b'));
  EXPECT_EQ(b.substr(2168, 10), std::string("127.0.0.1\0", 10));
  EXPECT_EQ((static_cast<uint8_t>(b[2248]) << 8) | static_cast<uint8_t>(b[2249]), 17000);
  EXPECT_EQ(b[2252], 1);  // state
}

TEST(Wire, ExtensionsReadBack) {
  const Packet p = *Decode(Encode(FullPing()));
  EXPECT_EQ(*p.Find(kExtHostname)->AsText(), "host.example");
  EXPECT_EQ(p.Find(kExtForgottenNode)->AsForgotten()->id, Sender('e'));
  EXPECT_EQ(p.Find(kExtForgottenNode)->AsForgotten()->ttl_s, 60U);
  EXPECT_EQ(*p.Find(kExtShardId)->AsShardId(), Sender('f'));
  EXPECT_EQ(*p.Find(kExtClientPort)->AsPort(), 6379);
  EXPECT_EQ(p.Find(kExtLeaseRequest)->AsLeaseRequest()->number, 77U);
  EXPECT_EQ(p.Find(kExtLeaseRequest)->AsLeaseRequest()->node_timeout_ms, 2000);
  EXPECT_EQ(PingExtension::LeaseRelease(Epoch(9), 1 << 30, 5).AsLeaseRelease()->span_ms, 3600000);
  const auto grant = p.Find(kExtLeaseGrant)->AsLeaseGrant();
  EXPECT_EQ(grant->config_epoch, Epoch(8));
  EXPECT_TRUE(grant->granted);
  EXPECT_EQ(grant->not_before_ms, 1500);
  EXPECT_EQ(p.Find(kExtAvailabilityZone), nullptr);
  EXPECT_EQ(p.Find(kExtHostname)->AsPort(), std::nullopt);
}

// ---- FAULTS row 52: hostile packets.

TEST(WireHostile, EveryTruncationIsRefused) {
  for (const Packet& packet : OneOfEach()) {
    const std::string whole = Encode(packet);
    for (size_t n = 0; n < whole.size(); n += (n > 100 && n < 2100 ? 37 : 1)) {
      std::string cut = whole.substr(0, n);
      EXPECT_FALSE(Decode(cut).ok());  // the announced length is more than there is
      if (n < 8 || !packet.Known()) continue;
      Poke(&cut, 4, n, 4);  // and now the length agrees, the content does not
      EXPECT_FALSE(Decode(cut).ok()) << static_cast<int>(packet.type) << " cut to " << n;
    }
  }
}

TEST(WireHostile, LengthsThatLie) {
  std::string ping = Encode(FullPing());
  std::string bytes = ping;
  Poke(&bytes, 14, 65535, 2);  // gossip count
  ExpectMalformed(bytes, "65535 gossip entries");
  bytes = ping;
  Poke(&bytes, 14, 1, 2);  // one entry fewer: the second is read as an extension
  ExpectMalformed(bytes, "extension");
  bytes = ping;
  Poke(&bytes, 2214, 65535, 2);  // extension count
  ExpectMalformed(bytes, "cut short");
  const size_t first = 2256 + 2 * 104;
  for (const uint64_t length : {0ULL, 4ULL, 7ULL, 12ULL, 0x7ffffff8ULL, 0xfffffff8ULL}) {
    bytes = ping;
    Poke(&bytes, first, length, 4);
    ExpectMalformed(bytes, "bad length");
  }
  Packet publish = Header(PacketType::kPublish);
  publish.publish = {"c", "m"};
  bytes = Encode(publish);
  Poke(&bytes, 2256, 0xffffffff, 4);  // in 32 bits the two would wrap to the right sum
  Poke(&bytes, 2260, 3, 4);
  ExpectMalformed(bytes, "do not add up");
  Packet module = Header(PacketType::kModule);
  bytes = Encode(module);
  Poke(&bytes, 2264, 0xfffffff3, 4);
  ExpectMalformed(bytes, "module");
}

TEST(WireHostile, ExtensionsThatAreMalformed) {
  const auto refused = [](PingExtension ext) {
    Packet p = Header(PacketType::kPing);
    p.extensions.push_back(std::move(ext));
    ExpectMalformed(Encode(p), "malformed");
  };
  refused({kExtHostname, std::string(8, 'x')});  // no NUL
  refused({kExtHostname, {}});
  refused({kExtHostname, std::string("a\nb\0\0\0\0\0", 8)});  // would forge a line of nodes.conf
  refused({kExtNodename, std::string("a,b\0\0\0\0\0", 8)});
  refused({kExtShardId, std::string(40, 'z')});
  refused({kExtShardId, std::string(8, 'a')});
  refused({kExtForgottenNode, std::string(40, 'a')});
  refused({kExtForgottenNode, std::string(48, 'g')});
  refused({kExtClientPort, {}});
  refused({kExtLeaseRequest, std::string(8, '\0')});
  refused({kExtLeaseRelease, std::string(8, '\0')});
  refused({kExtLeaseGrant, std::string(32, '\xff')});  // negative not_before
}

TEST(WireHostile, IdsAddressesAndEpochs) {
  const std::string ping = Encode(FullPing());
  std::string bytes = ping;
  bytes[40] = 'A';
  ExpectMalformed(bytes, "sender");
  bytes = ping;
  bytes.replace(40, 40, std::string(40, '\0'));
  ExpectMalformed(bytes, "sender");
  bytes = ping;
  bytes[2128 + 39] = '\0';
  ExpectMalformed(bytes, "master's id");
  bytes = ping;
  bytes[2256 + 3] = ' ';
  ExpectMalformed(bytes, "gossip entry's id");
  bytes = ping;
  bytes.replace(2168, 46, std::string(46, '1'));
  ExpectMalformed(bytes, "address");
  bytes = ping;
  bytes.replace(2256 + 48, 5, "1\n2 3");
  ExpectMalformed(bytes, "address");
  for (const size_t at : {16U, 24U}) {
    for (const uint64_t epoch : {~0ULL, ~0ULL - 1, 1ULL << 62}) {
      bytes = ping;
      Poke(&bytes, at, epoch, 8);
      ExpectMalformed(bytes, "wrap");
    }
  }
  Packet update = Header(PacketType::kUpdate);
  update.update.id = Sender('2');
  bytes = Encode(update);
  Poke(&bytes, 2256, ~0ULL, 8);
  ExpectMalformed(bytes, "wrap");
  EXPECT_TRUE(EpochTooFarAhead(Epoch(5), Epoch(5 + (1ULL << 32) + 1)));
  EXPECT_FALSE(EpochTooFarAhead(Epoch(5), Epoch(5 + (1ULL << 32))));
  EXPECT_FALSE(EpochTooFarAhead(Epoch(5), Epoch(4)));
}

TEST(WireHostile, PrefixesTheFramerRefusesBeforeItBuffers) {
  const auto refused = [](std::string prefix, std::string_view why) {
    Framer framer;
    std::vector<Packet> packets;
    const Status status = framer.OnBytes(prefix, &packets);
    ASSERT_FALSE(status.ok()) << why;
    EXPECT_NE(status.message().find(why), std::string::npos) << status.message();
    EXPECT_EQ(framer.buffered_bytes(), 0U);
    EXPECT_FALSE(framer.OnBytes(Encode(FullPing()), &packets).ok());  // it stays refused
    EXPECT_TRUE(packets.empty());
  };
  refused("G", "signature");
  refused("RCm\n", "signature");
  const std::string ping = Encode(FullPing()).substr(0, 14);
  std::string bytes = ping;
  Poke(&bytes, 4, 0xffffffff, 4);
  refused(bytes, "announces 4294967295 bytes");
  Poke(&bytes, 4, 2255, 4);
  refused(bytes, "announces 2255 bytes");
  Poke(&bytes, 4, 0, 4);
  refused(bytes, "announces 0 bytes");
  Poke(&bytes, 12, 3, 2);
  Poke(&bytes, 4, 2297, 4);
  refused(bytes, "announces 2297 bytes");  // a FAIL has 2296
  Poke(&bytes, 12, 4, 2);
  Poke(&bytes, 4, (64U << 20) + 1, 4);
  refused(bytes, "announces");
  Poke(&bytes, 12, 0x8000, 2);
  Poke(&bytes, 4, 16, 4);
  refused(bytes, "no light form");
  Poke(&bytes, 12, 0x8004, 2);
  Poke(&bytes, 4, 64, 4);
  refused(bytes, "made itself known");
}

TEST(Framer, AnyChunkingGivesTheSamePackets) {
  std::string stream;
  const std::vector<Packet> sent = OneOfEach();
  for (const Packet& p : sent) stream += Encode(p);
  Prng prng(7);
  for (int round = 0; round < 20; ++round) {
    Framer framer;
    std::vector<Packet> got;
    for (size_t at = 0; at < stream.size();) {
      const size_t n = round == 0 ? 1 : 1 + prng.Below(round % 2 == 0 ? 50 : 9000);
      ASSERT_TRUE(framer.OnBytes(stream.substr(at, n), &got).ok());
      at += n;
    }
    EXPECT_EQ(got, sent);
    EXPECT_EQ(framer.buffered_bytes(), 0U);
  }
}

TEST(Framer, DeliversWhatCameBeforeTheFault) {
  Framer framer;
  std::vector<Packet> got;
  std::string bad = Encode(FullPing());
  bad[40] = '!';
  EXPECT_FALSE(framer.OnBytes(Encode(FullPing()) + bad, &got).ok());
  EXPECT_EQ(got.size(), 1U);
}

TEST(Framer, SkipsPacketsOfAnUnknownBusVersion) {
  Framer framer;
  std::vector<Packet> got;
  std::string strange = Encode(FullPing());
  Poke(&strange, 8, 9, 2);
  ASSERT_TRUE(framer.OnBytes(strange + Encode(FullPing()), &got).ok());
  EXPECT_EQ(got.size(), 1U);
  EXPECT_EQ(framer.skipped_packets(), 1U);
}

TEST(WireHostile, RandomFlipsNeverCrashAndWhatDecodesEncodesStably) {
  Prng prng(52);
  const std::vector<Packet> all = OneOfEach();
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = Encode(all[prng.Below(all.size())]);
    for (uint64_t flips = 1 + prng.Below(3); flips-- > 0;) {
      // Half of the flips hit heads and tails, where the lengths stand.
      const size_t window = std::min<size_t>(bytes.size(), 700);
      size_t at = prng.Below(bytes.size());
      if (prng.Chance(1, 4)) at = prng.Below(std::min<size_t>(bytes.size(), 40));
      if (prng.Chance(1, 4)) at = bytes.size() - 1 - prng.Below(window);
      bytes[at] = static_cast<char>(prng.Next());
    }
    const Result<Packet> packet = Decode(bytes);
    if (!packet.ok()) continue;
    ++accepted;
    const std::string again = Encode(*packet);
    const Result<Packet> twice = Decode(again);
    ASSERT_TRUE(twice.ok()) << twice.message();
    EXPECT_EQ(*twice, *packet);
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace pleiad::cluster
