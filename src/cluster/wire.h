// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Redis Cluster bus, byte format (docs/formats/bus.md). One Packet value for every message; Decode
// and Encode are pure and inverse: Encode(*Decode(bytes)) == bytes for every packet that a correct
// peer sends.
//
// Versions: 1 is what Redis 4 and later and Valkey speak. 0 (Redis 3.0: no myip, no cport, no
// extensions, header 48 bytes shorter) is read and written too, so that the recorded traffic of 3.0
// stays a test; we never send it.
//
// A full message starts with the 2256-byte header. A light message (PUBLISH, PUBLISHSHARD, MODULE
// of Valkey >= 8.1) has 16 bytes and no sender: it speaks for whoever sent the full packets before
// it on the same link.
//
// Hostile input: every length is computed in 64 bits and compared as `need <= total - offset`; ids
// must be 40 lowercase hex digits (or 40 zero bytes where "none" is allowed); known text extensions
// must hold a NUL; epochs >= kEpochMax are refused, since counting on from them would wrap. Whether
// an epoch is plausible beside ours is the machine's decision (EpochTooFarAhead). Threads: values
// only, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "cluster/slot_set.h"

namespace pleiad::cluster {

// Any other value up to 0x7fff may arrive too (a newer peer): see Packet::unknown_body.
enum class PacketType : uint16_t {
  kPing = 0,
  kPong = 1,
  kMeet = 2,
  kFail = 3,
  kPublish = 4,
  kAuthRequest = 5,
  kAuthAck = 6,
  kUpdate = 7,
  kMfStart = 8,
  kModule = 9,
  kPublishShard = 10,
};
inline constexpr uint16_t kPacketTypeCount = 11;
// "ping", "auth-ack"...: the words of CLUSTER INFO's cluster_stats_messages_*; "unknown" for the
// rest.
std::string_view PacketTypeName(PacketType type);

// Packet::flags and GossipEntry::flags.
enum NodeFlag : uint16_t {
  kFlagMaster = 1,
  kFlagReplica = 2,
  kFlagPfail = 4,
  kFlagFail = 8,
  kFlagMyself = 16,
  kFlagHandshake = 32,
  kFlagNoAddr = 64,
  kFlagMeet = 128,
  kFlagMigrateTo = 256,
  kFlagNoFailover = 512,
  kFlagExtensions = 1024,
  kFlagLightPublish = 2048,
  kFlagLightModule = 4096,
  kFlagMyMasterFail = 8192,
};

// Packet::mflags[0].
enum MessageFlag : uint8_t {
  kMessagePaused = 1,    // the master stopped writes for a manual failover: offset is final
  kMessageForceAck = 2,  // vote although the master is not FAIL: manual failover
  kMessageExtData = 4,   // the sender understands ping extensions (set even when it sends none)
};

// Packet::mflags[2], which other vendors leave zero: who speaks the lease.
enum PleiadMark : uint8_t {
  kMarkLease = 1,    // reads and answers the lease's extensions
  kMarkSettled = 2,  // its claim (as a replica: the last one it had) is or was settled
};

// Packet::state.
enum ClusterStateByte : uint8_t { kStateOk = 0, kStateFail = 1 };

// What a PING, PONG or MEET tells about a third node. Times: seconds since 1970 at the sender, 0 =
// none.
struct GossipEntry {
  NodeId id;
  uint32_t ping_sent_s = 0;
  uint32_t pong_received_s = 0;
  std::string ip;  // at most 45 bytes
  uint16_t port = 0;
  uint16_t cport = 0;  // 0 in version 0: port + 10000
  uint16_t flags = 0;
  uint16_t pport = 0;  // the other one of the TCP and TLS port, 0 = none
  bool operator==(const GossipEntry&) const = default;
};

// Numbers of ping extensions. From 0x5000 up: ours, skipped by other vendors' nodes.
enum ExtensionType : uint16_t {
  kExtHostname = 0,
  kExtNodename = 1,
  kExtForgottenNode = 2,
  kExtShardId = 3,
  kExtClientIpv4 = 4,
  kExtClientIpv6 = 5,
  kExtClientPort = 6,
  kExtClientTlsPort = 7,
  kExtAvailabilityZone = 8,
  kExtLeaseRequest = 0x5000,
  kExtLeaseGrant = 0x5001,
  kExtLeaseRelease = 0x5002,
};

// One extension as it stands on the wire. `body` is what follows the 8-byte head, padding included:
// its size is a multiple of 8. Unknown types are kept verbatim. The accessors return nullopt for
// another type; Decode has already refused known types whose body is malformed.
struct PingExtension {
  uint16_t type = 0;
  std::string body;

