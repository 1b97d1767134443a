// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// For server commands that wait for somebody who may himself wait to get into the keyspace: the
// holder of the cluster driver's lock, a snapshot, a link that ends.
#pragma once

#include <utility>

#include "command/context.h"

namespace pleiad {

// Runs f with the calling thread outside the keyspace. In a transaction that has the keyspace for
// itself this ends its solitude for a moment: what it did so far goes into the journal, so that
// what others do meanwhile comes behind it there as well.
template <typename F>
void OutsideKeyspace(ServerContext& ctx, F f) {
  Keyspace& keyspace = ctx.engine.keyspace;
  if (!ctx.client.exclusive) {
    keyspace.Leave(ctx.thread);
    f();
    keyspace.Enter(ctx.thread);
    return;
  }
  if (ctx.group != nullptr) ctx.engine.journal.AppendGroup(std::exchange(*ctx.group, {}));
  keyspace.LeaveExclusive();
  f();
  keyspace.EnterExclusive();
}

}  // namespace pleiad
