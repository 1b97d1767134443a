// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// PING, PONG and MEET: one format, and the only packets that tell who the sender is. PING asks for
// a PONG; a PONG on our own link is the proof of life that failure detection waits for; an unasked
// PONG spreads a change at once.
#include <fmt/format.h>

#include "cluster/core.h"

namespace pleiad::cluster {

void Core::SendHeartbeat(Link* link, PacketType type, bool only_news,
                         const std::vector<PingExtension>& answer) {
  if (link == nullptr || !link->up) return;
  Packet packet = Header(type);
  if (!IsInbound(link->id)) {
    if (type == PacketType::kPing && link->node->ping_sent.value == 0) {
      link->node->ping_sent = now();
    }
    if (type == PacketType::kPing) link->node->lease_asked = now();
    if (type == PacketType::kMeet) link->node->meet_sent = now();
  }
  AddGossip(&packet, link->node, only_news);
  if (link->extensions) {
    AddExtensions(&packet);
    AddLease(&packet, link);
    packet.extensions.insert(packet.extensions.end(), answer.begin(), answer.end());
  }
  Send(link->id, std::move(packet));
}

void Core::Ping(Node* node) { SendHeartbeat(FindLink(node->link), PacketType::kPing); }

void Core::PongAll() {
  for (auto& [id, link] : links_) {
    if (IsInbound(link.id) || link.node->InHandshake()) continue;
    SendHeartbeat(&link, PacketType::kPong);
  }
}

void Core::PongSiblings() {
  for (const auto& [id, node] : state_->nodes()) {
    if (node->IsMyself() || node->master == nullptr) continue;
    if (node->master != me()->master && node->master != me()) continue;
    SendHeartbeat(FindLink(node->link), PacketType::kPong);
  }
}

// Who is pinged: whoever we heard nothing of for half the timeout; once a second the least recently
// heard of a few random ones; continuously the replica that waits for our final offset.
void Core::PingSome() {
  const int64_t half = NodeTimeout() / 2;
  std::vector<Node*> idle;
  for (const auto& [id, node] : state_->nodes()) {
    if (node->IsMyself() || node->InHandshake()) continue;
    ResetStaleLink(node.get());
    ResendMeet(node.get());
    if (!node->link_up) continue;
    const bool awaited = paused_ && state_->manual_failover.replica == node->id;
    if (awaited || (node->ping_sent.value == 0 && now() - node->pong_received >= half)) {
      Ping(node.get());
    } else if (node->ping_sent.value == 0) {
      idle.push_back(node.get());
    }
  }
  if (ticks_ % rule::kTicksPerRandomPing != 0 || idle.empty()) return;
  Node* oldest = nullptr;
  for (int i = 0; i < rule::kRandomPingSample; ++i) {
    Node* node = idle[prng_.Below(idle.size())];
    if (oldest == nullptr || node->pong_received < oldest->pong_received) oldest = node;
  }
  Ping(oldest);
}

// What every packet of a known node says by its header alone.
void Core::NoteSender(Link* link, Node* sender, const Packet& packet) {
  sender->data_received = now();
  if (IsInbound(link->id) && !sender->InHandshake()) BindInbound(link, sender);
  if (packet.light || sender->InHandshake()) return;
  if ((packet.mflags[0] & kMessageExtData) != 0) {
    sender->flags |= kFlagExtensions;
    link->extensions = true;
  }
  const bool speaks_lease = (packet.mflags[2] & kMarkLease) != 0;
  if (speaks_lease != sender->speaks_lease) {
    sender->speaks_lease = speaks_lease;
    sender->lease_asked = MonoMs(0);
    lease_check_ = view_changed_ = true;
  }
  constexpr uint16_t kTold = kFlagMyMasterFail | kFlagLightPublish;
  sender->flags = static_cast<uint16_t>((sender->flags & ~kTold) | (packet.flags & kTold));
  if (packet.current_epoch > state_->current_epoch && !Broken(Mutation::kEpochNotAdopted)) {
    state_->current_epoch = packet.current_epoch;
    MaySave();
  }
  sender->epoch_seen = std::max(sender->epoch_seen, packet.current_epoch);
  if (packet.replica_of.empty() && packet.config_epoch > sender->config_epoch) {
    sender->config_epoch = packet.config_epoch;
    MustSave();
    if (election_.sent && sender->config_epoch >= election_.epoch) {
      Notice(fmt::format("Election for epoch {} is void: node {} claims epoch {}",
                         election_.epoch.value, Name(sender), sender->config_epoch.value));
      CancelElection();
      election_check_ = true;
    }
  }
  if (packet.current_epoch >= sender->epoch_seen) sender->repl_offset = packet.offset;
  // A sibling's last word before the election may make us the best ranked.
  if (election_.start.value != 0 && !election_.sent && sender->master == me()->master) {
    election_check_ = true;
  }
  ManualFailover& manual = state_->manual_failover;
  if (manual.end.value != 0 && me()->master == sender && manual.master_offset.value < 0 &&
      (packet.mflags[0] & kMessagePaused) != 0) {
    manual.master_offset = packet.offset;
    Notice(fmt::format("The master has stopped writes at offset {}", packet.offset.value));
    RunManualFailover();
  }
}

void Core::OnHeartbeat(Link* link, Node* sender, const Packet& packet) {
  const bool inbound = IsInbound(link->id);
  if ((packet.mflags[0] & kMessageExtData) != 0) link->extensions = true;
  if (packet.type != PacketType::kPong) {
    const bool meet = packet.type == PacketType::kMeet && inbound;
    if (inbound) LearnOwnAddress(link, meet);
    if (meet && (sender == nullptr || !sender->IsMyself())) OnMeet(link, sender, packet);
    const bool known = sender != nullptr && !sender->IsMyself() && !sender->InHandshake();
    // A lease is answered for when the claim that it is for has been read.
    if (!known || packet.Find(kExtLeaseRequest) == nullptr) SendHeartbeat(link, PacketType::kPong);
  }
  if (!inbound && !IdentifyOutbound(link, &sender, packet)) return;
  if (sender == nullptr || sender->IsMyself() || sender->InHandshake()) return;
  if (sender->Has(kFlagMeet)) sender->flags = static_cast<uint16_t>(sender->flags & ~kFlagMeet);
  sender->flags =
      static_cast<uint16_t>((sender->flags & ~kFlagNoFailover) | (packet.flags & kFlagNoFailover));
  if (inbound && packet.type == PacketType::kPing && UpdateAddress(sender, link, packet)) MaySave();
  if (!inbound && packet.type == PacketType::kPong) {
    ReadGrant(sender, packet);
    OnPong(sender);
  }
  const bool stale = StaleRole(sender, packet);
  if (!stale) {
    const bool was_replica = sender->IsReplica();
    UpdateRole(sender, packet);
    const bool claims = packet.replica_of.empty();
    if (claims && (was_replica || !(sender->slots == packet.slots))) {
      UpdateSlots(sender, packet.config_epoch, packet.slots);
      SendUpdatesFor(link, sender, packet.config_epoch, packet.slots);
    }
    if (claims && packet.config_epoch == me()->config_epoch) ResolveCollision(sender, packet);
    NoteRelease(sender, packet);
  }
  ReadLeaseRelease(sender, packet);
  if (packet.type != PacketType::kPong) {
    const auto answer = AnswerLease(sender, packet, stale);
    if (!answer.empty()) SendHeartbeat(link, PacketType::kPong, false, answer);
  }
  ReadGossip(sender, packet);
  ReadExtensions(sender, packet);
}

// Others know our address better than we do: it is the one on which they reached us.
void Core::LearnOwnAddress(const Link* link, bool meet) {
  if (!config_.announce_ip.empty() || link->local_ip.empty()) return;
  if (me()->ip == link->local_ip || (!meet && !me()->ip.empty())) return;
  me()->ip = link->local_ip;
  Notice(fmt::format("IP address for this node updated to {}", me()->ip));
  MaySave();
}

// A node that speaks to us from elsewhere than where we look for it has moved. True if its row
// changed.
bool Core::UpdateAddress(Node* node, const Link* link, const Packet& packet) {
  std::string ip = packet.my_ip;
  if (ip.empty()) ip = IsInbound(link->id) ? link->peer_ip : link->node->ip;
  if (ip.empty() || link->id == node->link) return false;
  if (node->ip == ip && node->port == packet.port && node->cport == packet.cport &&
      node->pport == packet.pport) {
    return false;
  }
  node->ip = ip;
  node->port = packet.port;
  node->cport = packet.cport;
  node->pport = packet.pport;
  node->flags = static_cast<uint16_t>(node->flags & ~kFlagNoAddr);
  CloseOutbound(node);
  Connect(node);
  Notice(fmt::format("Address updated for node {}, now {}:{}", node->id.view(), ip, node->port));
  return true;
}

void Core::OnPong(Node* node) {
  node->pong_received = now();
  node->ping_sent = MonoMs(0);
  if (node->TimedOut()) {
    node->flags = static_cast<uint16_t>(node->flags & ~kFlagPfail);
    node->died = false;
    MaySave();
  } else if (node->Failed()) {
    ClearFail(node);
  }
}

// Two links are not ordered to each other, so a packet may be older than one we have seen. A
// sender's currentEpoch never goes back, which dates its packets. A master that owns slots is only
// demoted by a claim with a later epoch than its own, so "I am a replica" under its own or an
// earlier epoch was said before it won.
bool Core::StaleRole(const Node* sender, const Packet& packet) const {
  if (packet.current_epoch < sender->epoch_seen) return true;
  if (packet.replica_of.empty() || !sender->IsMaster()) return false;
  bool claims_some = false;
  sender->slots.ForEach(
      [&](SlotId slot) { claims_some = claims_some || !not_claimed_.Test(slot); });
  // What is overtaken is over soon; who says it for long means it (FLUSHSLOTS and REPLICATE by
  // hand).
  return claims_some && packet.current_epoch <= sender->config_epoch &&
         now() - sender->master_claim <= NodeTimeout();
}

void Core::UpdateRole(Node* sender, const Packet& packet) {
  if (packet.replica_of.empty()) {
    sender->master_claim = now();
    if (sender->IsReplica()) {
      Notice(fmt::format("Node {} is a master now", Name(sender)));
      if (sender->Failed()) ClearFail(sender);  // it failed as a replica; as a master it is alive
      PromoteNode(sender);
    }
    return;
  }
  Node* master = state_->Find(packet.replica_of);
  if (master == sender || (master != nullptr && master->InHandshake())) return;
  if (sender->IsMaster()) OnMasterBecameReplica(sender, master, packet);
  if (master == nullptr || sender->master == master) return;
  Notice(fmt::format("Node {} is now a replica of node {}", Name(sender), Name(master)));
  state_->SetReplicaOf(sender, master);
  MaySave();
  // No replica of a replica: its data would be one hop later than anyone believes.
  Node* grand = me()->master != nullptr ? me()->master->master : nullptr;
  if (grand != nullptr && grand != me()) {
    Notice(fmt::format("I'm a sub-replica! Reconfiguring myself as a replica of {}", Name(grand)));
    BecomeReplicaOf(grand, true, !SameShard(grand, me()));
  }
  SetShard(sender, master->shard_id);
}

// Within a shard that is the end of a failover, and the replica's header shows what its new master
// took. What it does not show has no owner until somebody claims it.
void Core::OnMasterBecameReplica(Node* sender, Node* master, const Packet& packet) {
  Notice(fmt::format("Node {} is a replica now", Name(sender)));
  ForgetGrants(sender);
  if (master != nullptr && master != me() && SameShard(sender, master) && sender->slot_count > 0 &&
      packet.config_epoch > sender->config_epoch && packet.config_epoch >= master->config_epoch) {
    PromoteNode(master);
    master->config_epoch = packet.config_epoch;
    const SlotSet slots = sender->slots;
    slots.ForEach([&](SlotId slot) {
      if (packet.slots.Test(slot)) Assign(slot, master);
    });
  }
  UnassignAll(sender);
  state_->SetReplicaOf(sender, nullptr);
  MustSave();
}

}  // namespace pleiad::cluster
