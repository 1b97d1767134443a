// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the process has allocated, cheap enough to ask before every write. jemalloc keeps two
// counters per thread (bytes ever allocated, bytes ever freed); a thread that registers hands us
// pointers to them, and used memory is the difference of the sums. No lock, no epoch, no system
// call. In sanitizer builds the sanitizer's own figure is used.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pleiad {

// Every thread that allocates calls this once at its start and UnregisterMemoryThread at its end.
// Cost: a mutex. Threads: the calling one.
void RegisterMemoryThread();
void UnregisterMemoryThread();

// Bytes handed out and not given back, allocator rounding included. Any thread. Cost: two loads per
// registered thread.
size_t UsedMemory();

// Allocator statistics for INFO memory; refreshes them (about 50 us).
struct AllocatorStats {
  size_t allocated = 0;
  size_t active = 0;
  size_t resident = 0;
  size_t retained = 0;
};
AllocatorStats ReadAllocatorStats();

// "jemalloc-5.3.0" or "libc".
const char* AllocatorName();

// Bytes the allocator really set aside for `p`.
size_t AllocationSize(const void* p);

// Bytes that it sets aside at least for a request of `size` > 0: arithmetic, where AllocationSize
// looks a pointer up and waits for memory.
size_t AllocationClass(size_t size);

// Gives dirty pages back to the system (MEMORY PURGE).
void PurgeAllocator();

}  // namespace pleiad
