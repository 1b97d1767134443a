// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/wire.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "fmt/core.h"

namespace pleiad::cluster {

namespace {

constexpr std::string_view kSignature = "RCmb";
constexpr uint16_t kLightBit = 0x8000;
constexpr size_t kIdBytes = 40;
constexpr size_t kExtensionHead = 8;
constexpr size_t kUpdateBytes = 8 + kIdBytes + SlotSet::kBytes;
constexpr int64_t kSpanMaxMs = 3600 * 1000;  // a peer's time span is cut to this
constexpr size_t kPrefixBytes = 14;          // enough to know version, length and type

static_assert(kHeaderBytes == 80 + SlotSet::kBytes + kIdBytes + kIpBytes + 2 + 30 + 10);
static_assert(kHeaderBytesV0 == 80 + SlotSet::kBytes + kIdBytes + 32 + 8);
static_assert(kGossipBytes == kIdBytes + 8 + kIpBytes + 10);

// ---- big-endian reading and writing. The reader never runs off its end: it becomes `bad` and
// yields zeros.

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool bad() const { return bad_; }
  size_t left() const { return bytes_.size(); }
  std::string_view Take(uint64_t n) {
    if (n > bytes_.size()) {
      bad_ = true;
      return {};
    }
    const std::string_view out = bytes_.substr(0, static_cast<size_t>(n));
    bytes_.remove_prefix(static_cast<size_t>(n));
    return out;
  }
  template <typename T>
  T Int() {
    uint64_t value = 0;
    for (const char c : Take(sizeof(T))) value = (value << 8) | static_cast<uint8_t>(c);
    return static_cast<T>(value);
  }

 private:
  std::string_view bytes_;
  bool bad_ = false;
};

template <typename T>
void PutInt(std::string* out, T value) {
  for (size_t i = sizeof(T); i-- > 0;) {
    out->push_back(static_cast<char>(static_cast<uint64_t>(value) >> (8 * i)));
  }
}

void PutZeros(std::string* out, size_t n) { out->append(n, '\0'); }

// `text` in a field of `width` bytes, cut so that at least one NUL follows.
void PutText(std::string* out, std::string_view text, size_t width) {
  text = text.substr(0, width - 1);
  out->append(text);
  PutZeros(out, width - text.size());
}

void PutId(std::string* out, const NodeId& id) {
  if (id.empty()) {
    PutZeros(out, kIdBytes);
  } else {
    out->append(id.view());
  }
}

std::string_view UpToNul(std::string_view field) { return field.substr(0, field.find('\0')); }

// An id field. Empty ids are 40 zero bytes.
bool ReadId(Reader* in, bool may_be_empty, NodeId* id) {
  const std::string_view field = in->Take(kIdBytes);
  if (field.size() != kIdBytes) return false;
  if (may_be_empty && field.find_first_not_of('\0') == std::string_view::npos) {
    *id = NodeId();
    return true;
  }
  const std::optional<NodeId> parsed = NodeId::Parse(field);
  if (!parsed) return false;
  *id = *parsed;
  return true;
}

bool ReadIp(Reader* in, std::string* ip) {
  const std::string_view field = in->Take(kIpBytes);
  if (field.find('\0') == std::string_view::npos) return false;
  const std::string_view text = UpToNul(field);
  // What is copied into nodes.conf, logs and replies must not be able to forge a line or a field
  // there.
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == ',' || c == '@') return false;
  }
  ip->assign(text);
  return true;
}

void ReadSlots(Reader* in, SlotSet* slots) {
  const std::string_view field = in->Take(SlotSet::kBytes);
  if (field.size() == SlotSet::kBytes)
    std::memcpy(slots->bytes().data(), field.data(), field.size());
}

void PutSlots(std::string* out, const SlotSet& slots) {
  out->append(reinterpret_cast<const char*>(slots.bytes().data()), SlotSet::kBytes);
}

// ---- extensions

