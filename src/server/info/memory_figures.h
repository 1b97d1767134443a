// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The figures behind INFO memory and MEMORY STATS, bytes.
#pragma once

#include <cstdint>

#include "base/memory.h"
#include "command/context.h"

namespace pleiad::info {

struct MemoryFigures {
  uint64_t used = 0;
  uint64_t peak = 0;      // never less than used
  uint64_t resident = 0;  // what the system counts
  uint64_t startup = 0;   // used before the first client
  uint64_t clients = 0;
  uint64_t backlog = 0;   // of replication
  uint64_t overhead = 0;  // startup, clients and backlog: what is no data
  AllocatorStats allocator;

  uint64_t dataset() const { return used > overhead ? used - overhead : 0; }
  uint64_t grown() const { return used > startup ? used - startup : 0; }
};

// Buffers of all connections. Takes an exclusive section; a microsecond per connection.
uint64_t ClientMemory(ServerContext& ctx);

// `clients` as from ClientMemory. Asks the allocator (50 us). REQUIRES: ctx.server, no slot lock.
MemoryFigures ReadMemoryFigures(const ServerContext& ctx, uint64_t clients);

}  // namespace pleiad::info
