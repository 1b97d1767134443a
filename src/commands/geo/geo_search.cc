// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/geo/geo_search.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/stable_sort.h"

namespace pleiad {
namespace {

// A number that is not negative. nullopt: the error was written.
std::optional<double> GeoLength(const Args& args, size_t i, std::string_view name,
                                resp::Writer& out) {
  const auto length = ParseScore(args[i]);
  if (!length.has_value()) out.Error(fmt::format("ERR need numeric {}", name));
  return length;
}

}  // namespace

bool GeoSearch::SetMember(std::string_view member, resp::Writer& out) {
  from_member_ = true;
  // Without a key the arguments are looked at all the same.
  if (!exists_) return true;
  const auto score = source_->Score(member);
  if (!score.has_value()) {
    out.Error("ERR could not decode requested zset member");
    return false;
  }
  shape_.set_centre(GeoFromScore(*score));
  return true;
}

bool GeoSearch::SetRadius(const Args& args, size_t i, resp::Writer& out) {
  const auto radius = GeoLength(args, i, "radius", out);
  if (!radius.has_value()) return false;
  if (*radius < 0) {
    out.Error("ERR radius cannot be negative");
    return false;
  }
  const auto unit = UnitArg(args, i + 1, out);
  if (!unit.has_value()) return false;
  shape_.SetCircle(*radius, *unit);
  return true;
}

// The arguments of GEORADIUS and GEORADIUSBYMEMBER that have a fixed place.
bool GeoSearch::ParseCentre(const Args& args, resp::Writer& out) {
  if (form_ == Form::kRadius) {
    const auto p = PointArg(args, 2, out);
    if (!p.has_value()) return false;
    shape_.set_centre(*p);
    return SetRadius(args, 4, out);
  }
  if (form_ == Form::kRadiusByMember) {
    if (!SetMember(args[2], out)) return false;
    return !exists_ || SetRadius(args, 3, out);
  }
  return true;
}

bool GeoSearch::Parse(const Args& args, Form form, bool read_only, const ZsetView& zset,
                      bool exists, resp::Writer& out) {
  form_ = form;
  read_only_ = read_only;
  source_ = &zset;
  exists_ = exists;
  if (!ParseCentre(args, out)) return false;
  size_t first = 2;
  if (form == Form::kRadius) first = 6;
  if (form == Form::kRadiusByMember) first = 5;
  if (form == Form::kSearchStore) {
    first = 3;
    store_at_ = 1;
  }
  for (size_t i = first; i < args.size(); ++i) {
    if (!ParseOption(args, &i, out)) return false;
  }
  source_ = nullptr;
  if (!Check(args, out)) return false;
  if (count_ != 0 && order_ == Order::kNone && !any_) order_ = Order::kAscending;
  return true;
}

// The options at *i, which is left on the last argument that belongs to it.
bool GeoSearch::ParseOption(const Args& args, size_t* i, resp::Writer& out) {
  auto known = ParseFlag(args, i, out);
  if (known.has_value() && !*known && search()) known = ParseArea(args, i, out);
  if (!known.has_value()) return false;
  if (!*known) out.Error(kSyntaxError);
  return *known;
}

// nullopt: the error was written. False: it is none of these.
std::optional<bool> GeoSearch::ParseFlag(const Args& args, size_t* i, resp::Writer& out) {
  const bool more = *i + 1 < args.size();
  const bool store = more && !search() && !read_only_;
  if (args.Is(*i, "withdist")) {
    with_distance_ = true;
  } else if (args.Is(*i, "withhash")) {
    with_hash_ = true;
  } else if (args.Is(*i, "withcoord")) {
    with_point_ = true;
  } else if (args.Is(*i, "any")) {
    any_ = true;
  } else if (args.Is(*i, "asc")) {
    order_ = Order::kAscending;
  } else if (args.Is(*i, "desc")) {
    order_ = Order::kDescending;
  } else if (args.Is(*i, "count") && more) {
    const auto count = IntArg(args, ++*i, out);
    if (!count.has_value()) return std::nullopt;
    if (*count <= 0) {
      out.Error("ERR COUNT must be > 0");
      return std::nullopt;
    }
    count_ = static_cast<size_t>(*count);
  } else if (store && (args.Is(*i, "store") || args.Is(*i, "storedist"))) {
    store_distance_ = args.Is(*i, "storedist");
    store_at_ = ++*i;
  } else if (form_ == Form::kSearchStore && args.Is(*i, "storedist")) {
    store_distance_ = true;
  } else {
    return false;
  }
  return true;
}

// The same for what GEOSEARCH says of centre and area.
std::optional<bool> GeoSearch::ParseArea(const Args& args, size_t* i, resp::Writer& out) {
  using Kind = GeoShape::Kind;
  const size_t left = args.size() - *i - 1;
  const Kind kind = shape_.kind();
  const bool polygon = kind == Kind::kPolygon;
  bool good = true;
  if (args.Is(*i, "frommember") && left >= 1 && !from_point_ && !polygon) {
    good = SetMember(args[*i + 1], out);
    *i += 1;
  } else if (args.Is(*i, "fromlonlat") && left >= 2 && !from_member_ && !polygon) {
    const auto p = PointArg(args, *i + 1, out);
    good = p.has_value();
    if (good) shape_.set_centre(*p);
    from_point_ = true;
    *i += 2;
  } else if (args.Is(*i, "byradius") && left >= 2 &&
             (kind == Kind::kNone || kind == Kind::kCircle)) {
    good = SetRadius(args, *i + 1, out);
    *i += 2;
  } else if (args.Is(*i, "bybox") && left >= 3 && (kind == Kind::kNone || kind == Kind::kBox)) {
    const auto width = GeoLength(args, *i + 1, "width", out);
    const auto height = width.has_value() ? GeoLength(args, *i + 2, "height", out) : std::nullopt;
    if (!height.has_value()) return std::nullopt;
    if (*height < 0 || *width < 0) {
      out.Error("ERR height or width cannot be negative");
      return std::nullopt;
    }
    const auto unit = UnitArg(args, *i + 3, out);
    good = unit.has_value();
    if (good) shape_.SetBox(*width, *height, *unit);
    *i += 3;
  } else if (args.Is(*i, "bypolygon") && left >= 2 && (kind == Kind::kNone || polygon) &&
             !from_member_ && !from_point_) {
    good = ParsePolygon(args, i, out);
  } else {
    return false;
  }
  return good ? std::optional<bool>(true) : std::nullopt;
}

bool GeoSearch::ParsePolygon(const Args& args, size_t* i, resp::Writer& out) {
  const auto count = IntArg(args, *i + 1, out);
  if (!count.has_value()) return false;
  const size_t left = args.size() - *i - 2;
  if (*count < 3 || static_cast<uint64_t>(*count) > left / 2) {
    out.Error("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices");
    return false;
  }
  std::vector<GeoPoint> vertices;
  for (size_t k = 0; k < static_cast<size_t>(*count); ++k) {
    const auto p = PointArg(args, *i + 2 + 2 * k, out);
    if (!p.has_value()) return false;
    vertices.push_back(*p);
  }
  *i += 1 + 2 * vertices.size();
  shape_.SetPolygon(std::move(vertices));
  return true;
}

bool GeoSearch::Check(const Args& args, resp::Writer& out) const {
  const bool polygon = shape_.kind() == GeoShape::Kind::kPolygon;
  if (store_at_ != 0 && (with_distance_ || with_hash_ || with_point_)) {
    out.Error(fmt::format("ERR {} is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
                          search() ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS"));
    return false;
  }
  if (search() && !from_member_ && !from_point_ && !polygon) {
    out.Error(fmt::format("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {}",
                          args[0]));
    return false;
  }
  if (search() && shape_.kind() == GeoShape::Kind::kNone) {
    out.Error(
        fmt::format("ERR exactly one of BYRADIUS and BYBOX can be specified for {}", args[0]));
    return false;
  }
  if (any_ && count_ == 0) {
    out.Error("ERR the ANY argument requires COUNT argument");
    return false;
  }
  return true;
}

void GeoSearch::FindInCell(const ZsetView& zset, const GeoCell& cell, size_t limit,
                           std::vector<Hit>* hits) const {
  ZsetRange range = zset.ByScore({GeoFirstScore(cell.bits, cell.step), false},
                                 {GeoFirstScore(cell.bits + 1, cell.step), true});
  constexpr size_t kStride = 256;  // with ANY, the search ends soon after enough was found
  while (range.count > 0 && (limit == 0 || hits->size() < limit)) {
    const size_t n = limit == 0 ? range.count : std::min(range.count, kStride);
    zset.Visit({range.first, n}, false, [&](std::string_view member, double score) {
      if (limit != 0 && hits->size() >= limit) return;
      double distance;
      if (shape_.Contains(GeoFromScore(score), &distance))
        hits->push_back({member, score, distance});
    });
    range.first += n;
    range.count -= n;
  }
}

std::vector<GeoSearch::Hit> GeoSearch::Find(const ZsetView& zset) const {
  std::vector<Hit> hits;
  const size_t limit = any_ ? count_ : 0;
  const auto cells = shape_.Cells();
  size_t last = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    // Round the world, a cell may be its own neighbour.
    if (cells[i].step == 0 || (last != 0 && cells[i] == cells[last])) continue;
    if (limit != 0 && hits.size() >= limit) break;
    FindInCell(zset, cells[i], limit, &hits);
    last = i;
  }
  if (order_ == Order::kAscending) {
    StableSort(hits.begin(), hits.end(),
               [](const Hit& a, const Hit& b) { return a.distance < b.distance; });
  } else if (order_ == Order::kDescending) {
    StableSort(hits.begin(), hits.end(),
               [](const Hit& a, const Hit& b) { return a.distance > b.distance; });
  }
  if (count_ != 0 && hits.size() > count_) hits.resize(count_);
  return hits;
}

void GeoSearch::Reply(const ZsetView& zset, resp::Writer& out) const {
  const std::vector<Hit> hits = zset.size() == 0 ? std::vector<Hit>() : Find(zset);
  const size_t extras = size_t{with_distance_} + size_t{with_hash_} + size_t{with_point_};
  out.Array(hits.size());
  for (const Hit& hit : hits) {
    if (extras > 0) out.Array(1 + extras);
    out.Bulk(hit.member);
    if (with_distance_) WriteDistance(hit.distance / shape_.unit_m(), out);
    if (with_hash_) out.Integer(static_cast<int64_t>(GeoScoreBits(hit.score)));
    if (with_point_) WritePoint(GeoFromScore(hit.score), out);
  }
}

void GeoSearch::Collect(const ZsetView& zset, const CollectionSettings& settings,
                        MemoryStore* result) const {
  if (zset.size() == 0) return;
  Zset stored(result, settings);
  for (const Hit& hit : Find(zset)) {
    stored.Add(hit.member, store_distance_ ? hit.distance / shape_.unit_m() : hit.score);
  }
}

}  // namespace pleiad
