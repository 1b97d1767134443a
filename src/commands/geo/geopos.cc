// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/geo/geo_args.h"

namespace pleiad {
namespace {

// GEOPOS key [member ...]: longitude and latitude of each, or null.
//
// > GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
// (integer) 2
// > GEOPOS g Palermo nowhere Catania
// 1) 1) "13.36138933897018433"
//    2) "38.11555639549629859"
// 2) (nil)
// 3) 1) "15.08726745843887329"
//    2) "37.50266842333162032"
// > GEOPOS nosuchkey a
// 1) (nil)
// > GEOPOS g
// (empty array)
// > SET text v
// OK
// > GEOPOS text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Geopos(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (!zset.has_value()) return;
  out.Array(args.size() - 2);
  for (size_t i = 2; i < args.size(); ++i) {
    const auto score = zset->Score(args[i]);
    if (score.has_value()) {
      WritePoint(GeoFromScore(*score), out);
    } else {
      out.NullArray();
    }
  }
}

const CommandRegistration kGeopos{
    {.name = "geopos",
     .arity = -2,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "geo",
     .since = "3.2.0",
     .usage = "key [member [member ...]]",
     .summary = "Returns the longitude and latitude of members from a geospatial index.",
     .complexity = "O(N) where N is the number of members requested.",
     .read = Geopos}};

}  // namespace
}  // namespace pleiad
