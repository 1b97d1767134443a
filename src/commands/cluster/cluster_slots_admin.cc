// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/cluster/cluster_call.h"

namespace pleiad {
namespace {

// Reads slots one by one (from args[2] on). False: the error has been written.
bool ReadSlots(const Args& args, std::vector<cluster::SlotRange>* ranges, resp::Writer& out) {
  for (size_t i = 2; i < args.size(); ++i) {
    const auto slot = SlotArg(args, i, out);
    if (!slot.has_value()) return false;
    ranges->push_back({*slot, *slot});
  }
  return true;
}

// Reads pairs of first and last slot. False: the error has been written.
bool ReadRanges(const Args& args, std::vector<cluster::SlotRange>* ranges, resp::Writer& out) {
  if (args.size() % 2 != 0) {
    out.Error("ERR wrong number of arguments for '" + ToLower(args[0]) + "|" + ToLower(args[1]) +
              "' command");
    return false;
  }
  for (size_t i = 2; i < args.size(); i += 2) {
    const auto first = SlotArg(args, i, out);
    if (!first.has_value()) return false;
    const auto last = SlotArg(args, i + 1, out);
    if (!last.has_value()) return false;
    if (*first > *last) {
      out.Error("ERR start slot number " + std::to_string(first->value) +
                " is greater than end slot number " + std::to_string(last->value));
      return false;
    }
    ranges->push_back({*first, *last});
  }
  return true;
}

// CLUSTER ADDSLOTS slot [slot ...]
//
// > CLUSTER ADDSLOTS 1 2 3
// (error) ERR This instance has cluster support disabled
void AddSlots(ServerContext& ctx, const Args& args, resp::Writer& out) {
  cluster::AdminAddSlots command;
  if (HasCluster(ctx, out) && ReadSlots(args, &command.ranges, out))
    RunAdmin(ctx, std::move(command), out);
}

// CLUSTER ADDSLOTSRANGE first last [first last ...]
void AddSlotsRange(ServerContext& ctx, const Args& args, resp::Writer& out) {
  cluster::AdminAddSlots command;
  if (HasCluster(ctx, out) && ReadRanges(args, &command.ranges, out))
    RunAdmin(ctx, std::move(command), out);
}

// CLUSTER DELSLOTS slot [slot ...]
void DelSlots(ServerContext& ctx, const Args& args, resp::Writer& out) {
  cluster::AdminDelSlots command;
  if (HasCluster(ctx, out) && ReadSlots(args, &command.ranges, out))
    RunAdmin(ctx, std::move(command), out);
}

// CLUSTER DELSLOTSRANGE first last [first last ...]
void DelSlotsRange(ServerContext& ctx, const Args& args, resp::Writer& out) {
  cluster::AdminDelSlots command;
  if (HasCluster(ctx, out) && ReadRanges(args, &command.ranges, out))
    RunAdmin(ctx, std::move(command), out);
}

// CLUSTER FLUSHSLOTS: gives up all slots; only when there are no keys.
void FlushSlots(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (HasCluster(ctx, out)) RunAdmin(ctx, cluster::AdminFlushSlots{}, out);
}

// CLUSTER SETSLOT slot IMPORTING node | MIGRATING node | NODE node | STABLE
void SetSlot(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  const auto slot = SlotArg(args, 2, out);
  if (!slot.has_value()) return;
  using Action = cluster::AdminSetSlot::Action;
  cluster::AdminSetSlot command;
  command.slot = *slot;
  if (args.size() == 4 && args.Is(3, "stable")) {
    RunAdmin(ctx, command, out, *slot);
    return;
  }
  const bool known = args.size() == 5 &&
                     (args.Is(3, "importing") || args.Is(3, "migrating") || args.Is(3, "node"));
  if (!known) {
    out.Error("ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP");
    return;
  }
  command.action = args.Is(3, "importing") ? Action::kImporting
                   : args.Is(3, "node")    ? Action::kNode
                                           : Action::kMigrating;
  command.node = std::string(args[4]);
  RunAdmin(ctx, std::move(command), out, *slot);
}

const CommandRegistration kAddSlots{{.name = "cluster|addslots",
                                     .arity = -3,
                                     .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
                                     .group = "cluster",
                                     .since = "3.0.0",
                                     .usage = "slot [slot ...]",
                                     .summary = "Assigns new hash slots to a node.",
                                     .complexity = "O(N) where N is the number of slots",
                                     .server = AddSlots}};

const CommandRegistration kAddSlotsRange{
    {.name = "cluster|addslotsrange",
     .arity = -4,
     .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
     .group = "cluster",
     .since = "7.0.0",
     .usage = "start-slot end-slot [start-slot end-slot ...]",
     .summary = "Assigns new hash slot ranges to a node.",
     .complexity = "O(N) where N is the number of slots",
     .server = AddSlotsRange}};

const CommandRegistration kDelSlots{{.name = "cluster|delslots",
                                     .arity = -3,
                                     .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
                                     .group = "cluster",
                                     .since = "3.0.0",
                                     .usage = "slot [slot ...]",
                                     .summary = "Sets hash slots as unbound for a node.",
                                     .complexity = "O(N) where N is the number of slots",
                                     .server = DelSlots}};

const CommandRegistration kDelSlotsRange{
    {.name = "cluster|delslotsrange",
     .arity = -4,
     .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
     .group = "cluster",
     .since = "7.0.0",
     .usage = "start-slot end-slot [start-slot end-slot ...]",
     .summary = "Sets hash slot ranges as unbound for a node.",
     .complexity = "O(N) where N is the number of slots",
     .server = DelSlotsRange}};

const CommandRegistration kFlushSlots{{.name = "cluster|flushslots",
                                       .arity = 2,
                                       .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
                                       .group = "cluster",
                                       .since = "3.0.0",
                                       .usage = "",
                                       .summary = "Deletes all slots information from a node.",
                                       .complexity = "O(1)",
                                       .server = FlushSlots}};

const CommandRegistration kSetSlot{
    {.name = "cluster|setslot",
     .arity = -4,
     .flags = kCmdLoading | kCmdAdmin | kCmdStale | kCmdNoAsync,
     .group = "cluster",
     .since = "3.0.0",
     .usage = "slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>",
     .summary = "Binds a hash slot to a node.",
     .complexity = "O(1)",
     .server = SetSlot}};

}  // namespace
}  // namespace pleiad
