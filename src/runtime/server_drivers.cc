// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a Server and its drivers (cluster bus, replication) are wired.
#include "runtime/server.h"

namespace pleiad::runtime {

Status Server::StartCluster() { return Status::Ok(); }
void Server::StopDrivers() {}

}  // namespace pleiad::runtime
