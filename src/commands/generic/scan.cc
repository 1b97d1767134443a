// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// SCAN's cursor is a place in the order of hashes, not of memory:
//
//     depth (5 bits) | slot (14) | hash prefix (20) | tag (15)
//
// so it stays good while tables grow, shrink and are emptied, costs the server nothing, and means
// the same on a replica with the same hash seed. A key that is there from the first call to the
// last is returned at least once.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "commands/generic/type_name.h"
#include "commands/generic/whole_keyspace.h"

namespace pleiad {
namespace {

constexpr int kTagBits = 15;
constexpr int kSlotBits = 14;
constexpr size_t kCountDefault = 10;
constexpr size_t kCountMax = 1 << 20;  // a call returns in bounded time, whatever COUNT says

uint64_t Mask(int bits) { return (uint64_t{1} << bits) - 1; }

struct Cursor {
  int slot = 0;
  TableCursor table;
};

uint64_t Encode(const Cursor& c) {
  uint64_t n = c.table.depth;
  n = (n << kSlotBits) | static_cast<uint64_t>(c.slot);
  n = (n << Table::kPrefixBits) | c.table.prefix;
  return (n << kTagBits) | c.table.tag;
}

Cursor Decode(uint64_t n) {
  Cursor c;
  c.table.tag = static_cast<uint32_t>(n & Mask(kTagBits));
  n >>= kTagBits;
  c.table.prefix = static_cast<uint32_t>(n & Mask(Table::kPrefixBits));
  n >>= Table::kPrefixBits;
  c.slot = static_cast<int>(n & Mask(kSlotBits));
  n >>= kSlotBits;
  c.table.depth = static_cast<uint32_t>(std::min<uint64_t>(n, Table::kPrefixBits));
  return c;
}

struct ScanOptions {
  std::optional<std::string_view> match;
  std::optional<std::string_view> type;
  size_t count = kCountDefault;
};

bool ParseScanOptions(const Args& args, ScanOptions* options, resp::Writer& out) {
  for (size_t i = 2; i < args.size(); i += 2) {
    if (i + 1 == args.size()) {
      out.Error(kSyntaxError);
      return false;
    }
    if (args.Is(i, "match")) {
      options->match = args[i + 1];
      if (args[i + 1] == "*") options->match.reset();
    } else if (args.Is(i, "type")) {
      options->type = args[i + 1];
    } else if (args.Is(i, "count")) {
      const auto count = IntArg(args, i + 1, out);
      if (!count.has_value()) return false;
      if (*count < 1) {
        out.Error(kSyntaxError);
        return false;
      }
      options->count = std::min(static_cast<size_t>(*count), kCountMax);
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

bool Wanted(const Entry& e, const ScanOptions& options, UnixMs now) {
  if (Expired(e, now)) return false;
  if (options.type.has_value() && !EqualsIgnoreCase(TypeName(e.type()), *options.type))
    return false;
  return !options.match.has_value() || GlobMatch(*options.match, e.key());
}

// Visits one slot from the cursor on, until about `count` keys were seen or it ends. Returns how
// many were seen.
size_t ScanSlot(ServerContext& ctx, Cursor* cursor, const ScanOptions& options, size_t count,
                std::vector<std::string>* found) {
  const SlotId id(static_cast<uint16_t>(cursor->slot));
  LockSet locks(&ctx.engine.keyspace);
  locks.LockOne(id);
  const SlotDb* db = ctx.engine.keyspace.Db(locks.slot(id), ctx.client.db, false);
  if (db == nullptr || db->table.size() == 0 || locks.slot(id).hidden()) {
    cursor->table = {.done = true};
    return 0;
  }
  std::vector<Entry*> entries;
  while (!cursor->table.done && entries.size() < count) {
    db->table.Scan(&cursor->table, count - entries.size(), &entries);
  }
  for (const Entry* e : entries) {
    if (Wanted(*e, options, ctx.now)) found->emplace_back(e->key());
  }
  return entries.size();
}

// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]: some keys, and where to go on; 0 at the
// end.
//
// > MSET {t}1 a other b
// OK
// > SCAN 0 MATCH {t}*
// 1) "0"
// 2) 1) "{t}1"
// > SCAN 0 MATCH o* COUNT 100 TYPE STRING
// 1) "0"
// 2) 1) "other"
// > SCAN 0 TYPE list
// 1) "0"
// 2) (empty array)
// > SCAN x
// (error) ERR invalid cursor
// > SCAN 18446744073709551616
// (error) ERR invalid cursor
// > SCAN 0 COUNT 0
// (error) ERR syntax error
// > SCAN 0 COUNT many
// (error) ERR value is not an integer or out of range
// > SCAN 0 MATCH
// (error) ERR syntax error
// > SCAN 0 LIMIT 3
// (error) ERR syntax error
void Scan(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto number = ParseUint64(args[1]);
  if (!number.has_value()) {
    out.Error("ERR invalid cursor");
    return;
  }
  ScanOptions options;
  if (!ParseScanOptions(args, &options, out)) return;
  Cursor cursor = Decode(*number);
  const auto only = options.match.has_value() ? SlotOfPattern(*options.match) : std::nullopt;
  int end = kSlotCount;
  if (only.has_value()) {
    // Before the slot: go there. Behind it: done. The cursor may come from a call with another
    // pattern.
    if (cursor.slot < only->value) cursor = {only->value, {}};
    end = only->value + 1;
  }
  std::vector<std::string> found;
  size_t seen = 0;
  while (cursor.slot < end && seen < options.count) {
    seen += ScanSlot(ctx, &cursor, options, options.count - seen, &found);
    if (cursor.table.done) cursor = {cursor.slot + 1, {}};
  }
  out.Array(2);
  out.Bulk(std::to_string(cursor.slot < end ? Encode(cursor) : 0));
  out.Array(found.size());
  for (const std::string& key : found) out.Bulk(key);
}

const CommandRegistration kScan{
    {.name = "scan",
     .arity = -2,
     .flags = kCmdReadonly,
     .group = "generic",
     .since = "2.8.0",
     .usage = "cursor [MATCH pattern] [COUNT count] [TYPE type]",
     .summary = "Iterates over the key names in the database.",
     .complexity = "O(COUNT) a call, and up to 16384 slots that are empty.",
     .server = Scan}};

}  // namespace
}  // namespace pleiad
