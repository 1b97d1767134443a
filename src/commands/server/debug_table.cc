// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// DEBUG HTSTATS and HTSTATS-KEY: how the tables are filled. A database's keys are in a table per
// slot: the figures are sums.
#include <fmt/core.h>

#include "commands/server/debug_words.h"
#include "data/object.h"

namespace pleiad {
namespace {

struct TableFigures {
  size_t elements = 0;
  size_t places = 0;
  size_t bytes = 0;
};

std::string Describe(std::string_view name, const TableFigures& f) {
  std::string text = fmt::format("[{}]\nHash table 0 stats (main hash table):\n", name);
  if (f.elements == 0) return text + "No stats available for empty dictionaries\n";
  return text +
         fmt::format(
             " table size: {}\n number of elements: {}\n table bytes: {}\n filled: {:.2f}%\n",
             f.places, f.elements, f.bytes,
             100.0 * static_cast<double>(f.elements) / static_cast<double>(f.places));
}

TableFigures FiguresOf(const Table& table) {
  TableFigures f;
  f.elements = table.size();
  f.bytes = table.MemoryUsage();
  for (const Table::Segment* s : table.Segments()) f.places += s->bucket_count * size_t{8};
  return f;
}

}  // namespace

void DebugHtstats(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto db = IntArg(args, 2, out);
  if (!db.has_value()) return;
  if (*db < 0 || *db >= ctx.engine.keyspace.databases()) {
    out.Error("ERR Out of range database");
    return;
  }
  TableFigures sum;
  size_t expiries = 0;
  for (int i = 0; i < kSlotCount; ++i) {
    const SlotId id(static_cast<uint16_t>(i));
    LockSet locks(&ctx.engine.keyspace);
    locks.LockOne(id);
    const SlotDb* slot_db = ctx.engine.keyspace.Db(locks.slot(id), static_cast<int>(*db), false);
    if (slot_db == nullptr) continue;
    const TableFigures one = FiguresOf(slot_db->table);
    sum.elements += one.elements;
    sum.places += one.places;
    sum.bytes += one.bytes;
    expiries += slot_db->with_expiry;
  }
  out.Verbatim("txt", Describe("Dictionary HT", sum) +
                          fmt::format("[Expires HT]\nNone: {} keys say themselves when they end.\n",
                                      expiries));
}

void DebugHtstatsKey(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const Key key = ctx.engine.keyspace.MakeKey(args[2]);
  LockSet locks(&ctx.engine.keyspace);
  locks.LockOne(key.slot);
  ReadContext read(&ctx.engine, &ctx.stats, &locks, &ctx.client, ctx.now);
  const Entry* e = read.Find(key, false);
  if (e == nullptr) {
    out.Error(kNoSuchKey);
    return;
  }
  const ValueView value = e->value();
  if (value.object == nullptr || e->type() == ValueType::kString) {
    out.Error("ERR The value stored at the specified key is not represented using an hash table");
    return;
  }
  out.Verbatim("txt", fmt::format("[Value]\n value bytes: {}\n", value.object->MemoryUsage()));
}

}  // namespace pleiad
