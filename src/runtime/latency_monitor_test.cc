// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/latency_monitor.h"

#include <gtest/gtest.h>

namespace pleiad::runtime {
namespace {

TEST(LatencyMonitorTest, ASecondKeepsItsLongest) {
  LatencyMonitor monitor;
  monitor.Add("command", 100, 5);
  monitor.Add("command", 100, 9);
  monitor.Add("command", 100, 7);
  monitor.Add("fast-command", 100, 1);
  monitor.Add("command", 101, 2);
  const auto events = monitor.Events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].name, "command");
  EXPECT_EQ(events[0].max_ms, 9);
  ASSERT_EQ(events[0].samples.size(), 2U);
  EXPECT_EQ(events[0].samples[0].ms, 9);
  EXPECT_EQ(events[0].samples[1].unix_seconds, 101);
  EXPECT_EQ(events[1].name, "fast-command");
}

TEST(LatencyMonitorTest, OldSamplesGoButTheMaximumStays) {
  LatencyMonitor monitor;
  monitor.Add("command", 0, 1000);
  const auto count = static_cast<int64_t>(LatencyMonitor::kSamplesMax);
  for (int64_t s = 1; s <= count; ++s) monitor.Add("command", s, 10);
  const auto events = monitor.Events();
  ASSERT_EQ(events[0].samples.size(), LatencyMonitor::kSamplesMax);
  EXPECT_EQ(events[0].samples.front().unix_seconds, 1);
  EXPECT_EQ(events[0].max_ms, 1000);
}

TEST(LatencyMonitorTest, ResetByNameAndOfAll) {
  LatencyMonitor monitor;
  for (const char* name : {"a", "b", "c"}) monitor.Add(name, 1, 1);
  EXPECT_EQ(monitor.Reset({"B", "x"}), 1U);
  EXPECT_EQ(monitor.Events().size(), 2U);
  EXPECT_EQ(monitor.Reset({}), 2U);
  EXPECT_TRUE(monitor.Events().empty());
}

}  // namespace
}  // namespace pleiad::runtime