bool IsTextExtension(uint16_t type) {
  return type == kExtHostname || type == kExtNodename || type == kExtClientIpv4 ||
         type == kExtClientIpv6 || type == kExtAvailabilityZone;
}

bool ExtensionIsSound(const PingExtension& ext) {
  if (IsTextExtension(ext.type)) {
    const std::optional<std::string_view> text = ext.AsText();
    if (!text) return false;
    if (ext.type == kExtAvailabilityZone) return true;  // free text, never written to a file
    for (const char c : *text) {                        // same reason as in ReadIp
      if (c <= ' ' || c > '~' || c == ',') return false;
    }
    return true;
  }
  switch (ext.type) {
    case kExtForgottenNode:
      return ext.AsForgotten().has_value();
    case kExtShardId:
      return ext.AsShardId().has_value();
    case kExtClientPort:
    case kExtClientTlsPort:
      return ext.AsPort().has_value();
    case kExtLeaseRequest:
      return ext.AsLeaseRequest().has_value();
    case kExtLeaseGrant:
      return ext.AsLeaseGrant().has_value();
    case kExtLeaseRelease:
      return ext.AsLeaseRelease().has_value();
    default:
      return true;
  }
}

void PadTo8(std::string* body) { body->append((8 - body->size() % 8) % 8, '\0'); }

Status ReadExtensions(Reader* in, uint16_t count, std::vector<PingExtension>* out) {
  for (unsigned i = 0; i < count; ++i) {
    const uint32_t length = in->Int<uint32_t>();
    PingExtension ext;
    ext.type = in->Int<uint16_t>();
    in->Int<uint16_t>();  // reserved
    if (in->bad()) return Error{fmt::format("ping extension {} is cut short", i)};
    if (length < kExtensionHead || length % 8 != 0 || length - kExtensionHead > in->left()) {
      return Error{fmt::format("ping extension {} has a bad length {}", i, length)};
    }
    ext.body.assign(in->Take(length - kExtensionHead));
    if (!ExtensionIsSound(ext)) {
      return Error{fmt::format("ping extension {} of type {} is malformed", i, ext.type)};
    }
    out->push_back(std::move(ext));
  }
  return Status::Ok();
}

// ---- bodies

Status ReadGossip(Reader* in, uint16_t count, uint16_t version, std::vector<GossipEntry>* out) {
  if (uint64_t{count} * kGossipBytes > in->left()) {
    return Error{fmt::format("{} gossip entries exceed the packet", count)};
  }
  out->resize(count);
  for (GossipEntry& entry : *out) {
    if (!ReadId(in, false, &entry.id)) return Error{"a gossip entry's id is not 40 hex digits"};
    entry.ping_sent_s = in->Int<uint32_t>();
    entry.pong_received_s = in->Int<uint32_t>();
    if (!ReadIp(in, &entry.ip)) return Error{"a gossip entry's address is malformed"};
    entry.port = in->Int<uint16_t>();
    if (version != 0) entry.cport = in->Int<uint16_t>();
    entry.flags = in->Int<uint16_t>();
    if (version != 0) entry.pport = in->Int<uint16_t>();
    in->Take(version != 0 ? 2 : 6);  // reserved
  }
  return Status::Ok();
}

void PutGossip(std::string* out, const GossipEntry& entry, uint16_t version) {
  PutId(out, entry.id);
  PutInt(out, entry.ping_sent_s);
  PutInt(out, entry.pong_received_s);
  PutText(out, entry.ip, kIpBytes);
  PutInt(out, entry.port);
  if (version != 0) PutInt(out, entry.cport);
  PutInt(out, entry.flags);
  if (version != 0) PutInt(out, entry.pport);
  PutZeros(out, version != 0 ? 2 : 6);
}

Status ReadPingBody(Reader* in, uint16_t count, uint16_t extensions, Packet* packet) {
  const Status gossip = ReadGossip(in, count, packet->version, &packet->gossip);
  if (!gossip.ok()) return gossip;
  if ((packet->mflags[0] & kMessageExtData) == 0) extensions = 0;
  return ReadExtensions(in, extensions, &packet->extensions);
}

