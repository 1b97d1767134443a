// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>
#include <vector>

#include "command/value_cell.h"
#include "commands/set/set_operation.h"

namespace pleiad {
namespace {

constexpr size_t kSpopRecord = 1024;  // members a record of the journal

void SpopOne(WriteContext& ctx, resp::Writer& out) {
  ValueCell cell(&ctx, ctx.key(), ValueType::kSet);
  if (!cell.Open(out)) return;
  if (!cell.exists()) {
    out.Null();
    return;
  }
  Set set(&cell, ctx.engine().collections);
  const std::string member = set.view().Random(&ctx.prng());
  set.Remove(member);
  cell.Changed();
  ctx.Notify(kNotifySet, "spop", ctx.key());
  ctx.Propagate({"SREM", ctx.key().bytes, member});
  out.Bulk(member);
  cell.DeleteIf(set.size() == 0);
}

// The whole set goes.
void SpopAll(WriteContext& ctx, const SetView& set, resp::Writer& out) {
  const Key& key = ctx.key();
  WriteMembers(set, out);
  ctx.Notify(kNotifySet, "spop", key);
  ctx.Delete(key);
  ctx.Notify(kNotifyGeneric, "del", key);
  ctx.Propagate({"DEL", key.bytes});
}

void SpopSome(WriteContext& ctx, ValueCell* cell, size_t count, resp::Writer& out) {
  const Key& key = ctx.key();
  Set set(cell, ctx.engine().collections);
  std::vector<std::string> members;
  for (size_t i = 0; i < count; ++i) {
    members.push_back(set.view().Random(&ctx.prng()));
    set.Remove(members.back());
  }
  cell->Changed();
  ctx.Notify(kNotifySet, "spop", key);
  for (size_t first = 0; first < members.size(); first += kSpopRecord) {
    std::vector<std::string_view> record = {"SREM", key.bytes};
    const size_t last = std::min(first + kSpopRecord, members.size());
    for (size_t i = first; i < last; ++i) record.emplace_back(members[i]);
    ctx.Propagate(record);
  }
  out.Set(members.size());
  for (const std::string& member : members) out.Bulk(member);
}

// SPOP key [count]: one member, or so many, that are not in the set any more. In the journal: SREM,
// or DEL if nothing is left.
//
// > SADD k a
// (integer) 1
// > SPOP k
// "a"
// > EXISTS k
// (integer) 0
// > SPOP k
// (nil)
// > SPOP k 3
// (empty array)
// > SADD k 3 1 2
// (integer) 3
// > SPOP k 0
// (empty array)
// > SPOP k 2
// 1) "..."
// 2) "..."
// > SCARD k
// (integer) 1
// > SPOP k 5
// 1) "..."
// > SPOP k -1
// (error) ERR value is out of range, must be positive
// > SPOP k many
// (error) ERR value is out of range, must be positive
// > SPOP k 1 2
// (error) ERR syntax error
// > SET text v
// OK
// > SPOP text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
// > SPOP text 1
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Spop(WriteContext& ctx, const Args& args, resp::Writer& out) {
  if (args.size() == 2) {
    SpopOne(ctx, out);
    return;
  }
  if (args.size() > 3) {
    out.Error(kSyntaxError);
    return;
  }
  constexpr std::string_view kRange = "ERR value is out of range, must be positive";
  const auto count = IntArg(args, 2, out, kRange);
  if (!count.has_value()) return;
  if (*count < 0) {
    out.Error(kRange);
    return;
  }
  ValueCell cell(&ctx, ctx.key(), ValueType::kSet);
  if (!cell.Open(out)) return;
  const SetView set(cell.view());
  if (*count == 0 || !cell.exists()) {
    out.Set(0);
  } else if (static_cast<uint64_t>(*count) >= set.size()) {
    SpopAll(ctx, set, out);
  } else {
    SpopSome(ctx, &cell, static_cast<size_t>(*count), out);
  }
}

const CommandRegistration kSpop{
    {.name = "spop",
     .arity = -2,
     .flags = kCmdWrite | kCmdManyRecords | kCmdFast,
     .keys = {1, 1, 1},
     .group = "set",
     .since = "1.0.0",
     .usage = "key [count]",
     .summary = "Removes random members from a set and returns them. Deletes the set if the last "
                "member was popped.",
     .complexity = "O(N) where N is the count",
     .write = Spop}};

}  // namespace
}  // namespace pleiad
