// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/geo/geo_args.h"

namespace pleiad {
namespace {

// GEODIST key member1 member2 [M | KM | FT | MI]: the distance, in metres by default.
//
// > GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
// (integer) 2
// > GEODIST g Palermo Catania
// "166274.1516"
// > GEODIST g Palermo Catania km
// "166.2742"
// > GEODIST g Palermo Palermo MI
// "0.0000"
// > GEODIST g Palermo nowhere
// (nil)
// > GEODIST nosuchkey Palermo Catania
// (nil)
// > GEODIST g Palermo Catania yd
// (error) ERR unsupported unit provided. please use M, KM, FT, MI
// > GEODIST g Palermo Catania m m
// (error) ERR syntax error
// > SET text v
// OK
// > GEODIST text a b
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Geodist(ReadContext& ctx, const Args& args, resp::Writer& out) {
  if (args.size() > 5) {
    out.Error(kSyntaxError);
    return;
  }
  const auto unit = args.size() == 5 ? UnitArg(args, 4, out) : std::optional<double>(1);
  if (!unit.has_value()) return;
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (!zset.has_value()) return;
  const auto a = zset->Score(args[2]);
  const auto b = zset->Score(args[3]);
  if (!a.has_value() || !b.has_value()) {
    out.Null();
    return;
  }
  WriteDistance(GeoDistance(GeoFromScore(*a), GeoFromScore(*b)) / *unit, out);
}

const CommandRegistration kGeodist{
    {.name = "geodist",
     .arity = -4,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "geo",
     .since = "3.2.0",
     .usage = "key member1 member2 [M | KM | FT | MI]",
     .summary = "Returns the distance between two members of a geospatial index.",
     .complexity = "O(1)",
     .read = Geodist}};

}  // namespace
}  // namespace pleiad