  // A text type (0, 1, 4, 5, 8): NUL-terminated and padded.
  static PingExtension Text(uint16_t type, std::string_view text);
  static PingExtension ShardId(const NodeId& shard);
  static PingExtension Forgotten(const NodeId& node, uint64_t ttl_s);
  static PingExtension Port(uint16_t type, uint16_t port);
  // The lease (lease.cc). Request: a number, the config epoch of the claim it is asked for, the
  // node timeout by which the asker counts, and who said that it gave the slots up to the asker
  // (empty: nobody).
  static PingExtension LeaseRequest(uint64_t number, Epoch config_epoch, int64_t node_timeout_ms,
                                    const NodeId& yielded_by = NodeId());
  // Both echoed, granted or not, and for how long a contested grantee may not count it; and for how
  // long without regard to yielded_by.
  static PingExtension LeaseGrant(uint64_t number, Epoch config_epoch, bool granted,
                                  int64_t not_before_ms, int64_t not_before_rest_ms = 0);
  // A master that stopped writes for a manual failover answers a request of that replica: of which
  // claim, for how long they stay stopped from now on, and the number echoed, which dates it.
  static PingExtension LeaseRelease(Epoch config_epoch, int64_t span_ms, uint64_t number);

  struct ForgottenNode {
    NodeId id;
    uint64_t ttl_s;  // not validated: a sender may say anything
  };
  struct LeaseAsk {
    uint64_t number;
    Epoch config_epoch;
    int64_t node_timeout_ms;  // 1 to an hour, whatever was sent
    NodeId yielded_by;
  };
  struct LeaseAnswer {
    uint64_t number;
    Epoch config_epoch;
    bool granted;
    int64_t not_before_ms;       // >= 0
    int64_t not_before_rest_ms;  // >= 0
  };
  struct LeaseFreed {
    Epoch config_epoch;
    int64_t span_ms;  // 0 to an hour, whatever was sent
    uint64_t number;
  };
  std::optional<std::string_view> AsText() const;
  std::optional<NodeId> AsShardId() const;
  std::optional<ForgottenNode> AsForgotten() const;
  std::optional<uint16_t> AsPort() const;
  std::optional<LeaseAsk> AsLeaseRequest() const;
  std::optional<LeaseAnswer> AsLeaseGrant() const;
  std::optional<LeaseFreed> AsLeaseRelease() const;
  bool operator==(const PingExtension&) const = default;
};

struct PublishBody {
  std::string channel;
  std::string message;
  bool operator==(const PublishBody&) const = default;
};

struct UpdateBody {
  Epoch config_epoch;
  NodeId id;
  SlotSet slots;
  bool operator==(const UpdateBody&) const = default;
};

struct ModuleBody {
  uint64_t module_id = 0;
  uint8_t type = 0;
  std::string payload;
  bool operator==(const ModuleBody&) const = default;
};

// One message. Which of the bodies counts depends on `type`; the others are left empty and not
// encoded.
struct Packet {
  PacketType type = PacketType::kPing;
  uint16_t version = 1;
  bool light = false;  // PUBLISH, PUBLISHSHARD, MODULE only: every header field below is absent

