// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The search behind GEOSEARCH, GEOSEARCHSTORE, GEORADIUS and their like: arguments, hits, replies.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "commands/geo/geo_args.h"
#include "commands/geo/geo_shape.h"

namespace pleiad {

class GeoSearch {
 public:
  enum class Form {
    kRadius,          // GEORADIUS key longitude latitude radius unit ...
    kRadiusByMember,  // GEORADIUSBYMEMBER key member radius unit ...
    kSearch,          // GEOSEARCH key ...
    kSearchStore,     // GEOSEARCHSTORE destination source ...
  };
  // `zset` is what lies under the source; `exists`: it is there. False: the error was written.
  bool Parse(const Args& args, Form form, bool read_only, const ZsetView& zset, bool exists,
             resp::Writer& out);

  // The number of the argument that is the key to store under; 0: none.
  size_t store_at() const { return store_at_; }

  void Reply(const ZsetView& zset, resp::Writer& out) const;
  // The hits as a sorted set.
  void Collect(const ZsetView& zset, const CollectionSettings& settings, MemoryStore* result) const;

 private:
  struct Hit {
    std::string_view member;
    double score;
    double distance;  // metres
  };
  enum class Order { kNone, kAscending, kDescending };

  bool ParseCentre(const Args& args, resp::Writer& out);
  bool ParseOption(const Args& args, size_t* i, resp::Writer& out);
  std::optional<bool> ParseFlag(const Args& args, size_t* i, resp::Writer& out);
  std::optional<bool> ParseArea(const Args& args, size_t* i, resp::Writer& out);
  bool ParsePolygon(const Args& args, size_t* i, resp::Writer& out);
  bool SetMember(std::string_view member, resp::Writer& out);
  bool SetRadius(const Args& args, size_t i, resp::Writer& out);
  bool Check(const Args& args, resp::Writer& out) const;
  std::vector<Hit> Find(const ZsetView& zset) const;
  void FindInCell(const ZsetView& zset, const GeoCell& cell, size_t limit,
                  std::vector<Hit>* hits) const;

  bool search() const { return form_ == Form::kSearch || form_ == Form::kSearchStore; }

  Form form_ = Form::kSearch;
  bool read_only_ = false;
  const ZsetView* source_ = nullptr;  // while parsing
  bool exists_ = false;
  GeoShape shape_;
  bool from_member_ = false;
  bool from_point_ = false;
  bool with_distance_ = false;
  bool with_hash_ = false;
  bool with_point_ = false;
  bool any_ = false;
  bool store_distance_ = false;
  size_t store_at_ = 0;
  Order order_ = Order::kNone;
  size_t count_ = 0;  // 0: all
};

}  // namespace pleiad
