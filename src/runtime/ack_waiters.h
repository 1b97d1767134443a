// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// AckWaiters: clients of WAIT and WAITAOF. Each has a demand: so many replicas hold (or have on
// disk) everything up to an offset, and so does this node's disk. Poll answers those whose demand
// is met; whoever moves an offset calls it (a replica's link, the log, each Cron, a change of
// role).
//
// Threads: any that holds no slot lock. Cost of Poll: one load if nobody waits.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "command/waiters.h"

namespace pleiad::runtime {

class Server;

struct AckDemand {
  Offset offset{0};
  int64_t replicas = 0;
  int64_t local = 0;   // 1: this node's disk, too
  bool disk = false;   // WAITAOF: replicas count when they have it on disk
  bool rerun = false;  // CLUSTER SETSLOT: no reply when it is met, its command runs again
};

class AckWaiters {
 public:
  explicit AckWaiters(Server* server) : server_(server) {}

  // The reply as things stand, and whether the demand is met.
  std::pair<std::string, bool> Evaluate(const AckDemand& demand) const;
  // `waiter` has what it takes to deliver.
  void Add(std::shared_ptr<Waiter> waiter, const AckDemand& demand);
  void Poll();

 private:
  struct Item {
    std::shared_ptr<Waiter> waiter;
    AckDemand demand;
  };
  Server* const server_;
  std::atomic<int> count_{0};
  std::mutex mutex_;  // guards items_; before those of the drivers
  std::vector<Item> items_;
};

}  // namespace pleiad::runtime
