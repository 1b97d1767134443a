// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The cluster and its health as JSON, for scripts: `check --json`, `info --json`, and a backup's
// nodes.json.
#pragma once

#include <string>
#include <string_view>

#include "admin/check.h"
#include "admin/view.h"

namespace pleiad::admin {

// In quotes, with what must be escaped escaped.
std::string JsonText(std::string_view text);

// A list of nodes as redis-cli's backup writes it: name, host, port, replicate, slots as pairs,
// slots_count, flags, current_epoch, and open slots if any.
std::string ViewJson(const ClusterView& view);

// {"ok": ..., "agree": ..., "covered": ..., "open": [...], "unreachable": N, "nodes": [...]}
std::string CheckJson(const ClusterView& view, const CheckReport& report, int unreachable);

}  // namespace pleiad::admin
