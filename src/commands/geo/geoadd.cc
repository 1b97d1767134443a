// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <vector>

#include "commands/geo/geo_args.h"

namespace pleiad {
namespace {

struct GeoaddOptions {
  unsigned flags = 0;
  bool changed = false;
  size_t first = 2;  // the first longitude
};

GeoaddOptions ParseGeoadd(const Args& args) {
  GeoaddOptions options;
  for (; options.first < args.size(); ++options.first) {
    if (args.Is(options.first, "nx")) {
      options.flags |= Zset::kAddOnlyNew;
    } else if (args.Is(options.first, "xx")) {
      options.flags |= Zset::kAddOnlyExisting;
    } else if (args.Is(options.first, "ch")) {
      options.changed = true;
    } else {
      break;
    }
  }
  return options;
}

// Machines may round differently: the journal gets the scores.
void PropagateZadd(WriteContext& ctx, const Args& args, const GeoaddOptions& options,
                   const std::vector<GeoPoint>& points) {
  std::vector<std::string> scores;
  scores.reserve(points.size());
  std::vector<std::string_view> words = {"ZADD"};
  for (size_t i = 1; i < options.first; ++i) words.push_back(args[i]);
  for (size_t i = 0; i < points.size(); ++i) {
    words.push_back(scores.emplace_back(std::to_string(GeoScoreBits(GeoScore(points[i])))));
    words.push_back(args[options.first + 3 * i + 2]);
  }
  ctx.Propagate(words);
}

// GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]: how many
// members are new; with CH, how many are new or somewhere else now. The places are scores of a
// sorted set.
//
// > GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
// (integer) 2
// > GEOADD g XX CH 13.5 38 Palermo 1 1 nowhere
// (integer) 1
// > GEOADD g NX 14 38 Palermo
// (integer) 0
// > ZSCORE g Catania
// "3479447370796909"
// > GEOADD g 181 0 far
// (error) ERR invalid longitude,latitude pair 181.000000,0.000000
// > GEOADD g 0 86 far
// (error) ERR invalid longitude,latitude pair 0.000000,86.000000
// > GEOADD g east 0 far
// (error) ERR value is not a valid float
// > GEOADD g 0 0 a 1
// (error) ERR syntax error
// > GEOADD g NX XX 0 0 a
// (error) ERR syntax error
// > SET text v
// OK
// > GEOADD text 0 0 a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Geoadd(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const GeoaddOptions options = ParseGeoadd(args);
  const size_t values = args.size() - options.first;
  constexpr unsigned kBoth = Zset::kAddOnlyNew | Zset::kAddOnlyExisting;
  if (values == 0 || values % 3 != 0 || (options.flags & kBoth) == kBoth) {
    out.Error(kSyntaxError);
    return;
  }
  std::vector<GeoPoint> points;
  for (size_t i = options.first; i < args.size(); i += 3) {
    const auto p = PointArg(args, i, out);
    if (!p.has_value()) return;
    points.push_back(*p);
  }
  ValueCell cell(&ctx, ctx.key(), ValueType::kZset);
  if (!cell.Open(out)) return;
  Zset zset(&cell, ctx.engine().collections);
  int64_t added = 0;
  int64_t updated = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    const Zset::Added result =
        zset.Add(args[options.first + 3 * i + 2], GeoScore(points[i]), options.flags);
    added += result.added;
    updated += result.updated;
  }
  if (added + updated > 0) {
    cell.Changed();
    ctx.Notify(kNotifyZset, "zadd", ctx.key());
    PropagateZadd(ctx, args, options, points);
  }
  out.Integer(options.changed ? added + updated : added);
}

const CommandRegistration kGeoadd{
    {.name = "geoadd",
     .arity = -5,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 1, 1},
     .group = "geo",
     .since = "3.2.0",
     .usage = "key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]",
     .summary = "Adds one or more members to a geospatial index. The key is created if it doesn't "
                "exist.",
     .complexity = "O(log(N)) for each item added, where N is the number of elements in the "
                   "sorted set.",
     .write = Geoadd}};

}  // namespace
}  // namespace pleiad
