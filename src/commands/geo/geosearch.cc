// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/geo/geo_search.h"

namespace pleiad {
namespace {

// GEOSEARCH key FROMMEMBER member | FROMLONLAT longitude latitude
//           BYRADIUS radius unit | BYBOX width height unit
//           [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]
// GEOSEARCH key BYPOLYGON vertices longitude latitude [longitude latitude ...] ...: the members
// inside. COUNT alone gives the nearest; with ANY, the first found.
//
// > GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
// (integer) 2
// > GEOADD g 12.758489 38.788135 edge1 17.241510 38.788135 edge2
// (integer) 2
// > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC
// 1) "Catania"
// 2) "Palermo"
// > GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km DESC WITHDIST COUNT 2
// 1) 1) "edge1"
//    2) "279.7405"
// 2) 1) "edge2"
//    2) "279.7403"
// > GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 m WITHCOORD WITHHASH
// 1) 1) "Palermo"
//    2) (integer) 3479099956230698
//    3) 1) "13.36138933897018433"
//       2) "38.11555639549629859"
// > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 ANY
// 1) "Palermo"
// > GEOSEARCH g BYPOLYGON 4 13 37 16 37 16 39 13 39 ASC
// 1) "Catania"
// 2) "Palermo"
// > GEOSEARCH nosuchkey FROMMEMBER a BYRADIUS 1 m
// (empty array)
// > GEOSEARCH g FROMMEMBER nowhere BYRADIUS 1 m
// (error) ERR could not decode requested zset member
// > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ANY
// (error) ERR the ANY argument requires COUNT argument
// > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 0
// (error) ERR COUNT must be > 0
// > GEOSEARCH g FROMLONLAT 15 37 ASC COUNT 1
// (error) ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH
// > GEOSEARCH g BYRADIUS 200 km ASC WITHDIST
// (error) ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH
// > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km BYBOX 1 1 m
// (error) ERR syntax error
// > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS wide km
// (error) ERR need numeric radius
// > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS -1 km
// (error) ERR radius cannot be negative
// > GEOSEARCH g FROMLONLAT 15 37 BYBOX -1 1 km
// (error) ERR height or width cannot be negative
// > GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 high km
// (error) ERR need numeric height
// > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 STOREDIST
// (error) ERR unsupported unit provided. please use M, KM, FT, MI
// > GEOSEARCH g BYPOLYGON 2 13 37 16 37
// (error) ERR GEOSEARCH BYPOLYGON must have at least 3 vertices
// > SET text v
// OK
// > GEOSEARCH text FROMMEMBER a BYRADIUS 1 m
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Geosearch(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (!zset.has_value()) return;
  GeoSearch query;
  if (!query.Parse(args, GeoSearch::Form::kSearch, true, *zset, zset->size() != 0, out)) return;
  query.Reply(*zset, out);
}

// GEOSEARCHSTORE destination source ... [STOREDIST]: the hits become a sorted set; with STOREDIST
// their scores are the distances. How many there are. WITHDIST and its like don't go with it.
//
// > GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
// (integer) 2
// > GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 100 km
// (integer) 1
// > GEOPOS d Catania
// 1) 1) "15.08726745843887329"
//    2) "37.50266842333162032"
// > GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km STOREDIST
// (integer) 2
// > ZRANGE d 0 -1
// 1) "Catania"
// 2) "Palermo"
// > GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km WITHDIST
// (error) ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options
// > GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 1 m
// (integer) 0
// > EXISTS d
// (integer) 0
void Geosearchstore(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto zset = ReadZset(ctx, ctx.key(1), out);
  if (!zset.has_value()) return;
  GeoSearch query;
  if (!query.Parse(args, GeoSearch::Form::kSearchStore, false, *zset, zset->size() != 0, out))
    return;
  MemoryStore result;
  query.Collect(*zset, ctx.engine().collections, &result);
  StoreZset(ctx, ctx.key(0), &result, "geosearchstore", out);
}

constexpr std::string_view kGeosearchCost =
    "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around "
    "the shape and M is the number of items inside the shape.";

const CommandRegistration kGeosearch{
    {.name = "geosearch",
     .arity = -7,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "geo",
     .since = "6.2.0",
     .usage = "key <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | "
              "FT | MI> | BYBOX width height <M | KM | FT | MI> | BYPOLYGON num-vertices longitude "
              "latitude [longitude latitude ...]> [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] "
              "[WITHDIST] [WITHHASH]",
     .summary = "Queries a geospatial index for members inside an area of a box, a circle or a "
                "polygon.",
     .complexity = kGeosearchCost,
     .read = Geosearch}};
const CommandRegistration kGeosearchstore{
    {.name = "geosearchstore",
     .arity = -8,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 2, 1},
     .group = "geo",
     .since = "6.2.0",
     .usage = "destination source <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS "
              "radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI> | BYPOLYGON "
              "num-vertices longitude latitude [longitude latitude ...]> [ASC | DESC] [COUNT count "
              "[ANY]] [STOREDIST]",
     .summary = "Queries a geospatial index for members inside an area of a box, a circle or a "
                "polygon, and stores the result.",
     .complexity = kGeosearchCost,
     .write = Geosearchstore}};

}  // namespace
}  // namespace pleiad
