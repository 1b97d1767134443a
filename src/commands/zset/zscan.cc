// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "commands/zset/zset_args.h"

namespace pleiad {
namespace {

constexpr size_t kZscanCountMax = 1 << 20;  // a call returns in bounded time, whatever COUNT says

struct ZscanOptions {
  std::optional<std::string_view> match;
  size_t count = 10;
  bool no_scores = false;
};

bool ParseZscan(const Args& args, ZscanOptions* options, resp::Writer& out) {
  for (size_t i = 3; i < args.size(); ++i) {
    if (args.Is(i, "noscores")) {
      options->no_scores = true;
    } else if (args.Is(i, "match") && i + 1 < args.size()) {
      options->match = args[++i];
      if (args[i] == "*") options->match.reset();
    } else if (args.Is(i, "count") && i + 1 < args.size()) {
      const auto count = IntArg(args, ++i, out);
      if (!count.has_value()) return false;
      if (*count < 1) {
        out.Error(kSyntaxError);
        return false;
      }
      options->count = std::min(static_cast<size_t>(*count), kZscanCountMax);
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// ZSCAN key cursor [MATCH pattern] [COUNT count] [NOSCORES]: some members with their scores, and
// where to go on; 0 at the end. What stays from the first call to the last is returned at least
// once.
//
// > ZADD z 1 a 2.5 b
// (integer) 2
// > ZSCAN z 0
// 1) "0"
// 2) 1) "a"
//    2) "1"
//    3) "b"
//    4) "2.5"
// > ZSCAN z 0 MATCH b* COUNT 100
// 1) "0"
// 2) 1) "b"
//    2) "2.5"
// > ZSCAN z 0 NOSCORES
// 1) "0"
// 2) 1) "a"
//    2) "b"
// > ZSCAN nosuchkey 0
// 1) "0"
// 2) (empty array)
// > ZSCAN z x
// (error) ERR invalid cursor
// > ZSCAN z 0 COUNT 0
// (error) ERR syntax error
// > ZSCAN z 0 COUNT many
// (error) ERR value is not an integer or out of range
// > ZSCAN z 0 MATCH
// (error) ERR syntax error
// > SET text v
// OK
// > ZSCAN text 0
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Zscan(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto cursor = ParseUint64(args[2]);
  if (!cursor.has_value()) {
    out.Error("ERR invalid cursor");
    return;
  }
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (!zset.has_value()) return;
  ZscanOptions options;
  // Redis looks at the options of keys that are there only.
  if (zset->size() != 0 && !ParseZscan(args, &options, out)) return;
  std::vector<std::pair<std::string_view, double>> found;
  const uint64_t next =
      zset->Scan(*cursor, options.count, [&](std::string_view member, double score) {
        if (!options.match.has_value() || GlobMatch(*options.match, member))
          found.emplace_back(member, score);
      });
  out.Array(2);
  out.Bulk(std::to_string(next));
  out.Array(options.no_scores ? found.size() : found.size() * 2);
  for (const auto& [member, score] : found) {
    out.Bulk(member);
    if (options.no_scores) continue;
    // A string, whatever the protocol.
    char text[64];
    out.Bulk({text, resp::FormatDouble(score, text, sizeof(text))});
  }
}

const CommandRegistration kZscan{
    {.name = "zscan",
     .arity = -3,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "sorted-set",
     .since = "2.8.0",
     .usage = "key cursor [MATCH pattern] [COUNT count] [NOSCORES]",
     .summary = "Iterates over members and scores of a sorted set.",
     .complexity = "O(1) for every call. O(N) for a complete iteration.",
     .read = Zscan}};

}  // namespace
}  // namespace pleiad
