// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The rules of checker.h.
#include "sim/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pleiad::sim {

using cluster::Node;
using cluster::Packet;
using cluster::PacketType;

namespace {
constexpr size_t kViolationsKept = 20;
}

Checker::Checker(Report* report, uint64_t seed, std::vector<uint16_t> slots, int nodes, int voters)
    : report_(report),
      seed_(seed),
      slots_(std::move(slots)),
      voters_(voters),
      claimed_epoch_(static_cast<size_t>(nodes), -1) {}

void Checker::Fail(Us now, const char* rule, std::string text) {
  ++report_->violations_total;
  if (report_->violations.size() >= kViolationsKept) return;
  report_->violations.push_back({seed_, now, rule, std::move(text)});
}

void Checker::AfterStep(Us now, Process& p) {
  const cluster::ClusterState& state = p.machine->state();
  const Node* me = state.myself();
  if (me->config_epoch > state.current_epoch) {
    Fail(now, "S1",
         fmt::format("node {}: config epoch {} is above currentEpoch {}", p.index,
                     me->config_epoch.value, state.current_epoch.value));
  }
}

std::string Checker::WhyNoVote(const Process& p, const cluster::Event& event) const {
  const auto* received = std::get_if<cluster::PacketReceived>(&event);
  if (received == nullptr || received->packet.type != PacketType::kAuthRequest) return {};
  const Packet& packet = received->packet;
  const cluster::ClusterState& state = p.machine->state();
  if ((packet.mflags[0] & cluster::kMessageForceAck) == 0) {
    const Node* master = state.Find(packet.replica_of);
    if (master != nullptr && !master->Failed()) return "for a replica of a living master";
  }
  for (const uint16_t s : slots_) {
    if (!packet.slots.Test(SlotId(s))) continue;
    const Node* owner = state.Owner(SlotId(s));
    if (owner != nullptr && owner->slots.Test(SlotId(s)) &&
        owner->config_epoch > packet.config_epoch && owner->id != packet.replica_of) {
      return "against the newer owner of a slot";
    }
  }
  return {};
}

void Checker::CheckNoVote(Us now, const Process& p, const cluster::Effects& effects,
                          const std::string& why) {
  for (const cluster::LinkAction& action : effects.links) {
    const auto* send = std::get_if<cluster::SendPacket>(&action);
    if (send == nullptr || send->packet.type != PacketType::kAuthAck) continue;
    Fail(now, "S2", fmt::format("node {} voted {}", p.index, why));
  }
}

void Checker::OnSend(Us now, Process& p, const Packet& packet) {
  if (packet.current_epoch.value < p.said_current) {
    Fail(now, "S1",
         fmt::format("node {} said currentEpoch {} after {}", p.index, packet.current_epoch.value,
                     p.said_current));
  }
  p.said_current = std::max(p.said_current, packet.current_epoch.value);
  if (packet.type == PacketType::kAuthAck || packet.type == PacketType::kAuthRequest) {
    p.bound_current = std::max(p.bound_current, packet.current_epoch.value);
  }
  switch (packet.type) {
    case PacketType::kAuthAck:
      CheckVote(now, p, packet);
      break;
    case PacketType::kAuthRequest:
      if (p.disk_current < packet.current_epoch) {
        Fail(now, "S3",
             fmt::format("node {} asked for votes before its epoch was on disk", p.index));
      }
      if (requests_[{p.index, packet.current_epoch.value}]++ == 0) ++report_->elections;
      break;
    case PacketType::kFail:
      CheckFail(now, p, packet);
      break;
    default:
      break;
  }
  if (packet.IsPing()) NoteReports(now, p, packet);
  if (packet.replica_of.empty()) CheckClaim(now, p, packet);
}

void Checker::CheckVote(Us now, Process& p, const Packet& packet) {
  ++report_->votes;
  const uint64_t epoch = packet.current_epoch.value;
  if (p.disk_vote.value < epoch) {
    Fail(now, "S3",
         fmt::format("node {} voted in epoch {} before that was on disk", p.index, epoch));
  }
  if (!votes_.emplace(p.index, epoch).second) {
    Fail(now, "S2", fmt::format("node {} voted twice in epoch {}", p.index, epoch));
  }
  if (!packet.replica_of.empty()) {
    Fail(now, "S2", fmt::format("node {} voted as a replica", p.index));
  }
}

// A ballot reaches one candidate: votes are counted where they arrive.
void Checker::OnBallot(int candidate, int voter, uint64_t epoch) {
  ballots_[{candidate, epoch}].insert(voter);
}

void Checker::OnWin(Us now, Process& p, Epoch epoch) {
  ++report_->wins;
  const auto [it, first] = winners_.emplace(epoch.value, p.index);
  if (!first) {
    Fail(now, "S2",
         fmt::format("epoch {} has two winners, {} and {}", epoch.value, it->second, p.index));
  }
  const size_t votes = ballots_[{p.index, epoch.value}].size();
  if (static_cast<int>(votes) < voters_ / 2 + 1) {
    Fail(now, "S2",
         fmt::format("node {} won epoch {} with the votes of {} of {}", p.index, epoch.value, votes,
                     voters_));
  }
}

