// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reactor, continued: its clients that said MONITOR.
#include <algorithm>

#include "runtime/reactor.h"
#include "runtime/server.h"

namespace pleiad::runtime {

void Reactor::SetMonitor(Connection* c, bool on) {
  if (c->state.monitor == on) return;
  c->state.monitor = on;
  if (on) {
    monitors_.push_back(c);
  } else {
    std::erase(monitors_, c);
  }
  monitor_count_.store(monitors_.size(), std::memory_order_relaxed);
  server_->engine().monitors.fetch_add(on ? 1 : -1, std::memory_order_relaxed);
}

void Reactor::SendToMonitors(std::string_view line) {
  const std::vector<Connection*> monitors(monitors_);
  for (Connection* c : monitors) {
    Send(c, line);
    Settle(c);
  }
}

}  // namespace pleiad::runtime