Status ReadPublish(Reader* in, PublishBody* body) {
  const uint32_t channel = in->Int<uint32_t>();
  const uint32_t message = in->Int<uint32_t>();
  if (in->bad() || uint64_t{channel} + message != in->left()) {
    return Error{"the lengths of channel and message do not add up"};
  }
  body->channel.assign(in->Take(channel));
  body->message.assign(in->Take(message));
  return Status::Ok();
}

Status ReadModule(Reader* in, ModuleBody* body) {
  body->module_id = in->Int<uint64_t>();
  const uint32_t length = in->Int<uint32_t>();
  body->type = in->Int<uint8_t>();
  if (in->bad() || length != in->left()) return Error{"the length of the module message is wrong"};
  body->payload.assign(in->Take(length));
  return Status::Ok();
}

Status ReadUpdate(Reader* in, UpdateBody* body) {
  body->config_epoch = Epoch(in->Int<uint64_t>());
  if (!ReadId(in, false, &body->id)) return Error{"the id in an UPDATE is not 40 hex digits"};
  ReadSlots(in, &body->slots);
  if (in->bad()) return Error{"an UPDATE is cut short"};
  if (body->config_epoch.value >= kEpochMax) return Error{"the epoch in an UPDATE would wrap"};
  return Status::Ok();
}

Status ReadBody(Reader* in, uint16_t count, uint16_t extensions, Packet* packet) {
  switch (packet->type) {
    case PacketType::kPing:
    case PacketType::kPong:
    case PacketType::kMeet:
      return ReadPingBody(in, count, extensions, packet);
    case PacketType::kFail:
      if (!ReadId(in, false, &packet->fail_about)) {
        return Error{"the id in a FAIL is not 40 hex digits"};
      }
      return Status::Ok();
    case PacketType::kPublish:
    case PacketType::kPublishShard:
      return ReadPublish(in, &packet->publish);
    case PacketType::kUpdate:
      return ReadUpdate(in, &packet->update);
    case PacketType::kModule:
      return ReadModule(in, &packet->module);
    case PacketType::kAuthRequest:
    case PacketType::kAuthAck:
    case PacketType::kMfStart:
      return Status::Ok();
  }
  packet->unknown_body.assign(in->Take(in->left()));  // a newer peer's message: kept, not judged
  return Status::Ok();
}

// ---- headers

// What the first 14 bytes say.
struct Prefix {
  uint32_t total = 0;
  uint16_t version = 0;
  uint16_t port = 0;
  PacketType type = PacketType::kPing;
  bool light = false;
};

bool HasLightForm(PacketType type) {
  return type == PacketType::kPublish || type == PacketType::kPublishShard ||
         type == PacketType::kModule;
}

size_t HeaderBytes(uint16_t version, bool light) {
  if (light) return kLightHeaderBytes;
  return version == 0 ? kHeaderBytesV0 : kHeaderBytes;
}

uint64_t PacketBytesMax(const Prefix& prefix) {
  const uint64_t header = HeaderBytes(prefix.version, prefix.light);
  switch (prefix.type) {
    case PacketType::kPing:
    case PacketType::kPong:
    case PacketType::kMeet:
      return kPingPacketMax;
    case PacketType::kFail:
      return header + kIdBytes;
    case PacketType::kUpdate:
      return header + kUpdateBytes;
    case PacketType::kAuthRequest:
    case PacketType::kAuthAck:
    case PacketType::kMfStart:
      return header;
    case PacketType::kPublish:
    case PacketType::kPublishShard:
    case PacketType::kModule:
      break;
  }
  return kPayloadPacketMax;
}

bool KnownVersion(uint16_t version) { return version <= 1; }

