// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How packets travel between the processes of a fleet.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "cluster/wire.h"
#include "sim/fleet.h"

namespace pleiad::sim {

using cluster::Event;
using cluster::LinkDown;
using cluster::LinkId;
using cluster::PacketReceived;

namespace {

// As Encode would make it, without making it.
size_t WireBytes(const cluster::Packet& packet) {
  size_t bytes = cluster::kHeaderBytes;
  if (packet.IsPing()) {
    bytes += packet.gossip.size() * cluster::kGossipBytes;
    for (const cluster::PingExtension& extension : packet.extensions) {
      bytes += 8 + extension.body.size();
    }
  } else if (packet.type == cluster::PacketType::kFail) {
    bytes += 40;
  } else if (packet.type == cluster::PacketType::kUpdate) {
    bytes += 8 + 40 + cluster::SlotSet::kBytes;
  }
  return bytes;
}

}  // namespace

Us Fleet::Delay(int from, int to) {
  Us delay = swarm_.delay_min + Exponential(swarm_.delay_mean);
  if (network_.slow(from) > 0) delay += Some(2 * network_.slow(from));
  if (network_.slow(to) > 0) delay += Some(2 * network_.slow(to));
  return delay;
}

void Fleet::Dial(int i, const cluster::ConnectLink& connect) {
  int to = -1;
  for (const Process& p : nodes_) {
    if (p.ip == connect.ip) to = p.index;
  }
  const auto answer = [&](Event event, Us delay) {
    HeapEvent e;
    e.at = now_ + delay;
    e.kind = Kind::kBus;
    e.node = i;
    e.life = node(i).life;
    e.body = std::make_unique<Event>(std::move(event));
    heap_.Push(std::move(e));
  };
  if (to < 0) return answer(LinkDown{connect.link, true}, kMs);
  if (!node(to).host_up || !network_.Reaches(i, to) || !network_.Reaches(to, i)) return;
  const Us there = Delay(i, to);
  const Us back = Delay(to, i);
  if (!node(to).up) return answer(LinkDown{connect.link, true}, there + back);
  const size_t number = network_.Open(i, node(i).life, connect.link, to, node(to).life);
  Connection& c = *network_.at(number);
  c.busy_until[0] = now_ + there;
  c.busy_until[1] = now_ + there + back;
  HeapEvent opened;
  opened.at = now_ + there;
  opened.kind = Kind::kBus;
  opened.node = to;
  opened.life = c.life[1];
  opened.body = std::make_unique<Event>(cluster::InboundOpened{c.link[1], node(i).ip, node(to).ip});
  heap_.Push(std::move(opened));
  answer(cluster::LinkUp{connect.link}, there + back);
}

void Fleet::Transmit(int i, cluster::SendPacket send) {
  int side = 0;
  size_t number = 0;
  Connection* c = network_.Find(i, send.link, &side, &number);
  if (c == nullptr) return;  // it broke; the machine will hear of it
  ++report_->packets;
  report_->bytes += WireBytes(send.packet);
  if (send.packet.type == cluster::PacketType::kAuthRequest && timeline_ != nullptr) {
    auto& points = timeline_->points;
    if (points.empty() || points.back().node != i || points.back().at != now_) {
      points.push_back({now_, i, Timeline::Mark::kCandidate, ""});
    }
  }
  if (options_.codec_one_in > 0 &&
      report_->packets % static_cast<uint64_t>(options_.codec_one_in) == 0) {
    const std::string bytes = cluster::Encode(send.packet);
    auto decoded = cluster::Decode(bytes);
    if (bytes.size() != WireBytes(send.packet) || !decoded.ok() || !(*decoded == send.packet)) {
      checker_.Fail(now_, "wire", "a packet changed on its way through the codec");
    } else {
      send.packet = *std::move(decoded);
    }
  }
  if (swarm_.reset_per_million > 0 &&
      prng_.Chance(static_cast<uint64_t>(swarm_.reset_per_million), 1'000'000)) {
    Probe("connection reset");
    return ResetConnection(number);
  }
  const auto other = static_cast<size_t>(1 - side);
  Carry(number, side, PacketReceived{c->link[other], std::move(send.packet)});
}

// From the end `side` to the other.
void Fleet::Carry(size_t number, int side, Event event) {
  Connection* c = network_.at(number);
  const auto from = static_cast<size_t>(side);
  const size_t to = 1 - from;
  if (c->dead[to]) {
    // Nobody is behind it. A kernel that is there says so; a dark one says nothing.
    const bool answered = node(c->node[to]).host_up &&
                          network_.Reaches(c->node[from], c->node[to]) &&
                          network_.Reaches(c->node[to], c->node[from]);
    if (!answered) return;
    HeapEvent reset;
    reset.at = now_ + Delay(c->node[from], c->node[to]);
    reset.kind = Kind::kBus;
    reset.node = c->node[from];
    reset.life = c->life[from];
    reset.body = std::make_unique<Event>(LinkDown{c->link[from], false, true});
    heap_.Push(std::move(reset));
    network_.Close(number);
    return;
  }
  HeapEvent e;
  e.kind = Kind::kBus;
  e.node = c->node[to];
  e.life = c->life[to];
  e.body = std::make_unique<Event>(std::move(event));
  if (!c->stuck[from].empty() || !network_.Reaches(c->node[from], c->node[to])) {
    c->stuck[from].push_back(std::move(e));
    return;
  }
  Push(number, side, std::move(e));
}

void Fleet::Push(size_t number, int side, HeapEvent event) {
  Connection* c = network_.at(number);
  const auto from = static_cast<size_t>(side);
  Us at = now_ + Delay(c->node[from], c->node[1 - from]);
  if (swarm_.stall_per_million > 0 &&
      prng_.Chance(static_cast<uint64_t>(swarm_.stall_per_million), 1'000'000)) {
    at += Exponential(swarm_.stall_mean);
    Probe("path stalled");
  }
  event.at = std::max(at, c->busy_until[from]);
  c->busy_until[from] = event.at;
  heap_.Push(std::move(event));
}

void Fleet::Hang(int i, LinkId link) {
  int side = 0;
  size_t number = 0;
  if (network_.Find(i, link, &side, &number) != nullptr) HangNumber(number, side);
}

// One end closes. The other hears of it behind what was sent before, if the path is open.
void Fleet::HangNumber(size_t number, int side) {
  Connection* c = network_.at(number);
  const auto from = static_cast<size_t>(side);
  const size_t to = 1 - from;
  if (c->dead[to]) return network_.Close(number);
  Carry(number, side, LinkDown{c->link[to], false, true});
  c = network_.at(number);
  if (c == nullptr) return;
  network_.Abandon(number, side);
  if (c->stuck[from].empty()) network_.Close(number);
}

void Fleet::ResetConnection(size_t number) {
  Connection* c = network_.at(number);
  for (size_t end = 0; end < 2; ++end) {
    if (c->dead[end]) continue;
    HeapEvent e;
    e.at = now_ + Exponential(swarm_.delay_mean);
    e.kind = Kind::kBus;
    e.node = c->node[end];
    e.life = c->life[end];
    e.body = std::make_unique<Event>(LinkDown{c->link[end], false, true});
    heap_.Push(std::move(e));
  }
  network_.Close(number);
}

// TCP sends again what got stuck, some time after the path works again.
void Fleet::Heal() {
  for (size_t number = 0; number < network_.size(); ++number) {
    const Connection* c = network_.at(number);
    if (c == nullptr || (c->stuck[0].empty() && c->stuck[1].empty())) continue;
    After(static_cast<Us>(prng_.Below(kSecond)), Kind::kUnstick, -1, c->serial, number);
  }
}

void Fleet::Unstick(size_t number, uint64_t serial) {
  Connection* c = network_.at(number);
  if (c == nullptr || c->serial != serial) return;
  for (size_t from = 0; from < 2; ++from) {
    if (c->stuck[from].empty() || !network_.Reaches(c->node[from], c->node[1 - from])) continue;
    Probe("stuck packets arrived late");
    auto stuck = std::exchange(c->stuck[from], {});
    for (HeapEvent& event : stuck) Push(number, static_cast<int>(from), std::move(event));
  }
  if ((c->dead[0] && c->stuck[0].empty()) || (c->dead[1] && c->stuck[1].empty())) {
    // The FIN of the end that is gone was the last of what was stuck.
    const size_t gone = c->dead[0] ? 0 : 1;
    if (!c->silent[gone]) network_.Close(number);
  }
}

}  // namespace pleiad::sim
