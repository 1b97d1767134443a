// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The voter's side of an election. At most one vote per epoch, and it is on disk before it is sent:
// lastVoteEpoch is saved by the Persist of the same step, which the driver finishes before it sends
// the ACK.
#include <fmt/format.h>

#include "cluster/core.h"

namespace pleiad::cluster {

// Empty: it gets my vote. `newer_owner`: who owns one of the slots under a greater epoch than the
// candidate knows.
std::string Core::WhyNoVote(const Node* candidate, const Packet& packet, Node** newer_owner) {
  if (packet.current_epoch < state_->current_epoch) {
    return fmt::format("its epoch {} is behind mine, {}", packet.current_epoch.value,
                       state_->current_epoch.value);
  }
  if (state_->last_vote_epoch >= state_->current_epoch && !Broken(Mutation::kVoteTwice)) {
    return fmt::format("already voted for epoch {}", state_->last_vote_epoch.value);
  }
  if (candidate->IsMaster()) return "it is a master";
  const Node* master =
      candidate->master != nullptr ? candidate->master : state_->Find(packet.replica_of);
  if (master == nullptr) return "I don't know its master";
  const bool forced =
      (packet.mflags[0] & kMessageForceAck) != 0 || Broken(Mutation::kVoteForLiving);
  if (!master->Failed() && !forced) return "its master is up";
  if (now() < master->lease_end && !forced) {
    return fmt::format("I granted its master a lease for {} ms more", master->lease_end - now());
  }
  std::string why;
  packet.slots.ForEach([&](SlotId slot) {
    Node* owner = state_->Owner(slot);
    if (*newer_owner != nullptr || Unclaimed(slot)) return;
    if (owner->config_epoch <= packet.config_epoch) return;
    *newer_owner = owner;
    why = fmt::format("slot {} has epoch {}, greater than its {}", slot.value,
                      owner->config_epoch.value, packet.config_epoch.value);
  });
  return why;
}

void Core::OnVoteRequest(Link* link, Node* candidate, const Packet& packet) {
  if (!me()->Votes() && !Broken(Mutation::kVotesOfReplicas)) return;
  Node* newer_owner = nullptr;
  const std::string why = WhyNoVote(candidate, packet, &newer_owner);
  if (!why.empty()) {
    Notice(fmt::format("Failover auth denied to {}: {}", Name(candidate), why));
    // Without this, a replica whose master died before telling it a new epoch could never win.
    if (newer_owner != nullptr) SendUpdate(link, candidate, newer_owner);
    return;
  }
  state_->last_vote_epoch = state_->current_epoch;
  if (candidate->master != nullptr) candidate->master->voted_time = now();
  if (!Broken(Mutation::kVoteUnsaved)) MustSave();
  Packet ack = Header(PacketType::kAuthAck);
  if (candidate->link_up) {
    Send(candidate->link, std::move(ack));
  } else {
    Send(link->id, std::move(ack));
  }
  Notice(fmt::format("Failover auth granted to {} for epoch {}", Name(candidate),
                     state_->current_epoch.value));
}

}  // namespace pleiad::cluster
