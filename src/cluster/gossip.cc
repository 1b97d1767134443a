// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Gossip: what heartbeats say about third nodes, and the extensions behind it. Entries carry
// failure reports, introduce newcomers and repair addresses; they never move slots or roles.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/core.h"
#include "cluster/nodes_conf.h"

namespace pleiad::cluster {

GossipEntry Core::Entry(const Node* node) const {
  const auto seconds = [this](MonoMs when) {
    return static_cast<uint32_t>(std::max<int64_t>(0, state_->ToWall(when).value / 1000));
  };
  GossipEntry entry;
  entry.id = node->id;
  entry.ping_sent_s = seconds(node->ping_sent);
  entry.pong_received_s = seconds(node->pong_received);
  entry.ip = node->ip;
  entry.port = node->port;
  entry.cport = node->cport;
  entry.pport = node->pport;
  entry.flags = node->flags;
  return entry;
}

// A tenth of the nodes, chosen at random, but no fewer than ten: in a small cluster each heartbeat
// tells everything. Newcomers go first, and all that are PFAIL, since reports about them are what a
// majority waits for.
void Core::AddGossip(Packet* packet, const Node* receiver, bool only_news) {
  std::vector<const Node*> pool;
  for (const auto& [id, node] : state_->nodes()) {
    if (node->IsMyself() || node.get() == receiver) continue;
    if (node->InHandshake() || !node->HasAddress() || node->ip.empty()) continue;
    if (node->TimedOut() || newcomers_.count(id) != 0) {
      packet->gossip.push_back(Entry(node.get()));
    } else if (node->link.value != 0 || node->slot_count > 0) {
      pool.push_back(node.get());
    }
  }
  if (only_news) return;
  const auto tenth = static_cast<int64_t>(state_->size() / 10);
  size_t wanted = static_cast<size_t>(std::max(tenth, rule::kGossipMin));
  for (size_t i = 0; i < pool.size() && wanted > 0; ++i, --wanted) {
    std::swap(pool[i], pool[i + prng_.Below(pool.size() - i)]);
    packet->gossip.push_back(Entry(pool[i]));
  }
}

void Core::AddExtensions(Packet* packet) {
  if (!me()->hostname.empty()) {
    packet->extensions.push_back(PingExtension::Text(kExtHostname, me()->hostname));
  }
  if (!me()->nodename.empty()) {
    packet->extensions.push_back(PingExtension::Text(kExtNodename, me()->nodename));
  }
  if (!me()->availability_zone.empty()) {
    packet->extensions.push_back(
        PingExtension::Text(kExtAvailabilityZone, me()->availability_zone));
  }
  for (const auto& [id, until] : state_->bans) {
    const int64_t left_s = (until - now()) / 1000;
    if (left_s > 0) {
      packet->extensions.push_back(PingExtension::Forgotten(id, static_cast<uint64_t>(left_s)));
    }
  }
  packet->extensions.push_back(PingExtension::ShardId(me()->shard_id));
}

void Core::ReadGossip(Node* sender, const Packet& packet) {
  for (const GossipEntry& entry : packet.gossip) ReadEntry(sender, entry);
}

void Core::ReadEntry(Node* sender, const GossipEntry& entry) {
  if (entry.id.empty() || entry.id == me()->id) return;
  const bool failing = (entry.flags & (kFlagPfail | kFlagFail)) != 0;
  const bool has_address = (entry.flags & kFlagNoAddr) == 0 && !entry.ip.empty();
  Node* node = state_->Find(entry.id);
  if (node == nullptr) {
    if (!has_address || Banned(entry.id) || (entry.flags & kFlagHandshake) != 0) return;
    const uint16_t role = (entry.flags & kFlagReplica) != 0 ? kFlagReplica : kFlagMaster;
    const uint16_t cport =
        entry.cport != 0 ? entry.cport : static_cast<uint16_t>(entry.port + 10000);
    node = AddNode(entry.id, role, entry.ip, entry.port, cport, entry.pport);
    Notice(fmt::format("Learnt of node {} from {}", Name(node), Name(sender)));
    Connect(node);
    return;
  }
  if (node->InHandshake()) return;
  OnReport(node, sender, failing);
  if (failing) return;
  if (state_->size() > rule::kGossipAdoptAbove && !node->TimedOut() && !node->Failed() &&
      node->ping_sent.value == 0 && CountReports(node) == 0) {
    // In a large cluster the pings of others save ours.
    const MonoMs pong = state_->FromWall(UnixMs(int64_t{entry.pong_received_s} * 1000));
    if (pong.value > 0 && pong - now() <= rule::kGossipPongSkew && pong > node->pong_received) {
      node->pong_received = std::min(pong, now());
    }
  }
  const bool moved = node->ip != entry.ip || node->port != entry.port || node->cport != entry.cport;
  if ((node->TimedOut() || node->Failed()) && has_address && moved && entry.cport != 0) {
    // Someone reaches it where we do not look.
    CloseOutbound(node);
    node->ip = entry.ip;
    node->port = entry.port;
    node->cport = entry.cport;
    node->pport = entry.pport;
    node->flags = static_cast<uint16_t>(node->flags & ~kFlagNoAddr);
    Connect(node);
    MaySave();
    Notice(fmt::format("Address updated for node {} by gossip", Name(node)));
  }
}

void Core::ReadExtensions(Node* sender, const Packet& packet) {
  if (packet.extensions.empty()) return;  // it does not know yet that we read them
  std::string hostname;
  std::string nodename;
  std::string zone;
  for (const PingExtension& extension : packet.extensions) {
    switch (extension.type) {
      case kExtHostname:
        hostname = extension.AsText().value_or("");
        break;
      case kExtNodename:
        nodename = extension.AsText().value_or("");
        break;
      case kExtAvailabilityZone:
        zone = extension.AsText().value_or("");
        break;
      case kExtShardId:
        if (const auto shard = extension.AsShardId()) SetShard(sender, *shard);
        break;
      default:
        break;
    }
  }
  if (!FitsNodesConf(zone)) zone.clear();
  if (sender->hostname != hostname || sender->nodename != nodename ||
      sender->availability_zone != zone) {
    sender->hostname = hostname;
    sender->nodename = nodename;
    sender->availability_zone = zone;
    MaySave();
  }
  const NodeId sender_id = sender->id;  // a node may ask to be forgotten itself
  for (const PingExtension& extension : packet.extensions) {
    if (extension.type == kExtForgottenNode) ReadForgotten(extension);
    if (state_->Find(sender_id) == nullptr) return;
  }
}

// An operator told the sender to forget a node; the ban travels, so that gossip does not bring it
// back.
void Core::ReadForgotten(const PingExtension& extension) {
  const auto forgotten = extension.AsForgotten();
  if (!forgotten) return;
  Node* node = state_->Find(forgotten->id);
  if (node == nullptr || node->IsMyself() || node == me()->master) return;
  const uint64_t ttl_s = std::min(forgotten->ttl_s, rule::kForgetTtlMaxS);
  // An operator has introduced it again since it was forgotten (as far as bans last equally long
  // everywhere).
  const MonoMs banned_at = now() + (static_cast<int64_t>(ttl_s) * 1000 - config_.forget_ban_ms);
  if (newly_met_.count(node->id) != 0 && node->created >= banned_at) return;
  Notice(fmt::format("Forgetting node {} as another node was told", Name(node)));
  Ban(forgotten->id, static_cast<int64_t>(ttl_s) * 1000);
  RemoveNode(node);
}

}  // namespace pleiad::cluster
