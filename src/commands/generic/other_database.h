// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What COPY ... DB and MOVE share: an argument that names another database.
#pragma once

#include <optional>
#include <string_view>

#include "command/command.h"

namespace pleiad {

inline constexpr std::string_view kSameObject = "ERR source and destination objects are the same";

// The number of a database; writes the error and returns nullopt if there is no such one, or only
// one in a cluster
// (`refused`).
inline std::optional<int> DatabaseArg(WriteContext& ctx, const Args& args, size_t i,
                                      std::string_view refused, resp::Writer& out) {
  const auto db = IntArg(args, i, out);
  if (!db.has_value()) return std::nullopt;
  const int databases = ctx.engine().keyspace.databases();
  if (*db != 0 && databases == 1 && ctx.engine().cluster.load(std::memory_order_relaxed)) {
    out.Error(refused);
    return std::nullopt;
  }
  if (*db < 0 || *db >= databases) {
    out.Error("ERR DB index is out of range");
    return std::nullopt;
  }
  return static_cast<int>(*db);
}

}  // namespace pleiad
