// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Network: TCP as the bus sees it. A connection is two paths; each keeps its order, may be held up,
// and loses nothing unless the connection ends. What is sent into a cut waits until it heals. Who
// connects to a process that is not there is refused; to a machine that is dark, or across a cut,
// gets no answer at all.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "cluster/event.h"
#include "sim/heap.h"

namespace pleiad::sim {

struct Connection {
  std::array<int, 2> node{};              // who opened it, who accepted it
  std::array<uint64_t, 2> life{};         // of the two processes
  std::array<cluster::LinkId, 2> link{};  // its name at each end
  std::array<Us, 2> busy_until{};         // of the path from node[side]
  std::array<bool, 2> dead{};             // that end is gone
  std::array<bool, 2> silent{};           // and said nothing: its machine went dark
  std::array<std::deque<HeapEvent>, 2> stuck;
  uint64_t serial = 0;  // unlike the number, never used again
};

class Network {
 public:
  explicit Network(int nodes) : nodes_(nodes), cuts_(Cells()), slow_(static_cast<size_t>(nodes)) {}

  bool Reaches(int from, int to) const { return cuts_[Cell(from, to)] == 0; }
  void Cut(int from, int to) {
    if (from != to) ++cuts_[Cell(from, to)];
  }
  void Mend(int from, int to) {
    if (from != to) --cuts_[Cell(from, to)];
  }
  void MendAll() { cuts_.assign(Cells(), 0); }
  Us& slow(int node) { return slow_[static_cast<size_t>(node)]; }

  // The number of a new connection.
  size_t Open(int from, uint64_t from_life, cluster::LinkId out, int to, uint64_t to_life);
  // Null: it ended.
  Connection* at(size_t number) { return connections_[number].get(); }
  // That end is gone; its name may be used again.
  void Abandon(size_t number, int side);
  // The end of `node` named `link`: connection and side; nullptr: none such.
  Connection* Find(int node, cluster::LinkId link, int* side, size_t* number);
  void Close(size_t number);
  // Connections of a node that are open, ascending.
  std::vector<size_t> Of(int node) const;
  size_t open() const { return open_; }
  size_t size() const { return connections_.size(); }

 private:
  size_t Cells() const { return static_cast<size_t>(nodes_) * static_cast<size_t>(nodes_); }
  size_t Cell(int from, int to) const {
    return static_cast<size_t>(from) * static_cast<size_t>(nodes_) + static_cast<size_t>(to);
  }
  struct Key {
    int node;
    uint64_t link;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return (key.link * 0x9e3779b97f4a7c15ULL) ^ (static_cast<size_t>(key.node) << 20);
    }
  };
  int nodes_;
  std::vector<uint8_t> cuts_;
  std::vector<Us> slow_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<size_t> free_;
  std::unordered_map<Key, size_t, KeyHash> by_end_;
  uint64_t next_inbound_ = 1;
  uint64_t next_serial_ = 1;
  size_t open_ = 0;
};

}  // namespace pleiad::sim
