// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The area of a GEO search: a circle, a box or a polygon around a centre, and the geohash cells
// that cover it.
#pragma once

#include <array>
#include <vector>

#include "data/geohash.h"

namespace pleiad {

class GeoShape {
 public:
  enum class Kind { kNone, kCircle, kBox, kPolygon };

  Kind kind() const { return kind_; }
  const GeoPoint& centre() const { return centre_; }
  void set_centre(const GeoPoint& p) { centre_ = p; }
  // Metres in the unit of the query; distances are reported in it.
  double unit_m() const { return unit_m_; }

  void SetCircle(double radius, double unit_m);
  void SetBox(double width, double height, double unit_m);
  // Its centre is that of its vertices on the sphere. REQUIRES: three or more.
  void SetPolygon(std::vector<GeoPoint> vertices);

  // True if the place is inside; then its distance from the centre, in metres.
  bool Contains(const GeoPoint& p, double* distance) const;

  // Up to nine cells whose places include all that are inside, in the order in which they are
  // searched; step 0: none.
  std::array<GeoCell, 9> Cells() const;

 private:
  GeoArea Bounds() const;
  double ReachM(const GeoArea& bounds) const;

  Kind kind_ = Kind::kNone;
  GeoPoint centre_;
  double unit_m_ = 1;
  double radius_ = 0;
  double width_ = 0;
  double height_ = 0;
  std::vector<GeoPoint> vertices_;
};

}  // namespace pleiad
