// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The machine's door, dispatch, and the end of a step. States of a node's own role:
//
//   master        serves what it owns while the cluster is ok (health.cc)
//   replica       follows a master; stands for election when that is FAIL (election.cc)
//
// and of the others, per row: handshake -> known -> PFAIL -> FAIL -> known, or forgotten
// (handshake.cc, failure.cc).
#include "cluster/machine.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "cluster/core.h"
#include "cluster/nodes_conf.h"

namespace pleiad::cluster {

Machine::Machine(const ClusterConfig& config, uint64_t seed, std::unique_ptr<ClusterState> state)
    : core_(std::make_unique<Core>(config, seed, std::move(state))) {}
Machine::~Machine() = default;
Effects Machine::Start(MonoMs now, UnixMs wall) { return core_->Start(now, wall); }
Effects Machine::Step(const Input& input) { return core_->Step(input); }
const ClusterState& Machine::state() const { return core_->state(); }
const ClusterConfig& Machine::config() const { return core_->config(); }

Core::Core(const ClusterConfig& config, uint64_t seed, std::unique_ptr<ClusterState> state)
    : config_(config), prng_(seed), state_(std::move(state)) {
  CHECK(state_ != nullptr && state_->myself() != nullptr);
}

Effects Core::Start(MonoMs now_ms, UnixMs wall) {
  CHECK(now_ms.value > 0);
  out_ = Effects();
  state_->now = now_ms;
  state_->wall = wall;
  started_ = now_ms;
  boot_delay_ = me()->IsMaster() && me()->slot_count > 0;
  ++state_->boots;
  boot_term_ = me()->Votes();
  contested_ = state_->contested && me()->Votes();
  // It may be on disk because writes had stopped for a manual failover. A restart does not take
  // that word back: the replica may serve by it, without asking anyone.
  if (contested_) promised_until_ = now_ms + 2 * config_.manual_failover_timeout_ms;
  if (!me()->Votes() || Broken(Mutation::kPromiseForgotten)) state_->promised = Epoch(0);
  if (state_->promised.value != 0)
    promise_over_ = now_ms + rule::kPromiseMax + rule::kPromiseMargin;
  claim_epoch_ = me()->config_epoch;
  claim_since_ = now_ms;
  lease_check_ = true;
  was_ok_ = boot_delay_;  // it may have been replaced since
  me()->created = now_ms;
  for (const auto& [id, node] : state_->nodes()) {
    node->created = now_ms;
    node->inbound_lost = now_ms;  // it knew us before we went down: no MEET of our own accord
    if (node->shard_id.empty()) SetShard(node.get(), *NodeId::Parse(prng_.Hex(40)));
    // What was true before the restart is asked anew; a FAIL is measured from now on.
    node->ping_sent = MonoMs(0);
    node->data_received = MonoMs(0);
    // A FAIL of an earlier run above all: the node may have come back meanwhile, and a replica of
    // it that believed the old word would depose a living master (seen with real processes). Who is
    // dead is found so again, at the latest after NT.
    node->flags = static_cast<uint16_t>(node->flags & ~(kFlagPfail | kFlagFail));
  }
  for (int n = 0; n < kSlotCount; ++n) TouchSlot(SlotId(static_cast<uint16_t>(n)));
  ApplyConfig();
  MustSave();
  ReconnectAll();
  Finish();
  return std::move(out_);
}

Effects Core::Step(const Input& input) {
  CHECK(input.now >= state_->now && started_.value > 0);
  out_ = Effects();
  const int64_t gap = input.now - state_->now;
  state_->now = input.now;
  state_->wall = input.wall;
  NoticeGap(gap);
  std::visit([this](const auto& event) { On(event); }, input.event);
  Finish();
  return std::move(out_);
}

// Ten times a second: everything that happens because time passes.
void Core::On(const Tick&) {
  ++ticks_;
  ExpireBans();
  ExpireHandshakes();
  ReconnectAll();
  PingSome();
  DetectFailures();
  RunManualFailover();
  RunPromise();
  MigrateReplica();
  election_check_ = true;
  lease_check_ = true;
  state_check_ = true;
}

void Core::On(const PacketReceived& event) {
  Link* link = FindLink(event.link);
  if (link == nullptr) return;  // closed by us while the packet was on its way up
  const Packet& packet = event.packet;
  if (packet.Known()) ++state_->stats.received[static_cast<size_t>(packet.type)];
  // A light packet comes from whoever the last full one was from.
  if (!packet.light) link->sender = packet.sender;
  Node* sender = state_->Find(link->sender);
  if (packet.light && (sender == nullptr || sender->InHandshake())) return;
  if (sender != nullptr && sender->IsMyself() && IsInbound(link->id) && !packet.IsPing()) return;
  const Epoch claimed = std::max(packet.current_epoch, packet.config_epoch);
  if (!packet.light && EpochTooFarAhead(state_->current_epoch, claimed)) {
    Warning(fmt::format("Refusing a packet of {} with the implausible epoch {}",
                        packet.sender.view(), claimed.value));
    return;
  }
  if (sender != nullptr && !sender->IsMyself()) NoteSender(link, sender, packet);
  switch (packet.type) {
    case PacketType::kPing:
    case PacketType::kPong:
    case PacketType::kMeet:
      return OnHeartbeat(link, sender, packet);
    default:
      break;
  }
  // Everything else is heard only from nodes we know.
  if (sender == nullptr || sender->IsMyself() || sender->InHandshake()) return;
  switch (packet.type) {
    case PacketType::kFail:
      return OnFailPacket(sender, packet);
    case PacketType::kPublish:
    case PacketType::kPublishShard:
      out_.publishes.push_back({packet.publish.channel, packet.publish.message,
                                packet.type == PacketType::kPublishShard});
      return;
    case PacketType::kAuthRequest:
      return OnVoteRequest(link, sender, packet);
    case PacketType::kAuthAck:
      return OnVote(sender, packet);
    case PacketType::kUpdate:
      return OnUpdatePacket(packet);
    case PacketType::kMfStart:
      return OnMfStart(sender);
    default:
      return;  // modules and newer types: not for us
  }
}

void Core::On(const BytesReceived& event) {
  Link* link = FindLink(event.link);
  if (link != nullptr && link->node != nullptr) link->node->data_received = now();
}

void Core::On(const ReplicationProgress& event) {
  progress_ = event;
  me()->repl_offset = event.offset;
  OnStoppedOffset();
  RunManualFailover();
}

void Core::On(const ConfigChanged& event) {
  config_ = event.config;
  ApplyConfig();
  MaySave();
}

void Core::On(const PublishRequest& event) {
  Packet packet = Header(event.sharded ? PacketType::kPublishShard : PacketType::kPublish);
  packet.publish = {event.channel, event.message};
  for (const auto& [id, node] : state_->nodes()) {
    if (node->IsMyself() || node->InHandshake()) continue;
    if (event.sharded && !SameShard(node.get(), me())) continue;
    // 16 bytes of header instead of 2256. A peer knows who sends them by an earlier packet of the
    // link, which had to come when it knew us already: a young link gets full ones.
    packet.light = node->Has(kFlagLightPublish) && now() - node->link_created > NodeTimeout();
    Send(node->link, packet);
  }
}

void Core::On(const AdminRequest& event) {
  Answer answer =
      std::visit([&](const auto& command) { return Do(command, event); }, event.command);
  out_.replies.push_back({event.request, std::move(answer.text), answer.is_error});
}

// The operator's view of ourselves: addresses, names, whether we stand for election.
void Core::ApplyConfig() {
  Node* self = me();
  if (!config_.announce_ip.empty()) self->ip = config_.announce_ip;
  self->port = config_.announce_port != 0 ? config_.announce_port : config_.port;
  self->pport = config_.pport;
  self->cport = config_.announce_bus_port != 0 ? config_.announce_bus_port : config_.cport;
  self->hostname = config_.announce_hostname;
  self->nodename = config_.announce_nodename;
  self->availability_zone = config_.availability_zone;
  self->flags = static_cast<uint16_t>(self->flags & ~kFlagNoFailover);
  if (config_.replica_no_failover) self->flags |= kFlagNoFailover;
  self->flags |= kFlagExtensions | kFlagLightPublish;
}

// What follows from the changes of this step, once, in an order in which nothing marks an earlier
// part again.
void Core::Finish() {
  if (election_check_) {
    election_check_ = false;
    RunElection();
  }
  if (lease_check_ || state_check_) {
    lease_check_ = false;
    UpdateLease();
    AskLeases();
  }
  if (state_check_) {
    state_check_ = false;
    UpdateHealth();
  }
  if (pong_all_) {
    pong_all_ = false;
    news_ = false;
    newcomers_.clear();
    PongAll();
  } else if (news_ && now() - news_sent_ >= rule::kNewsInterval) {
    news_ = false;
    news_sent_ = now();
    for (auto& [id, link] : links_) {
      if (!IsInbound(link.id) && link.up && !link.node->InHandshake()) {
        SendHeartbeat(&link, PacketType::kPong, true);
      }
    }
    newcomers_.clear();
  }
  EmitSlots();
  EmitRole();
  out_.view_changed = std::exchange(view_changed_, false);
  CheckInvariants();
  if (save_) {
    out_.persist = Persist{WriteNodesConf(*state_), save_sync_};
    save_ = save_sync_ = false;
  }
}

void Core::EmitSlots() {
  if (touched_.Empty()) return;
  out_.slot_changes.reserve(static_cast<size_t>(touched_.Count()));
  touched_.ForEach([this](SlotId slot) {
    const Node* owner = state_->Owner(slot);
    SlotChange change;
    change.slot = slot;
    if (owner != nullptr) change.owner = owner->id;
    change.mine = owner == me();
    if (const Node* to = state_->MigratingTo(slot)) change.migrating_to = to->id;
    // A replica knows of it for the day of its promotion, and takes no key by itself.
    const Node* from = state_->ImportingFrom(slot);
    if (from != nullptr && me()->IsMaster()) change.importing_from = from->id;
    change.delete_keys = dirty_.Test(slot) && me()->IsMaster() && !change.mine;
    out_.slot_changes.push_back(std::move(change));
  });
  touched_.ClearAll();
  dirty_.ClearAll();
}

// The role follows from the table, so a new address of my master is told like a new master is.
void Core::EmitRole() {
  const Node* master = me()->master;
  if (me()->IsMaster()) {
    if (role_ && std::holds_alternative<BecomeMaster>(*role_)) return;
    role_ = BecomeMaster{};
  } else {
    if (master == nullptr || master->ip.empty()) return;  // told when its address is known
    if (role_ && std::holds_alternative<ReplicateFrom>(*role_)) {
      const auto& told = std::get<ReplicateFrom>(*role_);
      if (told.master == master->id && told.ip == master->ip && told.port == master->port) return;
    }
    role_ = ReplicateFrom{master->id, master->ip, master->port, std::exchange(full_sync_, false)};
  }
  out_.role = role_;
}

// Invariants 2 to 4 of docs/ARCHITECTURE.md as far as one node can see them.
void Core::CheckInvariants() {
  const Node* self = me();
  CHECK(self->IsMaster() != self->IsReplica());
  CHECK(!self->IsReplica() || self->slot_count == 0);
  CHECK(!self->IsMaster() || self->master == nullptr);
  CHECK(self->config_epoch <= state_->current_epoch);
  if (!std::exchange(epochs_reset_, false)) {
    CHECK(state_->current_epoch >= checked_current_);
    CHECK(state_->last_vote_epoch >= checked_vote_);
  }
  checked_current_ = state_->current_epoch;
  checked_vote_ = state_->last_vote_epoch;
  for (const auto& [id, node] : state_->nodes()) {
    CHECK(node->id == id && node->slot_count >= 0 && node->replica_count >= 0);
    CHECK(node->master == nullptr || node->IsReplica());
    CHECK(!node->IsReplica() || node->slot_count == 0);
    DCHECK(node->slots.Count() == node->slot_count);
  }
}

void Core::Log(Trace::Level level, std::string text) {
  out_.traces.push_back({level, std::move(text)});
}

std::string Core::Name(const Node* node) {
  if (!node->nodename.empty()) return fmt::format("{} ({})", node->id.view(), node->nodename);
  return fmt::format("{} ({}:{})", node->id.view(), node->ip, node->port);
}

}  // namespace pleiad::cluster
