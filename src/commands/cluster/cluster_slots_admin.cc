// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <memory>

#include "command/outside.h"
#include "commands/cluster/cluster_call.h"
#include "resp/request_writer.h"
#include "runtime/ack_waiters.h"
#include "runtime/clock.h"
#include "runtime/connection.h"
#include "runtime/reactor.h"
#include "runtime/replication_driver.h"

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

constexpr int64_t kSetSlotTimeoutMs = 2000;
constexpr int64_t kFollowMs = 1000;  // a replica's machine takes some milliseconds, with its disk
constexpr std::string_view kSetSlotSyntax =
    "ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP";
// Behind the arguments of a command that runs again: its record's offset is what follows.
constexpr std::string_view kReplicatedWord = "REPLICATED";

struct SetSlotCall {
  cluster::AdminSetSlot command;
  std::vector<std::string> record;  // what the replicas get
  int64_t timeout_ms = kSetSlotTimeoutMs;
  std::optional<Offset> replicated;  // it runs again
};

// TIMEOUT ms, from args[i] on. False: the error has been written.
bool ReadSetSlotOptions(const Args& args, size_t i, SetSlotCall* call, resp::Writer& out) {
  for (; i < args.size(); i += 2) {
    const auto number = i + 1 < args.size() ? ParseInt64(args[i + 1]) : std::nullopt;
    const int64_t value = number.value_or(0);
    if (args.Is(i, kReplicatedWord) && number) {
      call->replicated = Offset(value);
    } else if (!args.Is(i, "timeout")) {
      out.Error(kSetSlotSyntax);
      return false;
    } else if (i + 1 >= args.size()) {
      out.Error("ERR Missing timeout value");
      return false;
    } else if (!number) {
      out.Error("ERR timeout is not an integer or out of range");
      return false;
    } else if (value < 0) {
      out.Error("ERR timeout is negative");
      return false;
    } else {
      call->timeout_ms = value;
    }
  }
  return true;
}

bool ReadSetSlot(const Args& args, SetSlotCall* call, resp::Writer& out) {
  const auto slot = SlotArg(args, 2, out);
  if (!slot.has_value()) return false;
  using Action = cluster::AdminSetSlot::Action;
  call->command.slot = *slot;
  const bool stable = args.Is(3, "stable");
  const bool known =
      stable || (args.size() >= 5 &&
                 (args.Is(3, "importing") || args.Is(3, "migrating") || args.Is(3, "node")));
  if (!known) {
    out.Error(kSetSlotSyntax);
    return false;
  }
  if (!stable) {
    call->command.action = args.Is(3, "importing") ? Action::kImporting
                           : args.Is(3, "node")    ? Action::kNode
                                                   : Action::kMigrating;
    call->command.node = std::string(args[4]);
  }
  const size_t words = stable ? 4 : 5;
  for (size_t i = 0; i < words; ++i) call->record.emplace_back(args[i]);
  return ReadSetSlotOptions(args, words, call, out);
}

// How many replicas must have the record first. None if one of those that are connected would not
// understand it (redis-server, Valkey before 8).
int ReplicasToTell(ServerContext& ctx) {
  Pauses& pauses = ctx.engine.pauses;
  if (ctx.engine.replica.load(std::memory_order_relaxed) || pauses.Holds(PausePurpose::kFailover) ||
      pauses.Holds(PausePurpose::kShutdown))
    return 0;
  int count = 0;
  for (const ReplicaView& replica : ctx.server->replication().View(ctx.mono_now).replicas) {
    if (!replica.online) continue;
    if (!replica.takes_setslot) return 0;
    ++count;
  }
  return count;
}

// The replicas get the record, and the command runs again when they have it.
void TellReplicas(ServerContext& ctx, const SetSlotCall& call, int replicas, resp::Writer& out) {
  SetSlotCall check = call;
  check.command.check = true;
  resp::OutBuffer refusal;
  resp::Writer checked(&refusal);
  RunAdmin(ctx, std::move(check.command), checked, call.command.slot);
  if (refusal.view().starts_with('-')) {
    out.Raw(refusal.view());
    return;
  }
  std::string record;
  resp::AppendRequest(call.record, &record);
  ctx.engine.journal.AppendRecords(0, record);
  const runtime::AckDemand demand{
      .offset = ctx.engine.journal.end(), .replicas = replicas, .rerun = true};
  auto waiter = std::make_shared<Waiter>();
  waiter->kind = Waiter::Kind::kAcks;
  waiter->args = call.record;
  waiter->args.emplace_back(kReplicatedWord);
  waiter->args.push_back(std::to_string(demand.offset.value));
  if (call.timeout_ms != 0)
    waiter->deadline_ms = std::max(ctx.mono_now, runtime::MonoNow()).value + call.timeout_ms + 1;
  waiter->at_deadline = [] {
    return std::string("-NOREPLICAS Not enough good replicas to write.\r\n");
  };
  waiter->deliver = ctx.client.connection->reactor()->DeliveryTo(ctx.client.id);
  ctx.client.waiter = waiter;
  ctx.server->acks().Add(std::move(waiter), demand);
  ctx.server->replication().AskForAcks(true);
}

// My master is about to do this. The driver may be waiting for this thread (a new master): it is
// told, and waited for no longer than it takes.
void FollowSetSlot(ServerContext& ctx, cluster::AdminSetSlot command) {
  command.from_master = true;
  OutsideKeyspace(ctx, [&] {
    ctx.server->cluster()->PostAndAwait(cluster::AdminRequest{.command = std::move(command)},
                                        kFollowMs);
  });
}

// CLUSTER SETSLOT slot (IMPORTING node | MIGRATING node | NODE node | STABLE) [TIMEOUT ms]: the
// steps of a migration key by key. The replicas keep it first, so that none of them knows less of
// it than their master should it be promoted: if one that is connected does not confirm within the
// time (2000 ms; 0: no limit), nothing is done here. With replicas that don't understand it
// (redis-server) it is done at once. Refused while slots move as a whole (MIGRATESLOTS).
//
// > CLUSTER SETSLOT 0 STABLE
// (error) ERR This instance has cluster support disabled
void SetSlot(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  SetSlotCall call;
  if (!ReadSetSlot(args, &call, out)) return;
  if (ctx.client.from_master) {
    FollowSetSlot(ctx, std::move(call.command));
    out.Ok();
    return;
  }
  if (ctx.server->migration()->Busy(true)) {
    out.Error("ERR Slot import in progress.");
    return;
  }
  if (ctx.server->migration()->Busy(false)) {
    out.Error("ERR Slot export in progress.");
    return;
  }
  const bool may_wait =
      ctx.client.connection != nullptr && ctx.group == nullptr && !ctx.client.exclusive;
  const int replicas = may_wait && !call.replicated ? ReplicasToTell(ctx) : 0;
  if (replicas > 0) {
    TellReplicas(ctx, call, replicas, out);
  } else {
    const SlotId slot = call.command.slot;
    RunAdmin(ctx, std::move(call.command), out, slot);
  }
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
     .usage = "slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE> [TIMEOUT "
              "timeout]",
     .summary = "Binds a hash slot to a node.",
     .complexity = "O(1)",
     .server = SetSlot}};

}  // namespace
}  // namespace pleiad
