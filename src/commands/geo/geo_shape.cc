// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/geo/geo_shape.h"

#include <algorithm>
#include <utility>

namespace pleiad {
namespace {

constexpr double kMercatorMaxM = 20037726.37;

// How many steps a cell may have so that it and its neighbours cover that reach; wider near the
// poles, where cells are narrow.
uint32_t GeoSteps(double reach_m, double latitude) {
  if (reach_m == 0) return kGeoStepMax;
  int step = 1;
  for (; reach_m < kMercatorMaxM; reach_m *= 2) ++step;
  step -= 2;
  if (std::fabs(latitude) > 66) --step;
  if (std::fabs(latitude) > 80) --step;
  return static_cast<uint32_t>(std::clamp(step, 1, static_cast<int>(kGeoStepMax)));
}

bool InPolygon(const std::vector<GeoPoint>& vertices, const GeoPoint& p) {
  // Counts the edges that a ray to the east crosses.
  bool inside = false;
  const GeoPoint* b = &vertices.back();
  for (const GeoPoint& a : vertices) {
    const bool crosses = (a.latitude > p.latitude) != (b->latitude > p.latitude);
    if (crosses && p.longitude < (b->longitude - a.longitude) * (p.latitude - a.latitude) /
                                         (b->latitude - a.latitude) +
                                     a.longitude) {
      inside = !inside;
    }
    b = &a;
  }
  return inside;
}

}  // namespace

void GeoShape::SetCircle(double radius, double unit_m) {
  kind_ = Kind::kCircle;
  radius_ = radius;
  unit_m_ = unit_m;
}

void GeoShape::SetBox(double width, double height, double unit_m) {
  kind_ = Kind::kBox;
  width_ = width;
  height_ = height;
  unit_m_ = unit_m;
}

void GeoShape::SetPolygon(std::vector<GeoPoint> vertices) {
  kind_ = Kind::kPolygon;
  unit_m_ = 1;
  vertices_ = std::move(vertices);
  double x = 0;
  double y = 0;
  double z = 0;
  for (const GeoPoint& p : vertices_) {
    const double longitude = GeoRadians(p.longitude);
    const double latitude = GeoRadians(p.latitude);
    x += std::cos(latitude) * std::cos(longitude);
    y += std::cos(latitude) * std::sin(longitude);
    z += std::sin(latitude);
  }
  centre_ = {GeoDegrees(std::atan2(y, x)), GeoDegrees(std::atan2(z, std::sqrt(x * x + y * y)))};
}

bool GeoShape::Contains(const GeoPoint& p, double* distance) const {
  if (kind_ == Kind::kPolygon && !InPolygon(vertices_, p)) return false;
  if (kind_ == Kind::kBox) {
    if (GeoLatitudeDistance(p.latitude, centre_.latitude) > height_ * unit_m_ / 2) return false;
    const GeoPoint level{centre_.longitude, p.latitude};
    if (GeoDistance(p, level) > width_ * unit_m_ / 2) return false;
  }
  *distance = GeoDistance(centre_, p);
  return kind_ != Kind::kCircle || *distance <= radius_ * unit_m_;
}

GeoArea GeoShape::Bounds() const {
  if (kind_ == Kind::kPolygon) {
    GeoArea area{vertices_[0], vertices_[0]};
    for (const GeoPoint& p : vertices_) {
      area.min = {std::min(area.min.longitude, p.longitude),
                  std::min(area.min.latitude, p.latitude)};
      area.max = {std::max(area.max.longitude, p.longitude),
                  std::max(area.max.latitude, p.latitude)};
    }
    return area;
  }
  const bool circle = kind_ == Kind::kCircle;
  const double width = unit_m_ * (circle ? radius_ : width_ / 2);
  const double height = unit_m_ * (circle ? radius_ : height_ / 2);
  const double up = GeoDegrees(height / kEarthRadiusM);
  // Meridians are closest at the edge that is farther from the equator, so a width spans most
  // degrees there.
  const double edge = centre_.latitude < 0 ? centre_.latitude - up : centre_.latitude + up;
  const double side = GeoDegrees(width / kEarthRadiusM / std::cos(GeoRadians(edge)));
  return {{centre_.longitude - side, centre_.latitude - up},
          {centre_.longitude + side, centre_.latitude + up}};
}

// From the centre to the farthest place, at least.
double GeoShape::ReachM(const GeoArea& bounds) const {
  if (kind_ == Kind::kCircle) return radius_ * unit_m_;
  if (kind_ == Kind::kBox) {
    return std::sqrt((width_ / 2) * (width_ / 2) + (height_ / 2) * (height_ / 2)) * unit_m_;
  }
  double reach = 0;
  for (const double longitude : {bounds.min.longitude, bounds.max.longitude}) {
    for (const double latitude : {bounds.min.latitude, bounds.max.latitude}) {
      reach = std::max(reach, GeoDistance(centre_, {longitude, latitude}));
    }
  }
  return reach;
}

std::array<GeoCell, 9> GeoShape::Cells() const {
  const GeoArea bounds = Bounds();
  uint32_t step = GeoSteps(ReachM(bounds), centre_.latitude);
  GeoCell cell = GeoEncode(centre_, step);
  // Where the centre lies near an edge of its cell, the neighbours may not reach far enough.
  const bool reaches = GeoDecode(GeoNeighbour(cell, 0, 1)).max.latitude >= bounds.max.latitude &&
                       GeoDecode(GeoNeighbour(cell, 0, -1)).min.latitude <= bounds.min.latitude &&
                       GeoDecode(GeoNeighbour(cell, 1, 0)).max.longitude >= bounds.max.longitude &&
                       GeoDecode(GeoNeighbour(cell, -1, 0)).min.longitude <= bounds.min.longitude;
  if (!reaches && step > 1) cell = GeoEncode(centre_, --step);

  // Neighbours that the cell itself makes needless are left out. With one step all are needed: the
  // cells are quarters of the world.
  const GeoArea area = GeoDecode(cell);
  const bool prune = step >= 2;
  const bool no_south = prune && area.min.latitude < bounds.min.latitude;
  const bool no_north = prune && area.max.latitude > bounds.max.latitude;
  const bool no_west = prune && area.min.longitude < bounds.min.longitude;
  const bool no_east = prune && area.max.longitude > bounds.max.longitude;
  struct Move {
    int east;
    int north;
  };
  constexpr Move kOrder[] = {{0, 0}, {0, 1},  {0, -1}, {1, 0},  {-1, 0},
                             {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
  std::array<GeoCell, 9> cells{};
  for (size_t i = 0; i < cells.size(); ++i) {
    const Move& o = kOrder[i];
    const bool needless = (o.north < 0 && no_south) || (o.north > 0 && no_north) ||
                          (o.east < 0 && no_west) || (o.east > 0 && no_east);
    if (!needless) cells[i] = GeoNeighbour(cell, o.east, o.north);
  }
  return cells;
}

}  // namespace pleiad
