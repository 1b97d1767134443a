// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/ack_waiters.h"

#include <algorithm>

#include "runtime/persistence.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"

namespace pleiad::runtime {

std::pair<std::string, bool> AckWaiters::Evaluate(const AckDemand& demand) const {
  resp::OutBuffer buffer;
  resp::Writer out(&buffer);
  bool met = true;
  const Persistence& persistence = server_->persistence();
  if (server_->engine().replica.load(std::memory_order_relaxed)) {
    out.Error(
        "UNBLOCKED force unblock from blocking operation, instance state changed (master -> "
        "replica?)");
  } else if (!demand.disk) {
    const int acked = server_->replication().CountAcked(demand.offset);
    met = acked >= demand.replicas;
    if (!demand.rerun) out.Integer(acked);
  } else if (demand.local != 0 && !persistence.has_log()) {
    out.Error("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  } else {
    const int64_t local = persistence.on_disk() >= demand.offset ? 1 : 0;
    const int acked = server_->replication().CountOnDisk(demand.offset);
    met = local >= demand.local && acked >= demand.replicas;
    out.Array(2);
    out.Integer(local);
    out.Integer(acked);
  }
  return {std::string(buffer.view()), met};
}

void AckWaiters::Add(std::shared_ptr<Waiter> waiter, const AckDemand& demand) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    items_.push_back({std::move(waiter), demand});
    count_.store(static_cast<int>(items_.size()), std::memory_order_seq_cst);
  }
  Poll();  // an acknowledgement may have come before it stood in the list
}

void AckWaiters::Poll() {
  if (count_.load(std::memory_order_seq_cst) == 0) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(items_, [this](const Item& item) {
    if (item.waiter->state == Waiter::kDone) return true;  // deadline, CLIENT UNBLOCK, gone
    auto [reply, met] = Evaluate(item.demand);
    if (!met) return false;
    if (item.waiter->Finish()) item.waiter->deliver(std::move(reply));
    return true;
  });
  count_.store(static_cast<int>(items_.size()), std::memory_order_seq_cst);
}

}  // namespace pleiad::runtime
