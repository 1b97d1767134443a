// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_range.h"

#include <algorithm>

namespace pleiad {

bool ZsetRangeQuery::ParseOptions(const Args& args, const Form& form, resp::Writer& out) {
  kind_ = form.kind;
  ZsetDirection direction = form.direction;
  for (size_t i = form.first + 2; i < args.size(); ++i) {
    if (!form.store && args.Is(i, "withscores")) {
      with_scores_ = true;
    } else if (args.Is(i, "limit") && i + 2 < args.size()) {
      const auto offset = IntArg(args, i + 1, out);
      if (!offset.has_value()) return false;
      const auto limit = IntArg(args, i + 2, out);
      if (!limit.has_value()) return false;
      offset_ = *offset;
      limit_ = *limit;
      i += 2;
    } else if (direction == ZsetDirection::kByOption && args.Is(i, "rev")) {
      direction = ZsetDirection::kReverse;
    } else if (kind_ == ZsetRangeKind::kByOption && args.Is(i, "bylex")) {
      kind_ = ZsetRangeKind::kMember;
    } else if (kind_ == ZsetRangeKind::kByOption && args.Is(i, "byscore")) {
      kind_ = ZsetRangeKind::kScore;
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  reverse_ = direction == ZsetDirection::kReverse;
  if (kind_ == ZsetRangeKind::kByOption) kind_ = ZsetRangeKind::kRank;
  return true;
}

bool ZsetRangeQuery::ParseBounds(std::string_view min, std::string_view max, resp::Writer& out) {
  if (reverse_) std::swap(min, max);
  if (kind_ == ZsetRangeKind::kScore) return ParseScoreLimits(min, max, &scores_, out);
  return ParseMemberLimits(min, max, &members_, out);
}

bool ZsetRangeQuery::Parse(const Args& args, const Form& form, resp::Writer& out) {
  if (!ParseOptions(args, form, out)) return false;
  if (limit_ != -1 && kind_ == ZsetRangeKind::kRank) {
    out.Error(
        "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
    return false;
  }
  if (with_scores_ && kind_ == ZsetRangeKind::kMember) {
    out.Error("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    return false;
  }
  if (kind_ != ZsetRangeKind::kRank)
    return ParseBounds(args[form.first], args[form.first + 1], out);
  const auto start = IntArg(args, form.first, out);
  if (!start.has_value()) return false;
  const auto stop = IntArg(args, form.first + 1, out);
  if (!stop.has_value()) return false;
  start_ = *start;
  stop_ = *stop;
  return true;
}

ZsetRange ZsetRangeQuery::Find(const ZsetView& view) const {
  const size_t size = view.size();
  if (kind_ == ZsetRangeKind::kRank) {
    ZsetRange range = RankRange(start_, stop_, size);
    if (reverse_) range.first = size - range.first - range.count;
    return range;
  }
  ZsetRange range = kind_ == ZsetRangeKind::kScore ? view.ByScore(scores_.min, scores_.max)
                                                   : view.ByMember(members_.min, members_.max);
  // A negative offset skips all, a negative limit is none.
  if (offset_ < 0 || static_cast<uint64_t>(offset_) >= range.count) return {};
  const auto offset = static_cast<size_t>(offset_);
  const size_t end = range.first + range.count;
  range.count -= offset;
  if (limit_ >= 0) range.count = std::min(range.count, static_cast<size_t>(limit_));
  range.first = reverse_ ? end - offset - range.count : range.first + offset;
  return range;
}

}  // namespace pleiad
