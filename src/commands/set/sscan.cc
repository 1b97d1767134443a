// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/set/collection_scan.h"
#include "commands/set/set_operation.h"

namespace pleiad {
namespace {

// SSCAN key cursor [MATCH pattern] [COUNT count]: some members, and where to go on; 0 at the end.
//
// > SADD k a b 1
// (integer) 3
// > SSCAN k 0
// 1) "0"
// 2) 1) "a"
//    2) "b"
//    3) "1"
// > SSCAN k 0 MATCH [ab] COUNT 100
// 1) "0"
// 2) 1) "a"
//    2) "b"
// > SSCAN nosuchkey 0
// 1) "0"
// 2) (empty array)
// > SSCAN k x
// (error) ERR invalid cursor
// > SSCAN k 0 COUNT 0
// (error) ERR syntax error
// > SSCAN k 0 COUNT many
// (error) ERR value is not an integer or out of range
// > SSCAN k 0 MATCH
// (error) ERR syntax error
// > SSCAN k 0 NOVALUES
// (error) ERR NOVALUES option can only be used in HSCAN
// > SET text v
// OK
// > SSCAN text 0
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Sscan(ReadContext& ctx, const Args& args, resp::Writer& out) {
  CollectionScan scan;
  if (!scan.ParseCursor(args, out)) return;
  const auto set = ReadSet(ctx, ctx.key(), out);
  if (!set.has_value()) return;
  std::vector<std::string> found;
  uint64_t next = 0;
  if (set->size() != 0) {
    if (!scan.ParseOptions(args, false, out)) return;
    next = set->Scan(scan.cursor, scan.count, [&](std::string_view member) {
      if (scan.Wants(member)) found.emplace_back(member);
    });
  }
  WriteScanStep(next, found, out);
}

const CommandRegistration kSscan{
    {.name = "sscan",
     .arity = -3,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "set",
     .since = "2.8.0",
     .usage = "key cursor [MATCH pattern] [COUNT count]",
     .summary = "Iterates over members of a set.",
     .complexity = "O(COUNT) a call, or O(N) for a small set, which comes in one call.",
     .read = Sscan}};

}  // namespace
}  // namespace pleiad
