// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/geo/geo_args.h"

#include <fmt/core.h>

#include <cstdio>

namespace pleiad {
namespace {

// Without an exponent, at most 17 digits behind the point, no zeros at the end.
void WriteCoordinate(double value, resp::Writer& out) {
  char text[64];
  const int size = std::snprintf(text, sizeof(text), "%.17Lf", static_cast<long double>(value));
  std::string_view view(text, static_cast<size_t>(size));
  view = view.substr(0, view.find_last_not_of('0') + 1);
  if (view.ends_with('.')) view.remove_suffix(1);
  if (view == "-0") view = "0";
  if (out.protocol() != 3) {
    out.Bulk(view);
    return;
  }
  out.Raw(",");
  out.Raw(view);
  out.Raw("\r\n");
}

}  // namespace

std::optional<GeoPoint> PointArg(const Args& args, size_t i, resp::Writer& out) {
  const auto longitude = ParseScore(args[i]);
  const auto latitude = longitude.has_value() ? ParseScore(args[i + 1]) : std::nullopt;
  if (!latitude.has_value()) {
    out.Error(kNotFloat);
    return std::nullopt;
  }
  const GeoPoint p{*longitude, *latitude};
  if (GeoIsValid(p)) return p;
  out.Error(
      fmt::format("ERR invalid longitude,latitude pair {:.6f},{:.6f}", p.longitude, p.latitude));
  return std::nullopt;
}

std::optional<double> UnitArg(const Args& args, size_t i, resp::Writer& out) {
  if (args.Is(i, "m")) return 1;
  if (args.Is(i, "km")) return 1000;
  if (args.Is(i, "ft")) return 0.3048;
  if (args.Is(i, "mi")) return 1609.34;
  out.Error("ERR unsupported unit provided. please use M, KM, FT, MI");
  return std::nullopt;
}

void WriteDistance(double distance, resp::Writer& out) {
  const auto parts = static_cast<uint64_t>(std::llrint(distance * 10000));
  out.Bulk(fmt::format("{}.{:04}", parts / 10000, parts % 10000));
}

void WritePoint(const GeoPoint& p, resp::Writer& out) {
  out.Array(2);
  WriteCoordinate(p.longitude, out);
  WriteCoordinate(p.latitude, out);
}

}  // namespace pleiad
