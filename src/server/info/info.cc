// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/info/info.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "server/info/section.h"

namespace pleiad {
namespace {

struct Section {
  std::string_view name;
  std::string_view title;
  void (*write)(const info::Input&, info::Lines*);
  bool by_default;
};

constexpr std::array<Section, 11> kSections = {{
    {"server", "Server", info::ServerSection, true},
    {"clients", "Clients", info::ClientsSection, true},
    {"memory", "Memory", info::MemorySection, true},
    {"persistence", "Persistence", info::PersistenceSection, true},
    {"stats", "Stats", info::StatsSection, true},
    {"replication", "Replication", info::ReplicationSection, true},
    {"cpu", "CPU", info::CpuSection, true},
    {"commandstats", "Commandstats", info::CommandStatsSection, false},
    {"errorstats", "Errorstats", info::ErrorStatsSection, true},
    {"cluster", "Cluster", info::ClusterSection, true},
    {"keyspace", "Keyspace", info::KeyspaceSection, true},
}};

bool Wanted(const Section& section, std::span<const std::string_view> words) {
  if (words.empty()) return section.by_default;
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return EqualsIgnoreCase(word, section.name) || EqualsIgnoreCase(word, "all") ||
           EqualsIgnoreCase(word, "everything") ||
           (EqualsIgnoreCase(word, "default") && section.by_default);
  });
}

// Connections and error counts belong to the reactors: nobody may be at work while we look.
void Gather(ServerContext& ctx, info::Input* in) {
  std::map<std::string, uint64_t> errors;
  ctx.Exclusive([&] {
    in->server.ForEachConnection([&](runtime::Connection& c) {
      ++in->clients.connections;
      in->clients.input_max = std::max(in->clients.input_max, c.input_size());
      in->clients.output_max = std::max(in->clients.output_max, c.output_size());
      in->clients.memory += c.MemoryUsage();
    });
    for (const auto& reactor : in->server.reactors()) {
      for (const auto& [code, count] : reactor->dispatcher().error_stats()) errors[code] += count;
    }
  });
  in->errors.assign(errors.begin(), errors.end());
}

}  // namespace

std::string InfoText(ServerContext& ctx, std::span<const std::string_view> words) {
  info::Input in{ctx, *ctx.server, ctx.server->settings(), {}, {}};
  for (const Section& section : kSections) {
    const bool gathers =
        section.name == "clients" || section.name == "memory" || section.name == "errorstats";
    if (!gathers || !Wanted(section, words)) continue;
    Gather(ctx, &in);
    break;
  }
  info::Lines lines;
  for (const Section& section : kSections) {
    if (!Wanted(section, words)) continue;
    lines.Title(section.title);
    section.write(in, &lines);
  }
  return lines.Take();
}

}  // namespace pleiad
