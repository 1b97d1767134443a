// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "commands/cluster/cluster_call.h"
#include "runtime/clock.h"

namespace pleiad {
namespace {

struct SlotRow {
  SlotId slot;
  std::array<uint64_t, 4> figures;  // in the order of kMetrics
};

constexpr std::array<std::string_view, 4> kMetrics = {"key-count", "cpu-usec", "network-bytes-in",
                                                      "network-bytes-out"};

uint64_t CountKeys(Engine& engine, SlotId id) {
  LockSet locks(&engine.keyspace);
  locks.LockOne(id);
  uint64_t keys = 0;
  for (int db = 0; db < engine.keyspace.databases(); ++db) {
    const SlotDb* slot_db = engine.keyspace.Db(locks.slot(id), db, false);
    if (slot_db != nullptr) keys += slot_db->table.size();
  }
  return keys;
}

SlotRow RowOf(Engine& engine, SlotId slot, bool costs) {
  SlotRow row{slot, {CountKeys(engine, slot), 0, 0, 0}};
  if (!costs) return row;
  const SlotStats::Figures& f = engine.slot_stats.of(slot);
  row.figures[1] =
      static_cast<uint64_t>(static_cast<double>(f.cycles.load()) / runtime::CyclesPerMicrosecond());
  row.figures[2] = f.bytes_in.load();
  row.figures[3] = f.bytes_out.load();
  return row;
}

// Slots of this node's shard from `first` to `last`.
std::vector<SlotRow> Rows(ServerContext& ctx, int first, int last, bool costs) {
  std::vector<SlotId> slots;
  ReadCluster(ctx, [&](const cluster::ClusterState& state) {
    const cluster::Node* const me = state.myself();
    const cluster::Node* const owner = me->master != nullptr ? me->master : me;
    for (int i = first; i <= last; ++i) {
      const SlotId slot(static_cast<uint16_t>(i));
      if (state.Owner(slot) == owner) slots.push_back(slot);
    }
  });
  std::vector<SlotRow> rows;
  for (const SlotId slot : slots) rows.push_back(RowOf(ctx.engine, slot, costs));
  return rows;
}

void WriteRows(const std::vector<SlotRow>& rows, size_t count, bool costs, resp::Writer& out) {
  out.Array(count);
  for (size_t i = 0; i < count; ++i) {
    out.Array(2);
    out.Integer(rows[i].slot.value);
    const size_t figures = costs ? kMetrics.size() : 1;
    out.Map(figures);
    for (size_t k = 0; k < figures; ++k) {
      out.Bulk(kMetrics[k]);
      out.Integer(static_cast<int64_t>(rows[i].figures[k]));
    }
  }
}

struct StatsOrder {
  size_t metric = 0;
  int64_t limit = kSlotCount;
  bool descending = true;
};

// False: the error was written.
bool ReadStatsOrder(const Args& args, bool costs, StatsOrder* order, resp::Writer& out) {
  while (order->metric < kMetrics.size() && !args.Is(3, kMetrics[order->metric])) ++order->metric;
  if (order->metric == kMetrics.size() || (order->metric != 0 && !costs)) {
    out.Error("ERR Unrecognized sort metric for ORDERBY.");
    return false;
  }
  int limits = 0;
  int directions = 0;
  for (size_t i = 4; i < args.size(); ++i) {
    if (args.Is(i, "limit") && i + 1 < args.size()) {
      constexpr std::string_view kBadLimit =
          "ERR Limit has to lie in between 1 and 16384 (maximum number of slots).";
      const auto limit = IntArg(args, ++i, out, kBadLimit);
      if (!limit.has_value()) return false;
      if (*limit < 1 || *limit > kSlotCount) {
        out.Error(kBadLimit);
        return false;
      }
      order->limit = *limit;
      ++limits;
    } else if (args.Is(i, "asc") || args.Is(i, "desc")) {
      order->descending = args.Is(i, "desc");
      ++directions;
    } else {
      out.Error(kSyntaxError);
      return false;
    }
    if (limits > 1 || directions > 1) {
      out.Error("ERR Multiple filters of the same type are disallowed.");
      return false;
    }
  }
  return true;
}

void OrderedStats(ServerContext& ctx, const Args& args, bool costs, resp::Writer& out) {
  StatsOrder order;
  if (!ReadStatsOrder(args, costs, &order, out)) return;
  std::vector<SlotRow> rows = Rows(ctx, 0, kSlotCount - 1, costs);
  std::sort(rows.begin(), rows.end(), [&order](const SlotRow& a, const SlotRow& b) {
    const uint64_t x = a.figures[order.metric];
    const uint64_t y = b.figures[order.metric];
    if (x == y) return a.slot < b.slot;
    return order.descending ? x > y : x < y;
  });
  WriteRows(rows, std::min(rows.size(), static_cast<size_t>(order.limit)), costs, out);
}

// CLUSTER SLOT-STATS <SLOTSRANGE start-slot end-slot | ORDERBY metric [LIMIT limit] [ASC | DESC]>:
// what the slots of this shard hold and, if cluster-slot-stats-enabled says so, cost: microseconds
// of processor and bytes of requests and replies. Metrics: key-count, cpu-usec, network-bytes-in,
// network-bytes-out.
//
// > CLUSTER SLOT-STATS SLOTSRANGE 0 1
// (error) ERR This instance has cluster support disabled
void ClusterSlotStats(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  const bool costs = ctx.engine.slot_stats.enabled();
  if (args.size() == 5 && args.Is(2, "slotsrange")) {
    const auto first = SlotArg(args, 3, out);
    if (!first.has_value()) return;
    const auto last = SlotArg(args, 4, out);
    if (!last.has_value()) return;
    if (first->value > last->value) {
      out.Error("ERR Start slot number " + std::to_string(first->value) +
                " is greater than end slot number " + std::to_string(last->value));
      return;
    }
    const std::vector<SlotRow> rows = Rows(ctx, first->value, last->value, costs);
    WriteRows(rows, rows.size(), costs, out);
  } else if (args.size() >= 4 && args.Is(2, "orderby")) {
    OrderedStats(ctx, args, costs, out);
  } else {
    out.Error(kSyntaxError);
  }
}

const CommandRegistration kSlotStats{
    {.name = "cluster|slot-stats",
     .arity = -4,
     .flags = kCmdLoading | kCmdStale,
     .group = "cluster",
     .since = "8.0.0",
     .usage = "<SLOTSRANGE start-slot end-slot | ORDERBY metric [LIMIT limit] [ASC | DESC]>",
     .summary = "Returns usage statistics of the slots of this shard.",
     .complexity = "O(N log N) where N is the number of slots",
     .server = ClusterSlotStats}};

}  // namespace
}  // namespace pleiad
