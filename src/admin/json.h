// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The cluster, its health and plans for it as JSON, for scripts (report.h) and a backup's
// nodes.json.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/check.h"
#include "admin/plan_move.h"
#include "admin/report.h"
#include "admin/view.h"

namespace pleiad::admin {

// In quotes, with what must be escaped escaped.
std::string JsonText(std::string_view text);

// A list of such texts.
std::string JsonTexts(const std::vector<std::string>& texts);
// Slots as pairs of first and last: [[0,99],[200,200]].
std::string SlotsJson(const SlotSet& slots);
// What moves where: [{"from": id, "to": id, "slots": [[...]], "slots_count": N}, ...]
std::string MovesJson(const ClusterView& view, const std::vector<SlotMove>& moves);
// {"name": id, "address": "host:port"}
std::string NameJson(const NodeView& node);

// A list of nodes as redis-cli's backup writes it: name, host, port, replicate, slots as pairs,
// slots_count, flags, current_epoch, and open slots if any.
std::string ViewJson(const ClusterView& view);

// agree, covered, open, unreachable, nodes.
void ReportCheck(const ClusterView& view, const CheckReport& report, int unreachable, Report* out);

}  // namespace pleiad::admin
