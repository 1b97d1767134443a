// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the target of CLUSTER MIGRATION IMPORT says to the owner of the slots: CLUSTER MIGRATESLOTS,
// on a connection of its own. Blocks, for some seconds at most; any thread outside the keyspace.
#pragma once

#include <string>

#include "base/result.h"
#include "migration/job.h"

namespace pleiad::runtime {

struct NodeAddress {
  std::string host;
  int port = 0;
  std::string user;
  std::string password;  // empty: no AUTH
};
// The error is the owner's, or says why it could not be asked.
Status AskToMigrate(const NodeAddress& owner, const migration::Job& job);

}  // namespace pleiad::runtime
