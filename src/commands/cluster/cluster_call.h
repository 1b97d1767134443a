// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How the CLUSTER subcommands reach the driver.
#pragma once

#include <functional>

#include "base/text.h"
#include "cluster/event.h"
#include "command/command.h"
#include "runtime/cluster_driver.h"
#include "runtime/server.h"

namespace pleiad {

inline constexpr std::string_view kNoCluster = "ERR This instance has cluster support disabled";

// False (and the error written) unless this node is in cluster mode.
bool HasCluster(ServerContext& ctx, resp::Writer& out);

// Runs an administrator's request and writes its reply. Leaves the keyspace meanwhile: the driver
// may wait for slot locks. `slot`: whose keys the machine must know of (SETSLOT).
void RunAdmin(ServerContext& ctx, cluster::AdminCommand command, resp::Writer& out,
              std::optional<SlotId> slot = std::nullopt);

// Runs f on the state under the driver's lock, outside the keyspace.
void ReadCluster(ServerContext& ctx, const std::function<void(const cluster::ClusterState&)>& f);

// A slot argument; writes the error and returns nullopt if it is none.
std::optional<SlotId> SlotArg(const Args& args, size_t i, resp::Writer& out);

}  // namespace pleiad
