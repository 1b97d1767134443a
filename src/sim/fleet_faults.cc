// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Faults, as the weather of the seed has them.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "sim/fleet.h"

namespace pleiad::sim {

void Fleet::NextFault() {
  if (!faults_on_) return;
  After(Exponential(swarm_.fault_every), Kind::kFault, -1, 0);
  BeginFault();
}

void Fleet::BeginFault() {
  int total = 0;
  for (const int weight : swarm_.weight) total += weight;
  if (total == 0) return;
  int at = static_cast<int>(prng_.Below(static_cast<uint64_t>(total)));
  size_t kind = 0;
  while (at >= swarm_.weight[kind]) at -= swarm_.weight[kind++];
  Fault fault;
  fault.kind = static_cast<FaultKind>(kind);
  fault.from = now_;
  fault.text = kFaultNames[kind];
  if (!Inflict(&fault)) return;
  ++report_->faults[kind];
  const Us length = kMs * 10 + Exponential(swarm_.fault_length);
  After(length, Kind::kFaultEnd, -1, 0, faults_.size());
  faults_.push_back(std::move(fault));
  NoteCuts();
}

// A random node for which `wanted` holds; -1: there is none.
int Fleet::PickNode(bool (*wanted)(const Process&)) {
  std::vector<int> fit;
  for (const Process& p : nodes_) {
    if (wanted(p)) fit.push_back(p.index);
  }
  return fit.empty() ? -1 : fit[prng_.Below(fit.size())];
}

void Fleet::CutPair(Fault* fault, int from, int to, bool both) {
  network_.Cut(from, to);
  fault->cuts.emplace_back(from, to);
  if (both) CutPair(fault, to, from, false);
}

void Fleet::CutGroups(Fault* fault, const std::vector<uint8_t>& side, bool one_way) {
  for (int x = 0; x < count(); ++x) {
    for (int y = 0; y < count(); ++y) {
      const uint8_t a = side[Index(x)];
      const uint8_t b = side[Index(y)];
      if (a == b || a == 2 || b == 2 || (one_way && a == 1)) continue;
      CutPair(fault, x, y, false);
    }
  }
  for (int x = 0; x < count(); ++x) {
    if (side[Index(x)] == 1) fault->nodes.push_back(x);
  }
}

// False: it does not apply at the moment.
bool Fleet::Inflict(Fault* fault) {
  const auto alive = [](const Process& p) { return p.up && !p.paused; };
  switch (fault->kind) {
    case FaultKind::kKill:
    case FaultKind::kPower:
      fault->node = PickNode([](const Process& p) { return p.up; });
      if (fault->node < 0) return false;
      Kill(fault->node, fault->kind == FaultKind::kPower);
      break;
    case FaultKind::kPause:
      fault->node = PickNode(alive);
      if (fault->node < 0) return false;
      Pause(fault->node);
      break;
    case FaultKind::kWallStep:
      fault->node = PickNode(alive);
      if (fault->node < 0) return false;
      node(fault->node).clock.wall_error_ms +=
          static_cast<int64_t>(prng_.Below(7'200'000)) - 3'600'000;
      break;
    case FaultKind::kSlowDisk:
      fault->node = PickNode(alive);
      if (fault->node < 0) return false;
      node(fault->node).disk_slow_until = now_ + Exponential(swarm_.fault_length);
      break;
    case FaultKind::kSlowNode:
      fault->node = PickNode(alive);
      if (fault->node < 0) return false;
      network_.slow(fault->node) =
          swarm_.node_timeout_ms * kMs * static_cast<Us>(1 + prng_.Below(8)) / 10;
      break;
    case FaultKind::kManual:
      return AskForFailover(fault);
    case FaultKind::kReset:
      fault->node = PickNode(alive);
      if (fault->node < 0) return false;
      for (const size_t number : network_.Of(fault->node)) {
        if (prng_.Chance(1, 2)) ResetConnection(number);
      }
      break;
    case FaultKind::kAll:
      for (int i = 0; i < count(); ++i) {
        if (!node(i).up) continue;
        Kill(i, prng_.Chance(1, 2));
        After(static_cast<Us>(prng_.Below(5 * kSecond)), Kind::kStart, i, node(i).life);
      }
      break;
    default:
      return InflictCut(fault);
  }
  if (fault->node >= 0) fault->nodes.push_back(fault->node);
  return true;
}

bool Fleet::InflictCut(Fault* fault) {
  std::vector<uint8_t> side(nodes_.size(), 0);
  const auto some = static_cast<size_t>(prng_.Below(nodes_.size()));
  switch (fault->kind) {
    case FaultKind::kSplit:
    case FaultKind::kBridge:
      for (uint8_t& s : side) s = prng_.Chance(1, 2) ? 1 : 0;
      if (fault->kind == FaultKind::kBridge) side[some] = 2;
      CutGroups(fault, side, false);
      return true;
    case FaultKind::kIsolate:
      side[some] = 1;
      CutGroups(fault, side, false);
      return true;
    case FaultKind::kOneWay:
      if (prng_.Chance(1, 2)) {
        side[some] = 1;
        if (prng_.Chance(1, 2)) {
          for (uint8_t& s : side) s ^= 1;
        }
        CutGroups(fault, side, true);
      } else {
        const auto other = static_cast<int>(prng_.Below(nodes_.size()));
        if (other == static_cast<int>(some)) return false;
        CutPair(fault, static_cast<int>(some), other, false);
        fault->nodes = {static_cast<int>(some), other};
      }
      return true;
    default:
      break;
  }
  // A master without the other masters, or without its replicas; its clients and the rest see it.
  const int master = authority_[prng_.Below(authority_.size())];
  const bool from_masters = prng_.Chance(2, 3);
  for (int i = 0; i < count(); ++i) {
    if (i == master) continue;
    const bool is_master = std::find(authority_.begin(), authority_.end(), i) != authority_.end();
    if (from_masters ? is_master : node(i).follows == master) CutPair(fault, master, i, true);
  }
  fault->nodes.push_back(master);
  return true;
}

bool Fleet::AskForFailover(Fault* fault) {
  const int i =
      PickNode([](const Process& p) { return p.up && !p.paused && !p.in_fsync && p.follows >= 0; });
  if (i < 0) return false;
  fault->nodes.push_back(i);
  node(i).forced = false;
  cluster::AdminRequest request;
  request.request = next_session_++;
  request.command = cluster::AdminFailover{};
  Feed(i, std::move(request));
  return true;
}

// Since when does a node reach too few others, of whatever role, for a lease?
void Fleet::NoteCuts() {
  for (Process& p : nodes_) {
    int reached = 0;
    for (int other = 0; other < count(); ++other) {
      const bool both = network_.Reaches(p.index, other) && network_.Reaches(other, p.index);
      reached += other != p.index && both ? 1 : 0;
    }
    if (reached >= masters_ / 2) {
      p.cut_since = -1;
    } else if (p.cut_since < 0) {
      p.cut_since = now_;
    }
  }
}

void Fleet::EndFault(size_t number) {
  Fault& fault = faults_[number];
  if (std::exchange(fault.over, true)) return;
  if (timeline_ != nullptr)
    timeline_->faults.push_back({fault.from, now_, fault.text, fault.nodes});
  for (const auto& [from, to] : fault.cuts) network_.Mend(from, to);
  if (!fault.cuts.empty()) Heal();
  NoteCuts();
  if (fault.node < 0) return;
  Process& p = node(fault.node);
  switch (fault.kind) {
    case FaultKind::kKill:
    case FaultKind::kPower:
      if (!p.up && !p.dead) Start(fault.node);
      break;
    case FaultKind::kPause:
      if (p.up && p.paused) Resume(fault.node);
      break;
    case FaultKind::kSlowNode:
      network_.slow(fault.node) = 0;
      break;
    default:
      break;
  }
}

}  // namespace pleiad::sim
