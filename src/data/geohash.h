// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Places as numbers. A geohash halves the world's longitudes and latitudes `step` times each and
// writes the halves taken as bits, latitude in the even ones, longitude in the odd ones. With 26
// steps it has 52 bits, which a double holds exactly: the score of a place in a sorted set. Places
// near each other mostly have scores near each other, and all places of a cell (the same bits at a
// smaller step) are one range of scores.
//
// Latitudes end at 85.05112878 degrees, as on a square map of the world (EPSG:3857).
//
// Degrees and metres. Pure. The earth is a sphere of 6372797.560856 m.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace pleiad {

inline constexpr double kGeoLongitudeMax = 180;
inline constexpr double kGeoLatitudeMax = 85.05112878;
inline constexpr double kEarthRadiusM = 6372797.560856;
inline constexpr uint32_t kGeoStepMax = 26;

struct GeoPoint {
  double longitude = 0;
  double latitude = 0;
};

struct GeoCell {
  uint64_t bits = 0;
  uint32_t step = 0;
  friend bool operator==(const GeoCell&, const GeoCell&) = default;
};

struct GeoArea {
  GeoPoint min;
  GeoPoint max;
};

inline bool GeoIsValid(const GeoPoint& p) {
  return std::fabs(p.longitude) <= kGeoLongitudeMax && std::fabs(p.latitude) <= kGeoLatitudeMax;
}

// The bits of a number, spread to the even places, and back.
inline uint64_t GeoSpread(uint32_t number) {
  uint64_t x = number;
  x = (x | (x << 16)) & 0x0000ffff0000ffffULL;
  x = (x | (x << 8)) & 0x00ff00ff00ff00ffULL;
  x = (x | (x << 4)) & 0x0f0f0f0f0f0f0f0fULL;
  x = (x | (x << 2)) & 0x3333333333333333ULL;
  return (x | (x << 1)) & 0x5555555555555555ULL;
}
inline uint32_t GeoGather(uint64_t x) {
  x &= 0x5555555555555555ULL;
  x = (x | (x >> 1)) & 0x3333333333333333ULL;
  x = (x | (x >> 2)) & 0x0f0f0f0f0f0f0f0fULL;
  x = (x | (x >> 4)) & 0x00ff00ff00ff00ffULL;
  x = (x | (x >> 8)) & 0x0000ffff0000ffffULL;
  return static_cast<uint32_t>(x | (x >> 16));
}

// The cell of a place. Other latitude limits are for the textual geohash, which goes to the poles.
inline GeoCell GeoEncode(const GeoPoint& p, uint32_t step, double latitude_max = kGeoLatitudeMax) {
  const auto cells = static_cast<double>(uint64_t{1} << step);
  const double x = (p.longitude + kGeoLongitudeMax) / (2 * kGeoLongitudeMax) * cells;
  const double y = (p.latitude + latitude_max) / (2 * latitude_max) * cells;
  return {GeoSpread(static_cast<uint32_t>(y)) | (GeoSpread(static_cast<uint32_t>(x)) << 1), step};
}

inline GeoArea GeoDecode(const GeoCell& cell) {
  const auto cells = static_cast<double>(uint64_t{1} << cell.step);
  const double y = GeoGather(cell.bits);
  const double x = GeoGather(cell.bits >> 1);
  const auto longitude = [&](double i) { return -kGeoLongitudeMax + i / cells * 360.0; };
  const auto latitude = [&](double i) {
    return -kGeoLatitudeMax + i / cells * (kGeoLatitudeMax + kGeoLatitudeMax);
  };
  return {{longitude(x), latitude(y)}, {longitude(x + 1), latitude(y + 1)}};
}

// The middle of a cell.
inline GeoPoint GeoCentre(const GeoCell& cell) {
  const GeoArea area = GeoDecode(cell);
  const auto middle = [](double min, double max, double limit) {
    return std::clamp((min + max) / 2, -limit, limit);
  };
  return {middle(area.min.longitude, area.max.longitude, kGeoLongitudeMax),
          middle(area.min.latitude, area.max.latitude, kGeoLatitudeMax)};
}

// Scores of sorted sets. What is no place's score gives some place.
inline double GeoScore(const GeoPoint& p) {
  return static_cast<double>(GeoEncode(p, kGeoStepMax).bits);
}
inline uint64_t GeoScoreBits(double score) {
  constexpr double kEnd = 18446744073709549568.0;
  return score >= 0 && score <= kEnd ? static_cast<uint64_t>(score) : 0;
}
inline GeoPoint GeoFromScore(double score) { return GeoCentre({GeoScoreBits(score), kGeoStepMax}); }
// The scores of a cell's places: from this one to before that of the cell with bits + 1.
inline double GeoFirstScore(uint64_t bits, uint32_t step) {
  return static_cast<double>(bits << (2 * (kGeoStepMax - step)));
}

// The cell so many cells to the east and north; round the world at its edges.
inline GeoCell GeoNeighbour(const GeoCell& cell, int east, int north) {
  const auto mask = static_cast<uint32_t>((uint64_t{1} << cell.step) - 1);
  uint32_t x = GeoGather(cell.bits >> 1);
  uint32_t y = GeoGather(cell.bits);
  if (east != 0) x = (x + static_cast<uint32_t>(east)) & mask;
  if (north != 0) y = (y + static_cast<uint32_t>(north)) & mask;
  return {GeoSpread(y) | (GeoSpread(x) << 1), cell.step};
}

inline double GeoRadians(double degrees) { return degrees * (std::numbers::pi / 180.0); }
inline double GeoDegrees(double radians) { return radians / (std::numbers::pi / 180.0); }

// Along a meridian.
inline double GeoLatitudeDistance(double a, double b) {
  return kEarthRadiusM * std::fabs(GeoRadians(b) - GeoRadians(a));
}
// Along the great circle (haversine).
inline double GeoDistance(const GeoPoint& a, const GeoPoint& b) {
  const double v = std::sin((GeoRadians(b.longitude) - GeoRadians(a.longitude)) / 2);
  constexpr double kSameMeridian = 1e-15;  // 6 nm
  if (std::fabs(v) <= kSameMeridian) return GeoLatitudeDistance(a.latitude, b.latitude);
  const double a_latitude = GeoRadians(a.latitude);
  const double b_latitude = GeoRadians(b.latitude);
  const double u = std::sin((b_latitude - a_latitude) / 2);
  const double h = u * u + std::cos(a_latitude) * std::cos(b_latitude) * v * v;
  return 2.0 * kEarthRadiusM * std::asin(std::sqrt(h));
}

}  // namespace pleiad
