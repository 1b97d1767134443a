// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/latency_monitor.h"

#include <algorithm>

#include "base/text.h"

namespace pleiad::runtime {

void LatencyMonitor::Add(std::string_view event, int64_t unix_seconds, int64_t ms) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto it =
      std::find_if(events_.begin(), events_.end(), [&](const Event& e) { return e.name == event; });
  if (it == events_.end()) it = events_.insert(it, Event{std::string(event), 0, {}});
  it->max_ms = std::max(it->max_ms, ms);
  std::deque<Sample>& samples = it->samples;
  if (!samples.empty() && samples.back().unix_seconds == unix_seconds) {
    samples.back().ms = std::max(samples.back().ms, ms);
    return;
  }
  samples.push_back({unix_seconds, ms});
  if (samples.size() > kSamplesMax) samples.pop_front();
}

std::vector<LatencyMonitor::Event> LatencyMonitor::Events() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return events_;
}

size_t LatencyMonitor::Reset(const std::vector<std::string_view>& names) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::erase_if(events_, [&](const Event& e) {
    return names.empty() || std::any_of(names.begin(), names.end(), [&](std::string_view name) {
             return EqualsIgnoreCase(name, e.name);
           });
  });
}

}  // namespace pleiad::runtime