// REQUIRES: at least kPrefixBytes bytes.
Result<Prefix> ReadPrefix(std::string_view bytes) {
  Reader in(bytes);
  if (in.Take(4) != kSignature) return Error{"bad signature"};
  Prefix prefix;
  prefix.total = in.Int<uint32_t>();
  prefix.version = in.Int<uint16_t>();
  prefix.port = in.Int<uint16_t>();
  const uint16_t type = in.Int<uint16_t>();
  prefix.light = (type & kLightBit) != 0;
  prefix.type = static_cast<PacketType>(type & ~kLightBit);
  if (!KnownVersion(prefix.version)) {  // its header may differ: nothing more to judge
    if (prefix.total < kLightHeaderBytes || prefix.total > kPayloadPacketMax) {
      return Error{
          fmt::format("a packet of version {} announces {} bytes", prefix.version, prefix.total)};
    }
    return prefix;
  }
  if (prefix.light && (prefix.version == 0 || !HasLightForm(prefix.type))) {
    return Error{
        fmt::format("a packet of type {} has no light form", static_cast<unsigned>(prefix.type))};
  }
  if (prefix.total < HeaderBytes(prefix.version, prefix.light) ||
      prefix.total > PacketBytesMax(prefix)) {
    return Error{fmt::format("a packet of type {} announces {} bytes",
                             static_cast<unsigned>(prefix.type), prefix.total)};
  }
  return prefix;
}

// The header from the count field (offset 14) on. The caller has checked that it is all there.
Status ReadHeader(Reader* in, Packet* packet, uint16_t* count, uint16_t* extensions) {
  const bool v0 = packet->version == 0;
  *count = in->Int<uint16_t>();
  packet->current_epoch = Epoch(in->Int<uint64_t>());
  packet->config_epoch = Epoch(in->Int<uint64_t>());
  packet->offset = Offset(in->Int<int64_t>());
  if (!ReadId(in, false, &packet->sender)) return Error{"the sender is not 40 hex digits"};
  ReadSlots(in, &packet->slots);
  if (!ReadId(in, true, &packet->replica_of)) return Error{"the master's id is not 40 hex digits"};
  if (v0) {
    in->Take(32);
    packet->port = in->Int<uint16_t>();
  } else {
    if (!ReadIp(in, &packet->my_ip)) return Error{"the sender's address is malformed"};
    *extensions = in->Int<uint16_t>();
    in->Take(30);
    packet->pport = in->Int<uint16_t>();
    packet->cport = in->Int<uint16_t>();
  }
  packet->flags = in->Int<uint16_t>();
  packet->state = in->Int<uint8_t>();
  for (uint8_t& flag : packet->mflags) flag = in->Int<uint8_t>();
  if (packet->current_epoch.value >= kEpochMax || packet->config_epoch.value >= kEpochMax) {
    return Error{"an epoch would wrap"};
  }
  return Status::Ok();
}

void PutHeader(std::string* out, const Packet& packet) {
  const bool v0 = packet.version == 0;
  PutInt(out, static_cast<uint16_t>(packet.IsPing() ? packet.gossip.size() : 0));
  PutInt(out, packet.current_epoch.value);
  PutInt(out, packet.config_epoch.value);
  PutInt(out, packet.offset.value);
  PutId(out, packet.sender);
  PutSlots(out, packet.slots);
  PutId(out, packet.replica_of);
  if (v0) {
    PutZeros(out, 32);
    PutInt(out, packet.port);
  } else {
    PutText(out, packet.my_ip, kIpBytes);
    PutInt(out, static_cast<uint16_t>(packet.IsPing() ? packet.extensions.size() : 0));
    PutZeros(out, 30);
    PutInt(out, packet.pport);
    PutInt(out, packet.cport);
  }
  PutInt(out, packet.flags);
  PutInt(out, packet.state);
  const bool extended = packet.IsPing() && !packet.extensions.empty();
  PutInt(out, static_cast<uint8_t>(packet.mflags[0] | (extended ? kMessageExtData : 0)));
  PutInt(out, packet.mflags[1]);
  PutInt(out, packet.mflags[2]);
}