// A master's header claims its slots; on its own disk that claim must be.
void Checker::CheckClaim(Us now, Process& p, const Packet& packet) {
  const uint64_t epoch = packet.config_epoch.value;
  const auto node = static_cast<size_t>(p.index);
  const int64_t last = std::exchange(claimed_epoch_[node], static_cast<int64_t>(epoch));
  if (last == static_cast<int64_t>(epoch)) return;  // as before
  bool any = false;
  for (size_t k = 0; k < slots_.size(); ++k) {
    if (!packet.slots.Test(SlotId(slots_[k]))) continue;
    any = true;
    const auto [it, first] = claims_.emplace(std::make_pair(static_cast<int>(k), epoch), p.index);
    if (it->second != p.index) {
      Fail(now, "S4",
           fmt::format("slot {} is claimed under epoch {} by {} and by {}", slots_[k], epoch,
                       it->second, p.index));
    }
    if (p.disk_checked && p.disk_config.value == epoch && p.disk_owned[k] == 0) {
      Fail(now, "S3",
           fmt::format("node {} claimed slot {} before that was on disk", p.index, slots_[k]));
    }
  }
  if (!any) return;
  if (epoch < p.said_config) {
    Fail(
        now, "S1",
        fmt::format("node {} claims slots under epoch {} after {}", p.index, epoch, p.said_config));
  }
  p.said_config = std::max(p.said_config, epoch);
  p.bound_current = std::max(p.bound_current, epoch);
  // An answer made before the claim changed within a step is older than the disk: that is fine.
  if (p.disk_checked && p.disk_config.value < epoch) {
    Fail(now, "S3",
         fmt::format("node {} claimed epoch {} before that was on disk", p.index, epoch));
  }
}

void Checker::NoteReports(Us now, const Process& p, const Packet& packet) {
  if (packet.gossip.empty()) return;
  for (const cluster::GossipEntry& entry : packet.gossip) {
    if ((entry.flags & (cluster::kFlagPfail | cluster::kFlagFail)) == 0) continue;
    reports_[{p.index, IndexOf(entry.id)}] = now;
  }
}

void Checker::OnFailHeard(int node, const NodeId& about) {
  fail_heard_.insert({node, IndexOf(about)});
}

void Checker::CheckFail(Us now, Process& p, const Packet& packet) {
  const int about = IndexOf(packet.fail_about);
  if (fail_heard_.count({p.index, about}) != 0) return;
  const Us span = (2 * p.config.node_timeout_ms + 10'000) * kMs + kReportTravel;
  int reporters = p.machine->state().myself()->Votes() ? 1 : 0;
  for (auto it = reports_.lower_bound({0, 0}); it != reports_.end(); ++it) {
    if (it->first.second != about || it->first.first == p.index) continue;
    if (now - it->second <= span) ++reporters;
  }
  if (reporters < voters_ / 2 + 1) {
    Fail(now, "S7",
         fmt::format("node {} says node {} is FAIL, and only {} of {} masters reported it", p.index,
                     about, reporters, voters_));
  }
}

void Checker::CheckTable(Us now, const Process& p) {
  const cluster::ClusterState& state = p.machine->state();
  const auto bad = [&](const char* what, const Node& row) {
    Fail(now, "S6", fmt::format("node {}, row {}: {}", p.index, IndexOf(row.id), what));
  };
  int assigned = 0;
  for (const auto& [id, row] : state.nodes()) {
    assigned += row->slot_count;
    if (row->slots.Count() != row->slot_count) bad("its slots and their number differ", *row);
    if (row->master == row.get()) bad("is its own master", *row);
    if (row->IsReplica() && row->slot_count != 0) bad("is a replica with slots", *row);
    if (row->config_epoch > state.current_epoch) {
      Fail(now, "S1", fmt::format("node {} knows a config epoch above its currentEpoch", p.index));
    }
    if (row->failure_reports.size() > state.size()) bad("has too many failure reports", *row);
  }
  for (const uint16_t s : slots_) {
    const Node* owner = state.Owner(SlotId(s));
    if (owner != nullptr && !owner->slots.Test(SlotId(s))) bad("lacks a slot it owns", *owner);
  }
  if (assigned != state.assigned_slots()) {
    Fail(now, "S6", fmt::format("node {}: assigned slots do not add up", p.index));
  }
  if (state.size() > 2 * index_.size() || state.bans.size() > index_.size()) {
    Fail(now, "S11", fmt::format("node {} knows too many nodes: {}", p.index, state.size()));
  }
  if (p.bus_waiting.size() > 200'000) {
    Fail(now, "S11", fmt::format("{} packets wait at node {}", p.bus_waiting.size(), p.index));
  }
}

}  // namespace pleiad::sim
