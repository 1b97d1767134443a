// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The virtual world's only source of "next": events by time, and of equal times by the order in
// which they were made. Virtual time is microseconds since the world began.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cluster/event.h"

namespace pleiad::sim {

using Us = int64_t;
inline constexpr Us kMs = 1000;
inline constexpr Us kSecond = 1'000'000;

enum class Kind : uint8_t {
  kTick,         // node: ten times a second by its own clock
  kBus,          // node: a packet, a link up or down
  kDiskDone,     // node: the fsync of nodes.conf is over; what waits for it follows
  kReplTry,      // node: connect to the master
  kReplMessage,  // node: of replication
  kReplFlush,    // node: its stream to replica a
  kClientOp,     // client a begins an operation
  kRequest,      // node: a client's write arrives
  kReply,        // client: what became of it
  kClientTimeout,
  kFault,     // the next fault is due
  kFaultEnd,  // fault a ends
  kUnstick,   // connection a: what waited for a healed path goes on
  kStart,     // node: its process starts again
  kResume,    // node: SIGCONT
  kWatch,     // once a second: slow checks, samples
};

// One write of the data set.
struct Entry {
  int slot = 0;  // index of a watched slot
  uint64_t value = 0;
};

struct ReplMessage {
  enum class What : uint8_t { kPsync, kRefused, kFull, kContinue, kStream, kPing, kAck, kEnd };
  What what = What::kPing;
  uint64_t session = 0;
  int from = 0;
  std::string replid;
  int64_t offset = 0;  // PSYNC: what I have; full: the cut's; stream: of the first entry - 1
  int64_t base = 0;
  std::vector<Entry> entries;
};

struct Op {
  int client = 0;
  uint64_t value = 0;
  int slot = 0;
  int outcome = 0;    // Outcome of clients.cc
  int redirect = -1;  // node
};

struct HeapEvent {
  Us at = 0;
  uint64_t order = 0;
  Kind kind = Kind::kTick;
  int node = -1;
  uint64_t life = 0;  // of the process it is meant for
  uint64_t a = 0;
  std::variant<std::monostate, std::unique_ptr<cluster::Event>, std::unique_ptr<ReplMessage>, Op>
      body;
};

class Heap {
 public:
  void Push(HeapEvent event) {
    event.order = next_++;
    events_.push_back(std::move(event));
    std::push_heap(events_.begin(), events_.end(), Later);
  }
  // REQUIRES: not empty.
  HeapEvent Pop() {
    std::pop_heap(events_.begin(), events_.end(), Later);
    HeapEvent event = std::move(events_.back());
    events_.pop_back();
    return event;
  }
  bool empty() const { return events_.empty(); }
  Us next_at() const { return events_.front().at; }
  size_t size() const { return events_.size(); }

 private:
  static bool Later(const HeapEvent& x, const HeapEvent& y) {
    return x.at != y.at ? x.at > y.at : x.order > y.order;
  }
  std::vector<HeapEvent> events_;
  uint64_t next_ = 0;
};

}  // namespace pleiad::sim
