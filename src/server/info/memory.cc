// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/memory.h"

#include <algorithm>

#include "runtime/process.h"
#include "runtime/replication_driver.h"
#include "server/info/memory_figures.h"
#include "server/info/section.h"

namespace pleiad::info {
namespace {

std::string_view PolicyName(MaxmemoryPolicy policy) {
  switch (policy) {
    case MaxmemoryPolicy::kVolatileLru:
      return "volatile-lru";
    case MaxmemoryPolicy::kVolatileLfu:
      return "volatile-lfu";
    case MaxmemoryPolicy::kVolatileRandom:
      return "volatile-random";
    case MaxmemoryPolicy::kVolatileTtl:
      return "volatile-ttl";
    case MaxmemoryPolicy::kAllkeysLru:
      return "allkeys-lru";
    case MaxmemoryPolicy::kAllkeysLfu:
      return "allkeys-lfu";
    case MaxmemoryPolicy::kAllkeysRandom:
      return "allkeys-random";
    case MaxmemoryPolicy::kNoEviction:
      break;
  }
  return "noeviction";
}

void AddUsed(const MemoryFigures& f, Lines* out) {
  out->AddBytes("used_memory", f.used);
  out->AddBytes("used_memory_rss", f.resident);
  out->AddBytes("used_memory_peak", f.peak);
  out->Add("used_memory_peak_perc", fmt::format("{:.2f}%", 100.0 * static_cast<double>(f.used) /
                                                               static_cast<double>(f.peak)));
  out->Add("used_memory_overhead", f.overhead);
  out->Add("used_memory_startup", f.startup);
  out->Add("used_memory_dataset", f.dataset());
  const double share =
      f.grown() == 0 ? 0
                     : 100.0 * static_cast<double>(f.dataset()) / static_cast<double>(f.grown());
  out->Add("used_memory_dataset_perc", fmt::format("{:.2f}%", std::min(share, 100.0)));
}

void AddAllocator(const MemoryFigures& f, Lines* out) {
  const auto& a = f.allocator;
  const auto number = [](uint64_t n) { return static_cast<double>(n); };
  const auto difference = [](uint64_t x, uint64_t y) {
    return static_cast<int64_t>(x) - static_cast<int64_t>(y);
  };
  out->AddRatio("allocator_frag_ratio", number(a.active), number(a.allocated));
  out->Add("allocator_frag_bytes", difference(a.active, a.allocated));
  out->AddRatio("allocator_rss_ratio", number(a.resident), number(a.active));
  out->Add("allocator_rss_bytes", difference(a.resident, a.active));
  out->AddRatio("rss_overhead_ratio", number(f.resident), number(a.resident));
  out->Add("rss_overhead_bytes", difference(f.resident, a.resident));
  out->AddRatio("mem_fragmentation_ratio", number(f.resident), number(f.used));
  out->Add("mem_fragmentation_bytes", difference(f.resident, f.used));
}

}  // namespace

uint64_t ClientMemory(ServerContext& ctx) {
  uint64_t bytes = 0;
  ctx.Exclusive([&] {
    ctx.server->ForEachConnection([&](runtime::Connection& c) { bytes += c.MemoryUsage(); });
  });
  return bytes;
}

MemoryFigures ReadMemoryFigures(const ServerContext& ctx, uint64_t clients) {
  runtime::Server& server = *ctx.server;
  MemoryFigures f;
  f.used = UsedMemory();
  f.peak = std::max<uint64_t>({f.used, server.peak_memory.load(), 1});
  f.resident = runtime::ResidentBytes();
  f.startup = static_cast<uint64_t>(std::max<int64_t>(0, server.startup_memory.load()));
  f.clients = clients;
  f.backlog = static_cast<uint64_t>(server.replication().View(ctx.mono_now).backlog.length);
  f.overhead = f.startup + f.clients + f.backlog;
  f.allocator = ReadAllocatorStats();
  return f;
}

void MemorySection(const Input& in, Lines* out) {
  const MemoryFigures f = ReadMemoryFigures(in.ctx, in.clients.memory);
  AddUsed(f, out);
  out->Add("allocator_allocated", f.allocator.allocated);
  out->Add("allocator_active", f.allocator.active);
  out->Add("allocator_resident", f.allocator.resident);
  out->AddBytes("total_system_memory", runtime::MachineMemoryBytes());
  for (const std::string_view name :
       {"used_memory_lua", "used_memory_vm_eval", "used_memory_scripts_eval",
        "number_of_cached_scripts", "number_of_functions", "number_of_libraries",
        "used_memory_vm_functions", "used_memory_vm_total", "used_memory_functions",
        "used_memory_scripts"}) {
    out->Add(name, 0);
  }
  out->AddBytes("maxmemory", in.settings->maxmemory);
  out->Add("maxmemory_policy", PolicyName(in.settings->maxmemory_policy));
  AddAllocator(f, out);
  out->Add("mem_not_counted_for_evict", 0);
  out->Add("mem_replication_backlog", f.backlog);
  out->Add("mem_total_replication_buffers", f.backlog);
  out->Add("mem_clients_slaves", 0);
  out->Add("mem_clients_normal", in.clients.memory);
  out->Add("mem_cluster_links", 0);
  out->Add("mem_aof_buffer", 0);
  out->Add("mem_allocator", AllocatorName());
  out->Add("active_defrag_running", 0);
  out->Add("lazyfree_pending_objects", 0);
  out->Add("lazyfreed_objects", 0);
}

}  // namespace pleiad::info
