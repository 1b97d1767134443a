// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// LatencyMonitor: what took long lately, by kind of event, for the LATENCY commands. Who measures
// decides what is long (latency-monitor-threshold) and calls Add; so nothing is paid for what is
// quick. Threads: any. Cost: a mutex.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace pleiad::runtime {

class LatencyMonitor {
 public:
  // Samples kept of an event: one per second in which something was long, the longest of it.
  static constexpr size_t kSamplesMax = 160;

  struct Sample {
    int64_t unix_seconds = 0;
    int64_t ms = 0;
  };
  struct Event {
    std::string name;            // "command", "fast-command"
    int64_t max_ms = 0;          // since the last Reset, also of samples no longer kept
    std::deque<Sample> samples;  // oldest first; never empty
  };

  void Add(std::string_view event, int64_t unix_seconds, int64_t ms);
  // In the order in which they first happened.
  std::vector<Event> Events() const;
  // Forgets the events so named (any case); an empty list: all. Returns how many there were.
  size_t Reset(const std::vector<std::string_view>& names);

 private:
  mutable std::mutex mutex_;  // guards events_; a leaf
  std::vector<Event> events_;
};

}  // namespace pleiad::runtime
