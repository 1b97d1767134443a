// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What commands on sorted sets share: scores and bounds as arguments, items as replies, the set
// under a key.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "command/command.h"
#include "command/value_cell.h"
#include "data/zset.h"

namespace pleiad {

inline constexpr std::string_view kScoreRangeError = "ERR min or max is not a float";
inline constexpr std::string_view kMemberRangeError = "ERR min or max not valid string range item";
inline constexpr std::string_view kScoreNanError = "ERR resulting score is not a number (NaN)";

// As ParseDouble, faster for plain decimal numbers.
std::optional<double> ParseScore(std::string_view text);

struct ZsetScoreLimits {
  ZsetScoreBound min;
  ZsetScoreBound max;
};
struct ZsetMemberLimits {
  ZsetMemberBound min;
  ZsetMemberBound max;
};
// "1.5", "(1.5", "-inf", ... False: the error was written.
bool ParseScoreLimits(std::string_view min, std::string_view max, ZsetScoreLimits* limits,
                      resp::Writer& out);
// "[a", "(a", "-", "+". False: the error was written.
bool ParseMemberLimits(std::string_view min, std::string_view max, ZsetMemberLimits* limits,
                       resp::Writer& out);
// Ranks that may count from the end, as ZRANGE has them; what is beyond the ends is cut off.
ZsetRange RankRange(int64_t start, int64_t stop, size_t size);

// The sorted set under a key; an empty one if there is none. nullopt: WRONGTYPE was written.
std::optional<ZsetView> ReadZset(ReadContext& ctx, const Key& key, resp::Writer& out);

// How items stand in an array: members; member, score, member, ...; or an array of pairs.
enum class ZsetShape { kMembers, kFlat, kPairs };
// With scores: pairs in RESP3, flat in RESP2.
inline ZsetShape ShapeWithScores(bool scores, const resp::Writer& out) {
  if (!scores) return ZsetShape::kMembers;
  return out.protocol() == 3 ? ZsetShape::kPairs : ZsetShape::kFlat;
}
void WriteZsetHead(size_t items, ZsetShape shape, resp::Writer& out);
inline void WriteZsetItem(std::string_view member, double score, ZsetShape shape,
                          resp::Writer& out) {
  if (shape == ZsetShape::kPairs) out.Array(2);
  out.Bulk(member);
  if (shape != ZsetShape::kMembers) out.Double(score);
}
// The items of a range, from its end if `reverse`.
void WriteZsetRange(const ZsetView& view, const ZsetRange& range, bool reverse, ZsetShape shape,
                    resp::Writer& out);

// For the ...STORE commands: `result` goes under `key`, or the key away if it is empty, with events
// (`event` or "del") and reply.
void StoreZset(WriteContext& ctx, const Key& key, MemoryStore* result, std::string_view event,
               resp::Writer& out);

}  // namespace pleiad
