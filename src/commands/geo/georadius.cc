// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/geo/geo_search.h"

namespace pleiad {
namespace {

// With STORE or STOREDIST the key to store under is the second of the command's keys.
void RadiusWrite(WriteContext& ctx, const Args& args, GeoSearch::Form form, resp::Writer& out) {
  const auto zset = ReadZset(ctx, ctx.key(0), out);
  if (!zset.has_value()) return;
  GeoSearch query;
  if (!query.Parse(args, form, false, *zset, zset->size() != 0, out)) return;
  if (query.store_at() == 0) {
    query.Reply(*zset, out);
    return;
  }
  MemoryStore result;
  query.Collect(*zset, ctx.engine().collections, &result);
  StoreZset(ctx, ctx.key(1), &result, "georadiusstore", out);
}

void RadiusRead(ReadContext& ctx, const Args& args, GeoSearch::Form form, resp::Writer& out) {
  const auto zset = ReadZset(ctx, ctx.key(), out);
  if (!zset.has_value()) return;
  GeoSearch query;
  if (query.Parse(args, form, true, *zset, zset->size() != 0, out)) query.Reply(*zset, out);
}

// GEORADIUS key longitude latitude radius unit [WITHCOORD] [WITHDIST] [WITHHASH]
//           [COUNT count [ANY]] [ASC | DESC] [STORE key | STOREDIST key]: the members within a
// circle. GEOSEARCH does the same and more.
//
// > GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
// (integer) 2
// > GEORADIUS g 15 37 200 km WITHDIST ASC
// 1) 1) "Catania"
//    2) "56.4413"
// 2) 1) "Palermo"
//    2) "190.4424"
// > GEORADIUS g 15 37 100 km STORE d
// (integer) 1
// > GEORADIUS g 15 37 200 km STOREDIST d
// (integer) 2
// > ZRANGE d 0 -1
// 1) "Catania"
// 2) "Palermo"
// > GEORADIUS g 0 0 1 m STORE d
// (integer) 0
// > EXISTS d
// (integer) 0
// > GEORADIUS g 15 37 200 km STORE d WITHDIST
// (error) ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD ...
// > GEORADIUS g 15 37 200 km FROMMEMBER Palermo
// (error) ERR syntax error
// > GEORADIUS g 15 91 200 km
// (error) ERR invalid longitude,latitude pair 15.000000,91.000000
void Georadius(WriteContext& ctx, const Args& args, resp::Writer& out) {
  RadiusWrite(ctx, args, GeoSearch::Form::kRadius, out);
}

// GEORADIUSBYMEMBER key member radius unit ...: the same around a member.
//
// > GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
// (integer) 2
// > GEORADIUSBYMEMBER g Catania 200 km WITHDIST COUNT 1
// 1) 1) "Catania"
//    2) "0.0000"
// > GEORADIUSBYMEMBER g Catania 200 km DESC
// 1) "Palermo"
// 2) "Catania"
// > GEORADIUSBYMEMBER g nowhere 200 km
// (error) ERR could not decode requested zset member
// > GEORADIUSBYMEMBER nosuchkey a 200 km
// (empty array)
void GeoradiusByMember(WriteContext& ctx, const Args& args, resp::Writer& out) {
  RadiusWrite(ctx, args, GeoSearch::Form::kRadiusByMember, out);
}

// GEORADIUS_RO: GEORADIUS without STORE and STOREDIST.
//
// > GEOADD g 13.361389 38.115556 Palermo
// (integer) 1
// > GEORADIUS_RO g 13 38 100 km
// 1) "Palermo"
// > GEORADIUS_RO g 13 38 100 km STORE d
// (error) ERR syntax error
void GeoradiusRo(ReadContext& ctx, const Args& args, resp::Writer& out) {
  RadiusRead(ctx, args, GeoSearch::Form::kRadius, out);
}

// GEORADIUSBYMEMBER_RO: GEORADIUSBYMEMBER without STORE and STOREDIST.
//
// > GEOADD g 13.361389 38.115556 Palermo
// (integer) 1
// > GEORADIUSBYMEMBER_RO g Palermo 100 km
// 1) "Palermo"
// > GEORADIUSBYMEMBER_RO g Palermo 100 km STOREDIST d
// (error) ERR syntax error
void GeoradiusByMemberRo(ReadContext& ctx, const Args& args, resp::Writer& out) {
  RadiusRead(ctx, args, GeoSearch::Form::kRadiusByMember, out);
}

// The source, and the key behind the last STORE or STOREDIST.
bool RadiusKeys(const Args& args, size_t first, std::vector<size_t>* positions) {
  positions->push_back(1);
  size_t store = 0;
  for (size_t i = first; i + 1 < args.size(); ++i) {
    if (args.Is(i, "store") || args.Is(i, "storedist")) store = ++i;
  }
  if (store != 0) positions->push_back(store);
  return true;
}
bool GeoradiusKeys(const Args& args, std::vector<size_t>* positions) {
  return RadiusKeys(args, 6, positions);
}
bool GeoradiusByMemberKeys(const Args& args, std::vector<size_t>* positions) {
  return RadiusKeys(args, 5, positions);
}

constexpr std::string_view kGeoradiusCost =
    "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area "
    "delimited by center and radius and M is the number of items inside the index.";
constexpr std::string_view kGeoradiusOptions =
    "key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT "
    "count [ANY]] [ASC | DESC] [STORE key | STOREDIST key]";
constexpr std::string_view kGeoradiusRoOptions =
    "key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT "
    "count [ANY]] [ASC | DESC]";
constexpr std::string_view kByMemberOptions =
    "key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] "
    "[ASC | DESC] [STORE key | STOREDIST key]";
constexpr std::string_view kByMemberRoOptions =
    "key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] "
    "[ASC | DESC]";

const CommandRegistration kGeoradius{
    {.name = "georadius",
     .arity = -6,
     .flags = kCmdWrite | kCmdDenyOom,
     .group = "geo",
     .since = "3.2.0",
     .usage = kGeoradiusOptions,
     .summary = "Queries a geospatial index for members within a distance from a coordinate, "
                "optionally stores the result.",
     .complexity = kGeoradiusCost,
     .write = Georadius,
     .get_keys = GeoradiusKeys}};
const CommandRegistration kGeoradiusByMember{
    {.name = "georadiusbymember",
     .arity = -5,
     .flags = kCmdWrite | kCmdDenyOom,
     .group = "geo",
     .since = "3.2.0",
     .usage = kByMemberOptions,
     .summary = "Queries a geospatial index for members within a distance from a member, "
                "optionally stores the result.",
     .complexity = kGeoradiusCost,
     .write = GeoradiusByMember,
     .get_keys = GeoradiusByMemberKeys}};
const CommandRegistration kGeoradiusRo{
    {.name = "georadius_ro",
     .arity = -6,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "geo",
     .since = "3.2.10",
     .usage = kGeoradiusRoOptions,
     .summary = "Returns members from a geospatial index that are within a distance from a "
                "coordinate.",
     .complexity = kGeoradiusCost,
     .read = GeoradiusRo}};
const CommandRegistration kGeoradiusByMemberRo{
    {.name = "georadiusbymember_ro",
     .arity = -5,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "geo",
     .since = "3.2.10",
     .usage = kByMemberRoOptions,
     .summary = "Returns members from a geospatial index that are within a distance from a member.",
     .complexity = kGeoradiusCost,
     .read = GeoradiusByMemberRo}};

}  // namespace
}  // namespace pleiad
