// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CLUSTER FLUSHSLOT and SFLUSH: the keys of slots.
#include <string>
#include <utility>
#include <vector>

#include "commands/cluster/cluster_call.h"
#include "commands/generic/whole_keyspace.h"

namespace pleiad {
namespace {

// False: this node does not own it. The keys are in the journal as DELs.
bool FlushSlot(ServerContext& ctx, SlotId id) {
  LockSet locks(&ctx.engine.keyspace);
  locks.LockOne(id);
  Slot& slot = locks.slot(id);
  if (slot.state != SlotState::kMine && slot.state != SlotState::kMigrating) return false;
  uint64_t keys = 0;
  for (int db = 0; db < ctx.engine.keyspace.databases(); ++db) {
    const SlotDb* slot_db = ctx.engine.keyspace.Db(slot, db, false);
    if (slot_db != nullptr) keys += slot_db->table.size();
  }
  DeleteSlotKeys(&ctx.engine, id, slot);
  ThreadStats::Add(&ctx.stats.dirty, keys);
  ctx.client.write_offset = ctx.engine.journal.end();
  return true;
}

bool IsSyncWord(const Args& args, size_t i) { return args.Is(i, "sync") || args.Is(i, "async"); }

// CLUSTER FLUSHSLOT slot [ASYNC | SYNC]: deletes the keys of a slot that this node owns.
//
// > CLUSTER FLUSHSLOT 1
// (error) ERR This instance has cluster support disabled
void ClusterFlushSlot(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  if (args.size() > 4 || (args.size() == 4 && !IsSyncWord(args, 3))) {
    out.Error(kSyntaxError);
    return;
  }
  const auto slot = SlotArg(args, 2, out);
  if (!slot.has_value() || !MayWrite(ctx, out)) return;
  FlushSlot(ctx, *slot);
  out.Ok();
}

// SFLUSH start-slot end-slot [start-slot end-slot ...] [ASYNC | SYNC]: deletes the keys of those of
// the slots that this node owns. The reply: which these were, as ranges.
//
// > SFLUSH 0 100
// (error) ERR This instance has cluster support disabled
void Sflush(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  size_t end = args.size();
  if (IsSyncWord(args, end - 1)) --end;
  if (end < 3 || end % 2 == 0) {
    out.Error("ERR wrong number of arguments for 'sflush' command");
    return;
  }
  std::vector<bool> wanted(kSlotCount, false);
  for (size_t i = 1; i < end; i += 2) {
    const auto first = SlotArg(args, i, out);
    if (!first.has_value()) return;
    const auto last = SlotArg(args, i + 1, out);
    if (!last.has_value()) return;
    if (first->value > last->value) {
      out.Error("ERR start slot number " + std::to_string(first->value) +
                " is greater than end slot number " + std::to_string(last->value));
      return;
    }
    std::fill(wanted.begin() + first->value, wanted.begin() + last->value + 1, true);
  }
  if (!MayWrite(ctx, out)) return;
  std::vector<std::pair<int, int>> ranges;
  for (int i = 0; i < kSlotCount; ++i) {
    if (!wanted[static_cast<size_t>(i)]) continue;
    if (!FlushSlot(ctx, SlotId(static_cast<uint16_t>(i)))) continue;
    if (!ranges.empty() && ranges.back().second + 1 == i) {
      ranges.back().second = i;
    } else {
      ranges.emplace_back(i, i);
    }
  }
  out.Array(ranges.size());
  for (const auto& [first, last] : ranges) {
    out.Array(2);
    out.Integer(first);
    out.Integer(last);
  }
}

constexpr uint32_t kFlushSlotFlags = kCmdWrite | kCmdDangerous;

const CommandRegistration kFlushSlot{
    {.name = "cluster|flushslot",
     .arity = -3,
     .flags = kFlushSlotFlags,
     .group = "cluster",
     .since = "9.0.0",
     .usage = "slot [ASYNC | SYNC]",
     .summary = "Removes all keys of a hash slot.",
     .complexity = "O(N) where N is the number of keys in the slot",
     .server = ClusterFlushSlot}};
const CommandRegistration kSflush{
    {.name = "sflush",
     .arity = -3,
     .flags = kFlushSlotFlags,
     .group = "server",
     .since = "8.0.0",
     .usage = "start-slot end-slot [start-slot end-slot ...] [ASYNC | SYNC]",
     .summary = "Removes all keys from the slots of some ranges.",
     .complexity = "O(N) where N is the number of keys in the slots",
     .server = Sflush}};

}  // namespace
}  // namespace pleiad
