// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/info/section.h"

namespace pleiad::info {

void ErrorStatsSection(const Input& in, Lines* out) {
  for (const auto& [code, count] : in.errors)
    out->AddRaw(fmt::format("errorstat_{}:count={}\r\n", code, count));
}

}  // namespace pleiad::info
