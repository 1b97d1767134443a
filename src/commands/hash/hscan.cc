// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/hash/hash_access.h"
#include "commands/set/collection_scan.h"

namespace pleiad {
namespace {

// HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]: some fields with their values, and
// where to go on; 0 at the end.
//
// > HSET k a 1 b 2
// (integer) 2
// > HSCAN k 0
// 1) "0"
// 2) 1) "a"
//    2) "1"
//    3) "b"
//    4) "2"
// > HSCAN k 0 MATCH b* COUNT 100
// 1) "0"
// 2) 1) "b"
//    2) "2"
// > HSCAN k 0 NOVALUES
// 1) "0"
// 2) 1) "a"
//    2) "b"
// > HSCAN nosuchkey 0
// 1) "0"
// 2) (empty array)
// > HSCAN k x
// (error) ERR invalid cursor
// > HSCAN k 0 COUNT 0
// (error) ERR syntax error
// > HSCAN k 0 LIMIT 1
// (error) ERR syntax error
// > SET text v
// OK
// > HSCAN text 0
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hscan(ReadContext& ctx, const Args& args, resp::Writer& out) {
  CollectionScan scan;
  if (!scan.ParseCursor(args, out)) return;
  const auto hash = ReadHash(ctx, out);
  if (!hash.has_value()) return;
  std::vector<std::string> found;
  uint64_t next = 0;
  if (hash->size() != 0) {
    if (!scan.ParseOptions(args, true, out)) return;
    next = hash->Scan(scan.cursor, scan.count, [&](const FieldElement& e) {
      if (!scan.Wants(e.field)) return;
      found.emplace_back(e.field);
      if (!scan.no_values) found.emplace_back(e.value);
    });
  }
  WriteScanStep(next, found, out);
}

const CommandRegistration kHscan{
    {.name = "hscan",
     .arity = -3,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "2.8.0",
     .usage = "key cursor [MATCH pattern] [COUNT count] [NOVALUES]",
     .summary = "Iterates over fields and values of a hash.",
     .complexity = "O(COUNT) a call, or O(N) for a small hash, which comes in one call.",
     .read = Hscan}};

}  // namespace
}  // namespace pleiad
