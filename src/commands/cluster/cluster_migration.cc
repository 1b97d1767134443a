// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Slot migration as Valkey 9 commands it (at the source) and as Redis 8.4 does (at the target).
// What they start is runtime/migration_driver.h.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/prng.h"
#include "commands/cluster/cluster_call.h"
#include "runtime/migration_driver.h"
#include "runtime/random.h"

namespace pleiad {
namespace {

using migration::SlotSpan;
using migration::SlotSpans;
using runtime::MigrationRecord;

constexpr uint32_t kMigrationFlags = kCmdAdmin | kCmdStale | kCmdNoAsync;

using View = std::shared_ptr<const cluster::ClusterView>;

// May slots move from or to here at all? Writes the error if not.
bool MayMigrate(const View& view, resp::Writer& out) {
  if (view->Me().replica) {
    out.Error("ERR Slot migration can only be used on primary nodes.");
    return false;
  }
  for (const auto& open : view->open_slots) {
    out.Error(open.migrating ? "ERR Slots are being manually migrated"
                             : "ERR Slots are being manually imported");
    return false;
  }
  return true;
}

// One pair of slots, all of one owner and none named before. Writes the error if not.
bool ReadSpan(const View& view, const Args& args, size_t at, SlotSpans* spans,
              const cluster::ClusterView::Endpoint** owner, resp::Writer& out) {
  const auto first = SlotArg(args, at, out);
  if (!first.has_value()) return false;
  if (at + 1 >= args.size()) {
    out.Error("ERR No end slot for final slot range");
    return false;
  }
  const auto last = SlotArg(args, at + 1, out);
  if (!last.has_value()) return false;
  if (*first > *last) {
    out.Error(fmt::format("ERR Start slot number {} is greater than end slot number {}.",
                          first->value, last->value));
    return false;
  }
  for (int n = first->value; n <= last->value; ++n) {
    const auto* node = view->Owner(SlotId(static_cast<uint16_t>(n)));
    if (node == nullptr) {
      out.Error(fmt::format("ERR Slot {} has no node served.", n));
      return false;
    }
    if (*owner == nullptr) *owner = node;
    if (*owner != node) {
      out.Error("ERR Requested slots span multiple shards");
      return false;
    }
  }
  for (const SlotSpan& span : *spans) {
    if (*first > span.last || *last < span.first) continue;
    out.Error(fmt::format("ERR Slot range {}-{} overlaps with previous range {}-{}.", first->value,
                          last->value, span.first.value, span.last.value));
    return false;
  }
  spans->push_back({*first, *last});
  return true;
}

// From args[*at] on, up to the first word that is no number.
bool ReadSpans(const View& view, const Args& args, size_t* at, SlotSpans* spans,
               const cluster::ClusterView::Endpoint** owner, resp::Writer& out) {
  while (*at < args.size() && ParseInt64(args[*at]).has_value()) {
    if (!ReadSpan(view, args, *at, spans, owner, out)) return false;
    *at += 2;
  }
  if (!spans->empty()) return true;
  out.Error("ERR No slot ranges specified");
  return false;
}

bool Overlap(const SlotSpans& a, const SlotSpans& b) {
  return (migration::ToBits(a) & migration::ToBits(b)).any();
}

// NODE id. Null (and the error written) if it can't be a target.
const cluster::ClusterView::Endpoint* ReadTarget(const View& view, const Args& args, size_t at,
                                                 resp::Writer& out) {
  if (at + 1 >= args.size() || !args.Is(at, "node")) {
    out.Error(kSyntaxError);
    return nullptr;
  }
  const std::string_view id = args[at + 1];
  if (id.size() != 40) {
    out.Error(fmt::format("ERR Invalid node name: {}", id.substr(0, 128)));
    return nullptr;
  }
  const auto node = std::find_if(view->nodes.begin(), view->nodes.end(),
                                 [&](const auto& n) { return n.id.view() == id; });
  if (node == view->nodes.end()) {
    out.Error(fmt::format("ERR Unknown node name: {}", id));
    return nullptr;
  }
  if (node->id == view->Me().id) {
    out.Error("ERR Target node can not be this node.");
    return nullptr;
  }
  return &*node;
}

// SLOTSRANGE first last [first last ...] NODE id, from args[*at] on.
bool ReadJob(ServerContext& ctx, const View& view, const Args& args, size_t* at,
             std::vector<migration::Job>* jobs, resp::Writer& out) {
  if (!args.Is(*at, "slotsrange")) {
    out.Error(kSyntaxError);
    return false;
  }
  ++*at;
  migration::Job job;
  const cluster::ClusterView::Endpoint* owner = nullptr;
  if (!ReadSpans(view, args, at, &job.slots, &owner, out)) return false;
  if (owner->id != view->Me().id) {
    out.Error("ERR Slots are not served by this node.");
    return false;
  }
  for (const SlotSpan& span : job.slots) {
    for (int n = span.first.value; n <= span.last.value; ++n) {
      if (!ctx.server->migration()->Exporting(SlotId(static_cast<uint16_t>(n)))) continue;
      out.Error(fmt::format("ERR I am already migrating slot {}.", n));
      return false;
    }
  }
  for (const migration::Job& other : *jobs) {
    if (!Overlap(other.slots, job.slots)) continue;
    out.Error("ERR Slot ranges in migrations overlap");
    return false;
  }
  const auto* target = ReadTarget(view, args, *at, out);
  if (target == nullptr) return false;
  *at += 2;
  job.name = Prng(runtime::SystemSeed()).Hex(40);
  job.source = view->Me().id;
  job.target = target->id;
  jobs->push_back(std::move(job));
  return true;
}

// CLUSTER MIGRATESLOTS SLOTSRANGE first last [first last ...] NODE id [SLOTSRANGE ... NODE ...]:
// moves slots of this node to others, with their keys, while clients go on. Says OK at once;
// GETSLOTMIGRATIONS tells how it goes.
//
// > CLUSTER MIGRATESLOTS SLOTSRANGE 0 99 NODE 0123456789012345678901234567890123456789
// (error) ERR This instance has cluster support disabled
void MigrateSlots(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  const View view = ctx.server->cluster()->View();
  if (!MayMigrate(view, out)) return;
  std::vector<migration::Job> jobs;
  for (size_t at = 2; at < args.size();) {
    if (!ReadJob(ctx, view, args, &at, &jobs, out)) return;
  }
  ctx.server->migration()->Export(std::move(jobs));
  out.Ok();
}

// CLUSTER GETSLOTMIGRATIONS: the jobs under way and the last ones that ended
// (cluster-slot-migration-log-max-len), the newest first. Of an export keys_total and keys_done
// count the keys of its snapshot; bytes_done are those of records, and hold_usec is for how long
// the slots' clients were held (of an import, only from the leave to claim on). Also while data are
// loaded (Valkey: not then): who gave its last slots away is a replica at once.
//
// > CLUSTER GETSLOTMIGRATIONS
// (error) ERR This instance has cluster support disabled
void GetSlotMigrations(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  const auto records = ctx.server->migration()->Records();
  out.Array(records.size());
  for (const std::shared_ptr<MigrationRecord>& record : records) {
    const std::lock_guard<std::mutex> lock(record->mutex);
    out.Map(16);
    const auto text = [&](std::string_view name, std::string_view value) {
      out.Bulk(name);
      out.Bulk(value);
    };
    const auto number = [&](std::string_view name, int64_t value) {
      out.Bulk(name);
      out.Integer(value);
    };
    text("name", record->job.name);
    text("operation", record->import ? "IMPORT" : "EXPORT");
    text("slot_ranges", migration::ToText(record->job.slots));
    text("target_node", record->job.target.view());
    text("source_node", record->job.source.view());
    number("create_time", record->created_s);
    number("last_update_time", record->updated_s);
    number("last_ack_time", record->acked_s);
    text("state", record->state);
    text("message", record->message);
    number("cow_size", 0);
    number("remaining_repl_size", record->remaining);
    number("keys_total", record->keys_total);
    number("keys_done", record->keys);
    number("bytes_done", record->bytes);
    number("hold_usec", record->hold_us);
  }
}

// CLUSTER CANCELSLOTMIGRATIONS: ends all migrations away from this node. Those whose target has
// leave to claim the slots can't be ended any more.
//
// > CLUSTER CANCELSLOTMIGRATIONS
// (error) ERR This instance has cluster support disabled
void CancelSlotMigrations(ServerContext& ctx, const Args&, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  if (ctx.server->migration()->Cancel({}, false) == 0) {
    out.Error("ERR No migrations ongoing");
  } else {
    out.Ok();
  }
}

// CLUSTER SYNCSLOTS ESTABLISH name source target first last [first last ...]: a source opens a
// migration; the connection is the migration's from then on.
//
// > CLUSTER SYNCSLOTS ESTABLISH
// (error) ERR This instance has cluster support disabled
void SyncSlots(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (ctx.client.from_master && args.Is(2, "incoming")) {
    SlotSpans slots;
    if (migration::ParseSpans(args.all().subspan(3), &slots))
      runtime::ApplyIncoming(&ctx.engine, ctx.server, slots);
    out.Ok();
    return;
  }
  if (!HasCluster(ctx, out)) return;
  migration::Job job;
  const bool known = args.size() >= 8 && args.Is(2, "establish") && args[3].size() == 40;
  const auto source = known ? NodeId::Parse(args[4]) : std::nullopt;
  const auto target = known ? NodeId::Parse(args[5]) : std::nullopt;
  if (!source || !target || !migration::ParseSpans(args.all().subspan(6), &job.slots)) {
    out.Error(kSyntaxError);
    return;
  }
  const View view = ctx.server->cluster()->View();
  if (!MayMigrate(view, out)) return;
  const bool agreed = std::all_of(job.slots.begin(), job.slots.end(), [&](const SlotSpan& span) {
    for (int n = span.first.value; n <= span.last.value; ++n) {
      const auto* owner = view->Owner(SlotId(static_cast<uint16_t>(n)));
      if (owner == nullptr || owner->id != *source) return false;
    }
    return true;
  });
  if (*target != view->Me().id || *source == *target || !agreed) {
    out.Error("ERR Target node does not agree about current slot ownership");
    return;
  }
  if (ctx.client.connection == nullptr) {
    out.Error("ERR a slot migration needs a connection of its own");
    return;
  }
  job.name = args[3];
  job.source = *source;
  job.target = *target;
  const std::string refused = ctx.server->migration()->Import(ctx.client, std::move(job));
  if (!refused.empty()) out.Error(refused);
}

// What Redis 8.4 calls the state of a task.
std::string_view TaskState(const MigrationRecord& record) {
  if (!record.finished) return record.state;
  if (record.state == "success") return "completed";
  return record.state == "cancelled" ? "canceled" : "failed";
}

void WriteTask(MigrationRecord& record, resp::Writer& out) {
  const std::lock_guard<std::mutex> lock(record.mutex);
  out.Map(10);
  const auto text = [&](std::string_view name, std::string_view value) {
    out.Bulk(name);
    out.Bulk(value);
  };
  const auto number = [&](std::string_view name, int64_t value) {
    out.Bulk(name);
    out.Integer(value);
  };
  text("id", record.job.name);
  text("slots", migration::ToText(record.job.slots));
  text("source", record.job.source.view());
  text("dest", record.job.target.view());
  text("operation", record.import ? "import" : "migrate");
  text("state", TaskState(record));
  text("last_error", record.message);
  number("create_time", record.created_s);
  number("start_time", record.created_s);
  number("end_time", record.finished ? record.updated_s : 0);
}

// IMPORT first last [first last ...]: the slots come here from their owner.
void ImportSlots(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const View view = ctx.server->cluster()->View();
  if (!MayMigrate(view, out)) return;
  migration::Job job;
  const cluster::ClusterView::Endpoint* owner = nullptr;
  size_t at = 3;
  if (!ReadSpans(view, args, &at, &job.slots, &owner, out)) return;
  if (at != args.size()) {
    out.Error(kSyntaxError);
    return;
  }
  if (owner->id == view->Me().id) {
    out.Error("ERR this node is already the owner of the slot range");
    return;
  }
  job.name = Prng(runtime::SystemSeed()).Hex(40);
  job.source = owner->id;
  job.target = view->Me().id;
  out.Bulk(ctx.server->migration()->AskFor(std::move(job), owner->ip, owner->port));
}

// CLUSTER MIGRATION IMPORT first last [first last ...] | STATUS (ID id | ALL) | CANCEL (ID id |
// ALL): the same migrations, ordered at the node that shall have the slots.
//
// > CLUSTER MIGRATION STATUS ALL
// (error) ERR This instance has cluster support disabled
void Migration(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  const bool all = args.size() == 4 && args.Is(3, "all");
  const bool one = args.size() == 5 && args.Is(3, "id");
  if (args.Is(2, "import") && args.size() >= 5) {
    ImportSlots(ctx, args, out);
  } else if (args.Is(2, "status") && (all || one)) {
    const auto records = ctx.server->migration()->Records();
    const size_t place = out.DeferArray();
    size_t shown = 0;
    for (const std::shared_ptr<MigrationRecord>& record : records) {
      if (one && record->job.name != args[4]) continue;
      WriteTask(*record, out);
      ++shown;
    }
    out.FillArray(place, shown);
  } else if (args.Is(2, "cancel") && (all || one)) {
    const size_t told = ctx.server->migration()->Cancel(one ? args[4] : std::string_view(), true);
    out.Integer(static_cast<int64_t>(told));
  } else {
    out.Error(kSyntaxError);
  }
}

const CommandRegistration kMigrateSlots{
    {.name = "cluster|migrateslots",
     .arity = -4,
     .flags = kMigrationFlags,
     .group = "cluster",
     .since = "9.0.0",
     .usage = "SLOTSRANGE start-slot end-slot [start-slot end-slot ...] NODE node-id [SLOTSRANGE "
              "start-slot end-slot [start-slot end-slot ...] NODE node-id ...]",
     .summary = "Migrates slots of this node to other nodes.",
     .complexity = "O(N) where N is the number of slots",
     .server = MigrateSlots}};

const CommandRegistration kGetSlotMigrations{
    {.name = "cluster|getslotmigrations",
     .arity = 2,
     .flags = kCmdLoading | kCmdAdmin | kCmdStale,
     .group = "cluster",
     .since = "9.0.0",
     .usage = "",
     .summary = "Returns the slot migrations under way and the last ones that ended.",
     .complexity = "O(N) where N is the number of jobs",
     .server = GetSlotMigrations}};

const CommandRegistration kCancelSlotMigrations{
    {.name = "cluster|cancelslotmigrations",
     .arity = 2,
     .flags = kMigrationFlags,
     .group = "cluster",
     .since = "9.0.0",
     .usage = "",
     .summary = "Cancels all slot migrations away from this node.",
     .complexity = "O(N) where N is the number of jobs",
     .server = CancelSlotMigrations}};

const CommandRegistration kSyncSlots{{.name = "cluster|syncslots",
                                      .arity = -3,
                                      .flags = kMigrationFlags | kCmdNoMulti,
                                      .group = "cluster",
                                      .since = "9.0.0",
                                      .usage = "",
                                      .summary = "An internal command of slot migrations.",
                                      .complexity = "O(N) where N is the number of slots",
                                      .server = SyncSlots}};

const CommandRegistration kMigration{
    {.name = "cluster|migration",
     .arity = -4,
     .flags = kMigrationFlags,
     .group = "cluster",
     .since = "8.4.0",
     .usage = "<IMPORT start-slot end-slot [start-slot end-slot ...] | STATUS <ID task-id | ALL> | "
              "CANCEL <ID task-id | ALL>>",
     .summary = "Imports slots from their owner, tells how that goes, or cancels it.",
     .complexity = "O(N) where N is the number of slots, or of tasks",
     .server = Migration}};

}  // namespace
}  // namespace pleiad
