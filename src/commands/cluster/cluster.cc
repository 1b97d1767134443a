// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/cluster/cluster_call.h"

namespace pleiad {
namespace {

// CLUSTER without a known subcommand.
//
// > CLUSTER
// (error) ERR wrong number of arguments for 'cluster' command
// > CLUSTER BOGUS
// (error) ERR unknown subcommand 'BOGUS'. Try CLUSTER HELP.
void Cluster(ServerContext&, const Args& args, resp::Writer& out) {
  out.Error("ERR unknown subcommand '" + std::string(args[1].substr(0, 128)) +
            "'. Try CLUSTER HELP.");
}

// CLUSTER HELP: what there is, from the command table.
void ClusterHelp(ServerContext&, const Args&, resp::Writer& out) {
  size_t lines = 1;
  const size_t place = out.DeferArray();
  out.Simple("CLUSTER <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const CommandSpec& spec : CommandTable::Get().all()) {
    if (!spec.name.starts_with("cluster|")) continue;
    out.Simple(ToUpper(spec.name.substr(8)) + (spec.usage.empty() ? "" : " ") +
               std::string(spec.usage));
    out.Simple("    " + std::string(spec.summary));
    lines += 2;
  }
  out.FillArray(place, lines);
}

const CommandRegistration kCluster{{.name = "cluster",
                                    .arity = -2,
                                    .flags = kCmdLoading,
                                    .group = "cluster",
                                    .since = "3.0.0",
                                    .usage = "",
                                    .summary = "A container for Redis Cluster commands.",
                                    .complexity = "O(1)",
                                    .server = Cluster}};

const CommandRegistration kClusterHelp{
    {.name = "cluster|help",
     .arity = 2,
     .flags = kCmdLoading | kCmdStale,
     .group = "cluster",
     .since = "5.0.0",
     .usage = "",
     .summary = "Returns helpful text about the different subcommands.",
     .complexity = "O(1)",
     .server = ClusterHelp}};

}  // namespace
}  // namespace pleiad
