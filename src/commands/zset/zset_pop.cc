// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_pop.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace pleiad {

size_t PopCount(const ValueCell& cell, int64_t wanted) {
  return std::min(static_cast<size_t>(wanted), ZsetView(cell.view()).size());
}

size_t PopZset(WriteContext& ctx, const Key& key, ValueCell* cell, ZsetEnd end, size_t count,
               ZsetShape shape, resp::Writer& out) {
  Zset zset(cell, ctx.engine().collections);
  const size_t size = zset.size();
  count = std::min(count, size);
  const bool reverse = end == ZsetEnd::kMax;
  const ZsetRange range{reverse ? size - count : 0, count};
  zset.view().Visit(range, reverse, [&](std::string_view member, double score) {
    WriteZsetItem(member, score, shape, out);
  });
  zset.RemoveRange(range);
  cell->Changed();
  ctx.Notify(kNotifyZset, ZsetPopEvent(end), key);
  cell->DeleteIf(count == size);
  return count;
}

std::optional<int64_t> ZsetTimeout(std::string_view text, resp::Writer& out) {
  const auto seconds = ParseLongDouble(text);
  if (!seconds.has_value() || std::isinf(*seconds)) {
    out.Error(seconds.has_value() ? "ERR timeout is out of range"
                                  : "ERR timeout is not a float or out of range");
    return std::nullopt;
  }
  const long double ms = std::ceil(*seconds * 1000);
  if (ms > static_cast<long double>(std::numeric_limits<int64_t>::max() / 2)) {
    out.Error("ERR timeout is out of range");
    return std::nullopt;
  }
  if (ms < 0) {
    out.Error("ERR timeout is negative");
    return std::nullopt;
  }
  return static_cast<int64_t>(ms);
}

bool ZsetNumkeysPositions(const Args& args, size_t at, size_t tail,
                          std::vector<size_t>* positions) {
  if (args.size() <= at + tail) return false;
  const auto count = ParseInt64(args[at]);
  if (!count.has_value() || *count <= 0 ||
      static_cast<uint64_t>(*count) > args.size() - at - 1 - tail) {
    return false;
  }
  for (size_t i = 0; i < static_cast<size_t>(*count); ++i) positions->push_back(at + 1 + i);
  return true;
}

}  // namespace pleiad
