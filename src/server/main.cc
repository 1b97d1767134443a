// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/main.h"

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/version.h"
#include "cli/cli.h"
#include "server/check_aof.h"
#include "server/check_rdb.h"
#include "server/sim_main.h"
#include "server/trib_main.h"

namespace pleiad {
namespace {

// The shell hands `--cluster WORDS` to the admin tool.
int ClusterTool(const std::vector<std::string>& words) {
  std::string name = "redis-trib";
  std::vector<std::string> owned(words);
  std::vector<char*> argv{name.data()};
  for (std::string& word : owned) argv.push_back(word.data());
  argv.push_back(nullptr);
  return server::TribMain(static_cast<int>(argv.size()) - 1, argv.data());
}

constexpr std::string_view kUsage =
    "usage: pleiad SUBCOMMAND [ARGUMENTS]\n"
    "\n"
    "  server [FILE] [--directive value ...]   run a node\n"
    "  cli [OPTIONS] [COMMAND ...]             talk to a node or a cluster (-c)\n"
    "  trib COMMAND ...                        make and look after clusters (pleiad trib help)\n"
    "  conf PORT [--cluster] ...               print a node's configuration file\n"
    "  check-rdb FILE                          is this dump whole?\n"
    "  check-aof [--fix] FILE|MANIFEST         is this append only file? --fix cuts off a torn "
    "end\n"
    "  sim [OPTIONS]                           search simulated clusters for broken promises\n"
    "  help, --version\n"
    "\n"
    "Linked under the names redis-server, redis-cli, redis-trib, redis-trib.rb, redis-check-rdb,\n"
    "redis-check-aof, or those of valkey, it is that program.\n";

std::string_view ProgramName(const char* path) {
  const std::string_view name(path);
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

}  // namespace

int Main(int argc, char** argv) {
  const std::string_view program = ProgramName(argv[0]);
  if (program == "redis-server" || program == "valkey-server") return ServerMain(argc, argv);
  if (program == "redis-cli" || program == "valkey-cli")
    return cli::CliMain(argc, argv, ClusterTool);
  if (program == "redis-trib" || program == "redis-trib.rb") return server::TribMain(argc, argv);
  if (program == "redis-check-rdb" || program == "valkey-check-rdb")
    return server::CheckRdbMain(argc, argv);
  if (program == "redis-check-aof" || program == "valkey-check-aof")
    return server::CheckAofMain(argc, argv);
  const std::string_view word = argc > 1 ? argv[1] : "help";
  if (word == "server") return ServerMain(argc - 1, argv + 1);
  if (word == "cli") return cli::CliMain(argc - 1, argv + 1, ClusterTool);
  if (word == "sim") return server::SimMain(argc - 1, argv + 1);
  if (word == "trib") return server::TribMain(argc - 1, argv + 1);
  if (word == "conf") return server::ConfMain(argc - 1, argv + 1);
  if (word == "check-rdb") return server::CheckRdbMain(argc - 1, argv + 1);
  if (word == "check-aof") return server::CheckAofMain(argc - 1, argv + 1);
  if (word == "--version" || word == "-v" || word == "version") {
    std::printf("Pleiad %s\n", kPleiadVersion);
    return 0;
  }
  const bool asked = word == "help" || word == "--help" || word == "-h";
  if (!asked) std::fprintf(stderr, "pleiad: unknown subcommand '%s'\n\n", argv[1]);
  std::fwrite(kUsage.data(), 1, kUsage.size(), asked ? stdout : stderr);
  return asked ? 0 : 1;
}

}  // namespace pleiad
