// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Connections by number; numbers are used again, but not before both ends forgot them.
#include "sim/network.h"

#include <utility>

#include "base/check.h"

namespace pleiad::sim {

using cluster::LinkId;

size_t Network::Open(int from, uint64_t from_life, LinkId out, int to, uint64_t to_life) {
  auto c = std::make_unique<Connection>();
  c->node = {from, to};
  c->life = {from_life, to_life};
  c->serial = next_serial_++;
  c->link = {out, LinkId(cluster::kInboundLink | next_inbound_++)};
  size_t number = connections_.size();
  if (free_.empty()) {
    connections_.push_back(nullptr);
  } else {
    number = free_.back();
    free_.pop_back();
  }
  CHECK(by_end_.emplace(Key{from, out.value}, number).second);
  CHECK(by_end_.emplace(Key{to, c->link[1].value}, number).second);
  connections_[number] = std::move(c);
  ++open_;
  return number;
}

Connection* Network::Find(int node, LinkId link, int* side, size_t* number) {
  const auto it = by_end_.find(Key{node, link.value});
  if (it == by_end_.end()) return nullptr;
  Connection* c = connections_[it->second].get();
  *side = c->node[0] == node && c->link[0] == link ? 0 : 1;
  *number = it->second;
  return c;
}

void Network::Abandon(size_t number, int side) {
  Connection* c = connections_[number].get();
  const auto end = static_cast<size_t>(side);
  if (std::exchange(c->dead[end], true)) return;
  by_end_.erase(Key{c->node[end], c->link[end].value});
  c->stuck[1 - end].clear();  // nobody is there to receive it
}

void Network::Close(size_t number) {
  Connection* c = connections_[number].get();
  if (c == nullptr) return;
  Abandon(number, 0);
  Abandon(number, 1);
  connections_[number].reset();
  free_.push_back(number);
  --open_;
}

std::vector<size_t> Network::Of(int node) const {
  std::vector<size_t> out;
  for (size_t i = 0; i < connections_.size(); ++i) {
    const Connection* c = connections_[i].get();
    if (c != nullptr && (c->node[0] == node || c->node[1] == node)) out.push_back(i);
  }
  return out;
}

}  // namespace pleiad::sim