void PutPingBody(std::string* out, const Packet& packet) {
  for (const GossipEntry& entry : packet.gossip) PutGossip(out, entry, packet.version);
  for (const PingExtension& ext : packet.extensions) {
    CHECK(ext.body.size() % 8 == 0);
    PutInt(out, static_cast<uint32_t>(ext.body.size() + kExtensionHead));
    PutInt(out, ext.type);
    PutInt(out, uint16_t{0});
    out->append(ext.body);
  }
}

void PutBody(std::string* out, const Packet& packet) {
  switch (packet.type) {
    case PacketType::kPing:
    case PacketType::kPong:
    case PacketType::kMeet:
      return PutPingBody(out, packet);
    case PacketType::kFail:
      return PutId(out, packet.fail_about);
    case PacketType::kPublish:
    case PacketType::kPublishShard:
      PutInt(out, static_cast<uint32_t>(packet.publish.channel.size()));
      PutInt(out, static_cast<uint32_t>(packet.publish.message.size()));
      out->append(packet.publish.channel);
      out->append(packet.publish.message);
      return;
    case PacketType::kUpdate:
      PutInt(out, packet.update.config_epoch.value);
      PutId(out, packet.update.id);
      PutSlots(out, packet.update.slots);
      return;
    case PacketType::kModule:
      PutInt(out, packet.module.module_id);
      PutInt(out, static_cast<uint32_t>(packet.module.payload.size()));
      PutInt(out, packet.module.type);
      out->append(packet.module.payload);
      return;
    case PacketType::kAuthRequest:
    case PacketType::kAuthAck:
    case PacketType::kMfStart:
      return;
  }
  out->append(packet.unknown_body);
}

size_t BodySizeHint(const Packet& packet) {
  size_t size = packet.gossip.size() * kGossipBytes + packet.publish.channel.size() +
                packet.publish.message.size() + packet.module.payload.size() +
                packet.unknown_body.size() + 64;
  if (packet.type == PacketType::kUpdate) size += kUpdateBytes;
  for (const PingExtension& ext : packet.extensions) size += kExtensionHead + ext.body.size();
  return size;
}

}  // namespace

std::string_view PacketTypeName(PacketType type) {
  static constexpr std::string_view kNames[kPacketTypeCount] = {
      "ping",     "pong",   "meet",    "fail",   "publish",      "auth-req",
      "auth-ack", "update", "mfstart", "module", "publishshard",
  };
  const auto index = static_cast<uint16_t>(type);
  return index < kPacketTypeCount ? kNames[index] : "unknown";
}

PingExtension PingExtension::Text(uint16_t type, std::string_view text) {
  PingExtension ext{type, std::string(text)};
  ext.body.push_back('\0');
  PadTo8(&ext.body);
  return ext;
}

PingExtension PingExtension::ShardId(const NodeId& shard) {
  PingExtension ext{kExtShardId, {}};
  PutId(&ext.body, shard);
  return ext;
}

PingExtension PingExtension::Forgotten(const NodeId& node, uint64_t ttl_s) {
  PingExtension ext{kExtForgottenNode, {}};
  PutId(&ext.body, node);
  PutInt(&ext.body, ttl_s);
  return ext;
}

PingExtension PingExtension::Port(uint16_t type, uint16_t port) {
  PingExtension ext{type, {}};
  PutInt(&ext.body, port);
  PadTo8(&ext.body);
  return ext;
}

PingExtension PingExtension::LeaseRequest(uint64_t number, Epoch config_epoch,
                                          int64_t node_timeout_ms, const NodeId& yielded_by) {
  PingExtension ext{kExtLeaseRequest, {}};
  PutInt(&ext.body, number);
  PutInt(&ext.body, config_epoch.value);
  PutInt(&ext.body, node_timeout_ms);
  if (!yielded_by.empty()) ext.body += yielded_by.view();
  return ext;
}

