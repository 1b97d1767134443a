// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What is shown: pure functions from data to lines, and the paint. The lines are those of
// redis-trib.rb 3.0.7, which people's scripts and eyes know.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/plan_create.h"
#include "admin/view.h"
#include "resp/reply.h"

namespace pleiad::admin {

// The line with the terminal colour its beginning asks for: ">>>" bold, "[OK" green, "[ER" and
// "[WA" red, "***" and
// "[FA" yellow; others as they are.
std::string Paint(std::string_view line);

// "M: id address", its slots and flags, its replicas (if counted), its master.
std::vector<std::string> NodeLines(const NodeAddress& address, const NodeRow& row,
                                   std::optional<int> replicas);

// All nodes, with the masters' replicas counted.
std::vector<std::string> ClusterLines(const ClusterView& view);

// "Using 3 masters:", the masters, "Adding replica X to Y", then each node with its part.
std::vector<std::string> ProposalLines(const ClusterView& view, const Proposal& proposal);

// The nodes as `create` shows them in its last check. redis-trib prints there what it planned
// without asking the nodes again, so a replica reads "M: ... master" with a "replicates" line below
// it. Kept line for line; the verdict that follows is about what the nodes say now.
std::vector<std::string> CreatedLines(const ClusterView& empty, const Proposal& proposal);

// One line per master: keys, slots, replicas; then the sums. `keys` is by node index and only read
// for masters.
std::vector<std::string> InfoLines(const ClusterView& view, const std::vector<int64_t>& keys);

// A reply for `call`: a text as it is, an array as ["a", "b"], nothing as an empty text.
std::string ReplyText(const resp::Reply& reply);

// What this version can do.
std::string HelpText();

}  // namespace pleiad::admin
