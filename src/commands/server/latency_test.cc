// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// LATENCY with something to show: events don't happen in the transcripts of latency.cc.
#include <gtest/gtest.h>

#include "command/transcript.h"
#include "runtime/clock.h"
#include "runtime/server.h"
#include "server/config/load.h"

namespace pleiad {
namespace {

ConfigEnvironment NoFiles() {
  ConfigEnvironment env;
  env.read = [](const std::string&) -> Result<std::string> {
    return Error{"No such file or directory"};
  };
  return env;
}

class LatencyTest : public testing::Test {
 protected:
  LatencyTest()
      : server_(std::make_unique<ConfigStore>(
            *LoadConfig({"--threads", "1", "--appendonly", "no", "--enable-debug-command", "yes"},
                        NoFiles()),
            NoFiles())),
        // The reactor's own: its counters are those of LATENCY HISTOGRAM. No thread runs it here.
        dispatcher_(&server_.reactors()[0]->dispatcher()) {}

  std::string Run(std::string_view source) {
    const auto transcripts = ParseTranscripts(source);
    if (transcripts.size() != 1) return "not one transcript";
    return RunTranscript(transcripts[0], &server_.engine(), dispatcher_);
  }

  runtime::Server server_;
  Dispatcher* dispatcher_;
};

TEST_F(LatencyTest, EventsShow) {
  runtime::LatencyMonitor& monitor = server_.latency();
  monitor.Add("command", 1000, 50);
  monitor.Add("command", 1001, 101);
  monitor.Add("fast-command", 1002, 7);
  EXPECT_EQ(Run("// > LATENCY LATEST\n"
                "// 1) 1) \"command\"\n"
                "//    2) (integer) 1001\n"
                "//    3) (integer) 101\n"
                "//    4) (integer) 101\n"
                "// 2) 1) \"fast-command\"\n"
                "//    2) (integer) 1002\n"
                "//    3) (integer) 7\n"
                "//    4) (integer) 7\n"
                "// > LATENCY HISTORY COMMAND\n"
                "// 1) 1) (integer) 1000\n"
                "//    2) (integer) 50\n"
                "// 2) 1) (integer) 1001\n"
                "//    2) (integer) 101\n"
                "// > LATENCY RESET command nothing\n"
                "// (integer) 1\n"
                "// > LATENCY HISTORY command\n"
                "// (empty array)\n"
                "// > LATENCY RESET\n"
                "// (integer) 1\n"),
            "");
}

TEST_F(LatencyTest, GraphScalesBetweenLowAndHigh) {
  const int64_t now = runtime::UnixNow().value / 1000;
  runtime::LatencyMonitor& monitor = server_.latency();
  monitor.Add("command", now - 2 * 86400 - 1, 10);
  monitor.Add("command", now - 3 * 3600 - 1, 40);
  monitor.Add("command", now - 12 * 60 - 1, 20);
  EXPECT_EQ(
      Run("// > LATENCY GRAPH command\n"
          "// command - high 40 ms, low 10 ms (all time high 40 ms)\n"
          "// --------------------------------------------------------------------------------\n"
          "//  #\n"
          "//  |\n"
          "//  |_\n"
          "// _||\n"
          "//...\n"),
      "");
}

TEST_F(LatencyTest, DoctorHasFiguresAndAdvice) {
  server_.latency().Add("command", 1000, 50);
  server_.latency().Add("command", 1010, 100);
  EXPECT_EQ(
      // A minute: no command of this test takes that long, however busy the machine.
      Run("// > CONFIG SET latency-monitor-threshold 60000 slowlog-log-slower-than 90000000\n"
          "// OK\n"
          "// > LATENCY DOCTOR\n"
          "// 1. command: 2 long seconds, on average 75 ms (mean deviation 25 ms), ... 100 ms.\n"
          "// - ... \"CONFIG SET slowlog-log-slower-than 60000000\" ...\n"),
      "");
}

// The whole way: the dispatcher's hook, the smaller of the two thresholds, the right list.
TEST_F(LatencyTest, LongCommandsAreNoticed) {
  EXPECT_EQ(Run("// > CONFIG SET latency-monitor-threshold 2 slowlog-log-slower-than -1\n"
                "// OK\n"
                "// > DEBUG SLEEP 0.003\n"
                "// OK\n"
                "// > SLOWLOG LEN\n"
                "// (integer) 0\n"
                "// > CONFIG SET latency-monitor-threshold 0 slowlog-log-slower-than 1000\n"
                "// OK\n"
                "// > DEBUG SLEEP 0.003\n"
                "// OK\n"),
            "");
  const auto events = server_.latency().Events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].name, "command");
  EXPECT_GE(events[0].max_ms, 3);
  EXPECT_GE(server_.command_log().size(runtime::CommandLogKind::kSlow), 1U);
}

TEST_F(LatencyTest, HistogramCountsCallsNeverAsShorter) {
  EXPECT_EQ(Run("// > DEBUG SLEEP 0.003\n"
                "// OK\n"
                "// > SET k v\n"
                "// OK\n"
                "// > LATENCY HISTOGRAM set nosuchcommand\n"
                "// 1) \"set\"\n"
                "// 2) 1) \"calls\"\n"
                "//    2) (integer) 1\n"
                "//    3) \"histogram_usec\"\n"
                "//    4) 1) (integer) ...\n"
                "//       2) (integer) 1\n"
                "// > CONFIG RESETSTAT\n"
                "// OK\n"
                "// > LATENCY HISTOGRAM set\n"
                "// (empty array)\n"),
            "");
}

}  // namespace
}  // namespace pleiad
