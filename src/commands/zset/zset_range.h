// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The arguments of ZRANGE, ZRANGESTORE and the older commands for ranges: which items, in which
// order.
#pragma once

#include "commands/zset/zset_args.h"

namespace pleiad {

enum class ZsetRangeKind { kByOption, kRank, kScore, kMember };
enum class ZsetDirection { kByOption, kForward, kReverse };

class ZsetRangeQuery {
 public:
  struct Form {
    size_t first = 2;  // the argument that is start or min
    ZsetRangeKind kind = ZsetRangeKind::kByOption;
    ZsetDirection direction = ZsetDirection::kByOption;
    bool store = false;  // no WITHSCORES
  };
  // False: the error was written.
  bool Parse(const Args& args, const Form& form, resp::Writer& out);

  // What is asked for, LIMIT applied.
  ZsetRange Find(const ZsetView& view) const;
  bool reverse() const { return reverse_; }
  bool with_scores() const { return with_scores_; }

 private:
  bool ParseOptions(const Args& args, const Form& form, resp::Writer& out);
  bool ParseBounds(std::string_view min, std::string_view max, resp::Writer& out);

  ZsetRangeKind kind_ = ZsetRangeKind::kRank;
  bool reverse_ = false;
  bool with_scores_ = false;
  int64_t offset_ = 0;
  int64_t limit_ = -1;
  int64_t start_ = 0;
  int64_t stop_ = 0;
  ZsetScoreLimits scores_;
  ZsetMemberLimits members_;
};

}  // namespace pleiad
