// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"
#include "runtime/clock.h"

namespace pleiad {
namespace {

constexpr int64_t kMicros = 1000000;

// TIME: seconds since 1970 and microseconds of the second.
//
// > TIME
// 1) "..."
// 2) "..."
void Time(ServerContext&, const Args&, resp::Writer& out) {
  const int64_t now = runtime::UnixMicros();
  out.Array(2);
  out.BulkInteger(now / kMicros);
  out.BulkInteger(now % kMicros);
}

const CommandRegistration kTime{{.name = "time",
                                 .arity = 1,
                                 .flags = kCmdLoading | kCmdStale | kCmdFast,
                                 .keys = {},
                                 .group = "server",
                                 .since = "2.6.0",
                                 .usage = "",
                                 .summary = "Returns the server time.",
                                 .complexity = "O(1)",
                                 .server = Time}};

}  // namespace
}  // namespace pleiad
