// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_args.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace pleiad {
namespace {

bool ParseScoreBound(std::string_view text, ZsetScoreBound* bound) {
  bound->exclusive = text.starts_with('(');
  if (bound->exclusive) text.remove_prefix(1);
  // Blanks in front are fine and an empty bound is 0, for redis-server as for us.
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size()));
  const auto score = text.empty() ? std::optional<double>(0) : ParseScore(text);
  if (!score.has_value()) return false;
  bound->score = *score;
  return true;
}

bool ParseMemberBound(std::string_view text, ZsetMemberBound* bound) {
  using Kind = ZsetMemberBound::Kind;
  if (text == "-" || text == "+") {
    bound->kind = text == "-" ? Kind::kMin : Kind::kMax;
    return true;
  }
  if (!text.starts_with('[') && !text.starts_with('(')) return false;
  bound->kind = Kind::kMember;
  bound->exclusive = text[0] == '(';
  bound->member = text.substr(1);
  return true;
}

}  // namespace

std::optional<double> ParseScore(std::string_view text) {
  // What is not digits, a point and a sign is left to ParseDouble, which knows all there is.
  if (text.size() <= 15 && !text.empty()) {
    size_t i = text[0] == '-' ? 1 : 0;
    int64_t whole = 0;
    const size_t first = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9')
      whole = whole * 10 + (text[i++] - '0');
    if (i == text.size() && i > first) {
      const auto score = static_cast<double>(whole);
      return first == 1 ? -score : score;
    }
  }
  if (text.find_first_not_of("0123456789.-") == std::string_view::npos) {
    double score = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), score);
    if (error == std::errc() && end == text.data() + text.size()) return score;
  }
  return ParseDouble(text);
}

bool ParseScoreLimits(std::string_view min, std::string_view max, ZsetScoreLimits* limits,
                      resp::Writer& out) {
  if (ParseScoreBound(min, &limits->min) && ParseScoreBound(max, &limits->max)) return true;
  out.Error(kScoreRangeError);
  return false;
}

bool ParseMemberLimits(std::string_view min, std::string_view max, ZsetMemberLimits* limits,
                       resp::Writer& out) {
  if (ParseMemberBound(min, &limits->min) && ParseMemberBound(max, &limits->max)) return true;
  out.Error(kMemberRangeError);
  return false;
}

ZsetRange RankRange(int64_t start, int64_t stop, size_t size) {
  const auto n = static_cast<int64_t>(size);
  if (start < 0) start = std::max<int64_t>(start + n, 0);
  if (stop < 0) stop += n;
  stop = std::min(stop, n - 1);
  if (start > stop || start >= n) return {};
  return {static_cast<size_t>(start), static_cast<size_t>(stop - start + 1)};
}

std::optional<ZsetView> ReadZset(ReadContext& ctx, const Key& key, resp::Writer& out) {
  const Entry* e = ctx.Find(key);
  if (!CheckType(e, ValueType::kZset, out)) return std::nullopt;
  return ZsetView(e == nullptr ? ValueView() : e->value());
}

void WriteZsetHead(size_t items, ZsetShape shape, resp::Writer& out) {
  out.Array(shape == ZsetShape::kFlat ? items * 2 : items);
}

void WriteZsetRange(const ZsetView& view, const ZsetRange& range, bool reverse, ZsetShape shape,
                    resp::Writer& out) {
  WriteZsetHead(range.count, shape, out);
  view.Visit(range, reverse, [&](std::string_view member, double score) {
    WriteZsetItem(member, score, shape, out);
  });
}

void StoreZset(WriteContext& ctx, const Key& key, MemoryStore* result, std::string_view event,
               resp::Writer& out) {
  const size_t size = ZsetView(result->view()).size();
  if (size != 0) {
    ctx.PutValue(key, ValueType::kZset, result);
    ctx.Notify(kNotifyZset, event, key);
  } else if (ctx.Delete(key)) {
    ctx.Notify(kNotifyGeneric, "del", key);
  }
  out.Integer(static_cast<int64_t>(size));
}

}  // namespace pleiad
