// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How strangers become members. CLUSTER MEET makes a row with a random id in state handshake and
// sends MEET; the other side makes such a row for us and answers PONG. A row gets its true id from
// the first answer on our link to it. Third nodes learn of both by gossip from someone they trust,
// and connect.
#include <fmt/format.h>

#include <algorithm>

#include "base/ip_address.h"
#include "cluster/core.h"

namespace pleiad::cluster {

int64_t Core::HandshakeTimeout() const { return std::max(NodeTimeout(), rule::kHandshakeMin); }

// False: `ip` is not an address. A handshake under way with the same address is not begun twice.
bool Core::StartHandshake(const std::string& ip, uint16_t port, uint16_t cport, uint16_t pport,
                          uint16_t flags) {
  const std::string normal = CanonicalIp(ip);
  if (normal.empty()) return false;
  int under_way = 0;
  for (const auto& [id, node] : state_->nodes()) {
    under_way += node->InHandshake() ? 1 : 0;
    if (node->InHandshake() && node->ip == normal && node->port == port && node->cport == cport) {
      return true;
    }
  }
  if (under_way >= rule::kHandshakesMax && (flags & kFlagMeet) == 0) return true;
  const NodeId id = *NodeId::Parse(prng_.Hex(40));
  Node* node =
      AddNode(id, static_cast<uint16_t>(kFlagHandshake | flags), normal, port, cport, pport);
  Connect(node);
  return true;
}

// Someone wants to be introduced. Its row is completed when it answers on our own link to it.
void Core::OnMeet(Link* link, Node* sender, const Packet& packet) {
  if (sender == nullptr) {
    if (link->node != nullptr) return;  // the same one again
    const std::string ip = packet.my_ip.empty() ? link->peer_ip : packet.my_ip;
    StartHandshake(ip, packet.port, packet.cport, packet.pport, 0);
    for (const auto& [id, node] : state_->nodes()) {
      if (node->InHandshake() && node->inbound_link.value == 0 && node->ip == ip &&
          node->cport == packet.cport) {
        BindInbound(link, node.get());
        break;
      }
    }
    return;
  }
  // A known node thinks that we do not know it: our link to it leads elsewhere, or it lost that
  // link.
  if (sender->link.value != 0 && now() - sender->created > HandshakeTimeout()) {
    CloseOutbound(sender);
    Connect(sender);
  }
}

bool Core::IdentifyOutbound(Link* link, Node** sender, const Packet& packet) {
  Node* node = link->node;
  if (node->InHandshake()) {
    if (*sender != nullptr) {
      // Met again under another address, or ourselves.
      Node* known = *sender;
      if (!known->IsMyself() && UpdateAddress(known, link, packet)) MaySave();
      if (Link* opened = FindLink(node->inbound_link)) {
        opened->node = nullptr;  // stays: the next packet on it binds it to the known row
        node->inbound_link = LinkId();
      }
      RemoveNode(node);
      return false;
    }
    newcomers_.insert(packet.sender);
    state_->Rename(node, packet.sender);
    state_->bans.erase(packet.sender);
    newly_met_.insert(packet.sender);
    const uint16_t role = packet.replica_of.empty() ? kFlagMaster : kFlagReplica;
    node->flags = static_cast<uint16_t>((node->flags & ~(kFlagHandshake | kFlagMeet)) | role);
    if (link->extensions) node->flags |= kFlagExtensions;
    node->data_received = now();
    Notice(fmt::format("Handshake with node {} completed", Name(node)));
    news_ = true;
    MaySave();
    *sender = node;
    NoteSender(link, node, packet);
    return true;
  }
  if (node->id == packet.sender) return true;
  // Another one lives at this address now (CLUSTER RESET HARD, a reused port). That says nothing
  // about the health of the node we looked for: it keeps its row, its address is void, and silence
  // will make it fail.
  Warning(fmt::format("Node {} answered with another id, {}; forgetting its address", Name(node),
                      packet.sender.view()));
  CloseOutbound(node);
  node->flags |= kFlagNoAddr;
  node->ip.clear();
  node->port = node->cport = node->pport = 0;
  if (node->ping_sent.value == 0) node->ping_sent = now();
  MaySave();
  return false;
}

void Core::ExpireHandshakes() {
  std::vector<Node*> late;
  for (const auto& [id, node] : state_->nodes()) {
    if (node->InHandshake() && now() - node->created > HandshakeTimeout())
      late.push_back(node.get());
  }
  for (Node* node : late) {
    Warning(fmt::format("Handshake with {}:{} timed out", node->ip, node->cport));
    RemoveNode(node);
  }
}

// It answers our pings but never connected to us: it does not know us. Only for nodes learnt in
// this run, else one that was told to forget us would be made to remember.
void Core::ResendMeet(Node* node) {
  if (!node->link_up || node->inbound_link.value != 0 || node->inbound_lost.value != 0) return;
  if (now() - node->created <= HandshakeTimeout()) return;
  if (now() - node->meet_sent <= HandshakeTimeout()) return;
  Notice(fmt::format("Sending MEET to {}: it has no link to us", Name(node)));
  SendHeartbeat(FindLink(node->link), PacketType::kMeet);
}

}  // namespace pleiad::cluster
