// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/server/command_facts.h"

#include <array>

namespace pleiad {
namespace {

struct FlagName {
  uint32_t flag;
  std::string_view name;
};

constexpr std::array<FlagName, 17> kFlagNames = {{{kCmdWrite, "write"},
                                                  {kCmdReadonly, "readonly"},
                                                  {kCmdDenyOom, "denyoom"},
                                                  {kCmdAdmin, "admin"},
                                                  {kCmdPubsub, "pubsub"},
                                                  {kCmdNoScript, "noscript"},
                                                  {kCmdBlocking, "blocking"},
                                                  {kCmdLoading, "loading"},
                                                  {kCmdStale, "stale"},
                                                  {kCmdSkipMonitor, "skip_monitor"},
                                                  {kCmdSkipSlowlog, "skip_slowlog"},
                                                  {kCmdAsking, "asking"},
                                                  {kCmdFast, "fast"},
                                                  {kCmdNoAuth, "no_auth"},
                                                  {kCmdNoAsync, "no_async_loading"},
                                                  {kCmdNoMulti, "no_multi"},
                                                  {kCmdAllowBusy, "allow_busy"}}};

struct GroupCategory {
  std::string_view group;
  std::string_view category;
};

constexpr std::array<GroupCategory, 12> kGroupCategories = {{{"generic", "keyspace"},
                                                             {"set", "set"},
                                                             {"sorted-set", "sortedset"},
                                                             {"list", "list"},
                                                             {"hash", "hash"},
                                                             {"string", "string"},
                                                             {"bitmap", "bitmap"},
                                                             {"hyperloglog", "hyperloglog"},
                                                             {"geo", "geo"},
                                                             {"stream", "stream"},
                                                             {"pubsub", "pubsub"},
                                                             {"connection", "connection"}}};

}  // namespace

std::vector<std::string_view> FlagNames(const CommandSpec& spec) {
  std::vector<std::string_view> names;
  for (const FlagName& f : kFlagNames) {
    if (spec.flags & f.flag) names.push_back(f.name);
  }
  if (HasMovableKeys(spec)) names.push_back("movablekeys");
  return names;
}

std::vector<std::string_view> CategoryNames(const CommandSpec& spec) {
  std::vector<std::string_view> names;
  const auto add = [&](bool belongs, std::string_view name) {
    if (belongs) names.push_back(name);
  };
  add(spec.group == "generic", "keyspace");
  add(spec.flags & kCmdReadonly, "read");
  add(spec.flags & kCmdWrite, "write");
  for (const GroupCategory& g : kGroupCategories) {
    add(g.group == spec.group && g.category != "keyspace" && g.category != "connection",
        g.category);
  }
  add(spec.flags & kCmdAdmin, "admin");
  add(spec.flags & kCmdFast, "fast");
  add(!(spec.flags & kCmdFast), "slow");
  add(spec.flags & kCmdBlocking, "blocking");
  add(spec.flags & (kCmdAdmin | kCmdDangerous), "dangerous");
  add(spec.group == "connection", "connection");
  add(spec.group == "transactions", "transaction");
  add(spec.group == "scripting", "scripting");
  return names;
}

std::vector<std::string_view> KeyFlagNames(const CommandSpec& spec) {
  if (spec.flags & kCmdReadonly) return {"RO", "access"};
  if (spec.name == "del" || spec.name == "unlink") return {"RM", "delete"};
  if (spec.name == "set" || spec.name == "mset" || spec.name == "setex" || spec.name == "psetex") {
    return {"OW", "update"};
  }
  if (spec.flags & kCmdWrite) return {"RW", "access", "update"};
  return {"RO"};
}

bool HasMovableKeys(const CommandSpec& spec) {
  return spec.get_keys != nullptr || (spec.flags & kCmdMovableKeys) != 0;
}

bool HasKeys(const CommandSpec& spec) { return spec.keys.first != 0 || spec.get_keys != nullptr; }

bool IsSubcommandOf(const CommandSpec& spec, const CommandSpec& container) {
  return spec.name.size() > container.name.size() + 1 && spec.name.starts_with(container.name) &&
         spec.name[container.name.size()] == '|';
}

bool IsSubcommand(const CommandSpec& spec) { return spec.name.find('|') != std::string_view::npos; }

}  // namespace pleiad