  uint16_t port = 0;   // client port of the sender
  uint16_t pport = 0;  // its other port (TLS or TCP), 0 = none
  uint16_t cport = 0;  // its bus port; 0 in version 0
  Epoch current_epoch;
  Epoch config_epoch;  // its master's when the sender is a replica
  Offset offset;       // replication offset
  NodeId sender;       // never empty in a decoded full packet
  SlotSet slots;       // its master's when the sender is a replica
  NodeId replica_of;   // empty: not a replica (or master unknown)
  std::string my_ip;   // at most 45 bytes; empty: take the address of the connection
  uint16_t flags = 0;  // NodeFlag bits
  uint8_t state = kStateOk;
  std::array<uint8_t, 3> mflags{};

  std::vector<GossipEntry> gossip;        // PING PONG MEET
  std::vector<PingExtension> extensions;  // PING PONG MEET
  NodeId fail_about;                      // FAIL
  PublishBody publish;                    // PUBLISH PUBLISHSHARD
  UpdateBody update;                      // UPDATE
  ModuleBody module;                      // MODULE
  std::string unknown_body;               // any other type: the bytes after the header

  bool IsPing() const { return static_cast<uint16_t>(type) <= 2; }  // PING, PONG or MEET
  bool Known() const { return static_cast<uint16_t>(type) < kPacketTypeCount; }
  const PingExtension* Find(uint16_t extension_type) const;  // the first of its kind, or nullptr
  bool operator==(const Packet&) const = default;
};

inline constexpr size_t kHeaderBytes = 2256;
inline constexpr size_t kHeaderBytesV0 = 2208;
inline constexpr size_t kLightHeaderBytes = 16;
inline constexpr size_t kGossipBytes = 104;
inline constexpr size_t kIpBytes = 46;                    // text and NUL
inline constexpr uint64_t kExtensionBytesMax = 1U << 20;  // of one packet, all together
inline constexpr uint64_t kPayloadPacketMax =
    64U << 20;  // PUBLISH, PUBLISHSHARD, MODULE and unknown types
inline constexpr uint64_t kPingPacketMax = kHeaderBytes + kGossipBytes * 65535 + kExtensionBytesMax;
inline constexpr uint64_t kEpochMax = 1ULL << 62;

// True if a peer's epoch is so far above ours that adopting it would let one liar burn the number
// space.
constexpr bool EpochTooFarAhead(Epoch ours, Epoch theirs) {
  return theirs.value > ours.value && theirs.value - ours.value > (1ULL << 32);
}

// The bytes of `packet`. REQUIRES: at most 65535 gossip entries and extensions, bodies of
// extensions padded to 8, a total below 4 GB; longer ips are cut to 45 bytes. Cost: one allocation.
std::string Encode(const Packet& packet);

// One whole packet: `bytes` holds it exactly. The error says what is wrong, for the log.
Result<Packet> Decode(std::string_view bytes);

// Cuts one direction of one link into packets. After an error the link must be closed (the framer
// repeats the error).
//
//     std::vector<Packet> packets;
//     Status status = framer.OnBytes(bytes, &packets);   // packets before the fault are delivered
//
// Memory: never more than the bytes received and not more than the cap of the announced type.
// Packets of a bus version that is neither 0 nor 1 are skipped and counted. Not thread-safe.
class Framer {
 public:
  Status OnBytes(std::string_view bytes, std::vector<Packet>* packets);
  size_t buffered_bytes() const { return buffer_.size() - start_; }
  uint64_t skipped_packets() const { return skipped_; }

 private:
  Status Drain(std::vector<Packet>* packets);

  std::string buffer_;
  size_t start_ = 0;  // first byte of the packet under way
  bool seen_full_ = false;
  uint64_t skipped_ = 0;
  Status failed_;
};

}  // namespace pleiad::cluster
