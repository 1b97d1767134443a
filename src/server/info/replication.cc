// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "replication/replication_state.h"
#include "runtime/replication_driver.h"
#include "server/info/section.h"

namespace pleiad::info {

void ReplicationSection(const Input& in, Lines* out) {
  out->AddRaw(FormatReplicationInfo(in.server.replication().View(in.ctx.mono_now)));
}

}  // namespace pleiad::info
