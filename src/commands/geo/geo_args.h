// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the GEO commands share: places, units and distances as arguments and replies.
#pragma once

#include <optional>
#include <string_view>

#include "commands/zset/zset_args.h"
#include "data/geohash.h"

namespace pleiad {

// Longitude and latitude at args[i] and args[i + 1]. nullopt: the error was written.
std::optional<GeoPoint> PointArg(const Args& args, size_t i, resp::Writer& out);
// Metres in a unit: m, km, ft, mi. nullopt: the error was written.
std::optional<double> UnitArg(const Args& args, size_t i, resp::Writer& out);
// A distance with four digits behind the point, as a string.
void WriteDistance(double distance, resp::Writer& out);
// An array of longitude and latitude.
void WritePoint(const GeoPoint& p, resp::Writer& out);

}  // namespace pleiad
