// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// DEBUG is on in the server that runs the transcripts; here it is not.
#include <gtest/gtest.h>

#include "command/transcript.h"
#include "runtime/server.h"
#include "server/config/load.h"

namespace pleiad {
namespace {

std::string RunOn(const std::string& allow, std::string_view source) {
  ConfigEnvironment env;
  env.read = [](const std::string&) -> Result<std::string> {
    return Error{"No such file or directory"};
  };
  auto loaded = LoadConfig({"--threads", "1", "--enable-debug-command", allow}, env);
  if (!loaded.ok()) return loaded.message();
  runtime::Server server(std::make_unique<ConfigStore>(std::move(*loaded), env));
  Dispatcher dispatcher(&server.engine(), &server, 0, 1);
  const auto transcripts = ParseTranscripts(source);
  if (transcripts.size() != 1) return "not one transcript";
  return RunTranscript(transcripts[0], &server.engine(), &dispatcher);
}

TEST(DebugTest, OffMeansOff) {
  EXPECT_EQ(RunOn("no",
                  "// > DEBUG SLEEP 0\n"
                  "// (error) ERR DEBUG command not allowed. ...\n"),
            "");
}

TEST(DebugTest, LocalMeansLoopback) {
  // The client of a transcript has no address, so it is not local.
  EXPECT_EQ(RunOn("local",
                  "// > DEBUG SLEEP 0\n"
                  "// (error) ERR DEBUG command not allowed. ...\n"),
            "");
}

}  // namespace
}  // namespace pleiad
