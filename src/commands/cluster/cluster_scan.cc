// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CLUSTERSCAN: SCAN over a whole cluster, slot by slot. The cursor says where it goes on:
//
//     <fingerprint>-{<tag>}-<place within the slot>
//
// The tag hashes to the slot, so a client that routes the cursor like a key finds the node. The
// fingerprint is that of the hash seed: a node with another seed (the slot moved there, or its
// replica took over) has another order and begins the slot again, so a key that stays is never
// missed. 0 as fingerprint: at the slot's beginning.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/crc.h"
#include "commands/cluster/cluster_call.h"
#include "commands/generic/type_name.h"
#include "commands/generic/whole_keyspace.h"

namespace pleiad {
namespace {

constexpr int kPlaceTagBits = 15;
constexpr size_t kClusterScanCountMax = 1 << 20;  // a call returns in bounded time
constexpr size_t kFingerprintSize = 6;

// A tag for each slot: three characters that hash to it.
const std::string& TagOf(SlotId slot) {
  static const auto kTags = [] {
    constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::vector<std::string> tags(kSlotCount);
    for (const char a : kDigits) {
      for (const char b : kDigits) {
        for (const char c : kDigits) {
          const std::string tag = {a, b, c};
          std::string& place = tags[KeySlot(tag).value];
          if (place.empty()) place = tag;
        }
      }
    }
    for (uint64_t n = 0; std::ranges::any_of(tags, &std::string::empty); ++n) {
      const std::string tag = std::to_string(n);
      std::string& place = tags[KeySlot(tag).value];
      if (place.empty()) place = tag;
    }
    return tags;
  }();
  return kTags[slot.value];
}

// Six characters from '0' on, of six bits each: none of them is '-' or a brace.
std::string Fingerprint(uint64_t seed) {
  uint64_t mixed = (seed ^ (seed >> 32)) * 0x9e3779b97f4a7c15ULL;
  auto bits = static_cast<uint32_t>(mixed >> 32);
  if (bits == 0) bits = 1;
  std::string text(kFingerprintSize, '0');
  for (size_t i = kFingerprintSize; i-- > 0; bits >>= 6)
    text[i] = static_cast<char>('0' + (bits & 0x3f));
  return text;
}

struct ClusterScanOptions {
  std::optional<std::string_view> match;
  std::optional<std::string_view> type;
  std::optional<SlotId> slot;       // SLOT
  std::optional<SlotId> only_slot;  // the one that MATCH allows
  size_t count = 10;
};

bool ReadClusterScanOption(const Args& args, size_t i, ClusterScanOptions* options,
                           resp::Writer& out) {
  if (args.Is(i, "match")) {
    options->match = args[i + 1];
    options->only_slot = SlotOfPattern(args[i + 1]);
  } else if (args.Is(i, "type")) {
    options->type = args[i + 1];
  } else if (args.Is(i, "slot")) {
    options->slot = SlotArg(args, i + 1, out);
    return options->slot.has_value();
  } else if (args.Is(i, "count")) {
    const auto count = IntArg(args, i + 1, out);
    if (!count.has_value()) return false;
    if (*count < 1) {
      out.Error(kSyntaxError);
      return false;
    }
    options->count = std::min(static_cast<size_t>(*count), kClusterScanCountMax);
  } else {
    out.Error(kSyntaxError);
    return false;
  }
  return true;
}

bool ReadClusterScanOptions(const Args& args, ClusterScanOptions* options, resp::Writer& out) {
  for (size_t i = 2; i < args.size(); i += 2) {
    if (i + 1 == args.size()) {
      out.Error(kSyntaxError);
      return false;
    }
    if (!ReadClusterScanOption(args, i, options, out)) return false;
  }
  return true;
}

struct ScanPlace {
  SlotId slot{0};
  TableCursor table;
};

uint64_t EncodePlace(const TableCursor& c) {
  return ((uint64_t{c.depth} << Table::kPrefixBits | c.prefix) << kPlaceTagBits) | c.tag;
}

TableCursor DecodePlace(uint64_t n) {
  TableCursor c;
  c.tag = static_cast<uint32_t>(n & ((1U << kPlaceTagBits) - 1));
  n >>= kPlaceTagBits;
  c.prefix = static_cast<uint32_t>(n & ((1U << Table::kPrefixBits) - 1));
  n >>= Table::kPrefixBits;
  c.depth = static_cast<uint32_t>(std::min<uint64_t>(n, Table::kPrefixBits));
  return c;
}

std::string AtBeginning(SlotId slot) { return "0-{" + TagOf(slot) + "}-0"; }

std::optional<ScanPlace> ParsePlace(std::string_view cursor, uint64_t seed) {
  const size_t first = cursor.find('-');
  if (first == std::string_view::npos) return std::nullopt;
  const size_t second = cursor.find('-', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto number = ParseUint64(cursor.substr(second + 1));
  if (!number.has_value()) return std::nullopt;
  ScanPlace place;
  place.slot = KeySlot(cursor.substr(first + 1, second - first - 1));
  if (cursor.substr(0, first) == Fingerprint(seed)) place.table = DecodePlace(*number);
  return place;
}

void ReplyNothing(std::string_view cursor, resp::Writer& out) {
  out.Array(2);
  out.Bulk(cursor);
  out.Array(0);
}

// Visits a slot from the place on until about `count` keys were seen. nullopt: this node does not
// serve it; the redirection is in `out`.
std::optional<size_t> VisitSlot(ServerContext& ctx, ScanPlace* place,
                                const ClusterScanOptions& options, size_t count,
                                std::vector<std::string>* found, resp::Writer* out) {
  LockSet locks(&ctx.engine.keyspace);
  locks.LockOne(place->slot);
  RouteQuery query;
  query.slot = place->slot;
  query.state = locks.slot(place->slot).state;
  query.readonly_client = ctx.client.readonly;
  query.asking = ctx.client.asking;
  const bool mine = query.state == SlotState::kMine || query.state == SlotState::kHeld;
  if ((!mine || ctx.engine.cluster_down.load(std::memory_order_relaxed)) &&
      !ctx.engine.router->Route(query, out)) {
    return std::nullopt;
  }
  const SlotDb* db = ctx.engine.keyspace.Db(locks.slot(place->slot), ctx.client.db, false);
  if (db == nullptr || db->table.size() == 0) {
    place->table = {.done = true};
    return 0;
  }
  std::vector<Entry*> entries;
  while (!place->table.done && entries.size() < count)
    db->table.Scan(&place->table, count - entries.size(), &entries);
  for (const Entry* e : entries) {
    if (Expired(*e, ctx.now)) continue;
    if (options.type.has_value() && !EqualsIgnoreCase(TypeName(e->type()), *options.type)) continue;
    if (!options.match.has_value() || GlobMatch(*options.match, e->key()))
      found->emplace_back(e->key());
  }
  return entries.size();
}

// From the place on: its slot, and (unless one slot was asked for) the slots behind it as long as
// they are here.
void ScanFrom(ServerContext& ctx, ScanPlace place, const ClusterScanOptions& options,
              resp::Writer& out) {
  const bool one_slot = options.slot.has_value() || options.only_slot.has_value();
  std::vector<std::string> found;
  std::string next = "0";
  size_t seen = 0;
  for (bool first = true;; first = false) {
    resp::OutBuffer moved;
    resp::Writer why(&moved, out.protocol());
    const auto visited =
        VisitSlot(ctx, &place, options, options.count - seen, &found, first ? &out : &why);
    if (!visited.has_value()) {
      if (first) return;
      next = AtBeginning(place.slot);
      break;
    }
    seen += *visited;
    if (!place.table.done) {
      next = fmt::format("{}-{{{}}}-{}", Fingerprint(ctx.engine.keyspace.hash_seed()),
                         TagOf(place.slot), EncodePlace(place.table));
      break;
    }
    if (one_slot || place.slot.value + 1 == kSlotCount) break;
    place = {SlotId(static_cast<uint16_t>(place.slot.value + 1)), {}};
    if (seen >= options.count) {
      next = AtBeginning(place.slot);
      break;
    }
  }
  out.Array(2);
  out.Bulk(next);
  out.Array(found.size());
  for (const std::string& key : found) out.Bulk(key);
}

// CLUSTERSCAN cursor [MATCH pattern] [COUNT count] [TYPE type] [SLOT slot]: some keys of the
// cluster, and where to go on: send the next cursor to the node that has the slot of its hash tag.
// 0 begins, and is the end. SLOT: of that slot alone.
//
// > CLUSTERSCAN 0
// (error) ERR This instance has cluster support disabled
void ClusterScan(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!HasCluster(ctx, out)) return;
  ClusterScanOptions options;
  if (!ReadClusterScanOptions(args, &options, out)) return;
  // SLOT and the pattern exclude each other: nothing to find.
  const bool nothing = options.slot && options.only_slot && *options.slot != *options.only_slot;
  if (args[1] == "0") {
    const SlotId begin = options.slot.value_or(options.only_slot.value_or(SlotId(0)));
    return ReplyNothing(nothing ? "0" : AtBeginning(begin), out);
  }
  const auto place = ParsePlace(args[1], ctx.engine.keyspace.hash_seed());
  if (!place.has_value()) return out.Error("ERR Invalid cursor");
  if (options.slot && *options.slot != place->slot)
    return out.Error("ERR Cursor slot mismatch with SLOT argument");
  if (options.only_slot && *options.only_slot != place->slot) {
    const bool ahead = !nothing && options.only_slot->value > place->slot.value;
    return ReplyNothing(ahead ? AtBeginning(*options.only_slot) : "0", out);
  }
  ScanFrom(ctx, *place, options, out);
}

const CommandRegistration kClusterScan{
    {.name = "clusterscan",
     .arity = -2,
     .flags = kCmdReadonly,
     .group = "cluster",
     .since = "9.1.0",
     .usage = "cursor [MATCH pattern] [COUNT count] [TYPE type] [SLOT slot]",
     .summary = "Iterates over the keys in the cluster.",
     .complexity = "O(COUNT) a call, and the empty slots on the way.",
     .server = ClusterScan}};

}  // namespace
}  // namespace pleiad