PingExtension PingExtension::LeaseRelease(Epoch config_epoch, int64_t span_ms, uint64_t number) {
  PingExtension ext{kExtLeaseRelease, {}};
  PutInt(&ext.body, config_epoch.value);
  PutInt(&ext.body, span_ms);
  PutInt(&ext.body, number);
  return ext;
}

PingExtension PingExtension::LeaseGrant(uint64_t number, Epoch config_epoch, bool granted,
                                        int64_t not_before_ms, int64_t not_before_rest_ms) {
  PingExtension ext{kExtLeaseGrant, {}};
  PutInt(&ext.body, number);
  PutInt(&ext.body, config_epoch.value);
  PutInt(&ext.body, not_before_ms);
  PutInt(&ext.body, static_cast<uint64_t>(granted ? 1 : 0));
  PutInt(&ext.body, not_before_rest_ms);
  return ext;
}

std::optional<std::string_view> PingExtension::AsText() const {
  const std::string_view view = body;
  const size_t nul = view.find('\0');
  if (!IsTextExtension(type) || nul == std::string_view::npos) return std::nullopt;
  return view.substr(0, nul);
}

std::optional<NodeId> PingExtension::AsShardId() const {
  if (type != kExtShardId) return std::nullopt;
  return NodeId::Parse(body);
}

std::optional<PingExtension::ForgottenNode> PingExtension::AsForgotten() const {
  if (type != kExtForgottenNode || body.size() != kIdBytes + 8) return std::nullopt;
  Reader in(body);
  ForgottenNode out;
  if (!ReadId(&in, false, &out.id)) return std::nullopt;
  out.ttl_s = in.Int<uint64_t>();
  return out;
}

std::optional<uint16_t> PingExtension::AsPort() const {
  if ((type != kExtClientPort && type != kExtClientTlsPort) || body.size() < 2) return std::nullopt;
  return Reader(body).Int<uint16_t>();
}

std::optional<PingExtension::LeaseAsk> PingExtension::AsLeaseRequest() const {
  if (type != kExtLeaseRequest || body.size() < 24) return std::nullopt;
  Reader in(body);
  LeaseAsk out{};
  out.number = in.Int<uint64_t>();
  out.config_epoch = Epoch(in.Int<uint64_t>());
  out.node_timeout_ms = std::clamp<int64_t>(in.Int<int64_t>(), 1, kSpanMaxMs);
  if (body.size() >= 24 + kIdBytes) {
    const auto id = NodeId::Parse(in.Take(kIdBytes));
    if (id) out.yielded_by = *id;
  }
  return out;
}

std::optional<PingExtension::LeaseFreed> PingExtension::AsLeaseRelease() const {
  if (type != kExtLeaseRelease || body.size() < 24) return std::nullopt;
  Reader in(body);
  LeaseFreed out{};
  out.config_epoch = Epoch(in.Int<uint64_t>());
  out.span_ms = std::clamp<int64_t>(in.Int<int64_t>(), 0, kSpanMaxMs);
  out.number = in.Int<uint64_t>();
  return out;
}

std::optional<PingExtension::LeaseAnswer> PingExtension::AsLeaseGrant() const {
  if (type != kExtLeaseGrant || body.size() < 40) return std::nullopt;
  Reader in(body);
  LeaseAnswer out{};
  out.number = in.Int<uint64_t>();
  out.config_epoch = Epoch(in.Int<uint64_t>());
  out.not_before_ms = in.Int<int64_t>();
  out.granted = in.Int<uint64_t>() == 1;
  out.not_before_rest_ms = in.Int<int64_t>();
  if (out.not_before_ms < 0 || out.not_before_rest_ms < 0) return std::nullopt;
  return out;
}

const PingExtension* Packet::Find(uint16_t extension_type) const {
  for (const PingExtension& ext : extensions) {
    if (ext.type == extension_type) return &ext;
  }
  return nullptr;
}

