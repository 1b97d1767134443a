// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What is left of an interrupted run. Before slots move, the whole list is written to a file of the
// operator's; a run that comes to its end removes it. `resume` closes slots that stand open, and
// moves what the list has and the cluster has not done yet.
#pragma once

#include <string>
#include <vector>

#include "admin/plan_move.h"
#include "admin/view.h"

namespace pleiad::admin {

// A line for each run of slots: "FROM-ID TO-ID first-last".
std::string MovesText(const ClusterView& view, const std::vector<SlotMove>& moves);
// The moves that are still to be made: their nodes are here and masters, and the slot is still
// where it was. `*foreign`: how many are about nodes that are not in this cluster.
std::vector<SlotMove> MovesLeft(const ClusterView& view, std::string_view text, size_t* foreign);

}  // namespace pleiad::admin
