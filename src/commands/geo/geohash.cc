// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/geo/geo_args.h"

namespace pleiad {
namespace {

// GEOHASH key [member ...]: the usual textual geohash of each, or null.
//
// > GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
// (integer) 2
// > GEOHASH g Palermo Catania nowhere
// 1) "sqc8b49rny0"
// 2) "sqdtr74hyu0"
// 3) (nil)
// > GEOHASH nosuchkey a
// 1) (nil)
// > SET text v
// OK
// > GEOHASH text a
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Geohash(ReadContext& ctx, const Args& args, resp::Writer& out) {
  constexpr std::string_view kAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (!zset.has_value()) return;
  out.Array(args.size() - 2);
  for (size_t i = 2; i < args.size(); ++i) {
    const auto score = zset->Score(args[i]);
    if (!score.has_value()) {
      out.Null();
      continue;
    }
    // The text halves latitudes up to the poles. Its 55 bits are three more than there are.
    const uint64_t bits = GeoEncode(GeoFromScore(*score), kGeoStepMax, 90).bits;
    char text[11];
    for (size_t k = 0; k < 10; ++k) text[k] = kAlphabet[(bits >> (47 - 5 * k)) & 31];
    text[10] = kAlphabet[0];
    out.Bulk({text, sizeof(text)});
  }
}

const CommandRegistration kGeohash{
    {.name = "geohash",
     .arity = -2,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "geo",
     .since = "3.2.0",
     .usage = "key [member [member ...]]",
     .summary = "Returns members from a geospatial index as geohash strings.",
     .complexity = "O(N) where N is the number of members requested.",
     .read = Geohash}};

}  // namespace
}  // namespace pleiad
