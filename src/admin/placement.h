// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Where copies of the data are: a replica is worth most on another host than its master's, in
// another availability zone, and apart from its sisters. Pure functions of a ClusterView.
#pragma once

#include <string>
#include <vector>

#include "admin/view.h"

namespace pleiad::admin {

// A line for each shard all of whose nodes are on one host or in one zone although the cluster has
// others, for each replica on the host of its master, and if one zone has too many of the masters.
// None where all nodes are on one machine: there is nothing to be done about that.
std::vector<std::string> PlacementLines(const ClusterView& view);

}  // namespace pleiad::admin
