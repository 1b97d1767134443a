// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Connections of the bus. Each node keeps one link out to every other node, and speaks first on it;
// the links that others opened to us carry their pings and our pongs. A link that can't be made
// counts as a ping without an answer: that is what starts the clock of failure detection.
#include <algorithm>

#include "cluster/core.h"

namespace pleiad::cluster {

Link* Core::FindLink(LinkId id) {
  const auto it = links_.find(id.value);
  return it == links_.end() ? nullptr : &it->second;
}

void Core::Connect(Node* node) {
  if (node->IsMyself() || !node->HasAddress() || node->ip.empty() || node->link.value != 0) return;
  Link link;
  link.id = LinkId(next_link_++);
  link.node = node;
  link.extensions = node->Has(kFlagExtensions);
  links_.emplace(link.id.value, link);
  node->link = link.id;
  node->link_up = false;
  node->link_created = now();
  // The ping that will be sent as soon as the link is up counts from now: a host that answers
  // nothing fails too.
  if (node->ping_sent.value == 0) node->ping_sent = now();
  out_.links.push_back(ConnectLink{link.id, node->ip, node->cport});
}

void Core::CloseOutbound(Node* node) {
  if (node->link.value == 0) return;
  out_.links.push_back(CloseLink{node->link});
  links_.erase(node->link.value);
  node->link = LinkId();
  node->link_up = false;
}

void Core::CloseInbound(Node* node) {
  if (node->inbound_link.value == 0) return;
  out_.links.push_back(CloseLink{node->inbound_link});
  links_.erase(node->inbound_link.value);
  node->inbound_link = LinkId();
  node->inbound_lost = now();
}

// A peer opens one link to us; when it opens a new one the former is dead.
void Core::BindInbound(Link* link, Node* node) {
  if (link->node == node) return;
  if (link->node != nullptr && link->node->inbound_link == link->id) {
    link->node->inbound_link = LinkId();
    link->node->inbound_lost = now();
  }
  if (node->inbound_link.value != 0) CloseInbound(node);
  link->node = node;
  node->inbound_link = link->id;
  node->in_ended = node->gone = false;
  node->refused_since = MonoMs(0);
}

void Core::ReconnectAll() {
  const int64_t pause = std::min(NodeTimeout() / 20, rule::kReconnectMax);
  for (const auto& [id, node] : state_->nodes()) {
    if (node->link.value != 0) continue;
    // One that talks to us is back: don't wait.
    const bool waited = now() - node->link_created >= pause || node->link_created.value == 0;
    // Nor if it seems dead: a second refusal proves it.
    const bool ended = node->out_ended && node->in_ended && !node->gone;
    if (waited || ended || node->inbound_link.value != 0) Connect(node.get());
  }
}

// Alive or not, a link that brought nothing for half the timeout may itself be what is broken. A
// connection that is not made is tried anew long before the kernel would: after a cut heals, that
// is what we wait for.
void Core::ResetStaleLink(Node* node) {
  const int64_t half = NodeTimeout() / 2;
  if (node->link.value == 0 || node->ping_sent.value == 0) return;
  const int64_t age = now() - node->link_created;
  const int64_t unanswered = now() - node->ping_sent;
  const bool stuck = !node->link_up && age > std::max(NodeTimeout() / 4, rule::kDialMin);
  const bool silent = unanswered > half && now() - node->data_received > half;
  // It talks on its own link and does not answer on ours: a connection that only we believe in.
  const bool deaf = unanswered > 2 * NodeTimeout();
  if (!stuck && !(age > NodeTimeout() && (silent || deaf))) return;
  CloseOutbound(node);
  Connect(node);
}

void Core::On(const LinkUp& event) {
  Link* link = FindLink(event.link);
  if (link == nullptr || IsInbound(link->id)) return;
  link->up = true;
  Node* node = link->node;
  node->link_up = true;
  node->out_ended = node->gone = false;
  node->refused_since = MonoMs(0);
  const MonoMs unanswered = node->ping_sent;
  SendHeartbeat(link, node->Has(kFlagMeet) ? PacketType::kMeet : PacketType::kPing);
  if (unanswered.value != 0) node->ping_sent = unanswered;
}

void Core::On(const LinkDown& event) {
  Link* link = FindLink(event.link);
  if (link == nullptr) return;
  Node* node = link->node;
  const bool was_up = link->up;
  links_.erase(event.link.value);
  if (node == nullptr) return;
  if (IsInbound(event.link)) {
    if (node->inbound_link != event.link) return;
    node->inbound_link = LinkId();
    node->inbound_lost = now();
    node->in_ended = event.ended;
    if (node->in_ended && node->out_ended && node->link.value == 0) Connect(node);
    return;
  }
  node->link = LinkId();
  node->link_up = false;
  if (node->ping_sent.value == 0) node->ping_sent = now();
  if (was_up) node->out_ended = event.ended;
  NoteRefusal(node, event.refused);
  if (was_up)
    Connect(node);  // a broken link is tried again at once, a refused one at the next tick
}

void Core::On(const InboundOpened& event) {
  Link link;
  link.id = event.link;
  link.up = true;
  link.peer_ip = event.peer_ip;
  link.local_ip = event.local_ip;
  links_[event.link.value] = std::move(link);
}

void Core::Send(LinkId id, Packet packet) {
  const Link* link = FindLink(id);
  if (link == nullptr || !link->up) return;
  if (packet.Known()) ++state_->stats.sent[static_cast<size_t>(packet.type)];
  out_.links.push_back(SendPacket{id, std::move(packet)});
}

bool Core::SendTo(Node* node, Packet packet) {
  const LinkId via = node->link_up ? node->link : node->inbound_link;
  if (FindLink(via) == nullptr) return false;
  Send(via, std::move(packet));
  return true;
}

void Core::Broadcast(const Packet& packet) {
  for (const auto& [id, node] : state_->nodes()) {
    if (!node->IsMyself() && !node->InHandshake()) Send(node->link, packet);
  }
}

// What every packet says about us. A replica shows its master's slots and epoch.
Packet Core::Header(PacketType type) const {
  const Node* self = me();
  const Node* master = self->master != nullptr ? self->master : self;
  Packet packet;
  packet.type = type;
  packet.port = self->port;
  packet.pport = self->pport;
  packet.cport = self->cport;
  packet.current_epoch = state_->current_epoch;
  packet.config_epoch = master->config_epoch;
  packet.offset = self->repl_offset;
  packet.sender = self->id;
  packet.slots = master->slots;
  if (self->master != nullptr) packet.replica_of = self->master->id;
  packet.my_ip = config_.announce_ip;
  packet.flags = self->flags;
  packet.state = state_->ok ? kStateOk : kStateFail;
  packet.mflags[0] = kMessageExtData;
  packet.mflags[2] = kMarkLease;
  if (self->IsMaster() ? !contested_ : was_settled_) packet.mflags[2] |= kMarkSettled;
  if (self->IsMaster() && paused_) packet.mflags[0] |= kMessagePaused;
  return packet;
}

void Core::SendUpdate(Link* via, Node* to, Node* about) {
  Packet packet = Header(PacketType::kUpdate);
  packet.update.config_epoch = about->config_epoch;
  packet.update.id = about->id;
  packet.update.slots = about->slots;
  // What its owner gave up is no longer a fact to spread.
  not_claimed_.ForEach([&](SlotId slot) { packet.update.slots.Clear(slot); });
  if (!to->link_up && via != nullptr) return Send(via->id, std::move(packet));
  SendTo(to, std::move(packet));
}

}  // namespace pleiad::cluster