std::string Encode(const Packet& packet) {
  CHECK(packet.gossip.size() <= 65535 && packet.extensions.size() <= 65535);
  CHECK(KnownVersion(packet.version) && (!packet.light || HasLightForm(packet.type)));
  std::string out;
  out.reserve(HeaderBytes(packet.version, packet.light) + BodySizeHint(packet));
  out.append(kSignature);
  PutInt(&out, uint32_t{0});  // the total, filled in below
  PutInt(&out, packet.version);
  PutInt(&out, static_cast<uint16_t>(packet.version == 0 || packet.light ? 0 : packet.port));
  const auto type = static_cast<uint16_t>(packet.type);
  PutInt(&out, static_cast<uint16_t>(type | (packet.light ? kLightBit : 0)));
  if (packet.light) {
    PutInt(&out, uint16_t{0});
  } else {
    PutHeader(&out, packet);
  }
  PutBody(&out, packet);
  CHECK(out.size() <= std::numeric_limits<uint32_t>::max());
  std::string total;
  PutInt(&total, static_cast<uint32_t>(out.size()));
  out.replace(4, 4, total);
  return out;
}

Result<Packet> Decode(std::string_view bytes) {
  if (bytes.size() < kPrefixBytes) return Error{"a packet is shorter than its first fields"};
  const Result<Prefix> prefix = ReadPrefix(bytes);
  if (!prefix.ok()) return prefix.error();
  if (prefix->total != bytes.size()) return Error{"a packet's length is not the announced one"};
  if (!KnownVersion(prefix->version)) {
    return Error{fmt::format("unknown bus version {}", prefix->version)};
  }
  Packet packet;
  packet.version = prefix->version;
  packet.type = prefix->type;
  packet.light = prefix->light;
  Reader in(bytes.substr(kPrefixBytes));
  uint16_t count = 0;
  uint16_t extensions = 0;
  if (packet.light) {
    in.Take(2);
  } else {
    packet.port = prefix->port;
    const Status header = ReadHeader(&in, &packet, &count, &extensions);
    if (!header.ok()) return header.error();
  }
  const Status body = ReadBody(&in, count, extensions, &packet);
  if (!body.ok()) return body.error();
  if (in.bad()) return Error{"a packet is cut short"};
  if (in.left() != 0) return Error{fmt::format("{} bytes behind the packet's end", in.left())};
  return packet;
}

Status Framer::OnBytes(std::string_view bytes, std::vector<Packet>* packets) {
  if (!failed_.ok()) return failed_;
  buffer_.append(bytes);
  failed_ = Drain(packets);
  if (!failed_.ok()) {
    buffer_ = std::string();
    start_ = 0;
    return failed_;
  }
  if (start_ == buffer_.size()) {
    start_ = 0;
    if (buffer_.capacity() > 65536) {
      buffer_ = std::string();  // one big PUBLISH must not stay with the link for ever
    } else {
      buffer_.clear();
    }
  } else if (start_ > buffer_.size() / 2) {
    buffer_.erase(0, start_);
    start_ = 0;
  }
  return Status::Ok();
}

Status Framer::Drain(std::vector<Packet>* packets) {
  const std::string_view head = std::string_view(buffer_).substr(start_, kSignature.size());
  if (head != kSignature.substr(0, head.size())) return Error{"bad signature"};
  while (buffered_bytes() >= kPrefixBytes) {
    const std::string_view rest = std::string_view(buffer_).substr(start_);
    const Result<Prefix> prefix = ReadPrefix(rest);
    if (!prefix.ok()) return prefix.error();
    const bool known = KnownVersion(prefix->version);
    if (known && prefix->light && !seen_full_) {
      return Error{"a light packet before the sender made itself known"};
    }
    if (prefix->total > rest.size()) return Status::Ok();
    if (known) {
      Result<Packet> packet = Decode(rest.substr(0, prefix->total));
      if (!packet.ok()) return packet.error();
      seen_full_ = seen_full_ || !packet->light;
      packets->push_back(*std::move(packet));
    } else {
      ++skipped_;
    }
    start_ += prefix->total;
  }
  return Status::Ok();
}

}  // namespace pleiad::cluster
