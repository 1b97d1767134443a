// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// DEBUG is off in the server that runs the transcripts, so its examples are here.
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

TEST(DebugTest, PopulateMakesKeysOnce) {
  EXPECT_EQ(RunOn("yes",
                  "// > SET key:1 mine\n"
                  "// OK\n"
                  "// > DEBUG POPULATE 3\n"
                  "// OK\n"
                  "// > MGET key:0 key:1 key:2 key:3\n"
                  "// 1) \"value:0\"\n"
                  "// 2) \"mine\"\n"
                  "// 3) \"value:2\"\n"
                  "// 4) (nil)\n"
                  "// > DEBUG POPULATE 2 x 3\n"
                  "// OK\n"
                  "// > GET x:1\n"
                  "// \"val\"\n"
                  "// > DEBUG POPULATE 1 long 10\n"
                  "// OK\n"
                  "// > GET long:0\n"
                  "// \"value:0\\x00\\x00\\x00\"\n"
                  "// > DEBUG POPULATE -1\n"
                  "// (error) ERR value is not an integer or out of range\n"),
            "");
}

TEST(DebugTest, Words) {
  EXPECT_EQ(RunOn("yes",
                  "// > SET k 12\n"
                  "// OK\n"
                  "// > DEBUG OBJECT k\n"
                  "// Value at:0x... refcount:1 encoding:int serializedlength:2 lru:... "
                  "lru_seconds_idle:...\n"
                  "// > DEBUG OBJECT nosuchkey\n"
                  "// (error) ERR no such key\n"
                  "// > DEBUG SLEEP 0.001\n"
                  "// OK\n"
                  "// > DEBUG SLEEP -1\n"
                  "// (error) ERR value is not a valid float\n"
                  "// > DEBUG SET-ACTIVE-EXPIRE 0\n"
                  "// OK\n"
                  "// > DEBUG HELP\n"
                  "//  1) DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\n"
                  "// ...\n"
                  "// > DEBUG BOGUS\n"
                  "// (error) ERR unknown subcommand or wrong number of arguments for 'BOGUS'. Try "
                  "DEBUG HELP.\n"),
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
